"""Charts of how sure a model was, and whether it was right.

Uses :mod:`kit.i18n`, a module of its own layer: every word and number in a picture is in the learner's
language.
"""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from kit.errors import N_, UsageError
from kit.i18n import gettext as _
from kit.i18n import number, percent
from kit.plots.picture import Picture
from kit.plots.styling import DARK, LIGHT, STRONG, finish, localize_numbers, new_figure, paragraph, style

_GOLDEN = 0.618034  # multiples of it, modulo 1, spread points evenly without chance


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


def perplexity_by_correctness(right: Sequence[float], wrong: Sequence[float]) -> Picture:
    """Draw the perplexity of each right and each wrong answer as a point, and each group's median.

    Args:
        right: perplexities of the right answers.
        wrong: those of the wrong ones; one of the two may be empty.

    Raises:
        UsageError: both are empty, or a perplexity is below 1 or infinite.
    """
    every = [*right, *wrong]
    if not every:
        raise UsageError(N_("There is nothing to draw: no answer has a perplexity."))
    if not all(1 - 1e-6 <= value < float("inf") for value in every):
        raise UsageError(N_("A perplexity is a number of at least 1."))
    groups = [(_("Right answers"), right, DARK, "o"), (_("Wrong answers"), wrong, LIGHT, "s")]
    with style():
        figure, (axes,) = new_figure()
        for place, (_name, values, colour, marker) in enumerate(groups):
            _draw_points(axes, place, values, colour, marker)
        axes.set_yticks(range(2), [name for name, *_rest in groups])
        axes.set_ylim(1.6, -0.6)
        axes.set(title=_("Perplexity of right and wrong answers"), xlabel=_("Perplexity"))
        axes.grid(axis="y", visible=False)
        localize_numbers(axes.xaxis)
        return finish(figure, _say_perplexity([(name, values) for name, values, *_rest in groups]))


def _draw_points(axes: Any, place: int, values: Sequence[float], colour: str, marker: str) -> None:
    if not values:
        return
    heights = [place + (at * _GOLDEN % 1 - 0.5) * 0.5 for at in range(len(values))]
    axes.scatter(values, heights, s=22, color=colour, marker=marker, alpha=0.6, linewidths=0)
    median = statistics.median(values)
    axes.plot([median, median], [place - 0.34, place + 0.34], color=STRONG, linewidth=2.4)


def _say_perplexity(groups: Sequence[tuple[str, Sequence[float]]]) -> str:
    sentences = [_("Chart of the perplexity of each answer; a line marks the median.")]
    for name, values in groups:
        if values:
            text = _("{label}: {n}, median {median}.")
            median = number(statistics.median(values), 2)
            sentences.append(text.format(label=name, n=number(len(values)), median=median))
        else:
            sentences.append(_("{label}: none.").format(label=name))
    return paragraph(sentences)
