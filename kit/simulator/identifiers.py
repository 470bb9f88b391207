"""Identifiers that look like the service's and repeat from run to run."""

import random
from collections.abc import Iterator
from contextlib import contextmanager


class Identifiers:
    """Seeded sources of identifiers, one per kind, so that one kind's number never shifts another's.

    Args:
        seed: the simulator's seed.
        starts: how often the same simulator has been started before: identifiers that no journal repeats,
            such as those of answers, must not come a second time.
    """

    def __init__(self, seed: int, starts: int = 0) -> None:
        self._seed = f"{seed}+{starts}" if starts else f"{seed}"
        self._first_seed = f"{seed}"
        self._sources: dict[str, random.Random] = {}

    def source(self, kind: str) -> random.Random:
        """Return the source of randomness of one kind; the same object for the same kind."""
        if kind not in self._sources:
            self._sources[kind] = random.Random(f"{self._seed}:{kind}")
        return self._sources[kind]

    @contextmanager
    def of_command(self, number: int) -> Iterator[None]:
        """Take what is drawn inside the block from the number of a command: the same at every replay."""
        before = self._seed, self._sources
        self._seed, self._sources = f"{self._first_seed}#{number}", {}
        try:
            yield
        finally:
            self._seed, self._sources = before

    def hexadecimal(self, kind: str) -> str:
        """Return 32 fresh hexadecimal digits."""
        return f"{self.source(kind).getrandbits(128):032x}"

    def uuid(self, kind: str) -> str:
        """Return a fresh identifier in the form of a UUID, as headers and operations carry it."""
        digits = self.hexadecimal(kind)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
