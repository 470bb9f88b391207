"""The side of a benchmark that does the work: ``python workers.py NAME``, in any environment.

A worker imports its library, prints ``{"version": …}`` and then answers each job, one JSON object a line,
with ``{"seconds": {phase: seconds}}`` or ``{"error": …}``. Only what stands between reading the input from
disk and having written the output to disk is inside the seconds; starting Python and importing are not.
"""

import gc
import json
import os
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

Job = dict[str, Any]
Seconds = dict[str, float]
Worker = tuple[str, Callable[[Job], Seconds]]  # version, and what does a job
LOCALES = ("pt", "es", "zh")
_MYST = ["amsmath", "colon_fence", "deflist", "dollarmath"]  # the extensions that the kit's parser has, too


def ours_extract() -> Worker:
    import kit
    from kit.i18n.catalogs import SourceMessage, new_file, save
    from kit.i18n.merging import merge
    from kit.notebooks import markdown
    from kit.notebooks.messages import extract

    def run(job: Job) -> Seconds:
        markdown.segments.cache_clear()
        start = perf_counter()
        messages: dict[str, SourceMessage] = {}
        for path in sorted(Path(job["source"]).glob("*.md")):
            for message in extract(path.read_bytes().decode()):
                sources = (path.name,)
                known = messages.get(message.msgid)
                if known:
                    sources = known.sources if path.name in known.sources else (*known.sources, path.name)
                messages[message.msgid] = SourceMessage(message.msgid, comment=message.kind, sources=sources)
        save(merge(new_file("pt", "docs"), list(messages.values())).file, Path(job["target"]), "pt", "docs")
        return {"whole": perf_counter() - start}

    return kit.__version__, run


def sphinx_extract() -> Worker:
    import myst_parser.parsers.sphinx_  # noqa: F401 - loaded before the clock starts
    from sphinx.application import Sphinx

    def run(job: Job) -> Seconds:
        source, target = Path(job["source"]), Path(job["target"])
        settings = {
            "extensions": ["myst_parser"],
            "gettext_compact": target.stem,
            "myst_enable_extensions": _MYST,
            "root_doc": min(path.stem for path in source.glob("*.md")),
        }
        output, trees = target.parent / "out", target.parent / "trees"
        application = Sphinx(source, None, output, trees, "gettext", settings, None, None, freshenv=True)
        start = perf_counter()
        application.build(force_all=True)
        seconds = perf_counter() - start
        (output / f"{target.stem}.pot").rename(target)
        return {"whole": seconds}

    return version("sphinx"), run


def mdpo_extract() -> Worker:
    from mdpo.md2po import markdown_to_pofile

    def run(job: Job) -> Seconds:
        start = perf_counter()
        markdown_to_pofile([f"{job['source']}/*.md"], po_filepath=job["target"], save=True)
        return {"whole": perf_counter() - start}

    return version("mdpo"), run


def translate_extract() -> Worker:
    from translate.convert import md2po

    def run(job: Job) -> Seconds:
        start = perf_counter()
        md2po.main(
            ["--progress=none", "--multifile=onefile", "--no-code-blocks", job["source"], job["target"]]
        )
        return {"whole": perf_counter() - start}

    return version("translate-toolkit"), run


def ours_render() -> Worker:
    import kit
    from kit.i18n.catalogs import KIT_DOMAIN, load
    from kit.notebooks import code, markdown
    from kit.notebooks.files import write_text
    from kit.notebooks.rendering import notebook_text, render
    from kit.notebooks.templates import read_template, template_paths
    from kit.notebooks.values import Values

    def run(job: Job) -> Seconds:
        source, target = Path(job["source"]), Path(job["target"])
        markdown.segments.cache_clear()
        code.segments.cache_clear()
        catalogs_seconds = 0.0
        start = perf_counter()
        templates = [read_template(path) for path in template_paths(source / "templates")]
        for locale in LOCALES:
            loading = perf_counter()
            domains = [KIT_DOMAIN, *(template.name for template in templates)]
            catalogs = {domain: load(source / "locales", locale, domain) for domain in domains}
            catalogs_seconds += perf_counter() - loading
            values, said = Values(locale, source / "locales"), catalogs[KIT_DOMAIN]
            for template in templates:
                notebook = render(template, locale, catalogs[template.name], values=values, said=said)
                write_text(target / locale / f"{template.name}.ipynb", notebook_text(notebook))
        seconds = perf_counter() - start
        return {"rendering": seconds - catalogs_seconds, "whole": seconds}

    return kit.__version__, run


