"""What a run left behind: self-checks, the failing cell, and an output file that holds no secret."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kit import errors, settings
from kit.i18n import gettext as _
from kit.notebooks.files import write_text
from kit.notebooks.secrets import redact

CHECK_MIME = "application/vnd.llm-teaching-kit.check+json"
STATUSES = ("passed", "failed", "todo")

_PAPERMILL_TAG = "papermill-error-cell-tag"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_TAG = re.compile(r"(?P<code>`+).*?(?P=code)|</?[A-Za-z](?:\"[^\"]*\"|[^\">])*>")
_KIT_ERRORS = {name for name, value in vars(errors).items() if isinstance(value, type)}


@dataclass(frozen=True)
class Check:
    """One self-check of a lab: what it claims, and whether that holds (a status of :data:`STATUSES`)."""

    cell: int
    claim: str
    status: str
    hint: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a run stopped, and where: the cell's position from 1, its ``In [n]`` and the step it belongs to."""

    cell: int
    execution_count: int | None
    step: str
    ename: str
    message: str


@dataclass(frozen=True)
class RunReport:
    """The result of one run; ``seconds`` is wall-clock time with the kernel's start."""

    notebook: str
    locale: str
    output: Path
    seconds: float
    cells: int
    checks: tuple[Check, ...]
    failure: Failure | None

    @property
    def ok(self) -> bool:
        """Whether every cell ran; a failed self-check does not stop a run."""
        return self.failure is None

    def count(self, status: str) -> int:
        """Return how many self-checks ended with ``status``."""
        return sum(check.status == status for check in self.checks)

    def to_json(self) -> str:
        """Return the report as JSON text, for tools that read scores."""
        score = {status: self.count(status) for status in STATUSES}
        content = asdict(self) | {"output": self.output.name, "ok": self.ok, "score": score}
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def step_titles(cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return, for every cell, the text of the last Markdown heading at or above it, without HTML tags.

    What is not translated yet is marked with tags, and a terminal would show them.
    """
    titles, title = [], ""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            headings = _HEADING.findall("".join(cell["source"]))
            title = _TAG.sub(_code_alone, headings[-1]) if headings else title
        titles.append(title)
    return titles


def _code_alone(match: re.Match[str]) -> str:
    return match[0] if match["code"] else ""


def collect_checks(notebook: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return the self-checks of an executed notebook; of one shown twice in a cell, the last showing."""
    found: dict[tuple[int, str], Check] = {}
    for position, output in _outputs(notebook):
        content = output.get("data", {}).get(CHECK_MIME)
        if isinstance(content, Mapping) and content.get("status") in STATUSES:
            claim = str(content.get("claim", ""))
            found[position, claim] = Check(position, claim, content["status"], str(content.get("hint", "")))
    return tuple(found.values())


def find_failure(notebook: Mapping[str, Any]) -> Failure | None:
    """Return the cell at which papermill stopped, explained; ``None`` if the notebook ran to its end.

    papermill's mark in the cell's metadata decides and not the error output: a cell tagged
    ``raises-exception`` shows its error on purpose.
    """
    titles = step_titles(notebook["cells"])
    for index, cell in enumerate(notebook["cells"]):
        if cell["metadata"].get("papermill", {}).get("exception") is True:
            shown = [output for output in cell.get("outputs", []) if output["output_type"] == "error"]
            error = shown[-1] if shown else {}
            if error.get("ename") == "SystemExit" and error.get("evalue") in {"", "0", "None"}:
                return None
            return Failure(
                cell=index + 1,
                execution_count=cell.get("execution_count"),
                step=titles[index],
                ename=error.get("ename", ""),
                message=explanation(error),
            )
    return None


def explanation(error: Mapping[str, Any]) -> str:
    """Return the sentences to show for an error output.

    ``kit.lab`` puts the learner's sentences where a traceback stands. Any other exception, and a kit's
    exception raised before ``kit.lab`` was set up, has no more to say than its name and message.
    """
    lines = _ANSI.sub("", "\n".join(error.get("traceback", []))).strip()
    evalue = _ANSI.sub("", error.get("evalue", ""))
    ename = error.get("ename", "")
    if ename in _KIT_ERRORS:
        return lines if lines and "Traceback (most recent call last)" not in lines else evalue
    if not ename:
        return _("The cell stopped without saying why.")
    return f"{ename}: {evalue}" if evalue else ename


def cleared(notebook: Any) -> Any:
    """Return an executed notebook without secrets and without papermill's own (English) error cells."""
    clean = redact(notebook, settings.known_secrets())
    clean.cells = [cell for cell in clean.cells if _PAPERMILL_TAG not in cell.metadata.get("tags", [])]
    return clean


def write_notebook(notebook: Any, path: Path) -> None:
    """Write an executed notebook."""
    import nbformat

    write_text(path, nbformat.writes(notebook) + "\n")


def _outputs(notebook: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for position, cell in enumerate(notebook["cells"], start=1):
        for output in cell.get("outputs", []):
            yield position, output
