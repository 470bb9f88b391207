"""Run a notebook headless with papermill, and report what happened in words a learner can act on.

papermill does the work. What it leaves open is settled around it: parameters are checked first
(:mod:`kit.notebooks.parameters`), the whole run has a time limit, a kernel that does not start gets a second
chance (parallel kernels can clash over a port, papermill#511), the kernel is killed at the end because a
graceful shutdown sometimes stalls, and the output is written once and not after every cell.

Since jupyter_client 8.10 and ipykernel 7.3 a kernel on plain TCP prints a warning. The runner removes the
cause and not the words: it asks for encrypted sockets where kernel and client know them.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit import settings
from kit.errors import N_, NotebookError, UsageError
from kit.i18n import duration
from kit.i18n import gettext as _
from kit.notebooks import parameters as parameters_cell
from kit.notebooks.files import write_text
from kit.notebooks.runs import (
    Failure,
    RunReport,
    cleared,
    collect_checks,
    find_failure,
    step_titles,
    write_notebook,
)

DEFAULT_TIMEOUT = 3600.0
_START_TIMEOUT = 60
_SKIPPED_TAG = "skip-headless"
_ATTEMPTS = 2


@dataclass(frozen=True)
class Progress:
    """A cell is about to run: its position from 1, the number of cells, the step it belongs to."""

    cell: int
    count: int
    step: str


@dataclass
class _Run:
    """One attempt's state, filled by nbclient's hooks: it outlives whatever stops the run."""

    on_progress: Callable[[Progress], None]
    deadline: float
    notebook: Any = None
    cell_index: int = 0
    titles: list[str] = field(default_factory=list)

    def started(self, notebook: Any) -> None:
        self.notebook = notebook
        self.titles = step_titles(notebook.cells)

    def cell_started(self, cell: Any, cell_index: int) -> None:
        self.cell_index = cell_index
        self.on_progress(Progress(cell_index + 1, len(self.titles), self.titles[cell_index]))

    def seconds_left(self, cell: Any) -> int:
        return max(1, round(self.deadline - time.monotonic()))


def run_notebook(  # noqa: PLR0913 - the ways to run differ in just these
    path: Path,
    output: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    locale: str,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    timeout: float = DEFAULT_TIMEOUT,
) -> RunReport:
    """Run the notebook at ``path`` in its own folder and write the executed notebook to ``output``.

    Beside ``output`` a report of the same name with the ending ``.json`` is written. A notebook that stops
    half-way, for whatever reason, still leaves what it has produced; values of secret environment variables
    are replaced by the variable's name in both files.

    Args:
        path: the notebook to run; it is not changed.
        output: where the executed notebook goes; folders are made as needed.
        parameters: values for the parameters cell; strings are read as the type of the default.
        locale: the kernel's ``KIT_LOCALE``.
        on_progress: called before every cell.
        timeout: seconds for the whole run.

    Raises:
        UsageError: a parameter does not fit, or ``output`` is ``path``.
        NotebookError: the notebook cannot be read, or no kernel starts for it.
    """
    path, output = path.resolve(), output.resolve()
    notebook = read_notebook(path)
    values = parameters_cell.restore(parameters or {}, parameters_cell.read_parameters(notebook))
    if output == path:
        raise UsageError(N_("The output would overwrite the notebook {path}."), path=path)
    begun = time.monotonic()
    run = _Run(on_progress, begun + timeout)
    try:
        with settings.child_environment(KIT_LOCALE=locale):
            stopped = _execute(notebook, path, values, run, timeout)
    finally:  # also when the person at the keyboard stops it
        if run.notebook is not None:
            run.notebook = cleared(run.notebook)
            run.notebook.metadata.papermill.update(input_path=path.name, output_path=output.name)
            write_notebook(run.notebook, output)
    executed: Any = run.notebook
    report = RunReport(
        notebook=path.stem,
        locale=locale,
        output=output,
        seconds=round(time.monotonic() - begun, 3),
        cells=len(executed.cells),
        checks=collect_checks(executed),
        failure=stopped or find_failure(executed),
    )
    write_text(output.with_suffix(".json"), report.to_json())
    return report


def read_notebook(path: Path) -> Any:
    """Return the notebook in a file, in the current notebook format.

    Raises:
        NotebookError: there is no such file, or it is not a notebook.
    """
    import nbformat

    try:
        # Not nbformat.read: it logs what is invalid and goes on, and mends ids without a word.
        notebook = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8-sig")))
        nbformat.validate(notebook)
        notebook = nbformat.convert(notebook, 4)
    except FileNotFoundError as error:
        raise NotebookError(
            N_("There is no notebook {path}."), advice=N_("Check the spelling of the path."), path=path
        ) from error
    except (OSError, ValueError, TypeError, AttributeError, KeyError, nbformat.ValidationError) as error:
        raise NotebookError(
            N_("{path} cannot be read as a notebook: {reason}"),
            advice=N_("Open it in JupyterLab to see whether it is damaged, or render it again: kit render"),
            path=path,
            reason=str(error).strip().split("\n")[0],
        ) from error
    return notebook


def _execute(notebook: Any, path: Path, values: dict[str, Any], run: _Run, timeout: float) -> Failure | None:
    """Run all cells; return why they stopped where the notebook itself does not tell."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    try:
        _start(papermill, notebook, path, values, run)
    except papermill.PapermillExecutionError:
        return None  # find_failure sees the cell
    except CellTimeoutError:
        message = _("The run was stopped because it took longer than {time}. Allow more with --timeout.")
        return _stopped(run, "TimeoutError", message.format(time=duration(timeout, "second")))
    except DeadKernelError:
        message = _("The kernel died, usually for lack of memory: close other programs and run it again.")
        return _stopped(run, "DeadKernelError", message)
    return None


