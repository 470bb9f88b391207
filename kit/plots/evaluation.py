"""Charts of an evaluation: what was taken for what, and scores with their uncertainty.

Uses :mod:`kit.i18n`, a module of its own layer: every word and number in a picture is in the learner's
language. Labels and names come from the caller, already in that language.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kit.errors import N_, UsageError
from kit.i18n import gettext as _
from kit.i18n import joined, number, percent
from kit.plots.picture import Picture
from kit.plots.styling import DARK, INK, LIGHT, STRONG, finish, localize_numbers, new_figure, paragraph, style

_SERIES: list[dict[str, Any]] = [
    {"color": DARK, "edgecolor": "white"},
    {"color": LIGHT, "edgecolor": "white", "hatch": "///"},
    {"color": "#999999", "edgecolor": STRONG, "hatch": "..."},
    {"color": "white", "edgecolor": STRONG, "hatch": "xxx"},
]
_WHISKER = {"ecolor": STRONG, "capsize": 3, "elinewidth": 1.2}


class Estimate(NamedTuple):
    """A score and the ends of its confidence interval, where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


def confusion_matrix(
    counts: Sequence[Sequence[int]], labels: Sequence[str], columns: Sequence[str] | None = None
) -> Picture:
    """Draw how often each right label (row) was taken for each label (column).

    Cells are shaded by their share of the row and carry the count.

    Args:
        counts: shape (labels, columns).
        labels: names of the rows.
        columns: names of the columns; without them those of the rows. Behind the labels ``refused`` and
            ``no_label`` may stand for answers without one; they are named in the learner's language.

    Raises:
        UsageError: the table is empty or its shape does not fit.
    """
    special = {"refused": _("Refused"), "no_label": _("No label")}
    names = [special.get(name, name) for name in (columns or labels)]
    rows = [[int(count) for count in row] for row in counts]
    total = sum(map(sum, rows))
    if not total or len(rows) != len(labels) or any(len(row) != len(names) for row in rows):
        raise UsageError(
            N_("A confusion matrix needs a row of counts for each label and a column for each answer."),
            advice=N_("Pass counts, labels and columns of one and the same evaluation."),
        )
    shares = [[count / (sum(row) or 1) for count in row] for row in rows]
    with style():
        figure, (axes,) = new_figure()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for y, row in enumerate(rows):
            for x, count in enumerate(row):
                colour = "white" if shares[y][x] > 0.55 else STRONG
                axes.text(x, y, number(count), ha="center", va="center", color=colour, fontsize=13)
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(labels)), labels)
        axes.set(title=_("Confusion matrix"), xlabel=_("Label in the answer"), ylabel=_("Right label"))
        axes.grid(visible=False)
        return finish(figure, _say_matrix(rows, labels, names))


def _say_matrix(rows: Sequence[Sequence[int]], labels: Sequence[str], names: Sequence[str]) -> str:
    total = number(sum(map(sum, rows)))
    sentences = [_("Confusion matrix; number of answers: {n}.").format(n=total)]
    for label, row in zip(labels, rows, strict=True):
        parts = [_named(name, number(count)) for name, count in zip(names, row, strict=True)]
        text = _("Right label “{label}”, answered: {parts}.")
        sentences.append(text.format(label=label, parts=joined(parts)))
    return paragraph(sentences)


def _named(name: str, value: str) -> str:
    return _("{name} {value}").format(name=name, value=value)


def score_intervals(scores: Mapping[str, Estimate], title: str = "") -> Picture:
    """Draw scores as points with their 95 % confidence intervals, one below the other.

    Scores between 0 and 1 are written as percentages, others as numbers.

    Args:
        scores: by name, in order.
        title: of the chart; without one, “Scores”.

    Raises:
        UsageError: there is no score.
    """
    if not scores:
        raise UsageError(N_("There is nothing to draw: there is no score."))
    share = _are_shares(scores.values())
    with style():
        figure, (axes,) = new_figure()
        places = range(len(scores))
        values = [each.value for each in scores.values()]
        whiskers = _whiskers(list(scores.values()))
        axes.errorbar(values, places, xerr=whiskers, fmt="o", color=DARK, markersize=8, **_WHISKER)
        for place, each in zip(places, scores.values(), strict=True):
            above = (0, 9)
            axes.annotate(
                _written(each.value, share),
                (each.value, place),
                xytext=above,
                textcoords="offset points",
                ha="center",
                color=INK,
            )
        axes.set_yticks(places, list(scores))
        axes.set_ylim(len(scores) - 0.4, -0.7)  # the first on top
        label = _("Score and {confidence} confidence interval").format(confidence=percent(0.95))
        axes.set(title=title or _("Scores"), xlabel=label)
        axes.grid(axis="y", visible=False)
        localize_numbers(axes.xaxis, as_percent=share)
        return finish(figure, _say_scores(scores, share, title or _("Scores")))


