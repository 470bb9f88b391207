"""The runner beside its peers under one quota, in one run: ``python tests/benchmarks/runner.py``.

A chat service with token buckets (``tests/evaluation/runner/quota_service.py``, which shares no code with the
kit) answers after 0.2 seconds. Five situations: bound by requests or by tokens per minute, the quota declared
rightly or twice as high as it is, and once without rate-limit headers. The bucket of requests holds one
second's worth, that of tokens one minute's.

- *ideal*: arithmetic; what a full bucket holds goes at once, the rest at the rate of the quota.
- *sequential*: a loop, one request after the other; measured on a part and extrapolated.
- *semaphore*: 50 requests at a time, the client's default of 2 retries.
- *aiolimiter*: the same client behind ``AsyncLimiter`` at the declared rate, of requests or of tokens.
- *inspect-ai*: ``--with-inspect`` installs it into an environment of its own (350 MB); 50 connections.
- *kit*: ``generate`` with the declared quota, a client without retries, and a journal.

Seconds go from the first request to the last answer as the service saw them; for the sequential loop they are
those of its part times what is missing. *429* are refused attempts, *lost* prompts without an answer.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.parse
import urllib.request
import venv
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT)]

from aiolimiter import AsyncLimiter  # noqa: E402 - the kit need not be installed
from openai import APIStatusError, AsyncOpenAI  # noqa: E402
from report import record  # noqa: E402

from kit.evaluation.runner import background, generate  # noqa: E402

_LATENCY = 0.2
_ANSWER = 200  # max_tokens of each request; the service counts a prompt's characters as tokens
_PROMPT = 12
_PART = 15  # prompts of the sequential loop that are measured


@dataclass(frozen=True)
class Situation:
    """A quota, what is declared of it, and how much there is to do."""

    name: str
    n: int
    rpm: float | None = None
    tpm: float | None = None
    declared: float = 1.0  # times the true quota
    headers: bool = True

    @property
    def ideal(self) -> float:
        """Seconds of a client that knows everything."""
        if self.rpm:
            return (self.n - self.rpm / 60) / (self.rpm / 60) + _LATENCY
        assert self.tpm is not None
        return (self.n * (_PROMPT + _ANSWER) - self.tpm) / (self.tpm / 60) + _LATENCY


SITUATIONS = [
    Situation("requests per minute, declared rightly", n=400, rpm=1200),
    Situation("requests per minute, half of what is declared", n=200, rpm=600, declared=2),
    Situation("requests per minute, half of what is declared, no headers", 200, 600, None, 2, False),
    Situation("tokens per minute, declared rightly", n=400, tpm=66_000),
    Situation("tokens per minute, half of what is declared", n=400, tpm=66_000, declared=2),
]


class Service:
    """The process of the service."""

    def __init__(self) -> None:
        script = _ROOT / "tests" / "evaluation" / "runner" / "quota_service.py"
        self._process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def stats(self, **reset: Any) -> dict[str, Any]:
        """Return what happened; with options, begin again under them."""
        query = f"?reset={urllib.parse.quote(json.dumps(reset))}" if reset else ""
        with urllib.request.urlopen(f"{self.url}/stats{query}") as answer:
            return dict(json.load(answer))

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


def prompts(n: int) -> list[str]:
    """Return ``n`` different prompts of 12 characters."""
    return [f"prompt {i:05d}" for i in range(n)]


async def _ask(client: AsyncOpenAI, prompt: str) -> bool:
    try:
        await client.chat.completions.create(
            model="m", max_tokens=_ANSWER, messages=[{"role": "user", "content": prompt}]
        )
    except APIStatusError:
        return False
    return True


async def sequential(client: AsyncOpenAI, situation: Situation) -> None:
    """Ask a part, one after the other."""
    for prompt in prompts(_PART):
        await _ask(client, prompt)


async def semaphore(client: AsyncOpenAI, situation: Situation) -> None:
    """Ask all, fifty at a time."""
    places = asyncio.Semaphore(50)

    async def one(prompt: str) -> None:
        async with places:
            await _ask(client, prompt)

    await asyncio.gather(*map(one, prompts(situation.n)))


async def aiolimiter(client: AsyncOpenAI, situation: Situation) -> None:
    """Ask all at the declared rate."""
    if situation.rpm:
        limiter, cost = AsyncLimiter(situation.rpm * situation.declared / 60, 1), 1
    else:
        limiter = AsyncLimiter((situation.tpm or 0) * situation.declared, 60)
        cost = _PROMPT + _ANSWER

    async def one(prompt: str) -> None:
        await limiter.acquire(cost)
        await _ask(client, prompt)

    await asyncio.gather(*map(one, prompts(situation.n)))


def peer(service: Service, ask: Callable[[AsyncOpenAI, Situation], Awaitable[None]]) -> Callable[..., None]:
    """Return a contender that uses the client as it is."""

    def run(situation: Situation) -> None:
        async def work() -> None:
            async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key="any") as client:
                await ask(client, situation)

        asyncio.run(work())

    return run


def kit(service: Service) -> Callable[..., None]:
    """Return our contender."""

    def run(situation: Situation) -> None:
        client = AsyncOpenAI(base_url=f"{service.url}/v1", api_key="any", max_retries=0)

        async def ask(messages: Any, **parameters: Any) -> Any:
            return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

        with tempfile.TemporaryDirectory() as folder:
            generate(
                prompts(situation.n),
                ask,
                parameters={"model": "m", "max_tokens": _ANSWER},
                rpm=situation.rpm and situation.rpm * situation.declared,
                tpm=situation.tpm and situation.tpm * situation.declared,
                count_tokens=lambda messages: len(messages[-1]["content"]),
                journal=Path(folder) / "answers.jsonl",
                progress=False,
            )
        background.call(client.close())

    return run


_INSPECT = textwrap.dedent(
    """
    import sys
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import GenerateConfig
    from inspect_ai.solver import generate

    n, url, folder, answer = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    task = Task(dataset=[Sample(input=f"prompt {i:05d}") for i in range(n)], solver=generate())
    eval(task, model="openai/gpt-4.1-mini", model_base_url=url, log_dir=folder, display="none",
         max_connections=50, max_tokens=answer, max_samples=n)
    """
)


def inspect_ai(service: Service, python: Path) -> Callable[..., None]:
    """Return the contender inspect-ai, in its own environment."""

    def run(situation: Situation) -> None:
        with tempfile.TemporaryDirectory() as folder:
            arguments = [str(situation.n), f"{service.url}/v1", folder, str(_ANSWER)]
            subprocess.run(
                [python, "-c", _INSPECT, *arguments],
                check=True,
                env={"OPENAI_API_KEY": "any", "HOME": folder},
            )

    return run


def environment(folder: Path) -> Path:
    """Return the Python of an environment with inspect-ai, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        _tell("installing inspect-ai …")
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "inspect-ai", "openai"], check=True)
    return python


