"""What is going to happen to one resource, and when: a queue of actions on the virtual clock.

Nothing runs in the background. Whoever looks at a resource first lets its timeline catch up, and every
action receives the moment it was due, so that what a client sees does not depend on how often it looks.
"""

import heapq
import itertools
from collections.abc import Callable

Action = Callable[[float], None]
"""Something that happens; receives its own moment in Unix seconds."""

_Entry = tuple[float, int, Action]


class Timeline:
    """Actions in the order of their moments; those of the same moment in the order they were added."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._order = itertools.count()

    def at(self, moment: float, action: Action) -> None:
        """Let ``action`` happen at ``moment``."""
        heapq.heappush(self._entries, (moment, next(self._order), action))

    def due(self, now: float) -> bool:
        """Tell whether something should have happened by ``now``."""
        return bool(self._entries) and self._entries[0][0] <= now

    def catch_up(self, now: float) -> None:
        """Let everything happen that is due, in order, including what those actions add."""
        while self.due(now):
            moment, _, action = heapq.heappop(self._entries)
            action(moment)

    def step(self, now: float) -> None:
        """Let only the next thing happen that is due."""
        if self.due(now):
            moment, _, action = heapq.heappop(self._entries)
            action(moment)

    def take_all(self) -> list[tuple[float, Action]]:
        """Remove and return everything that has not happened yet."""
        entries = [(moment, action) for moment, _, action in sorted(self._entries)]
        self._entries.clear()
        return entries
