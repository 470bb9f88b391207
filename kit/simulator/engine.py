"""The one small interface between the service and whatever computes behind it.

The package ``kit.simulator.learner`` is the default engine. Everything the service asks of an engine is in
:class:`Engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from kit.simulator.learner import Hyperparameters, LanguageModel, Messages, TrainingRun


class Engine(Protocol):
    """Trains language models and gives the one that training starts from."""

    def base_model(self) -> LanguageModel:
        """Return the untuned model; the first call may take seconds."""
        ...

    def resolve_hyperparameters(
        self,
        n_examples: int,
        *,
        n_epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate_multiplier: float | None = None,
    ) -> Hyperparameters:
        """Choose what the client left open (``None``)."""
        ...

    def fine_tune(  # noqa: PLR0913 - what training consists of
        self,
        base: LanguageModel,
        training: Sequence[Messages],
        validation: Sequence[Messages],
        hyperparameters: Hyperparameters,
        *,
        seed: int,
        should_stop: Callable[[], bool] | None = None,
    ) -> TrainingRun:
        """Train; ``should_stop`` is asked between steps."""
        ...

    def embed(self, texts: Sequence[str], dimensions: int = ...) -> npt.NDArray[np.float32]:
        """Return vectors of length one; shape (texts, dimensions).

        Up to 3072 dimensions; without ``dimensions`` the engine chooses. Raises ValueError for others.
        """
        ...


@cache
def default_engine() -> Engine:
    """Return the statistical learner that ships with the kit; importing it loads numpy."""
    from kit.simulator import learner

    return cast(Engine, learner)