def measure(
    service: Service, situation: Situation, run: Callable[..., None], part: int
) -> tuple[float, int, int]:
    """Return seconds, refusals and lost prompts."""
    service.stats(
        rpm=situation.rpm or 1e9, tpm=situation.tpm or 1e12, latency=_LATENCY, headers=situation.headers
    )
    run(situation)
    time.sleep(_LATENCY)  # requests that nobody waits for any more are paid as well
    found = service.stats()
    return found["seconds"] * situation.n / part, found["refused"], part - len(found["paid"])


def table(service: Service, situation: Situation, contenders: dict[str, Callable[..., None]]) -> list[str]:
    """Return the lines of one situation's table."""
    lines = [
        f"### {situation.name}",
        "",
        "| way | seconds | ideal / seconds | 429 | lost |",
        "|---|---|---|---|---|",
        f"| ideal | {situation.ideal:.1f} | 1.00 | 0 | 0 |",
    ]
    for name, run in contenders.items():
        _tell(f"{situation.name}: {name} …")
        part = _PART if name.startswith("sequential") else situation.n
        seconds, refused, lost = measure(service, situation, run, part)
        ratio = "–" if lost else f"{situation.ideal / seconds:.3f}"  # fast because it gave up is not fast
        share = f"{refused} ({refused / part:.1%})"
        lines.append(f"| {name} | {seconds:.1f} | {ratio} | {share} | {lost} |")
        if name == "kit":
            record(
                f"prediction runner, {situation.name} (`runner.py`)",
                "the limit of the quota",
                f"{ratio} of it, {lost} lost",
            )
    return [*lines, ""]


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--with-inspect", metavar="FOLDER", type=Path, help="environment of inspect-ai")
    parser.add_argument("--only", default="", help="contenders whose name has this in it")
    chosen = parser.parse_args()
    service = Service()
    contenders = {
        f"sequential, extrapolated from {_PART}": peer(service, sequential),
        "semaphore 50": peer(service, semaphore),
        "aiolimiter": peer(service, aiolimiter),
        "kit": kit(service),
    }
    if chosen.with_inspect:
        contenders["inspect-ai"] = inspect_ai(service, environment(chosen.with_inspect))
    contenders = {name: run for name, run in contenders.items() if chosen.only in name}
    try:
        for situation in SITUATIONS:
            print("\n".join(table(service, situation, contenders)), flush=True)  # noqa: T201
    finally:
        service.stop()


if __name__ == "__main__":
    main()
