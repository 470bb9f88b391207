"""A run on this machine: the engine on the background loop, its progress, and its result."""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.evaluation.runner import background, requests
from kit.evaluation.runner.caps import Caps, Price, Spending
from kit.evaluation.runner.engine import Answers, Ask, Engine, Limits
from kit.evaluation.runner.journal import Journal
from kit.evaluation.runner.pacing import Pacer
from kit.evaluation.runner.progress import Progress, describe
from kit.evaluation.runner.requests import CountTokens, Prompt, Request
from kit.evaluation.runner.results import NOT_SENT, Run, Summary

Connect = Callable[[], Ask]


@dataclass(frozen=True)
class Options:
    """The choices of a run that are the same wherever it runs; see :func:`~.generation.generate`."""

    parameters: Mapping[str, Any]
    rpm: float | None = None
    tpm: float | None = None
    price: Price | None = None
    caps: Caps = field(default_factory=Caps)
    encoding: str = "o200k_base"
    count_tokens: CountTokens | None = None
    limits: Limits = field(default_factory=Limits)
    share: float = 1.0
    seed: int = 105
    accounts: list[Spending] | None = None  # gets the run's own, to be read even if it ends with an error

    def spending(self) -> Spending:
        """Return the account of a run."""
        opened = Spending(self.caps, self.price)
        if self.accounts is not None:
            self.accounts.append(opened)
        return opened

    def requests(self, prompts: Iterable[Prompt]) -> Iterator[Request]:
        """Yield a request for each prompt."""
        return requests.read(prompts, self.parameters, self.encoding, self.count_tokens)

    def engine(self, ask: Ask | Connect, prompts: Iterable[Prompt], book: Answers, now: float) -> Engine:
        """Return an engine, to be made on the loop that it will run on."""
        return Engine(
            connected(ask),
            self.requests(prompts),
            book,
            pacer=Pacer(self.rpm, self.tpm, now, self.share),
            spending=self.spending(),
            limits=self.limits,
            seed=self.seed,
        )


def run(
    prompts: Iterable[Prompt],
    ask: Ask | Connect,
    options: Options,
    journal: Path | str | None,
    *,
    progress: bool,
) -> Run:
    """Ask everything and return the rows; errors as in :func:`~kit.evaluation.runner.generate`."""
    total = len(prompts) if isinstance(prompts, Sized) else None
    with Journal(journal) as book:
        engine = _perform(lambda now: options.engine(ask, prompts, book, now), total, progress)
    return result(engine, book, total)


def connected(ask: Ask | Connect) -> Ask:
    """Return the function that asks: the one given, or what it returns if it takes no arguments."""
    try:
        takes_nothing = not inspect.signature(ask).parameters
    except (TypeError, ValueError):
        takes_nothing = False
    made: Ask = ask() if takes_nothing else ask  # type: ignore[assignment]
    return made


def _perform(build: Callable[[float], Engine], total: int | None, progress: bool) -> Engine:
    """Run an engine on the background loop, with its progress in the caller's thread."""
    built: list[Engine] = []

    async def work() -> Engine:
        engine = build(asyncio.get_running_loop().time())
        built.append(engine)
        await engine.run()
        if total is not None:
            engine.drain()
        return engine

    def interrupt() -> None:
        for engine in built:
            engine.stop("interrupted")

    line = Progress(lambda: _line(built, total)) if progress else None
    glance = line.glance if line is not None else lambda: None
    try:
        return background.call(work(), meanwhile=glance, on_interrupt=interrupt)
    finally:
        if line is not None:
            line.finish()


def _line(built: list[Engine], total: int | None) -> str:
    if not built:
        return ""
    counts = built[0].counts
    seconds = counts.seconds or background.now() - counts.started
    return describe(counts, built[0].spending, total, seconds)


def result(engine: Engine, journal: Journal, total: int | None) -> Run:
    """Put the result together."""
    rows = Run(engine.keys, engine.failures, journal, Summary(0, 0, 0, 0))
    errors = [row.error for row in rows if not row.ok]
    unsent = errors.count(NOT_SENT)
    summary = summarize(
        engine,
        answered=len(rows) - len(errors),
        failed=len(errors) - unsent,
        left=None if engine.stopped and total is None else unsent,
    )
    return Run(engine.keys, engine.failures, journal, summary)


def summarize(engine: Engine, *, answered: int, failed: int, left: int | None) -> Summary:
    """Return the figures of a run."""
    counts, spending = engine.counts, engine.spending
    priced = spending.price is not None
    return Summary(
        prompts=counts.read,
        answered=answered,
        failed=failed,
        left=left,
        known=counts.known,
        duplicates=counts.duplicates,
        sent=counts.sent,
        refused=counts.refused,
        repeated=counts.repeated,
        hidden_retries=counts.hidden_retries,
        prompt_tokens=spending.prompt_tokens,
        completion_tokens=spending.completion_tokens,
        cost=spending.cost if priced else None,
        uncertain_cost=spending.uncertain_cost if priced else None,
        seconds=counts.seconds,
        longest_wait_asked=counts.longest_wait_asked,
        stopped=engine.stopped,
    )
