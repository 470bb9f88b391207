"""The kit's localization path beside its peers', in one run: ``python tests/benchmarks/localization.py``.

Measured are (a) extraction of 10,000 and of 100,000 words of markdown into one PO file, (b) rendering 100
notebooks of 60 cells in three locales, (c) merging a catalog of 4,550 messages with 84 edits. The input is
real markdown found on this machine (see ``corpus.py``), the same files for everyone.

How it is measured:

- Every contender, the kit too, is a process of its own that lives as long as its benchmark, gets one job
  at a time, and holds the clock itself: from before it reads the input from disk until the output is on disk.
  Starting the interpreter and importing the library are outside, and so are downloads.
- The contenders take turns, round after round, and the median of the rounds counts; short jobs get more
  rounds. While one works, the others wait. The kit's own caches are emptied before each job.
- The peers get an environment of their own in a temporary folder: ``pip install`` of each by itself. One that
  cannot be installed, or fails on the input, is left out, and a line says so.

a. kit: segmentation, merge into an empty catalog, PO file. Sphinx: ``application.build()`` of the gettext
   builder with MyST-Parser and the extensions that the kit's parser has; making the application is not
   counted. mdpo: ``markdown_to_pofile``. Translate Toolkit: ``md2po.main``, without code blocks. po4a
   (Debian): the loop of the program ``po4a`` that writes the POT file, in one Perl process, format "text",
   option "markdown".
b. kit: templates read, cells translated, notebooks validated and written. Peer: Jupytext reads each template,
   messages are replaced by a few lines (``workers.translated``), nbformat validates and writes.
   "Catalogs from disk" includes parsing the 300 PO files, by polib on both sides. The notebooks of both
   must have equal cells, or the run fails.
c. Old PO file and new POT file in, merged PO file out. The median time of ``msgmerge --version`` is taken off
   from GNU msgmerge's. Right is an edited message that is fuzzy and has the translation of the message it was
   before; a false match is a new message that has got any translation. Babel takes a minute and runs once.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
sys.path[:0] = [str(_HERE), str(_ROOT)]

import corpus  # noqa: E402 - the folder is no package, and the kit need not be installed
import inputs  # noqa: E402
import workers  # noqa: E402
from report import record, times  # noqa: E402

_PEERS = {
    "sphinx_extract": ("Sphinx gettext", ["sphinx", "myst-parser"]),
    "mdpo_extract": ("mdpo", ["mdpo"]),
    "translate_extract": ("Translate Toolkit", ["translate-toolkit[markdown]"]),
    "jupytext_render": ("Jupytext + nbformat", ["jupytext", "nbformat", "polib"]),
    "babel_merge": ("Babel", ["babel"]),
}
_WORDS = (10_000, 100_000)
_OURS = "kit"
_PATIENCE = 300  # seconds for one job; po4a never comes back from a code block that is not closed
Run = Callable[[dict[str, str]], dict[str, float]]


class PeerError(Exception):
    """A peer could not do a job."""


@dataclass
class Contender:
    """One row of a table: who it is, how it does a job, and what was measured so far."""

    name: str
    version: str
    run: Run
    rounds: int
    seconds: list[dict[str, float]] = field(default_factory=list)
    result: str = ""
    failure: str = ""

    def median(self, phase: str) -> float:
        """Return the median of the rounds in seconds."""
        return median(seconds[phase] for seconds in self.seconds)


class Benchmark:
    """The temporary folder, the peers' environment, and the lines of the report."""

    def __init__(self, folder: Path, rounds: int, environment: Path | None) -> None:
        self.folder = folder
        self.rounds = rounds
        self.lines: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []
        self._number = count()
        self.python = self._environment(environment)

    def _environment(self, folder: Path | None) -> Path:
        made = folder or self.folder / "environment"
        python = made / ("Scripts" if os.name == "nt" else "bin") / "python"
        if not python.exists():
            venv.create(made, with_pip=True, symlinks=os.name != "nt")
            for _name, packages in _PEERS.values():
                _tell(f"installing {', '.join(packages)} …")
                command = [python, "-m", "pip", "install", "--quiet", *packages]
                subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return python

    def fresh(self, name: str = "job") -> Path:
        """Return a new empty folder."""
        path = self.folder / f"{name}-{next(self._number)}"
        path.mkdir()
        return path

    def worker(self, command: Sequence[str | Path], label: str, rounds: int) -> list[Contender]:
        """Start a contender; one that cannot start is a line of the report instead."""
        environment = os.environ | {"PYTHONPATH": str(_ROOT)} if label == _OURS else dict(os.environ)
        if label != _OURS:
            environment.pop("PYTHONPATH", None)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
            )
            self.processes.append(process)
            version = json.loads(process.stdout.readline())["version"]
        except (OSError, ValueError):
            self.lines.append(f"- {label}: not installed, skipped")
            return []

        def run(job: dict[str, str]) -> dict[str, float]:
            patience = threading.Timer(_PATIENCE, process.kill)
            patience.start()
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            patience.cancel()
            answer: dict[str, Any] = json.loads(line) if line else {"error": f"ended, or over {_PATIENCE} s"}
            if "error" in answer:
                raise PeerError(answer["error"])
            return answer["seconds"]

        return [Contender(label, version, run, rounds)]

    def ours(self, name: str, rounds: int) -> list[Contender]:
        """Start the kit's own worker."""
        return self.worker([sys.executable, _HERE / "workers.py", name], _OURS, rounds)

    def peer(self, name: str, rounds: int) -> list[Contender]:
        """Start the worker of a Python package in the peers' environment."""
        label = _PEERS[name][0]
        return self.worker([self.python, _HERE / "workers.py", name], label, rounds)

    def compete(self, contenders: list[Contender], job: Callable[[], dict[str, str]]) -> dict[str, Path]:
        """Let the contenders take turns; return the last output of each."""
        outputs: dict[str, Path] = {}
        for number in range(max(contender.rounds for contender in contenders)):
            for contender in contenders:
                if contender.failure or number >= contender.rounds:
                    continue
                task = job()
                try:
                    contender.seconds.append(contender.run(task))
                except (OSError, PeerError) as error:
                    if contender.name == _OURS:
                        raise
                    contender.failure = str(error)
                    continue
                outputs[contender.name] = Path(task["target"])
                _tell(f"{contender.name}, round {number + 1}: {contender.seconds[-1]['whole']:.2f} s")
        for contender in contenders:
            if contender.failure:
                self.lines.append(f"- {contender.name}: failed, left out ({contender.failure})")
        return outputs

    def close(self) -> None:
        """End every worker."""
        while self.processes:
            process = self.processes.pop()
            with contextlib.suppress(OSError):  # it may have ended by itself
                process.stdin.close()
            process.stdout.close()
            process.wait()

    def table(self, title: str, contenders: Sequence[Contender], phases: dict[str, str], last: str) -> None:
        """Add a table: for each contender and phase its time, and how many times the kit's that is."""
        rows = [contender for contender in contenders if contender.seconds and not contender.failure]
        ours = rows[0]
        self.lines += ["", f"### {title}", ""]
        whole = {row.name: row.median("whole") / ours.median("whole") for row in rows[1:]}
        record(
            f"{title} (`localization.py`)",
            ", ".join(whole),
            f"{', '.join(map(times, whole.values()))} as fast",
        )
        heads = [part for phase in phases.values() for part in (phase, "× kit")]
        self.lines.append("| " + " | ".join(["", "version", *heads, last]) + " |")
        self.lines.append("|---|---|" + "--:|" * (len(heads) + 1 + last.count("|")))
        for row in rows:
            cells = [row.name, row.version]
            for phase in phases:
                if phase in row.seconds[0]:
                    time = row.median(phase)
                    cells += [f"{time:.3g} s", f"{time / ours.median(phase):.1f}"]
                else:
                    cells += ["–", "–"]
            self.lines.append("| " + " | ".join([*cells, row.result]) + " |")
        self.lines.append("")


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


