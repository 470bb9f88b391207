"""A callback of ``Trainer`` that passes on what has been learned so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from transformers import TrainerCallback


class Losses(NamedTuple):
    """Losses by step: of the batches trained on, averaged between two logs, and of the validation part."""

    training: list[tuple[int, float]]
    validation: list[tuple[int, float]]


def losses(history: list[dict[str, Any]]) -> Losses:
    """Return the losses in a trainer's ``state.log_history``."""
    return Losses(
        [(int(row["step"]), float(row["loss"])) for row in history if "loss" in row],
        [(int(row["step"]), float(row["eval_loss"])) for row in history if "eval_loss" in row],
    )


class Watcher(TrainerCallback):  # type: ignore[misc]
    """Calls a function with the losses after every evaluation."""

    def __init__(self, show: Callable[[Losses], None]) -> None:
        self._show = show

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Pass on the history so far."""
        found = losses(state.log_history)
        if found.training:  # not before the first step, where there is no curve yet
            self._show(found)
