"""The virtual clock that jobs, provisioning and time stamps of a simulator follow."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

START = datetime(2026, 11, 2, 9, tzinfo=UTC).timestamp()
"""The moment at which every simulator begins, in Unix seconds: always the same, so that runs compare."""


class VirtualClock:
    """A clock that moves when it is told to, and by itself at a chosen pace.

    Args:
        pace: virtual seconds that pass by themselves in each real second; 0 for a clock that only obeys.
        real_time: the source of real time, in seconds from any origin.

    Attributes:
        on_advance: called with the new moment whenever the clock is told to move.
    """

    def __init__(self, pace: float = 0.0, *, real_time: Callable[[], float] = time.monotonic) -> None:
        self.pace = pace
        self._moment = START
        self._told = 0.0
        self._real_time = real_time
        self._origin = real_time()
        self._held: float | None = None
        self.on_advance: Callable[[float], None] | None = None

    @property
    def now(self) -> float:
        """The present moment, in Unix seconds."""
        if self._held is not None:
            return self._held
        if not self.pace:
            return self._moment
        return self._moment + self.pace * (self._real_time() - self._origin)

    @property
    def elapsed(self) -> float:
        """Seconds that clients have lived through: real ones, and those the clock was told to pass.

        Unlike :attr:`now` it does not depend on the pace; quotas follow it.
        """
        return self._told + self._real_time() - self._origin

    def advance(self, seconds: float) -> float:
        """Move forward by ``seconds`` and return the new moment.

        Raises:
            ValueError: ``seconds`` is negative: what has happened cannot be undone.
        """
        if seconds < 0:
            raise ValueError("a virtual clock never goes back")
        self._moment += seconds
        self._told += seconds
        if self.on_advance is not None:
            self.on_advance(self.now)
        return self.now

    def resume(self, moment: float) -> None:
        """Go on from ``moment``, where the clock stood when its simulator was stopped."""
        self._moment = moment - self.pace * (self._real_time() - self._origin)

    @contextmanager
    def held(self, moment: float) -> Iterator[None]:
        """Let it be ``moment`` for as long as the block runs, wherever the clock stands."""
        before, self._held = self._held, moment
        try:
            yield
        finally:
            self._held = before
