"""Samples and splits with the same share of every label, by a seed.

Data sets are often sorted by label: the first thousand reviews of the IMDB are all negative, and whoever
takes them measures nothing. Functions here take any rows and a function that gives a row's label.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from kit.errors import N_, UsageError
from kit.evaluation.bootstrap import SEED

Row = TypeVar("Row")


class Split(NamedTuple, Generic[Row]):
    """Three parts without a common text: learn from one, choose by the second, report once on the third."""

    train: list[Row]
    validation: list[Row]
    test: list[Row]


def _label(row: Any) -> Hashable:
    label: Hashable = row["label"] if isinstance(row, dict) else row.label
    return label


def _text(row: Any) -> Hashable:
    text: Hashable = row["text"] if isinstance(row, dict) else row.text
    return text


def stratified_sample(
    rows: Sequence[Row], size: int, *, seed: int = SEED, by: Callable[[Row], Hashable] = _label
) -> list[Row]:
    """Return ``size`` rows in random order, each label with its share of the whole.

    Shares that are not whole numbers are rounded by largest remainder, so that they add up to ``size``.

    Args:
        rows: the whole, in any order.
        size: how many.
        seed: the same seed gives the same sample.
        by: the label of a row; without it ``row.label`` or ``row["label"]``.

    Raises:
        UsageError: there are fewer rows than that, or the size is not positive.
    """
    if not 1 <= size <= len(rows):
        raise UsageError(
            N_("A sample of {size} rows cannot be taken from {n} rows."),
            advice=N_("Choose a size from 1 to {n}."),
            size=size,
            n=len(rows),
        )
    chance = random.Random(seed)
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups[by(row)].append(place)
    chosen = [
        place
        for label, share in _shares(groups, size).items()
        for place in chance.sample(groups[label], share)
    ]
    chance.shuffle(chosen)
    return [rows[place] for place in chosen]


def _shares(groups: dict[Hashable, list[int]], size: int) -> dict[Hashable, int]:
    n = sum(map(len, groups.values()))
    shares = {label: size * len(places) // n for label, places in groups.items()}
    remainders = sorted(groups, key=lambda label: size * len(groups[label]) % n, reverse=True)
    for label in remainders[: size - sum(shares.values())]:
        shares[label] += 1
    return shares


def _without_duplicates(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose text has not occurred before; difference in case and spaces does not count."""
    first: dict[Hashable, Row] = {}
    for row in rows:
        text = _text(row)
        first.setdefault(" ".join(text.casefold().split()) if isinstance(text, str) else text, row)
    return list(first.values())


def split(
    rows: Sequence[Row],
    *,
    validation: int | float,
    test: int | float,
    seed: int = SEED,
) -> Split[Row]:
    """Return three parts with the same share of every label; a text that occurs twice is taken once.

    What is in neither of the other parts is for training.

    Args:
        rows: with ``label`` and ``text``, as attributes or keys.
        validation: how many rows: a number, or as a fraction below 1 a share of all.
        test: the same for the test part.
        seed: the same seed gives the same parts.

    Raises:
        UsageError: the parts are larger than the whole, or one would be empty.
    """
    unique = _without_duplicates(rows)
    wanted = {"validation": validation, "test": test}
    sizes = {name: round(n * len(unique)) if n < 1 else int(n) for name, n in wanted.items()}
    sizes["train"] = len(unique) - sum(sizes.values())
    if min(sizes.values()) < 1:
        raise UsageError(
            N_("{n} different texts cannot be split into {train} + {validation} + {test}."),
            advice=N_("Every part needs at least one text: training, validation, test."),
            n=len(unique),
            **sizes,
        )
    places: dict[str, list[int]] = {name: [] for name in ("train", "validation", "test")}
    left = list(range(len(unique)))
    for name in ("test", "validation", "train"):
        chosen = stratified_sample(left, sizes[name], seed=seed, by=lambda at: _label(unique[at]))
        places[name] = chosen
        left = sorted(set(left) - set(chosen))
    return Split(**{name: [unique[at] for at in chosen] for name, chosen in places.items()})
