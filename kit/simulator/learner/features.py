"""What the model sees of a prompt and of the answer so far: hashed features, no vocabulary needed.

A prompt becomes a bag of words, word beginnings and character n-grams (for Chinese: characters and their
pairs), so that a paraphrase, an inflected form or a misspelling still shares features with what was learned.
Hashes are CRC-32: equal in every process, unlike Python's own.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from kit.simulator.learner.records import Messages
from kit.simulator.learner.vocabulary import Floats, Integers

BUCKETS = 1 << 17
SUFFIXES = (1, 2, 3, 4, 6, 8, 12, 20)  # how many preceding tokens are compared

LONGEST_RECURRING = 4000
"""Characters of the longest text that caches keep: longer ones rarely recur, and would fill the memory."""

_LONGEST_TEXT = 4000
_LONGEST_WORD = 64  # characters of the longest word that is remembered
_EARLIER_TURNS, _SYSTEM = 0.3, 0.15
_MOST_STATEMENTS = 8  # of a text: the first and the last ones; requests stand at either end
_STATEMENT = re.compile(r"[^.!?:;\n。！？：；]+[.!?:;\n。！？：；]*")
_WORD = re.compile(r"[一-鿿]+|\d+|[^\W\d_一-鿿]+")
_START = 0x5F3759DF  # stands before the first token of an answer

Hashes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Bag:
    """Distinct feature numbers (ascending) and how much of each there is; both of shape (n,)."""

    ids: Integers
    amounts: Floats


@dataclass(frozen=True, slots=True)
class Bags:
    """Several bags one after another, to work on all of them at once.

    Attributes:
        ids: the features of all bags; shape (n,).
        amounts: how much of each there is; shape (n,).
        lengths: how many features each bag has; shape (bags,).
    """

    ids: Integers
    amounts: Floats
    lengths: Integers

    @classmethod
    def of(cls, bags: Iterable[Bag]) -> Bags:
        """Put bags one after another."""
        some = list(bags)
        ids = np.concatenate([np.zeros(0, np.int64), *(one.ids for one in some)])
        amounts = np.concatenate([np.zeros(0, np.float32), *(one.amounts for one in some)])
        return cls(ids, amounts, np.array([len(one.ids) for one in some], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def owner(self) -> Integers:
        """The number of the bag that each feature belongs to; shape (n,)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def sums(self, values: Floats) -> Floats:
        """Sum what belongs to the same bag: from shape (n, ...) to shape (bags, ...)."""
        found = np.zeros((len(self), *values.shape[1:]), dtype=values.dtype)
        some = np.flatnonzero(self.lengths)
        if len(some):
            found[some] = np.add.reduceat(values, (np.cumsum(self.lengths) - self.lengths)[some], axis=0)
        return found

    def split(self) -> list[Bag]:
        """Return the bags."""
        ends = np.cumsum(self.lengths).tolist()
        begins = [0, *ends[:-1]]
        return [
            Bag(self.ids[begin:end], self.amounts[begin:end]) for begin, end in zip(begins, ends, strict=True)
        ]


def words(text: str) -> list[str]:
    """Return the words of a text as they are written; a run of Chinese characters is one word."""
    return _WORD.findall(unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]))


def _number(kind: str, text: str) -> int:
    return zlib.crc32(f"{kind}\0{text}".encode()) % BUCKETS


def is_han(word: str) -> bool:
    """Tell whether a word is a run of Chinese characters."""
    return "一" <= word[0] <= "鿿"


