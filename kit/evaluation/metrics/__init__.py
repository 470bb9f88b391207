"""Metrics: plain functions over predictions and references that return a score with its uncertainty.

Predictions come first, references second, everywhere. Each docstring says where the library behind it, or the
usual one, has another order.
"""

from kit.evaluation.metrics.calibration import Bin, Calibration, calibration
from kit.evaluation.metrics.classification import (
    ClassScores,
    ConfusionMatrix,
    confusion_matrix,
    f1,
    per_class,
    precision,
    recall,
)
from kit.evaluation.metrics.ngrams import bleu, chrf
from kit.evaluation.metrics.perplexity import corpus_perplexity
from kit.evaluation.metrics.proportions import accuracy, wilson
from kit.evaluation.metrics.rouge import rouge, rouge_items
from kit.evaluation.metrics.score import Score
from kit.evaluation.metrics.words import words

__all__ = [
    "Bin",
    "Calibration",
    "ClassScores",
    "ConfusionMatrix",
    "Score",
    "accuracy",
    "bleu",
    "calibration",
    "chrf",
    "confusion_matrix",
    "corpus_perplexity",
    "f1",
    "per_class",
    "precision",
    "recall",
    "rouge",
    "rouge_items",
    "wilson",
    "words",
]
