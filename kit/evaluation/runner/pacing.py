"""How fast to ask: a model of the service's token buckets that is corrected by what the service says.

Azure OpenAI limits requests and tokens per minute, and counts prompt plus longest answer when it admits a
request (https://learn.microsoft.com/azure/foundry/openai/how-to/quota). Each limit is a :class:`Bucket` here:

- It starts with the declared rate, or without one, and with the credit of a second: the service may check
  requests over windows as short as that.
- ``x-ratelimit-limit-*`` and ``x-ratelimit-remaining-*`` tell the real rate and the real credit, the opening
  burst included. From then on what is left decides, not what was declared.
- Without such headers the rate is found by additive increase and multiplicative decrease. Two refusals
  measure it: the bucket was empty at both, so what was let in between them is what flowed in.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from kit.evaluation.runner.failures import header_number

_WINDOW = 1.0  # seconds of the limit that may be asked at once before the service has said anything
_OPENING = 0.25  # seconds of it before the first response
_SEARCH = 1.1  # growth for each second of pressing against a rate that was never refused
_SEARCH_BLINDLY = 1.5  # the same where nothing was declared
_DECREASE = 0.75
_MOST_RESERVE = 4.0  # requests' worth that is left over: messages travel unevenly, and arrive in bunches
_SLACK = 0.9  # of a window's credit after a refusal: the service's bucket is not emptied to the ground
_MARGIN = 1.005  # above a measured rate: better one refusal now and then than a quota that is never used up
_CURVE = 5e-5  # growth with the square of the seconds since the last refusal, which finds a raised quota
_MEMORY = 60.0  # seconds for which a refusal serves as a measuring point
_ENOUGH = 10  # requests let in between two refusals, for a measurement


@dataclass(slots=True)
class Draw:
    """What one request took from a bucket."""

    cost: float
    sent_at: float
    total: float  # all costs up to and including this one
    number: int
    level: float  # what we thought was left after it
    correction: float  # the sum of all corrections of the level until then


@dataclass(slots=True)
class _Empty:
    """A moment at which the service's bucket was empty, because it refused a draw."""

    at: float
    total: float  # all costs up to and including that draw
    refused: float = 0.0  # of the draws after it