def extraction(benchmark: Benchmark, words: int) -> None:
    """Compare extraction from ``words`` words of markdown."""
    texts, origin = corpus.english_texts(words)
    source = benchmark.fresh("markdown") / "files"
    inputs.write_markdown(texts, source)
    rounds = benchmark.rounds * (5 if words == _WORDS[0] else 1)
    contenders = [
        *benchmark.ours("ours_extract", rounds),
        *benchmark.peer("sphinx_extract", rounds),
        *benchmark.peer("mdpo_extract", rounds),
        *benchmark.peer("translate_extract", rounds),
        *benchmark.worker(["perl", _HERE / "po4a.pl"], "po4a", rounds),
    ]
    outputs = benchmark.compete(
        contenders, lambda: {"source": str(source), "target": str(benchmark.fresh() / "docs.po")}
    )
    benchmark.close()
    for contender in contenders:
        if contender.name in outputs:
            text = outputs[contender.name].read_text(encoding="utf-8")
            contender.result = f"{len(re.findall('^msgid ', text, re.MULTILINE)) - 1:,}"
    total = sum(len(text.split()) for text in texts)
    title = f"Extraction: {total:,} words of markdown in {len(texts)} files, {origin}"
    benchmark.table(title, contenders, {"whole": "time"}, "messages")


