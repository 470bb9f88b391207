"""Pictures for the labs: localized, readable in grey and by colour-blind people, with alternative text."""

from kit.plots.charts import loss_curves, score_bars, token_histogram
from kit.plots.confidence import ReliabilityPoint, reliability
from kit.plots.evaluation import Estimate, confusion_matrix, score_groups, score_intervals
from kit.plots.picture import Picture
from kit.plots.styling import style

__all__ = [
    "Estimate",
    "Picture",
    "ReliabilityPoint",
    "confusion_matrix",
    "loss_curves",
    "reliability",
    "score_bars",
    "score_groups",
    "score_intervals",
    "style",
    "token_histogram",
]
