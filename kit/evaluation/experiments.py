"""A table of experiments: try many variants on validation data, choose one, report it once on test data.

Whoever looks at the test score of every variant and reports the best has chosen by luck, and the number is
too high. So the table takes test scores for one variant only, one time; a second look is refused, or marked
for everybody to see. Significance against the baseline is corrected for the number of variants (Holm).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.errors import N_, UsageError
from kit.evaluation.bootstrap import RESAMPLES, SEED
from kit.evaluation.metrics.score import Score
from kit.evaluation.significance import Comparison, compare, holm

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
    """The variants of one question, over the same validation items.

    Args:
        metric: the one to choose by; every variant needs it.
        baseline: name of the variant that the others are compared with; without one the first that is added.
        record: a file to keep in mind that the test data were used, beyond a restart of the notebook.
        resamples: of the comparisons.
        seed: of the comparisons.
    """

    metric: str
    baseline: str = ""
    record: Path | None = None
    resamples: int = RESAMPLES
    seed: int = SEED
    variants: dict[str, Variant] = field(default_factory=dict, init=False)
    _looks: list[Row] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        """Read which test evaluations the record knows of.

        Raises:
            UsageError: the record is damaged.
        """
        if self.record and self.record.exists():
            try:
                lines = self.record.read_text(encoding="utf-8").splitlines()
                self._looks = [json.loads(line) for line in lines if line]
            except (ValueError, OSError) as error:
                raise UsageError(
                    N_("The record of test evaluations {file} cannot be read ({reason})."),
                    advice=N_("Restore it, or start again with new test data and a new record."),
                    file=self.record,
                    reason=error,
                ) from error

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
        self.baseline = self.baseline or name
        variant = Variant(name, dict(settings), dict(scores))
        if self.baseline in self.variants and name != self.baseline:
            compare(scores[self.metric], self.variants[self.baseline].scores[self.metric], resamples=1)
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
        """Return, for each variant but the baseline, its comparison with it and the corrected p-value.

        Raises:
            UsageError: the baseline has not been added.
        """
        if self.baseline not in self.variants:
            raise UsageError(
                N_("The baseline “{name}” has not been added yet."),
                advice=N_("Choose one of: {names}."),
                name=self.baseline,
                names=", ".join(self.variants) or "–",
            )
        base = self.variants[self.baseline].scores[self.metric]
        options = {"resamples": self.resamples, "seed": self.seed}
        found = {
            name: compare(variant.scores[self.metric], base, **options)
            for name, variant in self.variants.items()
            if name != self.baseline
        }
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

    def report(self, name: str, scores: Mapping[str, Score], *, again: bool = False) -> Row:
        """Return the row of the one variant that is reported, with its scores on test data.

        Args:
            name: the variant that was chosen on validation data.
            scores: its scores on test data.
            again: look at the test data once more, all the same; the row then says that it is not the
                first, in ``test_evaluation``, and is no longer an honest estimate.

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
        if self._looks and not again:
            raise UsageError(
                N_("The test data have been used already, for the variant “{name}”."),
                advice=N_(
                    "A test score counts only once: choosing by it makes it too high. Go on with validation "
                    "data, or with new test data. With again=True the result is marked as a repetition."
                ),
                name=self._looks[0]["variant"],
            )
        row: Row = {"variant": name, **self.variants[name].settings}
        for metric, score in scores.items():
            row |= _score_columns(metric, score)
        row["test_evaluation"] = len(self._looks) + 1
        self._looks.append({"variant": name, "test_evaluation": row["test_evaluation"]})
        if self.record:
            self.record.parent.mkdir(parents=True, exist_ok=True)
            with self.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._looks[-1], ensure_ascii=False) + "\n")
        return row


def _score_columns(metric: str, score: Score) -> Row:
    between = score.interval
    return {
        metric: score.value,
        f"{metric}_low": between.low if between else None,
        f"{metric}_high": between.high if between else None,
        "n": score.n,
    }


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the names of all columns of a table, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in rows for name in row))
