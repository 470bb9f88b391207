"""What the service has of what a ledger lists: asked by identifier, or searched for where none came back.

A creation can succeed while its answer is lost: the connection breaks, the kernel dies. Then the service's
own lists are searched for what the ledger meant to create, each kind by what it can be told by: a file by
its name (which may hold a mark of its content, see :func:`marked_name`) and size, a job by its files and
settings, a deployment by its name.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import openai
from azure.core.exceptions import ResourceNotFoundError

from kit.azure.ledger import Entry, Kind, Ledger
from kit.azure.models import find as find_model
from kit.azure.service import Service
from kit.errors import N_, ModelError, ServiceError

GONE = (openai.NotFoundError, ResourceNotFoundError)
_USELESS = {"failed", "cancelled", "error"}  # states of a file or job that is of no use any more
_LONGEST_NAME = 64
_LONG_HOSTING = 12.0  # hours after which a deployment may have been forgotten


def marked_name(path: PurePath, mark: str) -> str:
    """Return a file's name with a mark before its ending: ``train.jsonl`` is ``train-0a1b2c3d4e.jsonl``."""
    return f"{path.stem[: _LONGEST_NAME - len(mark)]}-{mark}{path.suffix}"


def identifier_of(kind: Kind, resource: Any) -> str:
    """Return what the service calls a resource."""
    return str(resource.name if kind == "deployment" else resource.id)


def fetch(service: Service, kind: Kind, identifier: str) -> Any:
    """Return a resource as the service has it now, or None if it is gone."""
    try:
        if kind == "file":
            return service.openai.files.retrieve(identifier)
        if kind == "job":
            return service.openai.fine_tuning.jobs.retrieve(identifier)
        if kind == "model":
            return service.openai.models.retrieve(identifier)
        return service.management.deployments.get(*service.account, identifier)
    except GONE:
        return None


def usable(service: Service, resource: Any) -> bool:
    """Tell whether a resource is there and of use: it has not failed, and a job still has its model."""
    if resource is None or getattr(resource, "status", "") in _USELESS:
        return False
    if (model := getattr(resource, "fine_tuned_model", None)) and fetch(service, "model", model) is None:
        return False
    state = getattr(getattr(resource, "properties", None), "provisioning_state", "") or ""
    return state not in {"Failed", "Canceled", "Deleting"}


def search(service: Service, ledger: Ledger, entry: Entry) -> Any:
    """Return the resource that an entry without identifier was meant to become, or None.

    Raises:
        ServiceError: a deployment of that name exists, and it is somebody else's.
    """
    known = {other.id for other in ledger if other.kind == entry.kind and other.id}
    if entry.kind == "file":
        return next((each for each in service.openai.files.list() if _is_file(each, entry, known)), None)
    if entry.kind == "job":
        jobs = service.openai.fine_tuning.jobs.list(limit=100)
        alike = (each for each in jobs if each.id not in known and _is_job(each, entry.facts))
        return next((job for job in alike if usable(service, job)), None)
    if entry.kind == "deployment":
        return _deployment(service, ledger, entry)
    return None


def _is_file(file: Any, entry: Entry, known: set[str]) -> bool:
    """Tell a file by a mark in its name; without one, by name and size, after an interrupted upload only."""
    if file.id in known or file.status in _USELESS or file.bytes != entry.facts.get("bytes"):
        return False
    return file.filename == entry.facts.get("marked") or (bool(entry.begun) and file.filename == entry.label)


def _is_job(job: Any, facts: Mapping[str, Any]) -> bool:
    """Compare what was asked for with what the service shows of a job; what it does not show is not compared.

    Nor is the model, whose name the service may write in another form: the files are this lab's own.
    """
    if "training_file" not in facts:
        return False
    asked: dict[str, Any] = job.method.model_dump() if job.method else {}
    kind = asked.get("type") or "supervised"
    hyperparameters = (asked.get(kind) or {}).get("hyperparameters") or {}
    shown = {**job.model_dump(), **hyperparameters}
    shown["suffix"] = shown.get("user_provided_suffix")
    compared = {
        name: value for name, value in facts.items() if name != "model" and shown.get(name) is not None
    }
    return all(value == shown[name] for name, value in compared.items())


