"""The engine of a run: admits requests, sends them, and writes down what comes back.

It lives on one event loop and takes all its time from that loop, so a loop with a clock of its own runs it in
no time. One coroutine admits requests in order, those that have to be repeated first; each request under way
is a task.
"""

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kit.errors import N_, ServiceError, UsageError
from kit.evaluation.runner.answers import unpack
from kit.evaluation.runner.caps import Spending
from kit.evaluation.runner.concurrency import Concurrency
from kit.evaluation.runner.failures import Failure, Kind, header_number, understand
from kit.evaluation.runner.pacing import Pacer, Ticket
from kit.evaluation.runner.requests import Request

Ask = Callable[..., Awaitable[Any]]


class Answers(Protocol):
    """Where answers go, and what is known already: a journal."""

    def __contains__(self, key: bytes) -> bool: ...

    def append(self, key: bytes, record: dict[str, Any]) -> None:
        """Write an answer."""

    def sync(self) -> None:
        """Make sure that the answers last."""


_LONGEST_PAUSE = 60.0  # seconds; services have been seen to ask for a day
_SHORTEST_PAUSE = 0.05
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 30.0  # seconds
_JITTER = 0.1  # of a pause, so that many processes do not come back in the same moment


@dataclass(frozen=True)
class Limits:
    """How patient the engine is; times in seconds.

    Attributes:
        timeout: for one attempt.
        deadline: from the first attempt at a request until its row is given up.
        most_concurrent: requests under way at most.
    """

    timeout: float = 120.0
    deadline: float = 600.0
    most_concurrent: int = 256


@dataclass
class Counts:
    """What happened so far; read by the progress display from another thread."""

    read: int = 0  # prompts taken from the input
    known: int = 0  # found in the journal
    duplicates: int = 0
    answered: int = 0
    failed: int = 0
    sent: int = 0  # attempts
    refused: int = 0  # of them, because of a quota
    repeated: int = 0  # of them, for other reasons
    hidden_retries: int = 0  # that the client made by itself
    longest_wait_asked: float = 0.0
    started: float = 0.0
    seconds: float = 0.0


@dataclass(order=True)
class _Pending:
    """A request that is to be sent, now or later."""

    not_before: float
    number: int
    request: Request = field(compare=False)
    first: float = field(compare=False, default=-1.0)
    attempts: int = field(compare=False, default=0)


