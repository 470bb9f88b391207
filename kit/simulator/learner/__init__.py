"""A small language model that really learns, in numpy: the engine of the simulator's fine-tuning jobs."""

from kit.simulator.learner.base import base_model
from kit.simulator.learner.embedding import embed
from kit.simulator.learner.hyperparameters import resolve_hyperparameters
from kit.simulator.learner.model import LanguageModel
from kit.simulator.learner.records import (
    Checkpoint,
    Hyperparameters,
    Messages,
    StepMetrics,
    Token,
    TrainingRun,
)
from kit.simulator.learner.training import fine_tune

__all__ = [
    "Checkpoint",
    "Hyperparameters",
    "LanguageModel",
    "Messages",
    "StepMetrics",
    "Token",
    "TrainingRun",
    "base_model",
    "embed",
    "fine_tune",
    "resolve_hyperparameters",
]
