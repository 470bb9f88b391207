"""The charts of the labs, each with an alternative text that says what the picture says.

Uses :mod:`kit.i18n` and :mod:`kit.tokens`, modules of its own layer: every word and number in a picture is in
the learner's language, and what is said of token counts is worked out in one place.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kit import tokens
from kit.errors import N_, UsageError
from kit.i18n import gettext as _
from kit.i18n import number, percent
from kit.plots.picture import Picture
from kit.plots.styling import DARK, INK, LIGHT, STRONG, finish, localize_numbers, new_figure, paragraph, style

Rows = Sequence[Mapping[str, float | None]]

_FAR = 1.6  # a limit further away than this many times the longest example would squeeze the bars together


def token_histogram(total: Sequence[int], assistant: Sequence[int], limit: int | None = None) -> Picture:
    """Draw how many tokens the examples have, in all and in the assistant's messages.

    Args:
        total: tokens of each example.
        assistant: tokens of each example's assistant messages.
        limit: the longest example the model takes, in tokens, if it is known.

    Raises:
        UsageError: there is no example.
    """
    if not total or not assistant:
        raise UsageError(N_("There is nothing to draw: not one example was counted."))
    with style():
        figure, (axes,) = new_figure()
        bins = _bins(max(total))
        axes.hist(total, bins, color=LIGHT, edgecolor="white", hatch="///", label=_("Whole example"))
        axes.hist(assistant, bins, color=DARK, edgecolor="white", alpha=0.85, label=_("Assistant only"))
        if limit is not None:
            label = _("Limit: {limit} tokens").format(limit=number(limit))
            if limit <= max(total) * _FAR:
                axes.axvline(limit, color=STRONG, linestyle="--", label=label)
            else:
                axes.plot([], [], color=STRONG, linestyle="--", label=label + " →")
        axes.set(title=_("Tokens per example"), xlabel=_("Tokens"), ylabel=_("Examples"))
        localize_numbers(axes.xaxis, whole=True)
        localize_numbers(axes.yaxis, whole=True)
        axes.grid(axis="x", visible=False)
        axes.legend()
        return finish(figure, _say_tokens(total, assistant, limit))


def _bins(longest: int) -> list[int]:
    """Return bin edges of equal whole width from 0 past the longest example, about thirty of them."""
    width = max(1, math.ceil(longest / 30))
    return list(range(0, longest + 2 * width, width))


def _say_tokens(total: Sequence[int], assistant: Sequence[int], limit: int | None) -> str:
    shared = _("from {minimum} to {maximum}, mean {mean}, median {median}")
    sentences = [
        _("Histogram of the tokens per example; number of examples: {n}.").format(n=number(len(total))),
        _("Whole example: {spread}.").format(spread=_spread(shared, total)),
        _("Assistant only: {spread}.").format(spread=_spread(shared, assistant)),
    ]
    if limit is not None:
        over = len(tokens.longer_than(total, limit))
        text = _("Longer than the limit of {limit} tokens: {over}.")
        sentences.append(text.format(over=number(over), limit=number(limit)))
    return paragraph(sentences)


def _spread(text: str, counts: Sequence[int]) -> str:
    found = tokens.summary(counts)
    return text.format(
        minimum=number(found.minimum),
        maximum=number(found.maximum),
        mean=number(found.mean, 1),
        median=number(found.median),
    )


def loss_curves(rows: Rows) -> Picture:
    """Draw the curves of a fine-tuning job: the loss, and below it the token accuracy where there is any.

    Args:
        rows: one per step, with ``step`` and any of the columns of a job's results file (``train_loss``,
            ``valid_loss``, ``full_valid_loss``, ``train_mean_token_accuracy`` …); gaps are ``None``.

    Raises:
        UsageError: no row has a step and a training loss.
    """
    loss, accuracy = _curves(rows, ("loss",)), _curves(rows, ("mean_token_accuracy", "accuracy"))
    if "train" not in loss:
        raise UsageError(
            N_("There is nothing to draw: no row has a “step” and a “train_loss”."),
            advice=N_("Read the results file of a job that succeeded, and pass its rows."),
        )
    with style():
        figure, panels = new_figure(2 if accuracy else 1)
        _draw_curves(panels[0], loss)
        panels[0].set(title=_("Loss"), ylabel=_("Loss"))
        panels[0].set_ylim(bottom=0)
        localize_numbers(panels[0].yaxis)
        if accuracy:
            _draw_curves(panels[1], accuracy)
            panels[1].set(title=_("Token accuracy"), ylabel=_("Accuracy"))
            localize_numbers(panels[1].yaxis, as_percent=True)
        panels[-1].set_xlabel(_("Step"))
        localize_numbers(panels[-1].xaxis, whole=True)
        return finish(figure, _say_curves(loss, accuracy))


Curves = dict[str, list[tuple[float, float]]]


def _curves(rows: Rows, endings: Sequence[str]) -> Curves:
    """Return the points of each curve, by ``train``, ``valid`` and ``full_valid``."""
    found: Curves = {}
    for row in rows:
        step = row.get("step")
        for name in ("train", "valid", "full_valid"):
            value = next((v for end in endings if (v := row.get(f"{name}_{end}")) is not None), None)
            if step is not None and value is not None and math.isfinite(value):
                found.setdefault(name, []).append((step, value))
    return found


def _names() -> dict[str, str]:
    return {"train": _("Training"), "valid": _("Validation"), "full_valid": _("Validation, all examples")}


def _draw_curves(axes: Any, curves: Curves) -> None:
    looks: dict[str, dict[str, Any]] = {
        "train": {"color": DARK, "linestyle": "-"},
        "valid": {"color": LIGHT, "linestyle": "--"},
        "full_valid": {"color": STRONG, "linestyle": ":", "marker": "o", "markersize": 5},
    }
    for name, points in curves.items():
        look = {"marker": "o", **looks[name]} if len(points) == 1 else looks[name]
        axes.plot(*zip(*points, strict=True), label=_names()[name], **look)
    axes.legend(loc="best")


def _say_curves(loss: Curves, accuracy: Curves) -> str:
    steps = max(step for step, _value in loss["train"])
    sentences = [_("Line chart of a training run; number of steps: {steps}.").format(steps=number(steps))]
    for name, points in loss.items():
        text = _("{curve}: loss {first} at first, {last} at the end.")
        first, last = number(points[0][1], 2), number(points[-1][1], 2)
        sentences.append(text.format(curve=_names()[name], first=first, last=last))
    for name, points in accuracy.items():
        text = _("{curve}: token accuracy {first} at first, {last} at the end.")
        first, last = percent(points[0][1]), percent(points[-1][1])
        sentences.append(text.format(curve=_names()[name], first=first, last=last))
    return paragraph(sentences)


def score_bars(
    base: float | Sequence[float], tuned: float | Sequence[float], labels: str | Sequence[str]
) -> Picture:
    """Draw the scores of the base model and the tuned model side by side, one pair of bars per label.

    Scores between 0 and 1 are written as percentages, others as numbers.

    Raises:
        UsageError: there is no score, or the three have different lengths.
    """
    bases, tuneds = ([value] if isinstance(value, int | float) else list(value) for value in (base, tuned))
    names = [labels] if isinstance(labels, str) else list(labels)
    if not names or not len(bases) == len(tuneds) == len(names):
        raise UsageError(
            N_("Bars need two scores per label; there are {base} and {tuned} scores and {labels} labels."),
            base=len(bases),
            tuned=len(tuneds),
            labels=len(names),
        )
    share = all(0 <= value <= 1 for value in bases + tuneds)
    with style():
        figure, (axes,) = new_figure()
        _draw_bars(axes, (bases, tuneds), share)
        axes.set_xticks(range(len(names)), names)
        axes.set(title=_("Base model and tuned model"), ylabel=_("Score"))
        axes.grid(axis="x", visible=False)
        axes.margins(y=0.12)
        axes.set_xlim(-0.8, len(names) - 0.2)
        localize_numbers(axes.yaxis, as_percent=share)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return finish(figure, _say_bars(names, bases, tuneds, share))


def _draw_bars(axes: Any, groups: tuple[Sequence[float], Sequence[float]], share: bool) -> None:
    looks = [
        {"color": LIGHT, "hatch": "///", "edgecolor": "white", "label": _("Base model")},
        {"color": DARK, "edgecolor": "white", "label": _("Tuned model")},
    ]
    for shift, values, look in zip((-0.2, 0.2), groups, looks, strict=True):
        bars = axes.bar([place + shift for place in range(len(values))], values, width=0.38, **look)
        axes.bar_label(bars, [_score(value, share) for value in values], padding=2, color=INK)


def _score(value: float, share: bool) -> str:
    return percent(value) if share else number(round(value, 1))


def _say_bars(names: Sequence[str], base: Sequence[float], tuned: Sequence[float], share: bool) -> str:
    sentences = [_("Bar chart of the scores of the base model and the tuned model.")]
    for name, before, after in zip(names, base, tuned, strict=True):
        text = _("{label}: base {base}, tuned {tuned}.")
        sentences.append(text.format(label=name, base=_score(before, share), tuned=_score(after, share)))
    return paragraph(sentences)