class Bucket:
    """One limit as far as it is known. Amounts are requests or tokens, times are seconds of one clock.

    Args:
        per_minute: the declared limit, or None.
        now: the time.
        share: the part of the service's limit that is ours; the rest belongs to others that run beside us.
    """

    def __init__(self, per_minute: float | None, now: float, share: float = 1.0) -> None:
        self.rate = per_minute / 60 * share if per_minute else math.inf
        self._search = _SEARCH if per_minute else _SEARCH_BLINDLY
        self.burst = max(1.0, self.rate * _WINDOW)
        self.level = max(1.0, self.rate * _OPENING)
        self._share = share
        self._now = self._started = now
        self._total = self._refused = 0.0
        self._number = 0
        self._under_way: dict[int, float] = {}  # costs of draws that have not come back, by number
        self._heard = 0  # number of the newest draw whose headers were read
        self._correction = 0.0
        self._limit: float | None = None
        self._follows = False  # whether the headers tell what is left
        self._doubt = 0
        self._reserve = 0.0  # left in the service's bucket, since what we know of it is not exact
        self._measured: float | None = None
        self._calm = 0.0
        self._pressed = False
        self._reacted = -math.inf
        self._empty: deque[_Empty] = deque(maxlen=64)

    def wait(self, cost: float, now: float) -> float:
        """Return the seconds until ``cost`` may be drawn; 0 for now."""
        self._refill(now)
        lacking = (
            min(cost + self._reserve, self.burst) - self.level
        )  # more than a full bucket is drawn on credit
        if lacking <= 1e-9:
            return 0.0
        self._pressed = True
        return lacking / self.rate

    def draw(self, cost: float, now: float) -> Draw:
        """Take ``cost``."""
        self._refill(now)
        self.level -= cost
        self._total += cost
        self._number += 1
        self._under_way[self._number] = cost
        return Draw(cost, now, self._total, self._number, self.level, self._correction)

    def back(self, draw: Draw) -> None:
        """Take in that a request has come back, with whatever result."""
        self._under_way.pop(draw.number, None)

    def hear(self, draw: Draw, limit: float | None, remaining: float | None, now: float) -> None:
        """Take in what the headers of an answered request say."""
        self._refill(now)
        if limit and limit != self._limit:
            self._limit, self._measured = limit, None
            self._set(limit / 60 * self._share)
        if remaining is None or draw.number <= self._heard or self._doubt > 1 or math.isinf(draw.level):
            return
        self._heard = draw.number
        self._follows = True
        self._reserve = max(self._reserve, draw.cost)
        # What was left then, against what we thought was left then, with what we have learnt since. Requests
        # sent before may have arrived after: those under way are perhaps not counted in it yet.
        most = remaining - draw.level - (self._correction - draw.correction)
        least = most - sum(cost for number, cost in self._under_way.items() if number < draw.number)
        error = least if least > 0 else min(most, 0.0)
        if self._share < 1:
            error = min(error, 0.0)  # what is left is for all who share
        else:
            self.burst = max(self.burst, remaining)
        self._correct(error)

    def refuse(self, draw: Draw, remaining: float | None, now: float) -> bool:
        """Take in that a request was refused because of this limit; tell whether that is news."""
        self._refill(now)
        news = draw.sent_at > self._reacted  # else it was under way when we reacted to another refusal
        if news:
            self._reacted = now
            self._learn(draw, remaining)
            self._correct(min(0.0, -self.level))
            self._calm = 0.0
            self._reserve = min(_MOST_RESERVE * draw.cost, self._reserve + draw.cost)
        for moment in self._empty:
            moment.refused += draw.cost if draw.total > moment.total else 0.0
        if news:
            self._empty.append(_Empty(draw.sent_at, draw.total))
        self._refused += draw.cost
        return news

    def idle(self, seconds: float) -> None:
        """Take in that nothing will be sent for so long: what overflows meanwhile was not measured."""
        for moment in self._empty:
            moment.at += max(0.0, seconds - _WINDOW)

    def _set(self, rate: float, slack: float = 1.0) -> None:
        """Set the rate, and the credit of one window with it."""
        self.rate = rate
        self.burst = max(1.0, rate * _WINDOW * slack)
        if math.isinf(self.level):
            self.level = self.burst

    def _correct(self, error: float) -> None:
        before = self.level
        self.level = min(self.burst, before + error)
        self._correction += self.level - before

    def _refill(self, now: float) -> None:
        elapsed = max(0.0, now - self._now)
        self._now = max(now, self._now)
        if self._pressed and not self._follows and elapsed:
            self._grow(elapsed)
        self._pressed = False
        self.level = (
            self.burst if math.isinf(self.rate) else min(self.burst, self.level + self.rate * elapsed)
        )

    def _grow(self, elapsed: float) -> None:
        if math.isinf(self.rate):
            return
        self._calm += elapsed
        if self._measured is None:
            self.rate *= self._search**elapsed
        else:
            self.rate = self._measured * (_MARGIN + _CURVE * self._calm**2)

    def _learn(self, draw: Draw, remaining: float | None) -> None:
        """Set the rate from a refusal."""
        if self._follows:
            # Headers that promised enough and a refusal all the same do not tell the whole truth.
            if remaining is None:
                self._doubt += 1
            elif remaining >= draw.cost:
                self._doubt += 2
            if self._doubt > 1:
                self._follows = False
                self._set(self.rate, _SLACK)
            return
        while len(self._empty) > 1 and draw.sent_at - self._empty[0].at > _MEMORY:
            self._empty.popleft()
        if self._empty:
            since = self._empty[0]
            let_in = draw.total - draw.cost - since.total - since.refused
            elapsed = draw.sent_at - since.at
            if let_in >= _ENOUGH * draw.cost and elapsed > 0:
                self._measured = let_in / elapsed
                self._set(self._measured * _MARGIN, _SLACK)
                return
        # The first refusal gives an upper bound only: an opening burst of unknown size was let in, too.
        elapsed = max(_WINDOW, draw.sent_at - self._started)
        bound = max(draw.total - draw.cost - self._refused, draw.cost) / elapsed
        self._set(min(self.rate * _DECREASE, bound), _SLACK)


