"""Which models exist: the base models of a data file, and the tuned ones that jobs have left."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from kit.simulator.engine import Engine
from kit.simulator.errors import ApiError, not_found, not_tunable
from kit.simulator.persistence.journal import Journal, command

if TYPE_CHECKING:
    from kit.simulator.learner import LanguageModel


@dataclass(frozen=True)
class BaseModel:
    """A model of the service, one row of ``models.json``.

    Attributes:
        name: family, such as ``gpt-4.1-mini``.
        version: version of the family, a date as a rule; None where the sources give none.
        format: the publisher as Azure Resource Manager writes it.
        tunable: whether supervised fine-tuning accepts it.
        deployed: whether a new simulator already holds a deployment of it.
        retires: ISO date of retirement, or None.
        dimensions: how long the vectors of an embedding model are; None for a model that writes.
        context: the longest prompt in tokens; None where the sources give none.
        capacity: of the deployment that a new simulator holds; it matters where quotas do.
    """

    name: str
    version: str | None
    format: str
    tunable: bool
    deployed: bool
    retires: str | None
    dimensions: int | None = None
    context: int | None = None
    capacity: int = 10

    @property
    def operation(self) -> str:
        """What the model does, as Azure Resource Manager calls the capability."""
        return "chatCompletion" if self.dimensions is None else "embeddings"

    @property
    def full_name(self) -> str:
        """Family and version in one, as fine-tuning names a model."""
        # An embedding model's version is no part of its name, and no other model has one this short.
        dated = self.version and self.dimensions is None
        return f"{self.name}-{self.version}" if dated else self.name


@dataclass(frozen=True)
class TunedModel:
    """A model that a fine-tuning job has left.

    Attributes:
        name: the name it is deployed by.
        base: full name of the model that its training began with.
        created: Unix seconds.
        weights: returns what answers; may take a moment the first time.
        key: what its weights are kept under in the journal.
    """

    name: str
    base: str
    created: float
    weights: Callable[[], LanguageModel]
    key: str


@cache
def base_models() -> tuple[BaseModel, ...]:
    """Return the rows of ``models.json``."""
    text = resources.files("kit.simulator").joinpath("models.json").read_text(encoding="utf-8")
    return tuple(BaseModel(**row) for row in json.loads(text)["models"])


class ModelRegistry:
    """Every model of one simulator, by every name that it answers to.

    Args:
        engine: what base models answer with.
        journal: where removals are written down.
    """

    _loading = threading.Lock()  # several threads may ask for the first base model at the same moment

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal
        self._base = {name: model for model in base_models() for name in (model.name, model.full_name)}
        self._tuned: dict[str, TunedModel] = {}
        self._aliases: dict[str, str] = {}
        journal.register(self)

    def base(self, name: str) -> BaseModel | None:
        """Return a base model by family or full name."""
        return self._base.get(name)

    def tuned(self, name: str) -> TunedModel | None:
        """Return a tuned model by name or checkpoint identifier."""
        return self._tuned.get(self._aliases.get(name, name))

    def family(self, name: str) -> BaseModel | None:
        """Return the base model that a base or a tuned model, or a checkpoint, is one of."""
        tuned = self.tuned(name)
        return self.base(name if tuned is None else tuned.base)

    def add(self, model: TunedModel, *aliases: str) -> None:
        """Keep a tuned model; ``aliases`` such as a checkpoint identifier name it as well."""
        self._tuned[model.name] = model
        self._aliases.update(dict.fromkeys(aliases, model.name))

    @command("model.delete")
    def remove(self, name: str) -> None:
        """Forget a tuned model.

        Raises:
            ApiError: there is none of that name.
        """
        removed = self._tuned.pop(name, None)
        if removed is None:
            raise not_found("The model")
        self._journal.erase(removed.key)

    def trainable(self, name: str) -> str:
        """Return the full name of a model that fine-tuning can begin with, base or tuned.

        Raises:
            ApiError: it cannot be fine-tuned (wording: Azure OpenAI service, 2026).
        """
        if (base := self.base(name)) is not None and base.tunable:
            return base.full_name
        if (tuned := self.tuned(name)) is not None:
            return tuned.base
        raise not_tunable()

    def refuse_retired(self, name: str, now: float, also: Collection[str] = ()) -> None:
        """Refuse a base model whose retirement lies in the past, as the service does for new customers.

        Args:
            name: the model.
            now: Unix seconds.
            also: models that count as retired today, whatever their date.

        Raises:
            ApiError: it is retired.
        """
        base = self.base(name)
        if base is None:
            return
        day = datetime.fromtimestamp(now, UTC).date().isoformat() if base.name in also else base.retires
        retired = _day(day)
        if retired is not None and retired <= now:
            raise ApiError(
                400,
                "ModelDeprecated",
                f"The model '{base.full_name}' was retired on {day} and is available to existing "
                "customers only. Please choose another model.",
            )

    def context(self, name: str) -> int | None:
        """Return the longest prompt of a model in tokens; a tuned model has the context of its base."""
        tuned = self.tuned(name)
        base = self.base(name if tuned is None else tuned.base)
        return None if base is None else base.context

    def weights(self, name: str) -> LanguageModel:
        """Return what answers for a model. May take seconds the first time: call this in a thread."""
        return self.source(name)()

    def source(self, name: str) -> Callable[[], LanguageModel]:
        """Return what returns the weights of a model, even after the model has been removed."""
        tuned = self.tuned(name)
        return self.base_weights if tuned is None else tuned.weights

    def base_weights(self) -> LanguageModel:
        """Return what every base model answers with. May take seconds the first time."""
        with ModelRegistry._loading:
            return self._engine.base_model()

    def embed(self, texts: list[str], dimensions: int) -> list[list[float]]:
        """Return a vector of length one for each text. Call this in a thread."""
        with ModelRegistry._loading:
            self._engine.embed([""], dimensions)  # the first call loads what all need
        vectors: list[list[float]] = self._engine.embed(texts, dimensions).tolist()
        return vectors

    def listing(self) -> list[dict[str, Any]]:
        """Return all models in the form of the models operations, base models first."""
        return [_base_entry(model) for model in base_models()] + [
            _tuned_entry(model) for model in self._tuned.values()
        ]

    def entry(self, name: str) -> dict[str, Any]:
        """Return one model in the form of the models operations.

        Raises:
            ApiError: there is none of that name.
        """
        if (base := self.base(name)) is not None:
            return _base_entry(base)
        if (tuned := self.tuned(name)) is not None:
            return _tuned_entry(tuned)
        raise not_found("The model")


def _base_entry(model: BaseModel) -> dict[str, Any]:
    retired = _day(model.retires)
    return {
        **_entry(model.full_name, "system", _day(model.version) or 0, model),
        "lifecycle_status": "generally-available",
        "deprecation": {"fine_tune": retired, "inference": retired},
    }


def _tuned_entry(model: TunedModel) -> dict[str, Any]:
    return {
        **_entry(model.name, "user", int(model.created), None),
        "lifecycle_status": "generally-available",
        "model": model.base,
    }


def _entry(name: str, owner: str, created: int, base: BaseModel | None) -> dict[str, Any]:
    """Return what all entries have; without ``base``, those of a tuned model."""
    writes = base is None or base.dimensions is None
    return {
        "id": name,
        "object": "model",
        "created": created,
        "created_at": created,
        "owned_by": owner,
        "status": "succeeded",
        "capabilities": {
            "fine_tune": base is None or base.tunable,
            "inference": True,
            "completion": writes,
            "chat_completion": writes,
            "embeddings": not writes,
        },
    }


def _day(text: str | None) -> int | None:
    """Return an ISO date as Unix seconds, or None where the text is no date."""
    try:
        return int(datetime.fromisoformat(text or "").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
