"""Identifiers that look like the service's and repeat from run to run."""

import random


class Identifiers:
    """Seeded sources of identifiers, one per kind, so that one kind's number never shifts another's.

    Args:
        seed: the simulator's seed.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sources: dict[str, random.Random] = {}

    def source(self, kind: str) -> random.Random:
        """Return the source of randomness of one kind; the same object for the same kind."""
        if kind not in self._sources:
            self._sources[kind] = random.Random(f"{self._seed}:{kind}")
        return self._sources[kind]

    def hexadecimal(self, kind: str) -> str:
        """Return 32 fresh hexadecimal digits."""
        return f"{self.source(kind).getrandbits(128):032x}"

    def uuid(self, kind: str) -> str:
        """Return a fresh identifier in the form of a UUID, as headers and operations carry it."""
        digits = self.hexadecimal(kind)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
