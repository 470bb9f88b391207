"""The results of a job: the metrics of its steps, as events, checkpoints and a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.simulator.learner import StepMetrics

_COLUMNS = {  # column of the file: metric (the service calls one of them by two names)
    "step": "step",
    "train_loss": "train_loss",
    "train_mean_token_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "validation_mean_token_accuracy": "valid_mean_token_accuracy",
    "full_valid_loss": "full_valid_loss",
    "full_valid_mean_token_accuracy": "full_valid_mean_token_accuracy",
}


def metrics(step: StepMetrics) -> dict[str, float]:
    """Return the metrics that a step has, under the names of events and checkpoints."""
    values = {name: getattr(step, name) for name in _COLUMNS.values()}
    return {name: value for name, value in values.items() if value is not None}


def as_csv(steps: Iterable[StepMetrics]) -> bytes:
    """Return the results file: one row per step, an empty field where a step has no such metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for step in steps:
        writer.writerow("" if (value := getattr(step, name)) is None else value for name in _COLUMNS.values())
    return text.getvalue().encode()
