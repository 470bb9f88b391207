"""A table of experiments: try many variants on validation data, choose one, report it once on test data.

Whoever looks at the test score of every variant and reports the best has chosen by luck, and the number is
too high. So the table takes test scores for one variant only, one time; a second look is refused.
Significance against the baseline is corrected for the number of variants (Holm).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kit.errors import N_, UsageError
from kit.evaluation.metrics.score import Score
from kit.evaluation.significance import Comparison, check_same_items, compare, holm

Row = dict[str, Any]
_LOWER_IS_BETTER = ("perplexity", "error", "cost")


@dataclass(frozen=True)
class Variant:
    """One way to ask: its name, what was set (prompt, temperature …), and its scores on validation data."""

    name: str
    settings: Mapping[str, Any]
    scores: Mapping[str, Score]


@dataclass
class Experiments:
    """The variants of one question, over the same validation items; the first is the baseline of the others.

    Args:
        metric: the one to choose by; every variant needs it.
    """

    metric: str
    variants: dict[str, Variant] = field(default_factory=dict, init=False)
    _reported: str = field(default="", init=False, repr=False)

    def add(self, name: str, scores: Mapping[str, Score], **settings: Any) -> Variant:
        """Add a variant with its scores on validation data; the same name again replaces it.

        Raises:
            UsageError: the metric to choose by is missing, or its items are not those of the baseline.
        """
        if self.metric not in scores:
            raise UsageError(
                N_("The variant “{name}” has no score “{metric}”."),
                advice=N_("Choose one of: {names}."),
                name=name,
                metric=self.metric,
                names=", ".join(scores) or "–",
            )
        base = next(iter(self.variants.values()), None)
        if base and base.name != name:
            check_same_items(scores[self.metric], base.scores[self.metric])
        variant = Variant(name, dict(settings), dict(scores))
        self.variants[name] = variant
        return variant

    def best(self) -> Variant:
        """Return the variant with the best validation score; of equals the one that was added first.

        Raises:
            UsageError: there is none yet.
        """
        if not self.variants:
            raise UsageError(N_("There is no variant to choose from yet."))
        sign = -1 if any(word in self.metric for word in _LOWER_IS_BETTER) else 1
        return max(self.variants.values(), key=lambda each: sign * each.scores[self.metric].value)

    def comparisons(self) -> dict[str, tuple[Comparison, float]]:
        """Return, for each variant but the baseline, its comparison with it and the corrected p-value."""
        scores = {name: variant.scores[self.metric] for name, variant in self.variants.items()}
        baseline = next(iter(scores), "")
        found = {name: compare(score, scores[baseline]) for name, score in scores.items() if name != baseline}
        corrected = holm([each.p_value for each in found.values()])
        return {name: pair for name, *pair in zip(found, found.values(), corrected, strict=True)}  # type: ignore[misc]

    def rows(self) -> list[Row]:
        """Return the table as plain rows: settings, every score with its interval, and against the baseline.

        Columns of a score ``f1`` are ``f1``, ``f1_low`` and ``f1_high``; those of the comparison are
        ``difference``, ``difference_low``, ``difference_high``, ``p_value`` and ``p_corrected``, and ``None``
        for the baseline.
        """
        against = self.comparisons()
        names = dict.fromkeys(key for variant in self.variants.values() for key in variant.settings)
        table = []
        for name, variant in self.variants.items():
            row: Row = {"variant": name, **{key: variant.settings.get(key) for key in names}}
            for metric, score in variant.scores.items():
                row |= _score_columns(metric, score)
            comparison, corrected = against.get(name, (None, None))
            between = comparison.interval if comparison else None
            row["difference"] = comparison.difference if comparison else None
            row["difference_low"] = between.low if between else None
            row["difference_high"] = between.high if between else None
            row["p_value"] = comparison.p_value if comparison else None
            row["p_corrected"] = corrected
            table.append(row)
        return table

    def report(self, name: str, scores: Mapping[str, Score]) -> Row:
        """Return the row of the one variant that is reported, with its scores on test data.

        Args:
            name: the variant that was chosen on validation data.
            scores: its scores on test data.

        Raises:
            UsageError: there is no such variant, or the test data have been used.
        """
        if name not in self.variants:
            raise UsageError(
                N_("There is no variant “{name}”."),
                advice=N_("Choose one of: {names}."),
                name=name,
                names=", ".join(self.variants) or "–",
            )
        if self._reported:
            raise UsageError(
                N_("The test data have been used already, for the variant “{name}”."),
                advice=N_(
                    "A test score counts only once: choosing by it makes it too high. Go on with validation "
                    "data, or with new test data."
                ),
                name=self._reported,
            )
        row: Row = {"variant": name, **self.variants[name].settings}
        for metric, score in scores.items():
            row |= _score_columns(metric, score)
        self._reported = name
        return row


def _score_columns(metric: str, score: Score) -> Row:
    between = score.interval
    return {
        metric: score.value,
        f"{metric}_low": between.low if between else None,
        f"{metric}_high": between.high if between else None,
        "n": score.n,
    }
