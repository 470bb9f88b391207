"""A loop whose clock jumps, and a service with a quota that is written independently of the runner."""

import asyncio
import json
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kit.evaluation.runner.caps import Caps, Price, Spending
from kit.evaluation.runner.engine import Engine, Limits
from kit.evaluation.runner.journal import Journal
from kit.evaluation.runner.pacing import Pacer
from kit.evaluation.runner.requests import read


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: when nothing is ready, its clock jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0

    def time(self) -> float:
        return self._virtual

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._virtual = max(self._virtual, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class RefusalError(Exception):
    """An exception with the attributes that those of the official clients have."""

    def __init__(self, status: int, headers: dict[str, str] | None = None, **body: Any) -> None:
        super().__init__(body.get("message", f"status {status}"))
        self.status_code = status
        self.response = SimpleNamespace(headers=headers or {})
        self.body = body
        self.code = body.get("code")


@dataclass
class Service:
    """A service with token buckets, in the time of the running loop.

    The buckets are the oracle: filled at an even rate, refused requests take nothing, and whoever empties the
    larger of both as fast as it fills has reached the ideal.
    """

    rpm: float = 1e9
    tpm: float = 1e12
    request_burst: float = 1.0  # seconds of the rate that a full bucket holds
    token_burst: float = 60.0
    latency: float = 0.2
    headers: bool = True
    retry_after: str = "exact"  # "whole" seconds only, "absurd", or "missing"
    answered: int = 0
    refused: int = 0
    most_in_flight: int = 0
    finished_at: float = 0.0
    sent: list[str] = field(default_factory=list)
    _levels: dict[str, float] = field(default_factory=dict)
    _at: float = 0.0
    _in_flight: int = 0

    def capacity(self, kind: str) -> float:
        rate, burst = (self.rpm, self.request_burst) if kind == "requests" else (self.tpm, self.token_burst)
        return max(1.0, rate / 60 * burst)

    def ideal(self, n: int, tokens: float) -> float:
        """Seconds in which a client that knows everything gets ``n`` answers of that size."""
        needs = {"requests": n, "tokens": n * tokens}
        rates = {"requests": self.rpm / 60, "tokens": self.tpm / 60}
        return self.latency + max(0.0, *((needs[kind] - self.capacity(kind)) / rates[kind] for kind in needs))

    async def __call__(self, *, messages: Any, **parameters: Any) -> Any:
        now = asyncio.get_running_loop().time()
        cost = {"requests": 1.0, "tokens": len(messages[-1]["content"]) + parameters["max_tokens"]}
        self._refill(now)
        self.sent.append(messages[-1]["content"])
        lacking = {
            kind: (cost[kind] - self._levels[kind]) / (rate / 60)
            for kind, rate in (("requests", self.rpm), ("tokens", self.tpm))
        }
        if max(lacking.values()) > 1e-9:
            self.refused += 1
            await asyncio.sleep(min(0.1, self.latency))
            raise RefusalError(429, self._headers(max(lacking.values())), message="slow down")
        for kind, amount in cost.items():
            self._levels[kind] -= amount
        headers = self._headers(None)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await asyncio.sleep(self.latency)
        finally:
            self._in_flight -= 1
        self.answered += 1
        self.finished_at = asyncio.get_running_loop().time()
        return Response(messages[-1]["content"].upper(), headers, cost["tokens"])

    def _refill(self, now: float) -> None:
        for kind, rate in (("requests", self.rpm), ("tokens", self.tpm)):
            level = self._levels.get(kind, self.capacity(kind))
            self._levels[kind] = min(self.capacity(kind), level + (now - self._at) * rate / 60)
        self._at = now

    def _headers(self, wait: float | None) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.headers:
            for kind, limit in (("requests", self.rpm), ("tokens", self.tpm)):
                found[f"x-ratelimit-limit-{kind}"] = str(int(limit))
                found[f"x-ratelimit-remaining-{kind}"] = str(int(self._levels[kind]))
        if wait is not None and self.retry_after == "exact":
            found["retry-after-ms"] = str(int(wait * 1000) + 1)
        elif wait is not None and self.retry_after == "whole":
            found["retry-after"] = str(int(wait) + 1)
        elif wait is not None and self.retry_after == "absurd":
            found["retry-after"] = "86400"
        return found


class Response:
    """A raw response, as ``with_raw_response`` gives it."""

    def __init__(self, text: str, headers: dict[str, str], tokens: float = 0) -> None:
        self.headers = headers
        self._body = {
            "choices": [{"message": {"content": text}, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": int(tokens) - 1, "completion_tokens": 1},
            "model": "echo",
        }

    def parse(self) -> Any:
        return json.loads(json.dumps(self._body), object_hook=lambda fields: SimpleNamespace(**fields))


@pytest.fixture
def service() -> type[Service]:
    return Service


@pytest.fixture
def refusal() -> type[RefusalError]:
    return RefusalError


@pytest.fixture
def response() -> type[Response]:
    return Response


@pytest.fixture
def in_virtual_time() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run a coroutine on a loop that never waits."""
    loop = VirtualLoop()
    yield loop.run_until_complete
    loop.close()


@pytest.fixture
def run(in_virtual_time: Any, tmp_path: Any) -> Callable[..., Engine]:
    """Run the engine in virtual time; tokens are characters, so that sums can be done in the head."""

    def start(
        prompts: Any,
        ask: Callable[..., Awaitable[Any]],
        *,
        rpm: float | None = None,
        tpm: float | None = None,
        caps: Caps | None = None,
        price: Price | None = None,
        limits: Limits | None = None,
        journal: str = "journal.jsonl",
        share: float = 1.0,
        max_tokens: int = 10,
        before: Callable[[Engine], None] = lambda engine: None,
    ) -> Engine:
        requests = read(
            prompts, {"max_tokens": max_tokens}, count_tokens=lambda messages: len(messages[-1]["content"])
        )

        async def work(book: Journal) -> Engine:
            pacer = Pacer(rpm, tpm, asyncio.get_running_loop().time(), share)
            spending = Spending(caps or Caps(), price)
            engine = Engine(ask, requests, book, pacer=pacer, spending=spending, limits=limits or Limits())
            before(engine)
            await engine.run()
            return engine

        with Journal(tmp_path / journal) as book:
            engine: Engine = in_virtual_time(work(book))
            engine.records = dict(zip(book, book.records(book), strict=True))  # type: ignore[attr-defined]
            return engine

    return start


class QuotaService:
    """The service of ``quota_service.py``, in a process of its own."""

    def __init__(self, options):
        command = [sys.executable, str(Path(__file__).with_name("quota_service.py")), json.dumps(options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def stats(self, **reset):
        query = f"?reset={urllib.parse.quote(json.dumps(reset))}" if reset else ""
        with urllib.request.urlopen(f"{self.url}/stats{query}") as answer:
            return json.load(answer)


@pytest.fixture
def quota_service():
    started = []

    def start(**options):
        started.append(QuotaService(options))
        return started[-1]

    yield start
    for each in started:
        each.process.terminate()
        each.process.wait()
        each.process.stdout.close()
