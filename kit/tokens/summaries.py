"""What to say of many token counts: figures, limits, cost, and how languages compare."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit.errors import N_, UsageError


@dataclass(frozen=True)
class TokenSummary:
    """Counts in short."""

    minimum: int
    maximum: int
    mean: float
    median: float


def summary(counts: Sequence[int]) -> TokenSummary:
    """Summarize counts.

    Raises:
        UsageError: there are none.
    """
    if not counts:
        raise UsageError(N_("There is nothing to summarize: not one example was counted."))
    return TokenSummary(min(counts), max(counts), statistics.fmean(counts), statistics.median(counts))


def longer_than(counts: Sequence[int], limit: int) -> list[int]:
    """Return the positions, from 0, of the counts above a limit: the examples that a model would not take."""
    return [place for place, count in enumerate(counts) if count > limit]


def cost(read: float, written: float = 0, *, read_price: float, write_price: float = 0.0) -> float:
    """Return what tokens cost, in the currency of the prices, which are per million tokens.

    Args:
        read: tokens of the prompts, or of the training.
        written: tokens of the answers, or the most they may have.
        read_price: of a million tokens read.
        write_price: of a million tokens written.
    """
    return (read * read_price + written * write_price) / 1e6


def compared(totals: Mapping[str, int], base: str) -> dict[str, float]:
    """Return each total as a multiple of one of them: how many tokens languages take for the same content.

    Raises:
        UsageError: the base is not among the totals, or has no tokens.
    """
    if not totals.get(base):
        raise UsageError(N_("“{base}” has no tokens to compare with."), base=base)
    return {name: total / totals[base] for name, total in totals.items()}
