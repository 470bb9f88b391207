"""Finding what is alike: sparse vectors, their cosines through an inverted index, and general knowledge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kit.simulator.learner.background import Background
from kit.simulator.learner.features import BUCKETS, Bag, Bags, bag, statements
from kit.simulator.learner.valence import Lexicon, feelings
from kit.simulator.learner.vocabulary import Floats, Integers

BRIEF = 0.5  # how likely a word or two is wanted, for it to count as wanted
_LEAST_RATE = 0.002
_OFTEN, _OFTEN_AT_LEAST, _MOST_COLUMNS = 1 / 16, 20, 512  # when a matrix is faster than lists of entries
_SHARPNESS = 1.5  # lets the notes that fit best stand out


@dataclass(frozen=True)
class Index:
    """Many sparse vectors of features, kept by feature; features of many vectors once more as a matrix.

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
    def of(cls, vectors: Bags) -> Index:
        """Return the index of bags whose amounts are weighted; cosines come out if they have length one."""
        told = vectors.amounts != 0.0
        ids = vectors.ids[told]
        order = np.argsort(ids, kind="stable")
        distinct, first = np.unique(ids[order], return_index=True)
        rows = vectors.owner[told][order].astype(np.int32)
        starts = np.append(first, len(ids))
        return cls(len(vectors), distinct.astype(np.int32), starts, rows, vectors.amounts[told][order])

    @cached_property
    def _common(self) -> Integers:
        """Which column of the matrix each feature has, -1 for most; shape (features,)."""
        counts = np.diff(self.starts)
        often = np.flatnonzero(counts > max(_OFTEN * self.size, _OFTEN_AT_LEAST))
        chosen = often[np.argsort(-counts[often], kind="stable")[:_MOST_COLUMNS]]
        columns = np.full(len(self.ids), -1)
        columns[np.sort(chosen)] = np.arange(len(chosen))
        return columns

    @cached_property
    def _matrix(self) -> Floats:
        """The vectors' amounts of common features; shape (columns, size)."""
        column = np.repeat(self._common, np.diff(self.starts))
        inside = column >= 0
        matrix = np.zeros((int(self._common.max(initial=-1)) + 1, self.size), dtype=np.float32)
        matrix[column[inside], self.rows[inside]] = self.amounts[inside]
        return matrix

    def products(self, queries: Bags) -> Floats:
        """Return the inner products of queries with every vector; shape (queries, size)."""
        at = np.minimum(np.searchsorted(self.ids, queries.ids), max(len(self.ids) - 1, 0))
        if not len(self.ids) or not len(at):
            return np.zeros((len(queries), self.size), dtype=np.float32)
        met = np.flatnonzero((self.ids[at] == queries.ids) & (queries.amounts != 0.0))
        at, owner, amounts = at[met], queries.owner[met], queries.amounts[met]
        column = self._common[at]
        rare, common = column < 0, column >= 0
        found = self._sparse(at[rare], owner[rare], amounts[rare], len(queries))
        if common.any():
            dense = np.zeros((len(queries), len(self._matrix)), dtype=np.float32)
            dense[owner[common], column[common]] = amounts[common]
            found += dense @ self._matrix
        return found

    def _sparse(self, at: Integers, owner: Integers, amounts: Floats, number: int) -> Floats:
        """Return the products over some features, each of a query, by their entries."""
        first = self.starts[at]
        lengths = self.starts[at + 1] - first
        places = np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
        places += np.arange(len(places))
        weights = self.amounts[places] * np.repeat(amounts, lengths)
        cells = np.repeat(owner * self.size, lengths) + self.rows[places]
        summed = np.bincount(cells, weights=weights, minlength=number * self.size)
        return summed.astype(np.float32).reshape(number, self.size)


def rates(bags: Bags) -> Floats:
    """Return in which share of the bags each feature occurs; shape (BUCKETS,)."""
    counts = np.bincount(bags.ids, minlength=BUCKETS).astype(np.float32)
    return np.asarray(counts / max(len(bags), 1))


def weighted(bags: Bags, rate: Floats) -> Bags:
    """Weight bags by how rare their features are (inverse document frequency); each of length one."""
    amounts = bags.amounts * -np.log(np.clip(rate[bags.ids], _LEAST_RATE, 1.0))
    lengths = np.maximum(np.sqrt(bags.sums(amounts * amounts)), np.float32(1e-6))
    return Bags(bags.ids, (amounts / np.repeat(lengths, bags.lengths)).astype(np.float32), bags.lengths)


