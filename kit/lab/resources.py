"""What the lab has created: never twice, and gone at the end."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import openai
from azure.core import exceptions as azure_errors

from kit.azure import cleanup, inventory
from kit.azure.inventory import Hosting, identifier_of
from kit.azure.ledger import Entry, Kind, Ledger
from kit.i18n import gettext as _
from kit.i18n import number
from kit.lab.display import Table
from kit.lab.explaining import SERVICE_ERRORS
from kit.lab.models import price
from kit.lab.session import Session, session

Resource = TypeVar("Resource")

_ATTEMPTS = 4
_PAUSE = 10.0  # seconds before the second attempt; doubled before each further one
# No answer came, or none that could be read.
_UNANSWERED = (
    openai.APIConnectionError,
    openai.APIResponseValidationError,
    azure_errors.ServiceRequestError,
    azure_errors.ServiceResponseError,
    azure_errors.DecodeError,
    json.JSONDecodeError,
)
_PASSING = {408, 409, 425, 429}  # and everything from 500 up
_SETTLING = {"Accepted", "Creating", "Moving"}


def once(
    kind: Kind,
    *made_from: Any,
    create: Callable[[], Resource],
    cost: float | None = 0.0,
    per_hour: float | None = 0.0,
) -> Resource:
    """Return a resource, creating it only if neither the ledger nor the service has it yet.

    Args:
        kind: ``file``, ``job`` or ``deployment``.
        made_from: everything that decides what it is. A path stands for the file's content, a mapping for the
            fields of a request. The first is also its label; for a deployment it is its name, and the second
            the name of its model.
        create: makes it, by a call of the official client that does not repeat itself: build the client
            ``.with_options(max_retries=0)``. Where the answer to it is lost, the service is asked before it
            is called again.
        cost: what the creation costs once, in US dollars; None where the price is not known.
        per_hour: what it costs for each hour that it exists; the budget must have room for one.

    Raises:
        BudgetError: it would cost more than the parameter ``budget`` leaves.
        ServiceError: a deployment of that name is somebody else's.
    """
    running = session()
    with running.ledger.held():
        entry = running.ledger.find(kind, _fingerprint(made_from))
        known = _look(running, entry or _intent(running.ledger, kind, made_from))
        if known is not None:
            print(_("Found again, not created twice: {label}").format(label=_label(made_from)))
            return known  # type: ignore[no-any-return]
        charged = running.budget.require(cost, _label(made_from))
        running.budget.require(per_hour, _label(made_from))
        entry = _intent(running.ledger, kind, made_from, charged)
        entry = running.ledger.begin(inventory.begun(running.service, entry))
        resource = _create(running, entry, create)
        running.ledger.created(entry, identifier_of(kind, resource))
    return resource


def _look(running: Session, entry: Entry) -> Any:
    """Return the resource of an entry, if it is there and of use; note its identifier if that is news."""
    if entry.id:
        known = inventory.fetch(running.service, entry.kind, entry.id)
        known = known if inventory.usable(running.service, known) else None
    else:
        known = inventory.search(running.service, running.ledger, entry)
    if known is None:
        return None
    if entry.state != "created":
        running.ledger.created(entry, identifier_of(entry.kind, known))
    return _settled(running, entry, known)


def _settled(running: Session, entry: Entry, known: Any) -> Any:
    """Wait for a deployment that an interrupted run has left half-way; return the resource.

    None if it is gone meanwhile: then it can be created anew.
    """
    while entry.kind == "deployment" and known and known.properties.provisioning_state in _SETTLING:
        running.sleep(_PAUSE)
        known = inventory.fetch(running.service, "deployment", known.name)
    return known


def _create(running: Session, entry: Entry, create: Callable[[], Resource]) -> Resource:
    """Call ``create``; where its answer is lost, look for its work before calling it again."""
    for attempt in range(_ATTEMPTS):
        try:
            return create()
        except Exception as error:
            if not _may_have_worked(error):
                raise
            running.sleep(_PAUSE * 2**attempt)
            found = inventory.search(running.service, running.ledger, entry)
            if found is not None and (settled := _settled(running, entry, found)) is not None:
                print(
                    _("Its answer was lost, but it exists; not created twice: {label}").format(
                        label=entry.label
                    )
                )
                return settled  # type: ignore[no-any-return]
            if attempt + 1 == _ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


def _may_have_worked(error: Exception) -> bool:
    """Tell whether a request may have done its work although its call failed; else it is a plain refusal."""
    if isinstance(error, _UNANSWERED):
        return True
    status = getattr(error, "status_code", None) if isinstance(error, SERVICE_ERRORS) else None
    return status is not None and (status in _PASSING or status >= 500)


def marked(path: Path) -> str:
    """Return the name under which to upload a file: its own, with a mark of learner and content.

    By the mark the lab finds its file again on the service, even where the ledger is lost, and does not take
    another learner's for it.
    """
    return inventory.marked_name(path, _mark(session().ledger, path))


def tags() -> dict[str, str]:
    """Return the tags for a deployment: they tell, in the portal and on the bill, whose it is."""
    place = session().ledger.place
    return {"kit-lab": place.lab, "kit-mark": place.mark}


def created(kind: Kind) -> list[str]:
    """Return the identifiers of everything of a kind that this lab has on the service, newest first."""
    running = session()
    names = []
    for entry in running.ledger.standing(kind):
        if kind == "job" or inventory.fetch(running.service, kind, entry.id) is not None:
            names.append(entry.id)
        else:
            running.ledger.deleted(entry)
    return list(dict.fromkeys(names))


def clean_up() -> None:
    """Delete everything that this lab has created, in the order that the service asks for.

    For labs in which deleting is not the lesson; ``kit cleanup`` does the same from the command line.
    """
    running = session()
    for step in cleanup.clean(running.service, running.ledger):
        if step.error is not None:
            raise step.error


def remaining() -> Table:
    """Ask the service for everything in the ledger; return what is still there and strike out the rest."""
    running = session()
    inventory.complete(running.service, running.ledger)
    entries = inventory.left(running.service, running.ledger)
    hosted = {each.name: each for each in inventory.hostings(running.service, running.ledger)}
    caption = (
        _("Still on the service and possibly billed: {n}").format(n=len(entries))
        if entries
        else _("Nothing that could be billed is left: the service was asked for every entry of the ledger.")
    )
    rows = [[entry.kind, entry.label, entry.id, hosting_cost(hosted.get(entry.id))] for entry in entries]
    return Table([_("Kind"), _("Name"), _("Identifier"), _("Hosting so far")], rows, caption)


def hosting_cost(hosted: Hosting | None) -> str:
    """Return hours and cost of a deployment; nothing for what is not hosted."""
    if hosted is None:
        return ""
    hours = number(hosted.hours, 1)
    if hosted.so_far is None:
        return _("{n} hours, price unknown").format(n=hours)
    return _("{n} hours, {price}").format(n=hours, price=price(hosted.so_far))


def warn_of_hosting(running: Session) -> None:
    """Say which deployments of earlier runs have been billed by the hour for long."""
    for hosted in inventory.hostings(running.service, running.ledger):
        if hosted.long:
            text = _("Mind the deployment {name}, hosted for {cost}: “kit cleanup” deletes it.")
            print(text.format(name=hosted.name, cost=hosting_cost(hosted)))


def _intent(ledger: Ledger, kind: Kind, made_from: tuple[Any, ...], cost: float = 0.0) -> Entry:
    facts: dict[str, Any] = {}
    for part in made_from:
        if isinstance(part, Mapping):
            facts.update(part)
        elif isinstance(part, Path) and kind == "file":
            facts |= {
                "bytes": part.stat().st_size,
                "marked": inventory.marked_name(part, _mark(ledger, part)),
            }
    if kind == "job" and made_from and isinstance(made_from[0], str):
        facts.setdefault("training_file", made_from[0])
    if kind == "deployment" and len(made_from) > 1:
        facts["model"] = made_from[1]
    return Entry(kind, _fingerprint(made_from), _label(made_from), facts=facts, cost=cost)


def _label(made_from: Iterable[Any]) -> str:
    first = next(iter(made_from), "")
    if isinstance(first, Mapping):
        first = first.get("suffix") or next(iter(first.values()), "")
    return first.name if isinstance(first, Path) else str(first)


def _mark(ledger: Ledger, path: Path) -> str:
    return hashlib.sha256(ledger.place.mark.encode() + path.read_bytes()).hexdigest()[:10]


def _fingerprint(made_from: Iterable[Any]) -> str:
    parts = [
        hashlib.sha256(part.read_bytes()).hexdigest() if isinstance(part, Path) else part
        for part in made_from
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