def _start(papermill: Any, notebook: Any, path: Path, values: dict[str, Any], run: _Run) -> None:
    """Call papermill, a second time if the kernel did not come up; errors of cells pass through.

    Raises:
        NotebookError: no kernel started.
    """
    kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    logging.getLogger("papermill").addHandler(logging.NullHandler())  # it would repeat errors in English
    for attempt in range(_ATTEMPTS):
        try:
            papermill.execute_notebook(notebook, None, values, kernel_name=kernel, **_options(path, run))
        except (RuntimeError, OSError) as error:  # died, port clash, or no answer
            if run.notebook is not None:
                raise
            if attempt + 1 == _ATTEMPTS:
                raise _no_kernel(kernel, error) from error
        except LookupError as error:  # NoSuchKernel
            raise _no_kernel(kernel, error) from error
        else:
            return


def _options(path: Path, run: _Run) -> dict[str, Any]:
    """Return what papermill, and nbclient below it, are told."""
    from jupyter_client.manager import KernelManager
    from traitlets.config import Config

    # Older versions do not know the setting, and do not print the warning either.
    encrypted = KernelManager.class_traits().get("transport_encryption") is not None
    return {
        "language": "python",
        "progress_bar": False,
        "request_save_on_cell_execute": False,
        "autosave_cell_every": 0,
        "start_timeout": _START_TIMEOUT,
        "shutdown_kernel": "immediate",
        "coalesce_streams": True,  # else the cut between two outputs depends on timing, and may cut a secret
        "skip_cells_with_tag": _SKIPPED_TAG,
        "timeout_func": run.seconds_left,
        "on_notebook_start": run.started,
        "on_cell_start": run.cell_started,
        "resources": {"metadata": {"path": str(path.parent)}},
        "config": Config({"KernelManager": {"transport_encryption": "auto"}}) if encrypted else Config(),
    }


def _stopped(run: _Run, ename: str, message: str) -> Failure:
    """Return the failure at the cell that was running, for stops that leave no error output."""
    index = run.cell_index
    cell = run.notebook.cells[index]
    cell.metadata.papermill.update(exception=True, status="failed")
    return Failure(index + 1, cell.get("execution_count"), run.titles[index], ename, message)


def _no_kernel(kernel: str, error: Exception) -> NotebookError:
    return NotebookError(
        N_("The kernel “{kernel}” did not start: {reason}"),
        advice=N_("Run “kit doctor” to see what is missing."),
        kernel=kernel,
        reason=str(error).strip().split("\n")[0] or type(error).__name__,
    )