@dataclass(slots=True)
class Ticket:
    """What a request that was sent took from both limits."""

    requests: Draw
    tokens: Draw


class Pacer:
    """Requests and tokens per minute together, and one pause for everybody after a refusal.

    Args:
        rpm: declared requests per minute, or None if unknown.
        tpm: declared tokens per minute, or None if unknown.
        now: the time.
        share: as in :class:`Bucket`.
    """

    def __init__(self, rpm: float | None, tpm: float | None, now: float, share: float = 1.0) -> None:
        self.requests = Bucket(rpm, now, share)
        self.tokens = Bucket(tpm, now, share)
        self.resume_at = now

    def wait(self, tokens: float, now: float) -> float:
        """Return the seconds until a request of that size may be sent; 0 for now."""
        if now < self.resume_at:
            return self.resume_at - now
        return max(self.requests.wait(1, now), self.tokens.wait(tokens, now))

    @property
    def blind(self) -> bool:
        """Whether nothing is known about the quota yet."""
        return math.isinf(self.requests.rate) and math.isinf(self.tokens.rate)

    def rate(self, tokens: float) -> float:
        """Return how many requests of that size the quota lets in, per second; infinity if unknown."""
        return min(self.requests.rate, self.tokens.rate / max(tokens, 1))

    def take(self, tokens: float, now: float) -> Ticket:
        """Count a request that is being sent."""
        return Ticket(self.requests.draw(1, now), self.tokens.draw(tokens, now))

    def back(self, ticket: Ticket) -> None:
        """Take in that a request has come back, with whatever result."""
        for bucket, draw, _kind in self._both(ticket):
            bucket.back(draw)

    def answered(self, ticket: Ticket, headers: Mapping[str, str], now: float) -> None:
        """Take in the headers of an answer."""
        for bucket, draw, kind in self._both(ticket):
            bucket.hear(draw, _header(headers, "limit", kind), _header(headers, "remaining", kind), now)

    def refused(self, ticket: Ticket, headers: Mapping[str, str], reason: str, now: float) -> bool:
        """Take in a refusal because of a limit; tell whether it is news, and no echo of an earlier one."""
        bucket, draw, kind = self._blamed(ticket, headers, reason)
        return bucket.refuse(draw, _header(headers, "remaining", kind), now)

    def pause(self, seconds: float, now: float) -> None:
        """Let nobody send for so long."""
        added = now + seconds - max(now, self.resume_at)
        if added > 0:
            self.resume_at = now + seconds
            self.requests.idle(added)
            self.tokens.idle(added)

    def _both(self, ticket: Ticket) -> list[tuple[Bucket, Draw, str]]:
        return [(self.requests, ticket.requests, "requests"), (self.tokens, ticket.tokens, "tokens")]

    def _blamed(self, ticket: Ticket, headers: Mapping[str, str], reason: str) -> tuple[Bucket, Draw, str]:
        """Return the limit that refused: by its headers, by the service's words, or by what is known."""
        requests, tokens = self._both(ticket)
        short = [each for each in (requests, tokens) if (_left(headers, each[2])) < each[1].cost]
        if len(short) == 1:
            return short[0]
        if "token" in reason.lower():
            return tokens
        return tokens if math.isinf(self.requests.rate) and math.isfinite(self.tokens.rate) else requests


def _header(headers: Mapping[str, str], what: str, kind: str) -> float | None:
    return header_number(headers, f"x-ratelimit-{what}-{kind}")


def _left(headers: Mapping[str, str], kind: str) -> float:
    value = _header(headers, "remaining", kind)
    return math.inf if value is None else value
