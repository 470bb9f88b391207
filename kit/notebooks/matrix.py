"""Many runs at once: labs × languages × audiences × scenarios, on all cores, with one report of the whole.

Each run is a notebook in a kernel of its own, driven by :func:`kit.notebooks.execution.run_notebook` in a few
worker processes that keep their imports. A process and not a thread, because a kernel inherits the process's
environment, and its locale is part of that. And a process for each place and not one pool for all, because a
pool that loses a process gives up the runs of the others too. Runs that mostly wait, for a quota, have places
of their own, so that no core waits with them. What a run has shown is written down as soon as it ends,
together with a fingerprint of everything it depends on, so an interrupted matrix goes on where it stopped.
"""

import hashlib
import json
import math
import multiprocessing
import os
import queue
import signal
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from kit import i18n, settings
from kit.errors import KitError
from kit.i18n import gettext as _
from kit.notebooks.editions import Edition, Selection, Workspace, editions
from kit.notebooks.execution import DEFAULT_TIMEOUT, read_notebook, run_notebook
from kit.notebooks.files import write_text
from kit.notebooks.parameters import read_parameters
from kit.notebooks.rendering import AUDIENCES, TARGETS
from kit.notebooks.requirements import missing_packages

Status = Literal["passed", "failed", "stopped", "skipped", "unchanged"]
USUAL = "happy"
_LOOKS_FOR_SIGNALS = 0.5  # seconds
# What a run depends on beside its notebook and the installed packages: the kit itself, and the labs' data.
_SOURCES = ("*.py", "*.toml", "*.json", "*.jsonl", "*.po")


@dataclass(frozen=True)
class Entry:
    """One run of the matrix.

    Attributes:
        notebook: the file to run.
        lab: its lab.
        locale: its language.
        scenario: what goes wrong on purpose; ``happy`` for nothing.
        skipped: why it cannot run here; empty where it can.
        audience: whose edition it is.
        waits: whether it mostly waits, and needs little of a core.
    """

    notebook: Path
    lab: str
    locale: str
    scenario: str = USUAL
    skipped: str = ""
    audience: str = AUDIENCES[0]
    waits: bool = False

    @property
    def name(self) -> str:
        """Return the name of its files, unique in the matrix."""
        return "-".join([self.lab, self.locale, *self.unusual])

    @property
    def unusual(self) -> list[str]:
        """Return what sets it apart from a learner's run in which all goes well."""
        return [part for part in (self.audience, self.scenario) if part not in {AUDIENCES[0], USUAL}]


@dataclass(frozen=True)
class Result:
    """How one run ended.

    ``stopped`` is a run in a scenario that ended with an explanation to the learner, as some scenarios do;
    ``unchanged`` one that had passed before with everything equal.
    """

    entry: Entry
    status: Status
    seconds: float = 0.0
    passed: int = 0
    checks: int = 0
    message: str = ""

    def to_row(self) -> dict[str, Any]:
        """Return it as plain values."""
        entry = self.entry
        return {
            "lab": entry.lab,
            "locale": entry.locale,
            "audience": entry.audience,
            "scenario": entry.scenario,
            "status": self.status,
            "seconds": self.seconds,
            "passed": self.passed,
            "checks": self.checks,
            "message": self.message,
        }


@dataclass(frozen=True)
class Plan:
    """What to run and where the results go.

    Attributes:
        entries: the runs.
        folder: where executed notebooks and reports go.
        jobs: runs at a time.
        more: runs at a time on top of these, of those that mostly wait.
        timeout: seconds that one run may take.
        changed: leave out what passed in this folder and has not changed.
    """

    entries: Sequence[Entry]
    folder: Path
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    more: int = 0
    timeout: float = DEFAULT_TIMEOUT
    changed: bool = False


