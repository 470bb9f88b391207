"""Waiting for the service, with something to see: on Azure in real time, on a simulator on its own clock."""

from collections.abc import Callable
from typing import Any, TypeVar

from IPython.display import display

from kit.azure import inventory
from kit.errors import N_, JobFailedError
from kit.i18n import gettext as _
from kit.i18n import number
from kit.lab.session import session

Resource = TypeVar("Resource")

_DONE = {"processed", "succeeded"}
_FAILED = {"error", "failed", "cancelled", "canceled"}


def wait(retrieve: Callable[[str], Resource], identifier: str, every: float = 10) -> Resource:
    """Ask again every ``every`` seconds until the service has finished; return the last answer.

    Args:
        retrieve: a call of the client such as ``client.files.retrieve``.
        identifier: what to ask for.
        every: seconds between two questions.

    Raises:
        JobFailedError: the service ended without success; its own reason is in the message.
    """
    while True:
        found = retrieve(identifier)
        status = getattr(found, "status", "")
        if status in _FAILED:
            raise _failure(identifier, status, found)
        if status in _DONE:
            return found
        session().sleep(every)


def watch_job(client: Any, job_id: str, every: float = 60) -> Any:
    """Follow a fine-tuning job to its end, with a line that keeps itself up to date; return the job.

    Closing the notebook does not stop the job: run the cell again and it goes on watching.

    Raises:
        JobFailedError: the job failed or was cancelled.
    """
    shown = _Updating()

    def look(identifier: str) -> Any:
        job = client.fine_tuning.jobs.retrieve(identifier)
        if job.status in _FAILED:
            inventory.note_results(session().service, session().ledger, job)
        newest = client.fine_tuning.jobs.list_events(identifier, limit=1).data
        message = newest[0].message if newest else ""
        shown.say(_("Job status: {status} · {event}").format(status=job.status, event=message))
        return job

    job = wait(look, job_id, every)
    inventory.note_results(session().service, session().ledger, job)
    tokens = number(job.trained_tokens or 0)
    shown.say(_("Job status: {status} · {n} tokens trained").format(status=job.status, n=tokens))
    return job


class _Updating:
    """One line of output that replaces itself; without a notebook, it is printed when it changes."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._text = ""

    def __repr__(self) -> str:
        return self._text

    def say(self, text: str) -> None:
        """Show ``text`` in place of what stands there."""
        if text == self._text:
            return
        self._text = text
        if self._handle is None:
            self._handle = display(self, display_id=True)
        else:
            self._handle.update(self)


def _failure(identifier: str, status: str, found: Any) -> JobFailedError:
    reason = (
        getattr(getattr(found, "error", None), "message", "") or getattr(found, "status_details", "") or ""
    )
    return JobFailedError(
        N_("{identifier} ended as “{status}”: {reason}"),
        advice=N_(
            "Mend what the service names, if there is anything, and run again from the cell that created it. "
            "A failed job is not billed."
        ),
        identifier=identifier,
        status=status,
        reason=reason,
    )
