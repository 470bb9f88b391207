"""Many prompts through a language model: paced, resumable, capped, and with a row for every prompt.

The call of the official client stands with the caller, in a small asynchronous function; here is everything
around it::

    async def ask(messages, **parameters):
        return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

    run = generate(prompts, ask, parameters={"model": deployment, "max_tokens": 5}, journal="answers.jsonl")

With ``with_raw_response`` the response's headers come along, which say how much of the quota is left.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping, Sized
from pathlib import Path
from typing import Any

from kit.evaluation.runner import background, requests
from kit.evaluation.runner.caps import Caps, Estimate, Price, Spending, estimated
from kit.evaluation.runner.engine import Ask, Engine, Limits
from kit.evaluation.runner.journal import Journal
from kit.evaluation.runner.pacing import Pacer
from kit.evaluation.runner.progress import Progress, describe
from kit.evaluation.runner.requests import CountTokens, Prompt
from kit.evaluation.runner.results import NOT_SENT, Run, Summary

Connect = Callable[[], Ask]


def generate(  # noqa: PLR0913 - what a learner can choose
    prompts: Iterable[Prompt],
    ask: Ask | Connect,
    *,
    parameters: Mapping[str, Any],
    journal: Path | str | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    price: Price | None = None,
    caps: Caps | None = None,
    encoding: str = "o200k_base",
    count_tokens: CountTokens | None = None,
    timeout: float = 120.0,
    deadline: float = 600.0,
    max_concurrency: int = 256,
    share: float = 1.0,
    progress: bool = True,
    seed: int = 105,
) -> Run:
    """Ask a model every prompt and return one row for each, in the order of the input.

    An answer is written to the journal before it counts. Called again with the same journal, only what has no
    answer is sent: after a crash, an interrupt, a cap or a failure. Equal requests are asked once.

    Args:
        prompts: texts, conversations (lists of messages) or dictionaries with ``messages`` and parameters of
            their own; may be a generator, which is read only as fast as it is sent.
        ask: asynchronous function that sends one request, called with ``messages`` and the parameters by
            name; or a function without parameters that connects and returns such a function. Its client
            should not retry by itself (``max_retries=0``): the runner does, and knows about all the others.
        parameters: what every request is sent with, ``model`` among it. They belong to its identity.
        journal: file of the answers; None for a temporary one. Use one per service, since the identity of a
            request does not hold the endpoint.
        rpm: the deployment's requests per minute, as far as you know them: a wrong or missing figure is
            found out.
        tpm: the same for tokens per minute.
        price: of the model, for the cost and its cap.
        caps: hard limits of this call; a run that reaches one stops cleanly.
        encoding: name of the model's tokenizer, for counting what a request may cost.
        count_tokens: counts the tokens of a conversation instead.
        timeout: seconds for one attempt.
        deadline: seconds from the first attempt at a request until its row is given up.
        max_concurrency: requests under way at most; how many it really takes is found out.
        share: part of the service's quota that this process may use, the rest being used beside it.
        progress: whether to show a line with rate, tokens, cost and time left.
        seed: of the jitter.

    Raises:
        ServiceError: the service lets nobody in (401, 403, 404), and answered nothing.
        UsageError: a prompt or a parameter does not fit, ``ask`` fails by itself, or the journal is in use.
        KeyboardInterrupt: it was interrupted; the journal has every answer that came back.
    """
    total = len(prompts) if isinstance(prompts, Sized) else None
    source = requests.read(prompts, parameters, encoding, count_tokens)
    spending = Spending(caps or Caps(), price)
    limits = Limits(timeout, deadline, max_concurrency)

    def build(book: Journal, now: float) -> Engine:
        pacer = Pacer(rpm, tpm, now, share)
        return Engine(connected(ask), source, book, pacer=pacer, spending=spending, limits=limits, seed=seed)

    with Journal(journal) as book:
        engine = _perform(lambda now: build(book, now), spending, total, progress)
    return _result(engine, book, spending, total)


def estimate(  # noqa: PLR0913 - the same choices as those of a run
    prompts: Iterable[Prompt],
    *,
    parameters: Mapping[str, Any],
    journal: Path | str | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    price: Price | None = None,
    encoding: str = "o200k_base",
    count_tokens: CountTokens | None = None,
) -> Estimate:
    """Return what a run would take at most, without sending anything; arguments as in :func:`generate`.

    Raises:
        UsageError: as in :func:`generate`.
    """
    source = requests.read(prompts, parameters, encoding, count_tokens)
    if journal is None or not Path(journal).exists():
        return estimated(source, None, price, rpm, tpm)
    with Journal(journal) as book:
        return estimated(source, book, price, rpm, tpm)


def connected(ask: Ask | Connect) -> Ask:
    """Return the function that asks: the one given, or what it returns if it takes no arguments."""
    try:
        takes_nothing = not inspect.signature(ask).parameters
    except (TypeError, ValueError):
        takes_nothing = False
    made: Ask = ask() if takes_nothing else ask  # type: ignore[assignment]
    return made


def _perform(
    build: Callable[[float], Engine], spending: Spending, total: int | None, progress: bool
) -> Engine:
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

    line = Progress(lambda: _line(built, spending, total)) if progress else None
    glance = line.glance if line is not None else lambda: None
    try:
        return background.call(work(), meanwhile=glance, on_interrupt=interrupt)
    finally:
        if line is not None:
            line.finish()


def _line(built: list[Engine], spending: Spending, total: int | None) -> str:
    if not built:
        return ""
    counts = built[0].counts
    seconds = counts.seconds or background.now() - counts.started
    return describe(counts, spending, total, seconds)


def _result(engine: Engine, journal: Journal, spending: Spending, total: int | None) -> Run:
    """Put the result together."""
    counts, priced = engine.counts, spending.price is not None
    rows = Run(engine.keys, engine.failures, journal, Summary(0, 0, 0, 0))
    errors = [row.error for row in rows if not row.ok]
    answered, left = len(rows) - len(errors), errors.count(NOT_SENT)
    failed = len(errors) - left
    summary = Summary(
        prompts=len(engine.keys),
        answered=answered,
        failed=failed,
        left=None if engine.stopped and total is None else left,
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
    return Run(engine.keys, engine.failures, journal, summary)
