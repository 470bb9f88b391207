"""Many prompts through a language model: paced, resumable, capped, and with a row for every prompt.

The call of the official client stands with the caller, in a small asynchronous function; here is everything
around it::

    async def ask(messages, **parameters):
        return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

    run = generate(prompts, ask, parameters={"model": deployment, "max_tokens": 5}, journal="answers.jsonl")

With ``with_raw_response`` the response's headers come along, which say how much of the quota is left.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from kit.errors import N_, UsageError
from kit.evaluation.runner import batch, online, requests, spark
from kit.evaluation.runner.caps import Caps, Estimate, Price, Spending, estimated
from kit.evaluation.runner.engine import Ask, Limits
from kit.evaluation.runner.journal import Journal
from kit.evaluation.runner.requests import CountTokens, Prompt
from kit.evaluation.runner.results import Run


def generate(  # noqa: PLR0913 - what a learner can choose
    prompts: Iterable[Prompt] | Any,
    ask: Ask | online.Connect | Any,
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
    progress: bool = True,
    seed: int = 105,
    mode: Literal["online", "batch"] = "online",
    engine: Literal["local", "spark"] = "local",
    column: str = "prompt",
    partitions: int = 2,
    sleep: Callable[[float], None] = time.sleep,
    accounts: list[Spending] | None = None,
) -> Run | Any:
    """Ask a model every prompt and return one row for each, in the order of the input.

    An answer is written to the journal before it counts. Called again with the same journal, only what has no
    answer is sent: after a crash, an interrupt, a cap or a failure. Equal requests are asked once.

    Args:
        prompts: texts, conversations (lists of messages) or dictionaries with ``messages`` and parameters of
            their own; may be a generator, which is read only as fast as it is sent. With ``engine="spark"``
            a Spark data frame.
        ask: asynchronous function that sends one request, called with ``messages`` and the parameters by
            name; or a function without parameters that connects and returns such a function. Its client
            should not retry by itself (``max_retries=0``): the runner does, and knows about all the others.
            With ``mode="batch"`` the synchronous client itself.
        parameters: what every request is sent with, ``model`` among it. They belong to its identity.
        journal: file of the answers; None for a temporary one. Use one per service, since the identity of a
            request does not hold the endpoint. With ``engine="spark"`` a folder that all workers can write.
        rpm: the deployment's requests per minute, as far as you know them: a wrong or missing figure is
            found out.
        tpm: the same for tokens per minute.
        price: of the model in this mode, for the cost and its cap. The Batch API takes half, so with
            ``mode="batch"`` give half the list price: nothing is halved here.
        caps: hard limits of this call; a run that reaches one stops cleanly.
        encoding: name of the model's tokenizer, for counting what a request may cost.
        count_tokens: counts the tokens of a conversation instead.
        timeout: seconds for one attempt.
        deadline: seconds from the first attempt at a request until its row is given up.
        max_concurrency: requests under way at most; how many it really takes is found out.
        progress: whether to show a line with rate, tokens, cost and time left.
        seed: of the jitter.
        mode: ``batch`` hands everything to the Batch API in files, for less money and up to a day of waiting.
        engine: ``spark`` asks from the partitions of a data frame.
        column: Spark only: the column with the prompts, texts or arrays of messages.
        partitions: Spark only: how many parts share the quota and the caps.
        sleep: batch only: how to wait between two looks at the batch.
        accounts: not with Spark: gets the account of this run, which tells what it has cost even if it ends
            with an exception.

    Returns:
        A :class:`Run`; with ``engine="spark"`` a :class:`~kit.evaluation.runner.spark.SparkRun`.

    Raises:
        ServiceError: the service lets nobody in (401, 403, 404), and answered nothing.
        UsageError: a prompt or a parameter does not fit, ``ask`` fails by itself, or the journal is in use.
        KeyboardInterrupt: it was interrupted; the journal has every answer that came back.
    """
    limits = Limits(timeout, deadline, max_concurrency)
    chosen = online.Options(parameters, rpm, tpm, price, caps or Caps(), encoding, count_tokens, limits)
    chosen = replace(chosen, seed=seed, accounts=accounts if engine == "local" else None)
    if (mode, engine) == ("batch", "local"):
        return batch.run(prompts, ask, chosen, journal, progress=progress, sleep=sleep)
    if (mode, engine) == ("online", "spark"):
        return spark.run(prompts, ask, chosen, journal, column=column, partitions=partitions)
    if (mode, engine) == ("online", "local"):
        return online.run(prompts, ask, chosen, journal, progress=progress)
    raise UsageError(
        N_("There is no mode “{mode}” with the engine “{engine}”."),
        advice=N_("Use “online” or “batch” on this machine, or “online” with “spark”."),
        mode=mode,
        engine=engine,
    )


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
