"""What ``kit doctor`` examines; every function yields findings and raises nothing."""

import math
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

import kit
from kit import i18n, settings
from kit.cli._output import Finding, Mark
from kit.errors import KitError
from kit.i18n import catalogs
from kit.i18n import gettext as _
from kit.notebooks.editions import Workspace
from kit.notebooks.execution import run_notebook
from kit.notebooks.runs import RunReport
from kit.tokens import encoding

_DISTRIBUTION = "llm-teaching-kit"
_INSTALL = "pip install -e ."
_OLDEST_PYTHON = (3, 11)
_ROOM_WANTED = 1_000_000_000  # bytes: a run's outputs, caches, and room for the notebook server
_ROOM_NEEDED = 100_000_000
# As kit.azure.client reads them.
_AZURE_KEY = "AZURE_OPENAI_API_KEY"
_AZURE_REQUIRED = ("AZURE_OPENAI_ENDPOINT", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP")
_AZURE_OPTIONAL = ("AZURE_OPENAI_ACCOUNT", _AZURE_KEY)


def python() -> Iterator[Finding]:
    """Examine the version of Python."""
    text = _("Python {version}").format(version=platform.python_version())
    if sys.version_info >= _OLDEST_PYTHON:
        yield Finding("✓", text)
    else:
        yield Finding(
            "✗", text, _("Install Python 3.11 or later, and make a new virtual environment with it.")
        )


def packages() -> Iterator[Finding]:
    """Compare the installed packages with those that the kit declares."""
    try:
        declared = [Requirement(line) for line in metadata.requires(_DISTRIBUTION) or []]
    except metadata.PackageNotFoundError:
        yield Finding("!", _("The kit is used from its folder without being installed."), _INSTALL)
        return
    needed = [each for each in declared if each.marker is None or each.marker.evaluate({"extra": ""})]
    wrong = []
    for requirement in needed:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(_("{package} is missing").format(package=requirement.name))
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(
                _("{package} is {version}, and {wanted} is needed").format(
                    package=requirement.name, version=version, wanted=requirement.specifier
                )
            )
    if wrong:
        yield Finding("✗", _("Packages: {problems}").format(problems="; ".join(wrong)), _INSTALL)
    else:
        yield Finding("✓", _("Packages: all {n} as declared").format(n=len(needed)))


def kernel() -> Iterator[Finding]:
    """Start a kernel, and import the kit in it."""
    try:
        report, printed = _probe()
    except KitError as error:
        yield Finding("✗", str(error), "pip install --force-reinstall ipykernel")
        return
    if report.failure is not None:
        text = _("The kernel cannot use the kit: {reason}").format(reason=report.failure.message)
        yield Finding("✗", text, _INSTALL)
    elif Path(printed).parent == Path(sys.executable).parent:
        yield Finding("✓", _("Jupyter kernel: starts, and finds the kit"))
    else:
        text = _("Jupyter kernel: it runs in another Python, {path}").format(path=printed)
        yield Finding("!", text, "python -m ipykernel install --sys-prefix")


def _probe() -> tuple[RunReport, str]:
    """Run a notebook of one cell as a lab would run; return its report and the kernel's Python."""
    import nbformat

    cell = nbformat.v4.new_code_cell("import sys, kit\nprint(sys.executable)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        path = Path(name) / "kernel.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        report = run_notebook(path, path.with_name("done.ipynb"), locale=i18n.current(), timeout=120)
        outputs = nbformat.read(report.output, as_version=4).cells[0].outputs
    return report, "".join(output.get("text", "") for output in outputs).strip()


def tokenizer() -> Iterator[Finding]:
    """Count tokens without a network."""
    try:
        # o200k_base gives one token for each of the two words; see kit.tokens
        works = len(encoding().encode("hello world")) == 2
    except (OSError, ValueError) as error:
        works, reason = False, str(error)
    else:
        reason = "o200k_base"
    if works:
        yield Finding("✓", _("Tokenizer: works without a network"))
    else:
        folder = settings.work_folder() / "tiktoken"
        advice = _("Delete the folder {path}, and try again.").format(path=folder)
        yield Finding("✗", _("Tokenizer: {reason}").format(reason=reason), advice)


def disk() -> Iterator[Finding]:
    """Look for room in the folder that holds caches and ledgers."""
    folder = settings.work_folder().absolute()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    text = _("Disk: {n} GB free in {path}").format(n=i18n.number(free / 1e9, 1), path=existing)
    if free >= _ROOM_WANTED:
        yield Finding("✓", text)
    else:
        mark: Mark = "!" if free >= _ROOM_NEEDED else "✗"
        yield Finding(mark, text, _("Free some space, or set KIT_HOME to a folder on another disk."))


def labs() -> Iterator[Finding]:
    """Look for every lab and its data in every language."""
    wanted = set(Workspace.default().lab_names())
    missing = []
    for locale in i18n.available():
        present = {path.stem for path in (settings.labs_folder() / locale).glob("*.ipynb")}
        missing += [f"{locale}/{name}.ipynb" for name in sorted(wanted - present)]
        if not any((settings.labs_folder() / "data" / locale).glob("*.jsonl")):
            missing.append(f"data/{locale}")
    if missing or not wanted:
        text = _("Labs: missing {names}").format(names=", ".join(missing) or "templates")
        yield Finding("✗", text, "kit render")
    else:
        text = _("Labs: {names}, in {locales}")
        yield Finding("✓", text.format(names=", ".join(sorted(wanted)), locales=", ".join(i18n.available())))


def translations() -> Iterator[Finding]:
    """Look for texts that a language still lacks; those appear in English."""
    workspace = Workspace.default()
    for locale in i18n.available()[1:]:
        shares = {domain: _translated(workspace.locales, locale, domain) for domain in workspace.domains()}
        incomplete = [
            f"{domain} {i18n.percent(math.floor(100 * share) / 100)}"  # 100 % only of what lacks nothing
            for domain, share in shares.items()
            if share < 1
        ]
        name = i18n.own_name(locale)
        if incomplete:
            text = _("Language {name}: incomplete, {domains}")
            text = text.format(name=name, domains=", ".join(incomplete))
            yield Finding("!", text, _("What is missing appears in English. To translate: CONTRIBUTING.md"))
        else:
            yield Finding("✓", _("Language {name}: complete").format(name=name))


def _translated(locales: Path, locale: str, domain: str) -> float:
    """Return the share of a catalog that is translated; nothing of one that is missing or damaged."""
    try:
        catalog = catalogs.load(locales, locale, domain)
    except KitError:
        return 0.0
    return catalogs.status(catalog).share if catalog.file else 0.0


def font() -> Iterator[Finding]:
    """Look for a font with Chinese characters for plots."""
    from matplotlib.ft2font import FT2Font

    fonts = sorted((Path(kit.__file__).parent / "fonts").glob("*.[ot]tf"))
    try:
        able = any(FT2Font(str(path)).get_char_index(ord("中")) for path in fonts)
    except (OSError, RuntimeError):
        able = False
    if able:
        yield Finding("✓", _("Font: plots can show Chinese"))
    else:
        yield Finding("✗", _("Font: plots would show boxes instead of Chinese"), _INSTALL)


def azure() -> Iterator[Finding]:
    """Name the variables that the labs read on Azure, and whether they are set; never what they hold."""
    present = [name for name in (*_AZURE_REQUIRED, *_AZURE_OPTIONAL) if settings.secret(name)]
    missing = [name for name in _AZURE_REQUIRED if name not in present]
    if not present:
        yield Finding("✓", _("Azure: no variable is set; the labs use the simulator, which needs none."))
    elif missing:
        text = _("Azure: these are set: {names}; not set, but needed: {missing}")
        text = text.format(names=", ".join(present), missing=", ".join(missing))
        yield Finding("!", text, _("Set them before you use backend=azure. The simulator needs none."))
    else:
        advice = _("Without {name} the labs sign in with Entra ID: run “az login”.").format(name=_AZURE_KEY)
        text = _("Azure: these are set: {names}").format(names=", ".join(present))
        yield Finding("✓", text, "" if _AZURE_KEY in present else advice)
