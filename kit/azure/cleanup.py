"""Deleting what a ledger lists, in the order that the service asks for, and asking it what is left.

Deployments go first, because a model that is deployed cannot be deleted; then jobs that still run are
cancelled, because they are billed; then models and files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import openai
from azure.core import exceptions as azure_errors

from kit.azure import inventory
from kit.azure.ledger import Entry, Kind, Ledger
from kit.azure.service import Service

Result = Literal["deleted", "cancelled", "gone", "kept", "found"]

ORDER: tuple[Kind, ...] = ("deployment", "job", "model", "file")
_ATTEMPTS = 4
_PAUSE = 15.0  # seconds before the second attempt; doubled before each further one
_PASSING = (
    openai.APIConnectionError,
    openai.ConflictError,
    openai.RateLimitError,
    openai.InternalServerError,
    azure_errors.ServiceRequestError,
    azure_errors.ServiceResponseError,
    azure_errors.HttpResponseError,
)


@dataclass(frozen=True)
class Step:
    """What became of one resource.

    Attributes:
        entry: the resource.
        result: ``deleted``; ``cancelled`` (a job); ``gone`` before; ``kept`` although it should go, because
            of ``error``; ``found``: to be deleted, by a run that only looks.
        error: why it was kept.
    """

    entry: Entry
    result: Result
    error: Exception | None = None


def clean(service: Service, ledger: Ledger, *, dry_run: bool = False) -> Iterator[Step]:
    """Delete everything in a ledger, yielding what became of each resource; what is gone is no fault.

    Args:
        service: where it is.
        ledger: what to delete; what an interrupted run left unrecorded is searched for first.
        dry_run: only look.
    """
    with ledger.held():
        inventory.complete(service, ledger)
        for kind in ORDER:
            for entry in _standing(ledger, kind):
                found = inventory.fetch(service, kind, entry.id)
                if kind == "job" and (found is None or found.status in _ENDED):
                    continue
                if found is None:
                    ledger.deleted(entry)
                    yield Step(entry, "gone")
                elif dry_run:
                    yield Step(entry, "found")
                else:
                    yield _delete(service, ledger, entry)


_ENDED = {"succeeded", "failed", "cancelled"}


def _standing(ledger: Ledger, kind: Kind) -> list[Entry]:
    return list({entry.id: entry for entry in ledger.standing(kind)}.values())


def _delete(service: Service, ledger: Ledger, entry: Entry) -> Step:
    delete: dict[Kind, Callable[[str], Any]] = {
        "deployment": lambda name: service.management.deployments.begin_delete(
            *service.account, name
        ).result(),
        "job": service.openai.fine_tuning.jobs.cancel,
        "model": service.openai.models.delete,
        "file": service.openai.files.delete,
    }
    for attempt in range(_ATTEMPTS):
        try:
            delete[entry.kind](entry.id)
        except inventory.GONE:
            break
        except _PASSING as error:
            if attempt + 1 == _ATTEMPTS or not _may_pass(error):
                return Step(entry, "kept", error)
            service.sleep(_PAUSE * 2**attempt)
        except (openai.OpenAIError, azure_errors.AzureError) as error:
            return Step(entry, "kept", error)
        else:
            break
    if entry.kind == "job":
        return Step(entry, "cancelled")
    for same in ledger.standing(entry.kind):
        if same.id == entry.id:
            ledger.deleted(same)
    return Step(entry, "deleted")


def _may_pass(error: Exception) -> bool:
    """Tell whether trying again later makes sense: Azure Resource Manager has one class for every status."""
    status = getattr(error, "status_code", None)
    return status is None or status in {408, 409, 429} or status >= 500
