"""Deployments of models, as Azure Resource Manager creates and deletes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kit.simulator.clock import VirtualClock
from kit.simulator.errors import ApiError, deployment_not_found, wrong_state
from kit.simulator.identifiers import Identifiers
from kit.simulator.models import ModelRegistry, base_models
from kit.simulator.persistence.journal import Journal, command
from kit.simulator.timeline import Timeline

if TYPE_CHECKING:
    from kit.simulator.learner import LanguageModel

CREATION_SECONDS = 180.0
DELETION_SECONDS = 30.0
_DAY = 24 * 3600.0
DEVELOPER_SECONDS = _DAY
"""How long a developer-tier deployment lives (Microsoft Foundry, "Deploy a fine-tuned model", 2026)."""
IDLE_SECONDS = 15 * _DAY
"""How long a deployment of a tuned model may go unused before it is deleted (same source)."""
_ONLY_VERSION = "1"  # how Azure Resource Manager calls the version of a model that has no others


@dataclass
class Deployment:
    """A model that answers under a name.

    Attributes:
        name: what the data plane calls it by.
        model: ``format``, ``name`` and ``version`` as Azure Resource Manager shows them.
        full_name: the model's name as an answer gives it.
        sku: ``name`` and ``capacity``.
        tags: the client's own notes.
        created, changed: Unix seconds.
        state: ``Accepted``, ``Creating``, ``Succeeded``, ``Failed`` or ``Deleting``.
        customized: whether its model is a tuned one.
        used: when it last answered, or was ready to, in Unix seconds.
        noted: the same, as far as the journal knows.
    """

    name: str
    model: dict[str, str]
    full_name: str
    sku: dict[str, Any]
    tags: dict[str, str]
    created: float
    changed: float
    state: str
    customized: bool
    used: float
    noted: float = 0.0
    timeline: Timeline = field(default_factory=Timeline)

    def become(self, state: str) -> None:
        """Change the provisioning state."""
        self.state = state


@dataclass(frozen=True)
class Operation:
    """A creation, change or deletion that takes time.

    Attributes:
        id: its name in the address that a client polls.
        begins, ends: Unix seconds.
        fails: whether it ends without success.
    """

    id: str
    begins: float
    ends: float
    fails: bool = False


class DeploymentStore:
    """The deployments of one simulator. A new one holds the base models that ``models.json`` says."""

    def __init__(
        self, clock: VirtualClock, identifiers: Identifiers, models: ModelRegistry, journal: Journal
    ) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._journal = journal
        self._models = models
        self._operations: dict[str, Operation] = {}
        self._deployments: dict[str, Deployment] = {}
        for base in base_models():
            if base.deployed:
                model = self._described({"name": base.name, "format": base.format})
                sku = {"name": "GlobalStandard", "capacity": base.capacity}
                self._add(base.name, model, sku, {}, "Succeeded")
        journal.register(self)

    @command("deployment.put")
    def put(  # noqa: PLR0913, PLR0917 - the fields of a deployment, and what befalls it
        self,
        name: str,
        model: Any,
        sku: dict[str, Any],
        tags: dict[str, str],
        seconds: float = CREATION_SECONDS,
        fails: bool = False,
    ) -> Operation:
        """Create a deployment, or change one.

        Args:
            name: what the data plane will call it by.
            model: ``format``, ``name`` and ``version``.
            sku: ``name`` and ``capacity``.
            tags: the client's own notes.
            seconds: how long it takes.
            fails: whether it ends as ``Failed``.

        Raises:
            ApiError: the model does not exist, or another operation on the deployment is under way.
        """
        existing = self.find(name)
        if existing is not None and existing.state not in {"Succeeded", "Failed"}:
            raise ApiError(
                409,
                "RequestConflict",
                "Another operation is being performed on the parent resource or on the resource itself. "
                "Please retry later.",
            )
        described = self._described(model)
        state = "Creating" if existing is None else "Accepted"
        deployment = self._add(name, described, sku, tags, state)
        if existing is not None:
            deployment.created = existing.created
        operation = self._begin(seconds, fails)
        deployment.used = operation.ends
        outcome = "Failed" if fails else "Succeeded"
        deployment.timeline.at(operation.ends, lambda _moment: deployment.become(outcome))
        if sku["name"] == "DeveloperTier":
            end = max(deployment.created, operation.ends) + DEVELOPER_SECONDS
            deployment.timeline.at(end, lambda _moment: self._forget(deployment))
        return operation

    @command("deployment.delete")
    def delete(self, name: str) -> Operation | None:
        """Begin to delete a deployment, which stops answering at once; None if there is none."""
        deployment = self.find(name)
        if deployment is None:
            return None
        deployment.timeline.take_all()
        deployment.become("Deleting")
        operation = self._begin(DELETION_SECONDS)
        deployment.timeline.at(operation.ends, lambda _moment: self._forget(deployment))
        return operation

    def find(self, name: str) -> Deployment | None:
        """Return a deployment as it is now, or None."""
        deployment = self._deployments.get(name)
        if deployment is not None:
            now = self._clock.now
            deployment.timeline.catch_up(now)
            if deployment.customized and now >= deployment.used + IDLE_SECONDS:
                self._forget(deployment)
        return self._deployments.get(name)

    def all(self) -> list[Deployment]:
        """Return all deployments as they are now, oldest first."""
        return [found for name in list(self._deployments) if (found := self.find(name)) is not None]

    def answering(self, name: Any, operation: str = "chatCompletion") -> Deployment:
        """Return the deployment that a request of the data plane names.

        Raises:
            ApiError: there is none of that name, it is not ready, or its model does something else.
        """
        deployment = self.find(name) if isinstance(name, str) else None
        if deployment is None or deployment.state not in {"Succeeded", "Accepted"}:
            raise deployment_not_found()
        base = self._models.base(deployment.model["name"])
        if operation != ("chatCompletion" if base is None else base.operation):
            raise ApiError(
                400,
                "OperationNotSupported",
                f"The {operation} operation does not work with the specified model, {deployment.full_name}. "
                "Please choose different model and try again. You can learn more about which models can be "
                "used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993.",
            )
        deployment.used = self._clock.now
        if deployment.customized and deployment.used >= deployment.noted + _DAY:
            self.note_use(name)
        return deployment

    @command("deployment.use")
    def note_use(self, name: str) -> None:
        """Write down that a deployment is in use: once a day is enough to judge whether it is idle."""
        deployment = self._deployments.get(name)
        if deployment is not None:
            deployment.used = deployment.noted = self._clock.now

    def weights(self, deployment: Deployment) -> LanguageModel:
        """Return what answers for a deployment. May take seconds the first time: call this in a thread."""
        return self._models.weights(deployment.model["name"])

    def operation(self, operation_id: str) -> Operation | None:
        """Return an operation by its identifier, or None."""
        return self._operations.get(operation_id)

    def refuse_if_deployed(self, model: str) -> None:
        """Refuse to go on while a deployment uses ``model``.

        Raises:
            ApiError: one does.
        """
        if any(deployment.full_name == model for deployment in self.all()):
            raise wrong_state("The model is in use by a deployment and cannot be deleted.")

    def _add(
        self, name: str, model: dict[str, str], sku: dict[str, Any], tags: dict[str, str], state: str
    ) -> Deployment:
        now = self._clock.now
        base, tuned = self._models.base(model["name"]), self._models.tuned(model["name"])
        full_name = base.full_name if base is not None else tuned.name if tuned is not None else model["name"]
        deployment = Deployment(
            name,
            model,
            full_name,
            sku,
            tags,
            created=now,
            changed=now,
            state=state,
            customized=base is None,
            used=now,
        )
        self._deployments[name] = deployment
        return deployment

    def _described(self, model: Any) -> dict[str, str]:
        """Return ``format``, ``name`` and ``version`` of a model that exists, the last filled in.

        Raises:
            ApiError: there is no such model (wording: Azure Resource Manager, 2026).
        """
        asked = model if isinstance(model, Mapping) else {}
        name, version, publisher = (str(asked.get(key) or "") for key in ("name", "version", "format"))
        base = self._models.base(name)
        if base is not None and version in {"", base.version or version}:
            version = version or base.version or _ONLY_VERSION
            return {"format": base.format, "name": base.name, "version": version}
        if base is None and self._models.tuned(name) is not None and version in {"", _ONLY_VERSION}:
            return {"format": publisher or "OpenAI", "name": name, "version": _ONLY_VERSION}
        raise ApiError(
            400,
            "DeploymentModelNotSupported",
            f"The model 'Format: {publisher}, Name: {name}, Version: {version}' of account deployment "
            "is not supported.",
        )

    def _begin(self, seconds: float, fails: bool = False) -> Operation:
        now = self._clock.now
        operation = Operation(self._identifiers.uuid("operation"), now, now + seconds, fails)
        self._operations[operation.id] = operation
        return operation

    def _forget(self, deployment: Deployment) -> None:
        if self._deployments.get(deployment.name) is deployment:
            del self._deployments[deployment.name]