def rendering(benchmark: Benchmark) -> None:
    """Compare rendering notebooks; both sides must write the same cells."""
    texts, origin = corpus.english_texts(_WORDS[-1])
    source = benchmark.fresh("notebooks")
    messages = inputs.write_notebooks(texts, source, workers.LOCALES)
    contenders = [
        *benchmark.ours("ours_render", benchmark.rounds),
        *benchmark.peer("jupytext_render", benchmark.rounds),
    ]
    outputs = benchmark.compete(
        contenders, lambda: {"source": str(source), "target": str(benchmark.fresh() / "labs")}
    )
    benchmark.close()
    written = {name: _cells(folder) for name, folder in outputs.items()}
    for contender in contenders:
        if contender.name in written:
            contender.result = f"{len(written[contender.name])}"
            assert written[contender.name] == written[_OURS], "the notebooks differ"
    title = (
        f"Rendering: {inputs.NOTEBOOKS} notebooks × {inputs.CELLS} cells × {len(workers.LOCALES)} locales, "
        f"{messages:,} messages, prose {origin}"
    )
    phases = {"rendering": "rendering", "whole": "with catalogs from disk"}
    benchmark.table(title, contenders, phases, "notebooks")


def _cells(folder: Path) -> dict[str, list[tuple[str, str]]]:
    notebooks = {}
    for path in sorted(folder.glob("*/*.ipynb")):
        cells = json.loads(path.read_bytes())["cells"]
        name = path.relative_to(folder).as_posix()
        notebooks[name] = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return notebooks


def merging(benchmark: Benchmark) -> None:
    """Compare merging, the time and the matches."""
    texts, origin = corpus.english_texts(3 * _WORDS[-1])  # enough for so many different messages
    task = inputs.write_merge(texts, benchmark.fresh("merge"))
    contenders = [
        *benchmark.ours("ours_merge", benchmark.rounds),
        *_msgmerge(benchmark),
        *benchmark.peer("babel_merge", 1),
    ]
    paths = {"old": str(task.old), "new": str(task.new)}
    outputs = benchmark.compete(contenders, lambda: paths | {"target": str(benchmark.fresh() / "docs.po")})
    benchmark.close()
    for contender in contenders:
        if contender.name in outputs:
            found = task.count(outputs[contender.name])
            contender.result = " | ".join(f"{number}" for number in found.values())
    title = f"Merge: {inputs.MESSAGES:,} messages, {inputs.EDITS} edited, {inputs.NEW} new, {origin}"
    phases = {"merging": "merging", "whole": "file to file"}
    benchmark.table(title, contenders, phases, "right | wrong | missed | false")


def _msgmerge(benchmark: Benchmark) -> list[Contender]:
    if shutil.which("msgmerge") is None:
        benchmark.lines.append("- GNU msgmerge: not installed, skipped")
        return []

    def timed(*arguments: str) -> float:
        start = perf_counter()
        subprocess.run(["msgmerge", *arguments], check=True, capture_output=True)
        return perf_counter() - start

    def run(job: dict[str, str]) -> dict[str, float]:
        start_up = median(timed("--version") for _time in range(5))
        seconds = timed("--previous", "--no-wrap", "--quiet", "-o", job["target"], job["old"], job["new"])
        return {"whole": seconds - start_up}

    version = subprocess.run(["msgmerge", "--version"], check=True, capture_output=True, text=True).stdout
    return [Contender("GNU msgmerge", version.split("\n", maxsplit=1)[0].split()[-1], run, benchmark.rounds)]


def main() -> None:
    """Run the benchmarks that were asked for, and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parts = {
        "10k": lambda benchmark: extraction(benchmark, _WORDS[0]),
        "100k": lambda benchmark: extraction(benchmark, _WORDS[1]),
        "rendering": rendering,
        "merging": merging,
    }
    parser.add_argument("--only", nargs="+", choices=list(parts), default=list(parts), help="parts to run")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each part (default: 3)")
    parser.add_argument("--environment", type=Path, help="keep the peers' environment here, and use it again")
    parser.add_argument("--output", type=Path, help="write the tables to this Markdown file, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kit-benchmark-") as folder:
        benchmark = Benchmark(Path(folder), arguments.rounds, arguments.environment)
        for name in arguments.only:
            parts[name](benchmark)
        version = ".".join(map(str, sys.version_info[:3]))
        rounds = f"{arguments.rounds} alternating rounds (10,000 words: {5 * arguments.rounds}, Babel: 1)"
        benchmark.lines.append(f"Medians of {rounds}; Python {version}, {os.cpu_count()} cores.")
    text = "\n".join(benchmark.lines).strip() + "\n"
    sys.stdout.write(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
