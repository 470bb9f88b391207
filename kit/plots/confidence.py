"""Charts of how sure a model was, and whether it was right.

Uses :mod:`kit.i18n`, a module of its own layer: every word and number in a picture is in the learner's
language.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kit.errors import N_, UsageError
from kit.i18n import gettext as _
from kit.i18n import number, percent
from kit.plots.picture import Picture
from kit.plots.styling import DARK, STRONG, finish, localize_numbers, new_figure, paragraph, style


class ReliabilityPoint(NamedTuple):
    """Answers of about the same confidence: its mean, the share that is right and its interval, how many."""

    confidence: float
    accuracy: float
    low: float
    high: float
    n: int


def reliability(points: Sequence[ReliabilityPoint], error: float | None = None) -> Picture:
    """Draw accuracy against confidence; on the diagonal a model is as good as it believes.

    Args:
        points: one per bin, in order.
        error: the expected calibration error, if it is to be named.

    Raises:
        UsageError: there is no point.
    """
    if not points:
        raise UsageError(N_("There is nothing to draw: no answer has a confidence."))
    with style():
        figure, (axes,) = new_figure()
        axes.plot([0, 1], [0, 1], color=STRONG, linestyle="--", label=_("As sure as it is right"))
        sure, right = [each.confidence for each in points], [each.accuracy for each in points]
        below = [max(0.0, each.accuracy - each.low) for each in points]
        above = [max(0.0, each.high - each.accuracy) for each in points]
        axes.errorbar(
            sure, right, yerr=[below, above], fmt="o-", color=DARK, capsize=3, label=_("This model")
        )
        axes.set(title=_("Calibration"), xlabel=_("Confidence"), ylabel=_("Share of right answers"))
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        localize_numbers(axes.xaxis, as_percent=True)
        localize_numbers(axes.yaxis, as_percent=True)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return finish(figure, _say_reliability(points, error))


def _say_reliability(points: Sequence[ReliabilityPoint], error: float | None) -> str:
    n = number(sum(each.n for each in points))
    sentences = [_("Chart of accuracy by confidence; number of answers: {n}.").format(n=n)]
    if error is not None:
        sentences.append(_("Expected calibration error: {error}.").format(error=percent(error, 1)))
    for each in points:
        text = _("Confidence {confidence}: {accuracy} right ({n}).")
        sentences.append(
            text.format(
                confidence=percent(each.confidence), accuracy=percent(each.accuracy), n=number(each.n)
            )
        )
    return paragraph(sentences)