def plan(  # noqa: PLR0913 - the axes of the matrix
    labs: Sequence[str],
    locales: Sequence[str],
    scenarios: Sequence[str],
    folder: Path,
    *,
    audiences: Sequence[str] = AUDIENCES[:1],
    waiting: Collection[str] = (),
    **options: Any,
) -> Plan:
    """Return the runs of labs × locales × audiences × scenarios; a lab that knows no scenarios runs once.

    What learners get is run as it lies in the labs' folder; another audience's editions are rendered first.
    In the scenarios that ``waiting`` names, runs mostly wait.
    """
    entries = []
    for audience in audiences:
        for lab in labs:
            for locale in locales:
                notebook = _edition(lab, locale, audience, folder)
                content = read_notebook(notebook)
                missing = what_is_missing(content)
                for scenario in scenarios if "scenario" in read_parameters(content) else [USUAL]:
                    waits = scenario in waiting
                    entries.append(Entry(notebook, lab, locale, scenario, missing, audience, waits))
    return Plan(entries, folder, **options)


def _edition(lab: str, locale: str, audience: str, folder: Path) -> Path:
    """Return the notebook of a lab for an audience, rendered below ``folder`` if it is not the learners'."""
    if audience == AUDIENCES[0]:
        return settings.labs_folder() / locale / f"{lab}.ipynb"
    [edition] = editions(Workspace.default(), Selection([lab], [locale], [(audience, TARGETS[0])]))
    return written(edition, folder / "editions")


def written(edition: Edition, folder: Path) -> Path:
    """Write an edition to be run, apart from those of other audiences; return its file."""
    audience, _target = edition.kind
    file = edition.file(folder / audience)
    file.write()
    return file.path


def what_is_missing(notebook: Mapping[str, Any]) -> str:
    """Return why a notebook cannot run here; nothing, if it can."""
    absent = ", ".join(missing_packages(notebook))
    return _("not installed: {packages}").format(packages=absent) if absent else ""


def run(planned: Plan) -> Iterator[Result]:
    """Run everything and yield each result as it comes, those that need no run first.

    The longest runs begin first, by what they took the last time, so that no core waits for one at the end.
    A worker that dies fails the run it was at, and a new one goes on with the next.
    """
    kit = _digest_of_kit()
    waiting = []
    for entry in sorted(planned.entries, key=lambda entry: -_expected(entry, planned.folder)):
        if entry.skipped:
            yield Result(entry, "skipped", message=entry.skipped)
        elif planned.changed and (known := _known(entry, planned.folder, kit)):
            yield known
        else:
            waiting.append(entry)
    apart = [entry for entry in waiting if entry.waits] if planned.more else []
    lanes = [
        _Lane([entry for entry in waiting if entry not in apart], planned.jobs, planned),
        _Lane(apart, planned.more, planned),
    ]
    try:
        for future in as_completed([future for lane in lanes for future in lane.futures]):
            result = future.result()
            _remember(result, planned.folder, kit)
            yield result
    finally:  # also when the person at the keyboard, or whoever reads the results, stops
        for lane in lanes:
            lane.stop()


class _Lane:
    """A few workers, and the runs that wait in front of them, which begin at once."""

    def __init__(self, entries: Sequence[Entry], jobs: int, planned: Plan) -> None:
        places = min(jobs, len(entries))
        self._workers = [_Worker(places) for _place in range(places)]
        self._free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(max(1, places))
        self.futures = [self._threads.submit(self._run, entry, planned) for entry in entries]

    def _run(self, entry: Entry, planned: Plan) -> Result:
        worker = self._free.get()
        try:
            return worker.run(entry, planned)
        finally:
            self._free.put(worker)

    def stop(self) -> None:
        """End what is under way, and begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown()


class _Worker:
    """A process that runs one notebook after another, and is replaced when it dies."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._stopped = False
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, self._jobs))
        self._process.start()
        theirs.close()  # with no copy of that end here, a death reads as the end of the pipe

    def run(self, entry: Entry, planned: Plan) -> Result:
        """Run one entry and return its result, whatever happens to the process."""
        try:
            self._pipe.send((entry, planned.folder, planned.timeout, i18n.current()))
            result: Result = self._pipe.recv()
        except (EOFError, OSError):
            if not self._stopped:
                self._process.join()
                self._pipe.close()
                self._start()
            return Result(entry, "failed", message=_("The process that ran it died."))
        return result

    def stop(self) -> None:
        """End the process; a run that is under way ends as with Ctrl-C, and its kernel with it."""
        self._stopped = True
        self._process.terminate()
        self._process.join()
        self._pipe.close()


