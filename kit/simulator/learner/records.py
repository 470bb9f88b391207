"""What goes into and comes out of the learner: plain records without behaviour of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.simulator.learner.model import LanguageModel

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Token:
    """One generated or scored token.

    Attributes:
        id: its number in ``o200k_base``.
        data: its bytes; a character may be spread over several tokens.
        logprob: natural logarithm of the probability the model gave it.
        top: the most likely tokens at this place, best first, as (id, bytes, log-probability).
    """

    id: int
    data: bytes
    logprob: float
    top: tuple[tuple[int, bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """The three numbers the service lets a caller choose."""

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """The curves at one step: losses in nats per assistant token, accuracies in 0..1.

    ``train_*`` are measured on the step's batch *before* the step is taken, ``valid_*`` on a small
    validation batch after it, ``full_valid_*`` on the whole validation file at the end of an epoch.
    """

    step: int
    train_loss: float
    train_mean_token_accuracy: float
    valid_loss: float | None = None
    valid_mean_token_accuracy: float | None = None
    full_valid_loss: float | None = None
    full_valid_mean_token_accuracy: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """The model as it was at the end of an epoch.

    Attributes:
        step: the epoch's last step.
        metrics: the curves there.
        load: returns the model, which may be kept elsewhere until it is asked for.
    """

    step: int
    metrics: StepMetrics
    load: Callable[[], LanguageModel]

    @cached_property
    def model(self) -> LanguageModel:
        """The model; the first access may take a moment."""
        return self.load()


@dataclass(frozen=True)
class TrainingRun:
    """What a fine-tuning run leaves behind.

    Attributes:
        steps: one record per optimizer step, in order.
        checkpoints: the last three epochs (fewer if there were fewer); the last one is the result.
        stopped: whether ``should_stop`` ended the run early; then ``checkpoints`` may be empty.
    """

    hyperparameters: Hyperparameters
    steps: tuple[StepMetrics, ...]
    checkpoints: tuple[Checkpoint, ...]
    stopped: bool = False
