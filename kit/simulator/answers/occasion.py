"""When, and under which names, an answer is made."""

from __future__ import annotations

from dataclasses import dataclass

from kit.simulator.identifiers import Identifiers


@dataclass(frozen=True)
class Occasion:
    """What makes two equal requests different.

    Attributes:
        identifiers: where the names of the answer, and the seed of its sampling, come from.
        moment: when it is made, in Unix seconds.
    """

    identifiers: Identifiers
    moment: float

    def seed(self, asked: int | None) -> int:
        """Return the seed a client asked for, or else a fresh one."""
        fresh = self.identifiers.source("sampling").getrandbits(63)  # drawn always: requests stay independent
        return fresh if asked is None else asked