def _deployment(service: Service, ledger: Ledger, entry: Entry) -> Any:
    found = fetch(service, "deployment", entry.label)
    if found is None:
        return None
    ours = any(other.kind == "deployment" and other.label == entry.label for other in ledger)
    if not ours and (found.tags or {}).get("kit-mark") != ledger.place.mark:
        raise ServiceError(
            N_("There is already a deployment “{name}”, and it was not this lab that created it."),
            advice=N_("Choose another suffix, so that you do not replace what somebody else works with."),
            name=entry.label,
        )
    model = entry.facts.get("model")
    same = model is None or found.properties.model.name == model
    return found if same and usable(service, found) else None


def complete(service: Service, ledger: Ledger) -> None:
    """Let the ledger know everything that belongs to it: lost answers, and what jobs have left by themselves.

    A job leaves a model, checkpoints that are models, too, and files of results.
    """
    for entry in ledger:
        if entry.state == "creating" and (found := search(service, ledger, entry)) is not None:
            ledger.created(entry, identifier_of(entry.kind, found))
    for entry in ledger.standing("job"):
        job = fetch(service, "job", entry.id)
        if job is not None:
            note_results(service, ledger, job)


def note_results(service: Service, ledger: Ledger, job: Any) -> None:
    """Write down what the service has created by itself for a job; one that failed is not billed."""
    if job.status == "failed":
        ledger.refund("job", job.id)
    for kind, identifier in _left_by(service, job):
        if not ledger.knows(kind, identifier):
            ledger.created(Entry(kind, identifier, identifier), identifier)


def _left_by(service: Service, job: Any) -> Iterator[tuple[Kind, str]]:
    if job.fine_tuned_model:
        yield "model", job.fine_tuned_model
        for checkpoint in service.openai.fine_tuning.jobs.checkpoints.list(job.id):
            yield "model", checkpoint.fine_tuned_model_checkpoint
    for identifier in job.result_files or ():
        yield "file", identifier


@dataclass(frozen=True)
class Hosting:
    """How long a deployment has been there, and what that has cost in US dollars (``None``: not known)."""

    name: str
    since: datetime.datetime
    hours: float
    per_hour: float | None

    @property
    def so_far(self) -> float | None:
        """The hours times the price of one."""
        return None if self.per_hour is None else self.hours * self.per_hour

    @property
    def long(self) -> bool:
        """Whether it looks forgotten: half a day or more, and not known to be free."""
        return self.hours >= _LONG_HOSTING and self.per_hour != 0


def hosting(deployment: Any, now: datetime.datetime) -> Hosting:
    """Return what a deployment has cost by being there; only tuned models are billed by the hour."""
    created = deployment.system_data.created_at if deployment.system_data else now
    hours = max(0.0, (now - created).total_seconds() / 3600)
    name, sku = deployment.properties.model.name, deployment.sku.name if deployment.sku else ""
    if ".ft-" not in name and not name.startswith("ft"):
        return Hosting(deployment.name, created, hours, 0.0)
    try:
        prices = find_model(name).pricing.hosting
    except ModelError:
        return Hosting(deployment.name, created, hours, None)
    return Hosting(deployment.name, created, hours, prices.get(sku))


def hostings(service: Service, ledger: Ledger) -> list[Hosting]:
    """Return the hosting of every deployment of a ledger that the service still has; enter it as spent."""
    names = dict.fromkeys(entry.id for entry in ledger.standing("deployment"))
    if not names:
        return []
    found = [fetch(service, "deployment", name) for name in names]
    now = service.now()
    hosted = [hosting(deployment, now) for deployment in found if deployment is not None]
    for each in hosted:
        if each.so_far:
            ledger.pay(f"hosting of {each.name} since {each.since.isoformat()}", each.so_far)
    return hosted


def left(service: Service, ledger: Ledger) -> list[Entry]:
    """Ask the service for everything in the ledger; return what is still there and strike out the rest.

    A job that has ended is a record: it cannot be deleted and costs nothing.
    """
    remaining = []
    for entry in ledger:
        if entry.state != "created":
            continue
        found = fetch(service, entry.kind, entry.id)
        if found is None or (entry.kind == "job" and getattr(found, "finished_at", None)):
            if entry.kind != "job":
                ledger.deleted(entry)
        elif entry.kind == "job" and found.status in {"succeeded", *_USELESS}:
            continue
        else:
            remaining.append(entry)
    return _one_per_identifier(remaining)


def _one_per_identifier(entries: list[Entry]) -> list[Entry]:
    """Return entries without those that name the same resource: a deployment can have changed its model."""
    return list({(entry.kind, entry.id): entry for entry in entries}.values())


def begun(service: Service, entry: Entry) -> Entry:
    """Return an entry with the moment at which its creation begins."""
    return replace(entry, begun=service.now().isoformat(timespec="seconds"))
