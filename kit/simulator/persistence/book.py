"""What a journal is written in: the part of a state file that belongs to one resource."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

LARGEST_CONTENT = 900 * 2**20
"""Bytes under one key: SQLite takes rows of at most 1,000,000,000 (sqlite.org/limits.html)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One command.

    Attributes:
        number: its place in the journal, from 0 on.
        moment: virtual time in Unix seconds.
        command: its name.
        arguments: JSON of its arguments by name, without the bytes.
        blob: name of the argument whose bytes are kept apart, or empty.
        key: what they are kept under.
    """

    number: int
    moment: float
    command: str
    arguments: str
    blob: str = ""
    key: str = ""


class Book(Protocol):
    """Keeps entries and bytes; may be used from any thread. What writes returns at once."""

    seed: int
    """The seed that the resource was created with."""
    moment: float | None
    """Where its clock stood at the last start's end; None for a new resource."""
    starts: int
    """How often it has been started before."""

    def entries(self) -> Iterator[Entry]:
        """Return what was written before this start, in order."""
        ...

    def append(self, entry: Entry, blob: bytes | None) -> None:
        """Write an entry, and its bytes."""
        ...

    def set_moment(self, moment: float) -> None:
        """Write where the clock stands."""
        ...

    def keep(self, key: str, content: bytes) -> None:
        """Write bytes under a key."""
        ...

    def erase(self, key: str) -> None:
        """Overwrite the bytes under a key, if there are any."""
        ...

    def outstanding(self) -> Future[None] | None:
        """Return what ends when all that was written so far is on the disk; None if it is already.

        Raises:
            StateFileError: something cannot be written.
        """
        ...

    def read(self, key: str) -> bytes | None:
        """Return the bytes under a key, or None."""
        ...