@dataclass(frozen=True)
class Knowledge:
    """General knowledge from the base corpus: how common features are, which language, what belongs together.

    Attributes:
        background: how often tokens occur; its languages are those of the corpus in alphabetical order.
        rate: how common each feature is in the language where it is most common; shape (BUCKETS,).
        languages: how much each feature speaks for each language; shape (BUCKETS, languages).
        notes: the notes of all languages; two texts that remind of the same notes are related.
        brief: how much each feature of a statement speaks for an answer of a word or two, and at the end what
            speaks for it in any case; shape (BUCKETS + 1,).
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
        requests: Sequence[tuple[Sequence[Bag], bool]],
        lexicons: Sequence[Lexicon],
    ) -> Knowledge:
        """Return the knowledge in a corpus.

        Args:
            texts: pairs of language and bag of everything in it.
            notes: the notes' bags.
            background: see above.
            requests: statements of prompts and whether one of them asks for a word or two, as when labels are
                asked for.
            lexicons: see above.
        """
        locales = sorted({locale for locale, _ in texts})
        by_locale = np.stack([rates(Bags.of(one for of, one in texts if of == locale)) for locale in locales])
        rate = by_locale.max(axis=0)
        smoothed = np.log(by_locale + 0.003)
        languages = np.ascontiguousarray(((smoothed - smoothed.mean(axis=0)) * (rate > 0.0)).T)
        index = Index.of(weighted(Bags.of(notes), rate))
        brief = _separated(requests)
        return cls(background, rate, languages, index, brief, tuple(lexicons))

    def language(self, texts: Bags) -> Floats:
        """Return how likely each language is for texts; shape (texts, languages), rows sum to one."""
        scores = texts.sums(texts.amounts[:, None] * self.languages[texts.ids])
        powers: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def feelings(self, texts: Sequence[str]) -> list[Floats]:
        """Return :func:`valence.feelings` of texts, each paragraph read in its own language."""
        paragraphs = [[one for one in text.split("\n") if one.strip()] for text in texts]
        bags = [bag((one, 1.0)) for some in paragraphs for one in some]
        languages = iter(self.language(Bags.of(bags)).argmax(axis=1).tolist())
        return [
            feelings([kind for one in some for kind in (*self.lexicons[next(languages)].kinds(one), ".")])
            for some in paragraphs
        ]

    def brevity(self, texts: Bags) -> Floats:
        """Return how likely statements ask for a word or two rather than sentences; shape (texts,)."""
        scores = texts.sums(self.brief[texts.ids] * texts.amounts) + self.brief[-1]
        return np.asarray(1.0 / (1.0 + np.exp(-scores)))

    def without_requests(self, text: str) -> str:
        """Return a text without the statements that probably ask for a word or two; the whole, if all do."""
        stated = statements(text)
        brevities = self.brevity(Bags.of(one for _, one in stated)).tolist()
        rest = [one for (one, _), brevity in zip(stated, brevities, strict=True) if brevity < BRIEF]
        return "".join(rest) or text

    def subjects(self, one: Bags) -> Floats:
        """Return :meth:`reminders` of a text over all languages; shape (notes per language,), length 1 or 0.

        The notes of the languages are parallel: the same subjects in the same order.
        """
        found = self.reminders(one)[0].reshape(self.languages.shape[1], -1).sum(axis=0)
        return np.asarray(found / max(float(np.sqrt((found * found).sum())), 1e-6))

    def reminders(self, texts: Bags) -> Floats:
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


def _separated(groups: Sequence[tuple[Sequence[Bag], bool]]) -> Floats:
    """Return the weights of a logistic regression over features, and its bias last.

    It learns from groups of texts, of which it is known only whether one of them is what is looked for. In a
    group that has one, each text counts in proportion to how likely the regression takes it for the one: a
    soft form of multiple-instance learning (Dietterich et al. 1997). Gradient descent with momentum.
    """
    every = Bags.of(one for some, _ in groups for one in some)
    of = np.repeat(np.arange(len(groups)), [len(some) for some, _ in groups])
    wanted = np.array([wanted for _, wanted in groups])[of]
    ids, which = np.unique(every.ids, return_inverse=True)  # all other features keep the weight zero
    owner, number = every.owner, max(len(of), 1)
    weights, speed = np.zeros(len(ids) + 1), np.zeros(len(ids) + 1)
    slope = np.zeros_like(weights)
    for _ in range(_ROUNDS):
        scores = np.bincount(owner, weights=weights[which] * every.amounts, minlength=len(of)) + weights[-1]
        chances = 1.0 / (1.0 + np.exp(-scores))
        share = chances / np.bincount(of, weights=chances, minlength=len(groups))[of]
        errors = np.where(wanted, share * (chances - 1.0), chances)
        slope[:-1] = np.bincount(which, weights=errors[owner] * every.amounts, minlength=len(ids)) / number
        slope[-1] = errors.sum() / number
        speed = _MOMENTUM * speed - _RATE * (slope + _DECAY * weights)
        weights += speed
    found = np.zeros(BUCKETS + 1, dtype=np.float32)
    found[ids], found[-1] = weights[:-1], weights[-1]
    return found
