"""The loss curve of a job as a drawing for the page, in SVG."""

from collections.abc import Mapping, Sequence
from typing import Any

from kit.i18n import gettext as _
from kit.i18n import number

_WIDTH, _HEIGHT = 360.0, 120.0
_LEFT, _BOTTOM, _TOP, _RIGHT = 40.0, 20.0, 8.0, 8.0


def drawn(metrics: Sequence[Mapping[str, float]]) -> dict[str, Any] | None:
    """Return what the template draws, or None before there are two steps.

    Args:
        metrics: of steps, in their order: ``step``, ``train_loss``, perhaps ``valid_loss``.
    """
    if len(metrics) < 2:
        return None
    lines = {name: _points(metrics, name) for name in ("train_loss", "valid_loss")}
    losses = [loss for points in lines.values() for _, loss in points]
    low, high = min(losses), max(losses)
    first, last = metrics[0]["step"], metrics[-1]["step"]

    def place(step: float, loss: float) -> str:
        x = _LEFT + (step - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)
        y = _TOP + (high - loss) / ((high - low) or 1) * (_HEIGHT - _TOP - _BOTTOM)
        return f"{x:.1f},{y:.1f}"

    train, valid = ([place(*point) for point in lines[name]] for name in ("train_loss", "valid_loss"))
    return {
        "train": " ".join(train),
        "valid": " ".join(valid) if len(valid) > 1 else "",
        "high": number(high, 2),
        "low": number(low, 2),
        "first": number(first),
        "last": number(last),
        "label": _label(metrics, bool(valid)),
        "train_label": _("training loss"),
        "valid_label": _("validation loss"),
        "width": _WIDTH,
        "height": _HEIGHT,
    }


def _points(metrics: Sequence[Mapping[str, float]], name: str) -> list[tuple[float, float]]:
    return [(row["step"], row[name]) for row in metrics if name in row]


def _label(metrics: Sequence[Mapping[str, float]], with_validation: bool) -> str:
    """Say the curve in words, for those who cannot see it."""
    text = _("Training loss from {first} at step {begin} to {last} at step {end}.").format(
        first=number(metrics[0]["train_loss"], 2),
        begin=number(metrics[0]["step"]),
        last=number(metrics[-1]["train_loss"], 2),
        end=number(metrics[-1]["step"]),
    )
    if not with_validation:
        return text
    last = next(row["valid_loss"] for row in reversed(metrics) if "valid_loss" in row)
    return f"{text} " + _("Validation loss in the end: {loss}.").format(loss=number(last, 2))
