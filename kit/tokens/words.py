"""Counting the tokens of many texts word by word, each different word once.

tiktoken cuts a text into pieces with a regular expression, then looks up each piece or merges its bytes. A
piece can begin with a space and can be nothing but white space; none has a space behind anything else. So no
piece reaches across a space that has no white space beside it, and a text has as many tokens as its words
have together, if every word but the first brings its space along. Real texts use few words often: 20,000
chats about films hold 4.5 million words, 290,000 different ones. Arrow cuts and numbers the words without
the interpreter; tiktoken sees the different ones only, many in one call.

Texts with white space in a row, such as programs, are left whole, and Chinese has hardly any spaces: these,
too, tiktoken gets many in one call.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tiktoken

_SEPARATOR = " \n"  # one token; two words with it between them are cut into the same pieces as apart
_SPECIAL = "<|endoftext|>"
_BLOCK = 8_000_000  # characters that are cut at a time: 200 MB of memory
_CHUNK = 100_000  # bytes, more or less, in one call of tiktoken, which does not hold the interpreter lock
_THREADS = 2
_LONG = 20  # characters; with longer words on average, few come again
_SHORT = 60  # bytes; longer words hardly come again
_MOST = 1_000_000  # words that are remembered from block to block

Column = np.ndarray[Any, Any]


def count(texts: Iterable[str], encoding: tiktoken.Encoding) -> list[int]:
    """Return the number of tokens of each text, none of which is taken for a special token.

    Args:
        texts: what to count; equal texts are counted again.
        encoding: one of which the above holds: ``o200k_base``, ``o200k_harmony`` or ``cl100k_base``.
    """
    reader = _Reader(encoding)
    first, later = _Words(reader, ""), _Words(reader, " ")
    return [n for block in _blocks(texts) for n in _count_block(block, reader, first, later)]


class _Reader:
    """Lets tiktoken count, many spellings in one call."""

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding
        self._encode = _encode(encoding)
        self._separator = encoding.encode_ordinary(_SEPARATOR)[0]

    def alone(self, text: str) -> int:
        """Return the number of tokens of a text that could grow together with others."""
        return len(self._encoding.encode_ordinary(text))

    def together(self, spellings: Sequence[str], size: int, before: str = "") -> list[int]:
        """Return the numbers of tokens of spellings that neither begin nor end with white space.

        Args:
            spellings: none holds the separator.
            size: bytes of all of them.
            before: what stands before each, perhaps a space.
        """
        step = max(1, len(spellings) * _CHUNK // max(size, 1))
        chunks = [spellings[at : at + step] for at in range(0, len(spellings), step)]
        if len(chunks) < 2:
            return [n for chunk in chunks for n in self._chunk(chunk, before)]
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(chain.from_iterable(pool.map(lambda chunk: self._chunk(chunk, before), chunks)))

    def _chunk(self, spellings: Sequence[str], before: str) -> list[int]:
        joined = before + (_SEPARATOR + before).join(spellings)
        encoded = np.asarray(self._encode(joined, disallowed_special=()))
        ends = np.append(np.flatnonzero(encoded == self._separator), len(encoded))
        counts: list[int] = (np.diff(ends, prepend=-1) - 1).tolist()
        return counts


def _encode(encoding: tiktoken.Encoding) -> Callable[..., Any]:
    """Return the fastest way that works: 0.7 has no ``encode_to_numpy``; that of 0.9 heeds special tokens."""
    fast = getattr(encoding, "encode_to_numpy", None)
    return fast if fast and len(fast(_SPECIAL, disallowed_special=())) > 1 else encoding.encode


class _Words:
    """The token counts of words, remembered.

    Args:
        reader: counts them.
        before: what every word has before it, a space or nothing.
    """

    def __init__(self, reader: _Reader, before: str) -> None:
        self._reader = reader
        self._before = before
        self._words = pa.array([], pa.large_string())
        self._counts = np.empty(0, np.int64)

    def counts(self, words: pa.Array) -> Column:
        """Return the number of tokens of different words, none of which holds a space."""
        place = pc.fill_null(pc.index_in(words, value_set=self._words), -1).to_numpy()
        new = np.flatnonzero(place < 0)
        found: Column = np.append(self._counts, -1)[place]
        if len(new):
            unknown = words.take(pa.array(new))
            found[new] = self._read(unknown)
            self._remember(unknown, found[new])
        return found

    def _read(self, words: pa.Array) -> Column:
        closed = _numpy(pc.and_(pc.equal(pc.utf8_trim_whitespace(words), words), pc.not_equal(words, "")))
        counts = np.empty(len(words), np.int64)
        inner = words.filter(pa.array(closed))
        counts[closed] = self._reader.together(inner.to_pylist(), inner.nbytes, self._before)
        outer = words.filter(pa.array(~closed)).to_pylist()
        counts[~closed] = [self._reader.alone(self._before + word) for word in outer]
        return counts

    def _remember(self, words: pa.Array, counts: Column) -> None:
        short = pc.less_equal(pc.binary_length(words), _SHORT)
        kept = slice(None) if len(self._counts) <= _MOST else slice(0)
        self._words = pa.concat_arrays([self._words[kept], words.filter(short)])
        self._counts = np.concatenate([self._counts[kept], counts[_numpy(short)]])


def _count_block(texts: Sequence[str], reader: _Reader, first: _Words, later: _Words) -> list[int]:
    counts = np.full(len(texts), -1, np.int64)
    in_words = [place for place, text in enumerate(texts) if _has_words(text)]
    if in_words:
        counts[in_words] = _count_words([texts[place] for place in in_words], first, later)
    whole = np.flatnonzero(counts < 0)
    counts[whole] = _count_whole([texts[place] for place in whole.tolist()], reader)
    found: list[int] = counts.tolist()
    return found


def _has_words(text: str) -> bool:
    """Tell whether a text is worth cutting at its spaces, and can be."""
    return text.count(" ") * _LONG > len(text) and "  " not in text and _encodable(text)


def _count_words(texts: Sequence[str], first: _Words, later: _Words) -> Column:
    """Return the number of tokens of each text; -1 for one with white space in a row at a space."""
    cut = pc.split_pattern(pa.array(texts, pa.large_string()), " ")
    numbered = cut.values.dictionary_encode()
    words, word, offsets = numbered.dictionary, numbered.indices.to_numpy(), cut.offsets.to_numpy()
    begin, end = offsets[:-1], offsets[1:] - 1

    tokens = _tokens(words, word, begin, later)
    different, which = np.unique(word[begin], return_inverse=True)
    tokens[begin] = first.counts(words.take(pa.array(different)))[which]
    totals = np.add.reduceat(tokens, begin)

    empty = _numpy(pc.equal(words, ""))
    in_a_row = (empty | _numpy(pc.not_equal(pc.utf8_rtrim_whitespace(words), words)))[word]
    in_a_row[begin] &= ~empty[word[begin]]  # a text may begin with a space
    in_a_row[end] = False  # and end as it likes
    totals[np.logical_or.reduceat(in_a_row, begin)] = -1
    return totals


def _tokens(words: pa.Array, word: Column, begin: Column, later: _Words) -> Column:
    """Return the number of tokens at each place where a word stands; at the beginnings, anything."""
    inside = np.ones(len(word), bool)
    inside[begin] = False
    used = np.flatnonzero(np.bincount(word[inside], minlength=len(words)))
    each = np.zeros(len(words), np.int64)
    each[used] = later.counts(words.take(pa.array(used)))
    return each[word]


def _count_whole(texts: Sequence[str], reader: _Reader) -> list[int]:
    alone = {place for place, text in enumerate(texts) if _grows_together(text)}
    rest = [text for place, text in enumerate(texts) if place not in alone]
    counts = iter(reader.together(rest, sum(map(len, rest))))
    return [reader.alone(text) if place in alone else next(counts) for place, text in enumerate(texts)]


def _grows_together(text: str) -> bool:
    """Tell whether a text could swallow a part of the separators beside it, or holds one itself."""
    open_ends = not text or text[0].isspace() or text[-1].isspace()
    return open_ends or _SEPARATOR in text or not _encodable(text)


def _encodable(text: str) -> bool:
    """Tell whether a text has no half of a surrogate pair, which Arrow could not hold."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _numpy(flags: Any) -> Column:
    column: Column = flags.to_numpy(zero_copy_only=False)
    return column


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    characters = 0
    for text in texts:
        block.append(text)
        characters += len(text)
        if characters >= _BLOCK:
            yield block
            block, characters = [], 0
    if block:
        yield block
