"""Finding what is alike: sparse vectors, their cosines through an inverted index, and general knowledge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kit.simulator.learner.background import Background
from kit.simulator.learner.features import BUCKETS, Bag, bag
from kit.simulator.learner.valence import Lexicon, feelings
from kit.simulator.learner.vocabulary import Floats, Integers, Mask

_LEAST_RATE = 0.002
_SHARPNESS = 1.5  # lets the notes that fit best stand out


@dataclass(frozen=True)
class Index:
    """Many sparse vectors of features, kept by feature.

    Attributes:
        size: how many vectors there are.
        ids: the features that occur in them, ascending; shape (features,).
        starts: where the entries of each feature begin, and where the last one's end; shape (features + 1,).
        rows: the vector of each entry; shape (entries,).
        amounts: how much of the feature is in it; shape (entries,).
    """

    size: int
    ids: Integers
    starts: Integers
    rows: Integers
    amounts: Floats

    @classmethod
    def of(cls, vectors: Sequence[Bag]) -> Index:
        """Return the index of bags whose amounts are weighted; cosines come out if they have length one."""
        every = joined(vectors)
        told = every.amounts != 0.0
        ids = every.ids[told]
        order = np.argsort(ids, kind="stable")
        distinct, first = np.unique(ids[order], return_index=True)
        rows = np.repeat(np.arange(len(vectors)), [len(vector.ids) for vector in vectors])[told][order]
        starts = np.append(first, len(ids))
        amounts = every.amounts[told][order]
        return cls(len(vectors), distinct.astype(np.int32), starts, rows.astype(np.int32), amounts)

    def products(self, queries: Sequence[Bag]) -> Floats:
        """Return the inner products of queries with every vector; shape (len(queries), size)."""
        owner = np.repeat(np.arange(len(queries)), [len(query.ids) for query in queries])
        every = joined(queries)
        at = np.minimum(np.searchsorted(self.ids, every.ids), max(len(self.ids) - 1, 0))
        if not len(self.ids) or not len(at):
            return np.zeros((len(queries), self.size), dtype=np.float32)
        met = np.flatnonzero((self.ids[at] == every.ids) & (every.amounts != 0.0))
        first = self.starts[at[met]]
        lengths = self.starts[at[met] + 1] - first
        places = np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
        places += np.arange(len(places))
        weights = self.amounts[places] * np.repeat(every.amounts[met], lengths)
        cells = np.repeat(owner[met] * self.size, lengths) + self.rows[places]
        summed = np.bincount(cells, weights=weights, minlength=len(queries) * self.size)
        return summed.astype(np.float32).reshape(len(queries), self.size)


def joined(bags: Sequence[Bag]) -> Bag:
    """Return the features of several bags one after another, no longer distinct."""
    ids = np.concatenate([np.zeros(0, np.int64), *(one.ids for one in bags)])
    return Bag(ids, np.concatenate([np.zeros(0, np.float32), *(one.amounts for one in bags)]))


def rates(bags: Iterable[Bag]) -> Floats:
    """Return in which share of the bags each feature occurs; shape (BUCKETS,)."""
    counts, number = np.zeros(BUCKETS, dtype=np.float32), 0
    for one in bags:
        counts[one.ids] += 1
        number += 1
    return np.asarray(counts / max(number, 1))


def weighted(one: Bag, rate: Floats) -> Bag:
    """Weight a bag by how rare its features are (inverse document frequency); length one."""
    amounts = one.amounts * -np.log(np.clip(rate[one.ids], _LEAST_RATE, 1.0))
    length = float(np.sqrt((amounts * amounts).sum()))
    return Bag(one.ids, (amounts / max(length, 1e-6)).astype(np.float32))


@dataclass(frozen=True)
class Knowledge:
    """General knowledge from the base corpus: how common features are, which language, what belongs together.

    Attributes:
        background: how often tokens occur; its languages are those of the corpus in alphabetical order.
        rate: how common each feature is in the language where it is most common; shape (BUCKETS,).
        languages: how much each feature speaks for each language; shape (BUCKETS, languages).
        notes: the notes of all languages; two texts that remind of the same notes are related.
        brief: how much each feature speaks for an answer of a word or two; shape (BUCKETS,).
        lexicons: valence words, one lexicon per language in alphabetical order.
    """

    background: Background
    rate: Floats
    languages: Floats
    notes: Index
    brief: Floats
    lexicons: tuple[Lexicon, ...]

    @classmethod
    def of(
        cls,
        texts: Sequence[tuple[str, Bag]],
        notes: Sequence[Bag],
        background: Background,
        prompts: Sequence[tuple[Bag, bool]],
        lexicons: Sequence[Lexicon],
    ) -> Knowledge:
        """Return the knowledge in a corpus.

        Args:
            texts: pairs of language and bag of everything in it.
            notes: the notes' bags.
            background: see above.
            prompts: prompts and whether a word or two is the answer, as when labels are asked for.
            lexicons: see above.
        """
        locales = sorted({locale for locale, _ in texts})
        by_locale = np.stack([rates(one for of, one in texts if of == locale) for locale in locales])
        rate = by_locale.max(axis=0)
        smoothed = np.log(by_locale + 0.003)
        languages = np.ascontiguousarray(((smoothed - smoothed.mean(axis=0)) * (rate > 0.0)).T)
        index = Index.of([weighted(note, rate) for note in notes])
        brief = _separated([one for one, _ in prompts], np.array([wanted for _, wanted in prompts]))
        return cls(background, rate, languages, index, brief, tuple(lexicons))

    def language(self, one: Bag) -> Floats:
        """Return how likely each language is for a text; shape (languages,), sums to one."""
        scores = one.amounts @ self.languages[one.ids]
        powers: Floats = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())

    def feelings(self, text: str) -> Floats:
        """Return :func:`valence.feelings` of a text, each paragraph read in its own language."""
        kinds: list[str] = []
        for paragraph in filter(str.strip, text.split("\n")):
            language = int(self.language(bag((paragraph, 1.0))).argmax())
            kinds += [*self.lexicons[language].kinds(paragraph), "."]
        return feelings(kinds)

    def brevity(self, one: Bag) -> float:
        """Return how likely a prompt wants a word or two rather than sentences."""
        return float(1.0 / (1.0 + np.exp(-(self.brief[one.ids] @ one.amounts))))

    def subjects(self, one: Bag) -> Floats:
        """Return :meth:`reminders` over all languages; shape (notes per language,), length one or zero.

        The notes of the languages are parallel: the same subjects in the same order.
        """
        found = self.reminders([one])[0].reshape(self.languages.shape[1], -1).sum(axis=0)
        return np.asarray(found / max(float(np.sqrt((found * found).sum())), 1e-6))

    def reminders(self, texts: Sequence[Bag]) -> Floats:
        """Return how much weighted texts remind of each note; shape (texts, notes), rows of length 1 or 0."""
        found = np.maximum(self.notes.products(texts), 0.0) ** _SHARPNESS
        lengths = np.sqrt((found * found).sum(axis=1, keepdims=True))
        return np.asarray(found / np.maximum(lengths, np.float32(1e-6)))


def nearest(products: Floats, number: int) -> Integers:
    """Return the places of the largest values, best first."""
    number = min(number, len(products))
    if not number:
        return np.zeros(0, dtype=np.int64)
    best = np.argpartition(-products, number - 1)[:number]
    return best[np.lexsort((best, -products[best]))]


_ROUNDS, _RATE, _MOMENTUM, _DECAY = 80, 0.2, 0.9, 1e-4


def _separated(bags: Sequence[Bag], wanted: Mask) -> Floats:
    """Return the weights of a logistic regression over features; gradient descent with momentum."""
    every = joined(bags)
    ids, which = np.unique(every.ids, return_inverse=True)  # all other features keep the weight zero
    owner = np.repeat(np.arange(len(bags)), [len(one.ids) for one in bags])
    weights, speed = np.zeros(len(ids)), np.zeros(len(ids))
    for _ in range(_ROUNDS):
        scores = np.bincount(owner, weights=weights[which] * every.amounts, minlength=len(bags))
        errors = 1.0 / (1.0 + np.exp(-scores)) - wanted
        slope = np.bincount(which, weights=errors[owner] * every.amounts, minlength=len(ids)) / len(bags)
        speed = _MOMENTUM * speed - _RATE * (slope + _DECAY * weights)
        weights += speed
    found = np.zeros(BUCKETS, dtype=np.float32)
    found[ids] = weights
    return found
