"""Which other projects may use a checkpoint of a tuned model.

Source: OpenAI API reference, "Checkpoint permissions", and Microsoft Foundry REST reference, "Create a
checkpoint permission", 2026. The service wants an administrator's key for it; a simulator knows no ranks.
"""

from dataclasses import dataclass
from typing import Any

from kit.simulator.clock import VirtualClock
from kit.simulator.errors import not_found
from kit.simulator.identifiers import Identifiers
from kit.simulator.persistence.journal import Journal, command


@dataclass(frozen=True)
class Permission:
    """What lets a project use a checkpoint.

    Attributes:
        id: ``cp_`` and 24 hexadecimal digits.
        project_id: who may use it.
        created: Unix seconds.
    """

    id: str
    project_id: str
    created: float

    def rendered(self) -> dict[str, Any]:
        """Return the permission in the form of the permissions operations."""
        return {
            "id": self.id,
            "object": "checkpoint.permission",
            "created_at": int(self.created),
            "project_id": self.project_id,
        }


class PermissionStore:
    """The permissions of one simulator, by the name of the checkpoint as a model; oldest first."""

    def __init__(self, clock: VirtualClock, identifiers: Identifiers, journal: Journal) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._permissions: dict[str, list[Permission]] = {}
        self._journal = journal
        journal.register(self)

    @command("permission.create")
    def create(self, model: str, project_ids: list[str]) -> list[Permission]:
        """Let projects use a model; who may already keeps the permission there is."""
        known = self._permissions.setdefault(model, [])
        for project_id in dict.fromkeys(project_ids):
            if all(permission.project_id != project_id for permission in known):
                digits = self._identifiers.hexadecimal("permission")[:24]
                known.append(Permission(f"cp_{digits}", project_id, self._clock.now))
        return [permission for permission in known if permission.project_id in project_ids]

    def of(self, model: str) -> list[Permission]:
        """Return the permissions of a model."""
        return list(self._permissions.get(model, ()))

    @command("permission.delete")
    def delete(self, model: str, permission_id: str) -> None:
        """Take a permission away.

        Raises:
            ApiError: the model has none of that identifier.
        """
        kept = [permission for permission in self.of(model) if permission.id != permission_id]
        if len(kept) == len(self.of(model)):
            raise not_found("The checkpoint permission")
        self._permissions[model] = kept
