"""Answers in memory: what would come out the same again need not be computed again."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

_LARGEST_KEY = 16 * 1024  # bytes: long prompts are rarely repeated, and would fill the memory
_LARGEST_VALUE = 64 * 1024  # bytes of JSON: a hundred answers with alternatives for each token have megabytes


class Remembered(Generic[T]):
    """The most recently used values of a bounded number; not for several threads.

    Args:
        most: how many are kept. Every learner of a class has memories of their own, so they stay small.
    """

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, bytes], T] = OrderedDict()

    def get(self, who: str, asked: bytes) -> T | None:
        """Return what ``who`` was remembered to make of the body of a request, or None."""
        found = self._kept.get((who, asked))
        if found is not None:
            self._kept.move_to_end((who, asked))
        return found

    def put(self, who: str, asked: bytes, value: T, size: int = 0) -> None:
        """Remember it unless it is large; what was not used for longest is forgotten.

        Args:
            who: for whom it is remembered.
            asked: the body of the request.
            value: what was made of it.
            size: how many bytes of JSON the value is, where that may be more than the request's.
        """
        if len(asked) > _LARGEST_KEY or size > _LARGEST_VALUE:
            return
        self._kept[who, asked] = value
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