def jupytext_render() -> Worker:
    import jupytext
    import nbformat
    import polib

    def catalog(path: Path) -> dict[str, str]:
        return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path), wrapwidth=0)}

    def run(job: Job) -> Seconds:
        source, target = Path(job["source"]), Path(job["target"])
        catalogs_seconds = 0.0
        start = perf_counter()
        texts = {path.stem: path.read_text() for path in sorted((source / "templates").glob("*.py"))}
        for locale in LOCALES:
            (target / locale).mkdir(parents=True)
            loading = perf_counter()
            folder = source / "locales" / locale / "LC_MESSAGES"
            catalogs = {name: catalog(folder / f"{name}.po") for name in texts}
            catalogs_seconds += perf_counter() - loading
            for name, text in texts.items():
                notebook = jupytext.reads(text, fmt="py:percent")
                notebook.nbformat_minor = 5
                for cell in notebook.cells:
                    cell.source = translated(cell.source, cell.cell_type, catalogs[name])
                nbformat.write(notebook, target / locale / f"{name}.ipynb")
        seconds = perf_counter() - start
        return {"rendering": seconds - catalogs_seconds, "whole": seconds}

    return version("jupytext"), run


_MARKUP = re.compile(r"(#+ |- |)(.*)")
_MARKED = re.compile(r'_\((f?)"([^"]*)"\)')


def translated(source: str, kind: str, catalog: dict[str, str]) -> str:
    """Replace messages line by line: less than the kit does, and enough for the benchmark's own notebooks."""
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if kind == "markdown":
            markup, message = _MARKUP.fullmatch(line).groups()
            lines[number] = markup + catalog.get(message, message)
        elif line.startswith("# "):
            lines[number] = "# " + catalog.get(line[2:], line[2:])
        else:
            lines[number] = _MARKED.sub(lambda m: f'{m[1]}"{catalog.get(m[2], m[2])}"', line)
    return "\n".join(lines)


def ours_merge() -> Worker:
    import kit
    from kit.i18n.catalogs import SourceMessage, read_file, save
    from kit.i18n.merging import merge

    def run(job: Job) -> Seconds:
        start = perf_counter()
        old = read_file(Path(job["old"]))
        messages = [SourceMessage(entry.msgid) for entry in read_file(Path(job["new"]))]
        merging = perf_counter()
        merged = merge(old, messages)
        merged_at = perf_counter()
        save(merged.file, Path(job["target"]), "pt", "docs")
        return {"merging": merged_at - merging, "whole": perf_counter() - start}

    return kit.__version__, run


def babel_merge() -> Worker:
    from babel.messages.pofile import read_po, write_po

    def run(job: Job) -> Seconds:
        start = perf_counter()
        with Path(job["old"]).open("rb") as old, Path(job["new"]).open("rb") as new:
            catalog, template = read_po(old, locale="pt"), read_po(new)
        merging = perf_counter()
        catalog.update(template)
        merged_at = perf_counter()
        with Path(job["target"]).open("wb") as target:
            write_po(target, catalog, width=0)
        return {"merging": merged_at - merging, "whole": perf_counter() - start}

    return version("babel"), run


WORKERS = {
    factory.__name__: factory
    for factory in (
        ours_extract,
        sphinx_extract,
        mdpo_extract,
        translate_extract,
        ours_render,
        jupytext_render,
        ours_merge,
        babel_merge,
    )
}


def main() -> None:
    """Answer jobs until there are no more."""
    installed, run = WORKERS[sys.argv[1]]()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # what a library prints is no answer

        def answer(**fields: object) -> None:
            answers.write(json.dumps(fields) + "\n")
            answers.flush()

        answer(version=installed)
        for line in sys.stdin:
            gc.collect()
            try:
                answer(seconds=run(json.loads(line)))
            except Exception as error:  # a failure is a result of the benchmark, too
                answer(error=f"{type(error).__name__}: {error}"[:200])


if __name__ == "__main__":
    main()
