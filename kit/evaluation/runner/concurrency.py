"""How many requests may be under way: found from their latency.

The rule is that of Netflix's concurrency-limits, ``Gradient2Limit``: as long as requests take as long as they
usually do, the limit grows; when they take longer, they wait in the service's queue, and it shrinks.
https://github.com/Netflix/concurrency-limits

A quota that is known sets a floor under it: by Little's law, requests under way = rate x latency, and with
fewer the quota would not be used up.
"""

import math

_TOLERANCE = 1.5  # a latency up to this multiple of the usual one is no queue
_SMOOTHING = 0.2
_USUAL = 1 / 200  # weight of one request in the usual latency
_FIRST = 20  # requests whose plain mean is the usual latency to begin with
_START = 64
_BLIND_START, _BLIND_MOST = 8, 24  # as many may be refused at once when the quota shows itself
_ROOM, _SPARE = 2.0, 4  # above what Little's law asks for: latencies vary
_RETREAT = 0.7  # after a timeout or an error of the server


class Concurrency:
    """The limit on requests under way.

    Args:
        most: never more than this many.
        blind: whether nothing is known of the quota, so that nothing but this limit holds a run back.
    """

    def __init__(self, most: int, *, blind: bool) -> None:
        self.blind = blind
        self._most = most
        self._estimate = float(min(_BLIND_START if blind else _START, most))
        self._usual = 0.0
        self._n = 0

    def limit(self, rate: float) -> int:
        """Return how many requests may be under way now; ``rate`` is the quota's, in requests per second."""
        if math.isinf(rate):
            return max(1, int(min(self._estimate, _BLIND_MOST) if self.blind else self._estimate))
        floor = _ROOM * rate * self._usual + _SPARE
        return max(1, int(min(max(self._estimate, floor), self._most)))

    def succeeded(self, seconds: float, in_flight: int) -> None:
        """Take in that a request took so long while so many were under way."""
        self._n += 1
        weight = 1 / self._n if self._n <= _FIRST else _USUAL
        self._usual += weight * (seconds - self._usual)
        if in_flight < self._estimate / 2:  # the limit was not what held us back
            return
        gradient = min(1.0, max(0.5, _TOLERANCE * self._usual / max(seconds, 1e-9)))
        wanted = self._estimate * gradient + math.sqrt(self._estimate)
        moved = self._estimate + _SMOOTHING * (wanted - self._estimate)
        self._estimate = min(float(self._most), max(1.0, moved))

    def troubled(self) -> None:
        """Take in that the service broke down under a request."""
        self._estimate = max(1.0, self._estimate * _RETREAT)