def _features_of(word: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the numbers of a word's features, and how much of each there is; a number may come twice."""
    return _features_of_usual(word) if len(word) <= _LONGEST_WORD else _told_apart(word)


def _told_apart(word: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    found = _weighed(word)
    return tuple(number for number, _ in found), tuple(amount for _, amount in found)


_features_of_usual = lru_cache(maxsize=50_000)(_told_apart)


def _weighed(word: str) -> list[tuple[int, float]]:
    if is_han(word):
        found = [(_number("h1", one), 0.4) for one in word]
        found += [(_number("h2", word[at : at + 2]), 1.0) for at in range(len(word) - 1)]
        return found
    plain = "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign))
    found = [(_number("w", plain), 1.0)]
    if len(plain) >= 4:
        found.append((_number("p4", plain[:4]), 0.7))
    if len(plain) >= 6:
        found.append((_number("p5", plain[:5]), 0.7))
    framed = f"^{plain}$"
    if len(plain) >= 4:
        found += [(_number("c4", framed[at : at + 4]), 0.3) for at in range(len(framed) - 3)]
    return found


def bag(*texts: tuple[str, float]) -> Bag:
    """Return the features of weighted texts: each a pair of text and weight."""
    return _bagged([(_features_in(text), weight) for text, weight in texts])


def _features_in(text: str) -> Bag:
    """Return the features of a text word by word, not yet distinct."""
    numbers: list[int] = []
    amounts: list[float] = []
    for word in words(text.lower()):
        found, much = _features_of(word)
        numbers += found
        amounts += much
    return Bag(np.array(numbers, dtype=np.int64), np.array(amounts))


_features_in_system = lru_cache(maxsize=100)(_features_in)  # all prompts of a file usually have the same one


def _bagged(parts: Sequence[tuple[Bag, float]]) -> Bag:
    numbers = np.concatenate([part.ids for part, _ in parts])
    amounts = np.concatenate([weight * part.amounts for part, weight in parts])
    ids, which = np.unique(numbers, return_inverse=True)
    summed = np.bincount(which, weights=amounts, minlength=len(ids)).astype(np.float32)
    # A word said five times does not count five times: square root, as is usual in retrieval.
    return Bag(ids, np.sqrt(summed))


def split(messages: Messages) -> tuple[str, str, str]:
    """Return (last user turn, earlier turns, system prompts) of a conversation without its answer."""
    system = [m["content"] for m in messages if m["role"] in ("system", "developer")]
    turns = [m for m in messages if m["role"] not in ("system", "developer")]
    last = max((at for at, m in enumerate(turns) if m["role"] == "user"), default=-1)
    earlier = [m["content"] for at, m in enumerate(turns) if at != last]
    return turns[last]["content"] if last >= 0 else "", "\n".join(earlier), "\n".join(system)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's features.

    Attributes:
        content: what it is about; the last user turn counts most, a standing system prompt little.
        wish: what is asked for and in which language; system prompt and last user turn count alike.
        standing: the system prompt alone, length one; no features if there is none.
        requests: what may say how to answer: statements of the system prompt and of the last user turn, each
            with its features word by word.
        asked: how many of them are the system prompt's; they come first.
        last: the text of the last user turn.
    """

    content: Bag
    wish: Bag
    standing: Bag
    requests: tuple[Bag, ...]
    asked: int = 0
    last: str = ""


def prompt_of(messages: Messages) -> Prompt:
    """Return the features of a prompt: all messages before the answer."""
    last, earlier, told_first = split(messages)
    system = told_first[:_LONGEST_TEXT]  # nobody reads further, and caches keep it
    stated = _statements(last)
    said, before, told = _joined(stated), _features_in(earlier), _features_in_system(system)
    content = _bagged([(said, 1.0), (before, _EARLIER_TURNS), (told, _SYSTEM)])
    wish = _bagged([(said, 1.0), (told, 1.0)]) if system else content
    standing, orders = _standing(system)
    requests = (*orders, *_at_ends(stated))
    return Prompt(content, wish, standing, requests, len(orders), last)


def statements(text: str) -> list[tuple[str, Bag]]:
    """Return the statements of a text, what ends each included, and their features word by word."""
    return [(one, _features_in(one)) for one in _STATEMENT.findall(text[:_LONGEST_TEXT])]


@lru_cache(maxsize=100)
def _standing(system: str) -> tuple[Bag, tuple[Bag, ...]]:
    """Return a system prompt's bag with length one, and its statements."""
    found = bag((system, 1.0))
    length = np.float32(max(float(np.sqrt((found.amounts**2).sum())), 1e-6))
    return Bag(found.ids, found.amounts / length), _at_ends(_statements(system))


def _statements(text: str) -> list[Bag]:
    """Return the features of a text word by word, statement by statement; without those that have none."""
    return [one for _, one in statements(text) if len(one.ids)]


def _at_ends(stated: Sequence[Bag]) -> tuple[Bag, ...]:
    if len(stated) <= _MOST_STATEMENTS:
        return tuple(stated)
    half = _MOST_STATEMENTS // 2
    return (*stated[:half], *stated[-half:])


def _joined(bags: Sequence[Bag]) -> Bag:
    together = Bags.of(bags)
    return Bag(together.ids, together.amounts)


def suffix_hashes(tokens: list[int]) -> Hashes:
    """Return a hash of the last k tokens before each place, for k in SUFFIXES.

    Args:
        tokens: the tokens of an answer so far, or of a whole one.

    Returns:
        Shape (len(SUFFIXES), len(tokens) + 1); column t describes what stands before token t.
    """
    return hashes_of_many([tokens])


def hashes_of_many(answers: Sequence[list[int]]) -> Hashes:
    """Return :func:`suffix_hashes` of several answers side by side."""
    padded, places, _ = _laid_out(answers)
    rows = []
    running = np.zeros(len(places), dtype=np.uint64)
    for back in range(1, SUFFIXES[-1] + 1):
        running = (running ^ padded[places - back]) * np.uint64(0x9E3779B97F4A7C15)
        running ^= running >> np.uint64(29)
        if back in SUFFIXES:
            rows.append((running >> np.uint64(16)).astype(np.uint32))
    return np.stack(rows)


def _laid_out(answers: Sequence[list[int]]) -> tuple[npt.NDArray[np.uint64], Integers, Integers]:
    """Return answers one after another with what stands before each, and their places: index and position.

    An answer has one place more than it has tokens, at its end.
    """
    before = [_START] * SUFFIXES[-1]
    padded = np.array([token for answer in answers for token in (*before, *answer)], dtype=np.uint64)
    lengths = np.array([len(answer) + 1 for answer in answers])
    ends = np.cumsum(lengths)
    position = np.arange(int(ends[-1])) - np.repeat(ends - lengths, lengths)
    begins = np.cumsum(len(before) + lengths - 1) - (lengths - 1)
    return padded, np.repeat(begins, lengths) + position, position


def context_features(answers: Sequence[list[int]], hashes: Hashes, buckets: int, first: int = 0) -> Integers:
    """Return what the network sees of answers so far; shape (tokens and ends, 7).

    The last 1, 2, 3 and 4 tokens as wholes, the second and third last alone, and the position, which is
    counted from ``first``. ``hashes`` are the answers' :func:`hashes_of_many`.
    """
    padded, places, position = _laid_out(answers)
    columns = [hashes[SUFFIXES.index(k)].astype(np.uint64) for k in (1, 2, 3, 4)]
    columns += [padded[places - back] for back in (2, 3)]
    position = position + first
    columns.append(np.minimum(position, 3 + np.log2(position + 1).astype(np.int64)).astype(np.uint64))
    salted = [
        ((column + np.uint64(kind * 7919 + 1)) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
        for kind, column in enumerate(columns)
    ]
    return np.stack(salted, axis=1).astype(np.int64) % buckets
