"""Samples and splits keep the share of labels, whatever the order of the rows."""

from collections import Counter

import pytest

from kit.errors import UsageError
from kit.evaluation.data import LabelledText
from kit.evaluation.sampling import split, stratified_sample

SORTED = [LabelledText(f"text {n}", "negative" if n < 70 else "positive", str(n)) for n in range(100)]


def labels(rows):
    return Counter(row.label for row in rows)


def test_a_sorted_set_is_no_trap():
    assert labels(SORTED[:50]) == {"negative": 50}
    assert labels(stratified_sample(SORTED, 50)) == {"negative": 35, "positive": 15}


def test_largest_remainder():
    rows = [LabelledText(str(n), "aaaabbbccd"[n], str(n)) for n in range(10)]
    # 5 of 10: shares 2, 1.5, 1, 0.5; the first of the equal remainders gets the seat
    assert labels(stratified_sample(rows, 5)) == {"a": 2, "b": 2, "c": 1}


def test_seeds_and_order():
    one, same, other = (stratified_sample(SORTED, 30, seed=seed) for seed in (1, 1, 2))
    assert one == same != other
    assert len(set(one)) == 30
    assert labels(one[:15])["positive"] > 0  # not sorted by label any more


def test_the_whole_is_a_sample():
    assert sorted(stratified_sample(SORTED, 100)) == sorted(SORTED)


@pytest.mark.parametrize("size", [0, -1, 101])
def test_impossible_sizes(size):
    with pytest.raises(UsageError, match="from 1 to 100"):
        stratified_sample(SORTED, size)


def test_other_rows_and_labels():
    rows = [{"label": n % 2, "text": n} for n in range(10)]
    assert Counter(row["label"] for row in stratified_sample(rows, 4)) == {0: 2, 1: 2}
    assert Counter(n % 5 for n in stratified_sample(range(50), 10, by=lambda n: n % 5)) == dict.fromkeys(
        range(5), 2
    )


def test_parts_have_nothing_in_common():
    copies = [row._replace(text=f" {row.text.upper()}", id="copy") for row in SORTED[::3]]
    parts = split(SORTED + copies, validation=0.2, test=10)
    assert [len(part) for part in parts] == [70, 20, 10]
    assert labels(parts.train) == {"negative": 49, "positive": 21}
    assert labels(parts.test) == {"negative": 7, "positive": 3}
    texts = [row.text.strip().casefold() for part in parts for row in part]
    assert len(texts) == len(set(texts)) == 100


def test_sizes_of_parts():
    assert [len(part) for part in split(SORTED, validation=0.1, test=20)] == [70, 10, 20]
    with pytest.raises(UsageError, match="cannot be split into 0 "):
        split(SORTED, validation=90, test=10)
    with pytest.raises(UsageError, match="cannot be split"):
        split(SORTED, validation=0, test=10)