def _work(pipe: Connection, jobs: int) -> None:
    """Run what comes through a pipe until it closes; the main function of a worker."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    # Each run has its share of the cores: libraries that take all of them slow each other down.
    settings.export("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    while True:
        try:
            # Never blocked for long: a signal that arrives between Python's last look for one and the system
            # call does not interrupt the call, and stop() sends one at about the moment when a run has ended.
            while not pipe.poll(_LOOKS_FOR_SIGNALS):
                pass
            task = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        pipe.send(_run_one(*task))


def _run_one(entry: Entry, folder: Path, timeout: float, spoken: str) -> Result:
    """Run one notebook; called in a worker, in the language that the person is spoken to."""
    i18n.use(spoken)
    parameters = {"scenario": entry.scenario} if entry.scenario != USUAL else {}
    output = output_path(entry, folder)
    try:
        # Another run of the lab may be going on; caches and all else in the kit's folder are shared.
        with settings.child_environment(KIT_RESULTS=str(folder.resolve() / "results" / entry.name)):
            report = run_notebook(entry.notebook, output, parameters, locale=entry.locale, timeout=timeout)
    except KitError as error:
        return Result(entry, "failed", message=str(error))
    status: Status = "passed"
    message = ""
    if report.failure is not None:
        # A mistake in the call is explained as well, but no scenario brings it about.
        ename = report.failure.ename
        explained = ename != "UsageError" and not report.failure.message.startswith(f"{ename}:")
        status = "stopped" if explained and entry.scenario != USUAL else "failed"
        where = _("cell {cell}, “{step}”").format(cell=report.failure.cell, step=report.failure.step)
        message = f"{where}: {report.failure.message}"
    elif report.count("failed") and entry.scenario == USUAL:
        status = "failed"
        failed = [check.claim for check in report.checks if check.status == "failed"]
        message = _("Self-checks not passed: {claims}").format(claims=" · ".join(failed))
    return Result(entry, status, report.seconds, report.count("passed"), len(report.checks), message)


def _fingerprint(entry: Entry, kit: str) -> str:
    content = entry.notebook.read_bytes()
    return hashlib.sha256(b"\0".join([kit.encode(), entry.name.encode(), content])).hexdigest()


def _digest_of_kit() -> str:
    """Return a fingerprint of the kit, of the labs' data, and of which packages are installed."""
    package = Path(settings.__file__).parent
    installed = {(each.metadata["Name"], each.version) for each in metadata.distributions()}
    found = hashlib.sha256(repr(sorted(installed)).encode())
    for root in (package, settings.labs_folder() / "data", settings.locales_folder()):
        for pattern in _SOURCES:
            for path in sorted(root.rglob(pattern)):
                found.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def output_path(entry: Entry, folder: Path) -> Path:
    """Return where the executed notebook of a run goes."""
    return folder / f"{entry.name}.ipynb"


def _memory(entry: Entry, folder: Path) -> Path:
    return folder / ".passed" / f"{entry.name}.json"


def _remember(result: Result, folder: Path, kit: str) -> None:
    path = _memory(result.entry, folder)
    if result.status in {"passed", "stopped"}:
        content = result.to_row() | {"fingerprint": _fingerprint(result.entry, kit)}
        write_text(path, json.dumps(content, ensure_ascii=False) + "\n")
    else:
        path.unlink(missing_ok=True)


def _expected(entry: Entry, folder: Path) -> float:
    """Return how many seconds a run took when it last passed; one that is not known is taken for long."""
    try:
        return float(json.loads(_memory(entry, folder).read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError):
        return math.inf


def _known(entry: Entry, folder: Path, kit: str) -> Result | None:
    """Return what an earlier run has shown, if nothing that it depends on has changed."""
    try:
        content = json.loads(_memory(entry, folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if content.get("fingerprint") != _fingerprint(entry, kit) or not output_path(entry, folder).exists():
        return None
    return Result(entry, "unchanged", content["seconds"], content["passed"], content["checks"])