def _are_shares(scores: Any) -> bool:
    return all(0 <= end <= 1 for each in scores for end in each if end is not None)


def _whiskers(scores: Sequence[Estimate]) -> list[list[float]]:
    """Return the lengths below and above each score; none where there is no interval."""
    below = [max(0.0, each.value - each.low) if each.low is not None else math.nan for each in scores]
    above = [max(0.0, each.high - each.value) if each.high is not None else math.nan for each in scores]
    return [below, above]


def _written(value: float, share: bool) -> str:
    return percent(value, 1) if share else number(round(value, 1))


def _estimate(each: Estimate, share: bool) -> str:
    value = _written(each.value, share)
    if each.low is None or each.high is None:
        return value
    text = _("{value} (from {low} to {high})")
    return text.format(value=value, low=_written(each.low, share), high=_written(each.high, share))


def _say_scores(scores: Mapping[str, Estimate], share: bool, title: str) -> str:
    sentences = [_("Chart of scores with their confidence intervals: {title}.").format(title=title)]
    for name, each in scores.items():
        text = _("{label}: {value}.")
        sentences.append(text.format(label=name, value=_estimate(each, share)))
    return paragraph(sentences)


def score_groups(groups: Sequence[str], series: Mapping[str, Sequence[Estimate]], title: str = "") -> Picture:
    """Draw bars side by side with their intervals: a group for each class or language, a bar for each series.

    Args:
        groups: names of the groups, such as classes or languages.
        series: for each name, such as a metric or a system, one score per group; up to four series.
        title: of the chart; without one, “Scores by group”.

    Raises:
        UsageError: there is no score, there are more than four series, or the lengths differ.
    """
    rows = {name: list(scores) for name, scores in series.items()}
    if not groups or not 1 <= len(rows) <= len(_SERIES) or {*map(len, rows.values())} != {len(groups)}:
        raise UsageError(
            N_("Groups of bars need one to four series, each with one score for each of the {n} groups."),
            n=len(groups),
        )
    share = _are_shares(each for scores in rows.values() for each in scores)
    with style():
        figure, (axes,) = new_figure()
        _draw_groups(axes, rows)
        axes.set_xticks(range(len(groups)), groups)
        axes.set(title=title or _("Scores by group"), ylabel=_("Score"))
        axes.grid(axis="x", visible=False)
        axes.set_ylim(bottom=min(0, *(each.value for scores in rows.values() for each in scores)))
        localize_numbers(axes.yaxis, as_percent=share)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return finish(figure, _say_groups(groups, rows, share, title or _("Scores by group")))


def _draw_groups(axes: Any, rows: Mapping[str, Sequence[Estimate]]) -> None:
    width = 0.8 / len(rows)
    for place, ((name, scores), look) in enumerate(zip(rows.items(), _SERIES, strict=False)):
        shift = (place - (len(rows) - 1) / 2) * width
        axes.bar(
            [at + shift for at in range(len(scores))],
            [each.value for each in scores],
            width=width * 0.92,
            yerr=_whiskers(scores),
            error_kw=_WHISKER,
            label=name,
            **look,
        )


def _say_groups(
    groups: Sequence[str], rows: Mapping[str, Sequence[Estimate]], share: bool, title: str
) -> str:
    sentences = [_("Bar chart with confidence intervals: {title}.").format(title=title)]
    for place, group in enumerate(groups):
        parts = [_named(name, _estimate(scores[place], share)) for name, scores in rows.items()]
        sentences.append(_("{label}: {value}.").format(label=group, value=joined(parts)))
    return paragraph(sentences)
