"""Copies of checkpoints to other resources of Azure, which live only as far as their status.

Source: Microsoft Foundry, "Customize a model with fine-tuning", section "Copy the model", and the public
document of the v1 data plane, 2026: a long operation, whose progress is asked for at the same address. The
copy itself can be seen only in the other resource, and a simulator is one resource.
"""

import re
from dataclasses import dataclass
from typing import Any

from kit.simulator.clock import VirtualClock
from kit.simulator.errors import invalid_payload
from kit.simulator.persistence.journal import Journal, command

COPY_SECONDS = 300.0
_ACCOUNT = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.CognitiveServices/accounts/[^/]+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Copy:
    """One copy.

    Attributes:
        destination: identifier of the resource in Azure Resource Manager.
        region: where that is.
        begun: Unix seconds.
    """

    destination: str
    region: str
    begun: float

    def rendered(self, now: float) -> dict[str, Any]:
        """Return the copy in the form of the copy operations."""
        return {
            "destinationResourceId": self.destination,
            "region": self.region,
            "status": "Completed" if now >= self.begun + COPY_SECONDS else "InProgress",
        }


def check_destination(destination: str) -> None:
    """Refuse what can be no resource that takes models.

    Raises:
        ApiError: it is none.
    """
    if not _ACCOUNT.fullmatch(destination):
        raise invalid_payload("The destination resource was not found.", "destinationResourceId")


class CopyStore:
    """The copies that were begun, by the identifier of the checkpoint; oldest first."""

    def __init__(self, clock: VirtualClock, journal: Journal) -> None:
        self._clock = clock
        self._copies: dict[str, list[Copy]] = {}
        self._journal = journal
        journal.register(self)

    @command("checkpoint.copy")
    def begin(self, checkpoint_id: str, destination: str, region: str) -> None:
        """Begin to copy; a second copy to the same place takes the place of the first."""
        others = [copy for copy in self._copies.get(checkpoint_id, ()) if copy.destination != destination]
        self._copies[checkpoint_id] = [*others, Copy(destination, region, self._clock.now)]

    def of(self, checkpoint_id: str) -> list[dict[str, Any]]:
        """Return the copies of a checkpoint as they are now."""
        return [copy.rendered(self._clock.now) for copy in self._copies.get(checkpoint_id, ())]
