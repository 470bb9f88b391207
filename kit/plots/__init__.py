"""Pictures for the labs: localized, readable in grey and by colour-blind people, with alternative text."""

from kit.plots.charts import loss_curves, score_bars, token_histogram
from kit.plots.picture import Picture
from kit.plots.styling import style

__all__ = ["Picture", "loss_curves", "score_bars", "style", "token_histogram"]