class Engine:
    """One run.

    Args:
        ask: sends a request, called with ``messages`` and the parameters by name.
        requests: what to ask; read only as fast as it is sent.
        journal: what is known, and where answers go.
        pacer: the quota.
        spending: the caps.
        limits: how patient to be.
        seed: of the jitter.
    """

    def __init__(  # noqa: PLR0913 - the parts of a run
        self,
        ask: Ask,
        requests: Iterator[Request],
        journal: Answers,
        *,
        pacer: Pacer,
        spending: Spending,
        limits: Limits,
        seed: int = 0,
    ) -> None:
        self.counts = Counts()
        self.keys: list[bytes] = []  # of each prompt that was read
        self.failures: dict[bytes, Failure] = {}
        self.spending = spending
        self.stopped = ""  # the cap or the reason that ended the run early
        self._ask = ask
        self._requests = requests
        self._journal = journal
        self._pacer = pacer
        self._limits = limits
        self._concurrency = Concurrency(limits.most_concurrent, blind=pacer.blind)
        self._random = random.Random(seed)
        self._again: list[_Pending] = []
        self._asked: set[bytes] = set()  # by this run
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._fatal: BaseException | None = None
        self._refusals_in_a_row = 0

    def stop(self, reason: str) -> None:
        """Send nothing more; what is under way may come back. To be called on the loop."""
        self.stopped = self.stopped or reason
        self._news.set()

    async def run(self) -> None:
        """Ask everything.

        Raises:
            ServiceError: the service lets nobody in, and has answered nothing.
            UsageError: the caller's function fails by itself, and has answered nothing.
        """
        loop = asyncio.get_running_loop()
        self.counts.started = loop.time()
        try:
            while not self.stopped and (pending := await self._next()) is not None:
                if await self._admission(pending):
                    self._send(pending)
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.counts.seconds = loop.time() - self.counts.started
            self._journal.sync()
        if self._fatal is not None:
            raise self._fatal

    def drain(self) -> None:
        """Read what is left of the input without sending it, so that every prompt gets its row."""
        for request in self._requests:
            self._note(request)

    async def _next(self) -> _Pending | None:
        """Return what to send next, waiting for it if need be; None when everything has come to its end."""
        loop = asyncio.get_running_loop()
        while not self.stopped:
            if self._again and self._again[0].not_before <= loop.time():
                return heapq.heappop(self._again)
            # Repeated requests may wait in a long queue: no more is read than could be under way.
            if len(self._again) <= self._limits.most_concurrent:
                for request in self._requests:
                    if self._note(request):
                        self._asked.add(request.key)
                        return _Pending(loop.time(), self.counts.read, request)
            if not self._tasks and not self._again:
                return None
            await self._wait(self._again[0].not_before - loop.time() if self._again else None)
        return None

    def _note(self, request: Request) -> bool:
        """Count a prompt; tell whether it has to be asked."""
        self.counts.read += 1
        self.keys.append(request.key)
        if request.key in self._journal:
            self.counts.known += request.key not in self._asked
            self.counts.duplicates += request.key in self._asked
            return False
        self.counts.duplicates += request.key in self._asked
        return request.key not in self._asked

    async def _admission(self, pending: _Pending) -> bool:
        """Wait until a request may be sent; False if it will not be."""
        loop = asyncio.get_running_loop()
        while not self.stopped:
            elapsed = loop.time() - self.counts.started
            if forbidden := self.spending.forbids(pending.request, elapsed):
                # What is under way has its worst case set aside, and may give part of that back.
                if forbidden in ("cost", "tokens") and self._tasks:
                    await self._wait(self._time_left())
                    continue
                self.stop(forbidden)
                break
            if len(self._tasks) >= self._concurrency.limit(self._pacer.rate(pending.request.tokens)):
                await self._wait(self._time_left())
                continue
            wait = self._pacer.wait(pending.request.tokens, loop.time())
            if wait <= 0:
                return True
            await self._wait(min(wait, self._time_left()))
        return False

    def _time_left(self) -> float:
        cap = self.spending.caps.seconds
        if cap is None:
            return 3600.0
        return max(0.0, cap - (asyncio.get_running_loop().time() - self.counts.started))

    async def _wait(self, seconds: float | None) -> None:
        """Wait for news, at most so long."""
        self._news.clear()
        loop = asyncio.get_running_loop()
        alarm = None if seconds is None else loop.call_later(max(0.0, seconds), self._news.set)
        await self._news.wait()
        if alarm is not None:
            alarm.cancel()

    def _send(self, pending: _Pending) -> None:
        now = asyncio.get_running_loop().time()
        if pending.first < 0:
            pending.first = now
            self.spending.items += 1
        pending.attempts += 1
        self.spending.promise(pending.request)
        self.counts.sent += 1
        ticket = self._pacer.take(pending.request.tokens, now)  # here: the task begins only later
        task = asyncio.create_task(self._attempt(pending, ticket))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._concurrency.blind = self._pacer.blind
        if not task.cancelled() and (error := task.exception()) is not None:  # such as a full disk
            self._fatal = self._fatal or error
            self.stop("error")
        self._news.set()

    async def _attempt(self, pending: _Pending, ticket: Ticket) -> None:
        loop = asyncio.get_running_loop()
        request, sent_at = pending.request, loop.time()
        try:
            async with asyncio.timeout(self._limits.timeout):
                response = await self._ask(messages=request.messages, **request.parameters)
                found, headers, retries = await unpack(response)
        except Exception as error:
            self._pacer.back(ticket)
            failure = understand(error)
            self.spending.release(request, uncertain=failure.uncertain)
            if failure.kind is Kind.LIMIT and self._pacer.refused(
                ticket, failure.headers, failure.reason, loop.time()
            ):
                self._refusals_in_a_row += 1
            self._failed(pending, failure, error)
            return
        except BaseException:
            self.spending.release(request, uncertain=True)
            raise
        now = loop.time()
        self._pacer.back(ticket)
        self._pacer.answered(ticket, headers, now)
        self._concurrency.succeeded(now - sent_at, len(self._tasks))
        self._refusals_in_a_row = 0
        self.counts.hidden_retries += retries
        self._journal.append(request.key, {**found, "seconds": round(now - sent_at, 3)})
        self.spending.release(request)
        self.spending.pay(found.get("prompt_tokens", 0), found.get("completion_tokens", 0))
        self.counts.answered += 1

    def _failed(self, pending: _Pending, failure: Failure, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if failure.kind is Kind.LIMIT:
            self.counts.refused += 1
            if self._never_fits(pending.request, failure.headers):
                self._give_up(pending, failure)
                return
            self._pause(failure, now)
            self._repeat(pending, failure, now)
        elif failure.kind is Kind.TRANSIENT:
            self.counts.repeated += 1
            self._concurrency.troubled()
            longest = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** (pending.attempts - 1))
            asked = self._bounded(failure.retry_after or 0.0)
            self._repeat(pending, failure, now + max(asked, self._random.uniform(0, longest)))
        elif failure.kind is Kind.FINAL:
            self._journal.append(pending.request.key, {"error": failure.reason, "status": failure.status})
            self.counts.failed += 1
        else:
            self._end_or_give_up(pending, failure, error)

    def _never_fits(self, request: Request, headers: Mapping[str, str]) -> bool:
        limit = header_number(headers, "x-ratelimit-limit-tokens")
        return limit is not None and request.tokens > limit

    def _pause(self, failure: Failure, now: float) -> None:
        """Let everybody wait; the refused request is the first to be sent after that."""
        asked = failure.retry_after
        if asked is None:
            asked = _FIRST_BACKOFF * 2.0 ** min(self._refusals_in_a_row - 1, 7)
        seconds = self._bounded(max(_SHORTEST_PAUSE, asked))
        seconds += self._random.uniform(0, _JITTER) * min(seconds, 1.0)
        self._pacer.pause(seconds, now)

    def _bounded(self, asked: float) -> float:
        self.counts.longest_wait_asked = max(self.counts.longest_wait_asked, asked)
        return min(asked, _LONGEST_PAUSE)

    def _repeat(self, pending: _Pending, failure: Failure, when: float) -> None:
        if max(when, self._pacer.resume_at) - pending.first > self._limits.deadline:
            self._give_up(pending, failure)
            return
        pending.not_before = when
        heapq.heappush(self._again, pending)

    def _give_up(self, pending: _Pending, failure: Failure) -> None:
        """Leave a row without an answer; another run will ask it again."""
        self.failures[pending.request.key] = failure
        self.counts.failed += 1

    def _end_or_give_up(self, pending: _Pending, failure: Failure, error: Exception) -> None:
        """Stop when nothing else will be let in, too; one odd response after good ones is only a row."""
        self._give_up(pending, failure)
        if failure.kind is Kind.FAULT and self.counts.answered:
            return
        if not self.counts.answered and self._fatal is None:
            self._fatal = _explained(failure)
            self._fatal.__cause__ = error
        self.stop("fault" if failure.kind is Kind.FAULT else "service")


def _explained(failure: Failure) -> Exception:
    """Return what to tell when not a single request came through."""
    if failure.kind is Kind.FAULT:
        return UsageError(
            N_("The function that asks the model failed by itself: {reason}"),
            advice=N_("Call it with one prompt first, and look at what it raises."),
            reason=failure.reason,
        )
    if failure.status in (401, 403):
        return ServiceError(
            N_("The service refused the credential (status {status}); nothing was answered."),
            advice=N_("Check the key or your sign-in, and run the cell again."),
            status=failure.status,
        )
    return ServiceError(
        N_("The service answered the first request with status {status}: {reason}"),
        advice=N_("Check the name of the deployment and the endpoint, and run the cell again."),
        status=failure.status,
        reason=failure.reason,
    )
