"""What the lab has created: never twice, and gone at the end."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import openai
from azure.core.exceptions import ResourceNotFoundError

from kit.azure.ledger import Entry, Kind
from kit.i18n import gettext as _
from kit.lab.display import Table
from kit.lab.session import session

Resource = TypeVar("Resource")

_LOST = {"failed", "cancelled", "error"}  # states of a file or job that is of no use any more


def once(kind: Kind, *made_from: Any, create: Callable[[], Resource]) -> Resource:
    """Return a resource, creating it only if the ledger and the service do not have it yet.

    Args:
        kind: ``file``, ``job`` or ``deployment``.
        made_from: everything that decides what it is; a path stands for the file's content. The first is
            also its label; for a deployment it is its name.
        create: makes it, by a call of the official client.
    """
    ledger = session().ledger
    fingerprint = _fingerprint(made_from)
    entry = ledger.find(kind, fingerprint)
    if entry is not None:
        known = _fetch(entry) if entry.id else _search(entry, made_from)
        if known is not None:
            ledger.created(entry, _identifier(kind, known))
            print(_("Found again, not created twice: {label}").format(label=entry.label))
            return known  # type: ignore[no-any-return]
    entry = ledger.begin(kind, fingerprint, _label(made_from))
    resource = create()
    ledger.created(entry, _identifier(kind, resource))
    return resource


def note(kind: Kind, identifier: str) -> None:
    """Write down a resource that the service has created by itself, such as a job's model."""
    ledger = session().ledger
    fingerprint = _fingerprint([identifier])
    if ledger.find(kind, fingerprint) is None:
        ledger.created(ledger.begin(kind, fingerprint, identifier), identifier)


def created(kind: Kind) -> list[str]:
    """Return the identifiers of everything of a kind that the ledger holds, newest first."""
    return [entry.id for entry in session().ledger if entry.kind == kind and entry.state == "created"][::-1]


def remaining() -> Table:
    """Ask the service for everything in the ledger; return what is still there and strike out the rest."""
    ledger = session().ledger
    left = []
    for entry in ledger:
        if entry.kind == "job" or entry.state != "created":
            continue  # a finished job is a record: it cannot be deleted and costs nothing
        if _fetch(entry) is None:
            ledger.deleted(entry)
        else:
            left.append(entry)
    caption = (
        _("Still on the service and possibly billed: {n}").format(n=len(left))
        if left
        else _("Nothing that could be billed is left: the service was asked for every entry of the ledger.")
    )
    return Table([_("Kind"), _("Name"), _("Identifier")], [[e.kind, e.label, e.id] for e in left], caption)


def _label(made_from: Iterable[Any]) -> str:
    first = next(iter(made_from), "")
    return first.name if isinstance(first, Path) else str(first)


def _fingerprint(made_from: Iterable[Any]) -> str:
    parts = [
        hashlib.sha256(part.read_bytes()).hexdigest() if isinstance(part, Path) else part
        for part in made_from
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _identifier(kind: Kind, resource: Any) -> str:
    return str(resource.name if kind == "deployment" else resource.id)


def _fetch(entry: Entry) -> Any:
    """Return the resource of an entry as the service has it now, or None if it is gone or of no use."""
    running = session()
    try:
        if entry.kind == "file":
            found: Any = running.openai.files.retrieve(entry.id)
        elif entry.kind == "job":
            found = running.openai.fine_tuning.jobs.retrieve(entry.id)
        elif entry.kind == "model":
            found = running.openai.models.retrieve(entry.id)
        else:
            place = running.connection
            return running.management.deployments.get(place.resource_group, place.account, entry.id)
    except (openai.NotFoundError, ResourceNotFoundError):
        return None
    return None if getattr(found, "status", "") in _LOST else found


def _search(entry: Entry, made_from: tuple[Any, ...]) -> Any:
    """Look for a resource whose creation was begun but whose id never came back."""
    running = session()
    if entry.kind == "deployment":
        return _fetch(Entry("deployment", entry.fingerprint, entry.label, "created", entry.label))
    if entry.kind == "job":
        jobs = running.openai.fine_tuning.jobs.list(limit=20)
        return next(
            (job for job in jobs if job.training_file == made_from[0] and job.status not in _LOST), None
        )
    size = made_from[0].stat().st_size if isinstance(made_from[0], Path) else -1
    files = running.openai.files.list()
    return next((file for file in files if file.filename == entry.label and file.bytes == size), None)
