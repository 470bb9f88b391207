"""Asking a model many things from a notebook: prices, budget and journal around :mod:`kit.evaluation.runner`.

The call of the official client stays in the notebook; the runner gets it handed in. What it may cost is set
aside from the lab's budget before anything is sent, and settled in the ledger afterwards.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from kit import i18n
from kit.azure.models import Model, find, table
from kit.errors import N_, ModelError
from kit.evaluation import runner
from kit.evaluation.runner import Caps, Price, Spending
from kit.i18n import gettext as _
from kit.i18n import number
from kit.lab import spark
from kit.lab.display import Table
from kit.lab.models import encoding_of
from kit.lab.models import price as price_text
from kit.lab.session import session

_JOURNAL = "answers.jsonl"
_BATCH_SHARE = 0.5  # https://learn.microsoft.com/azure/foundry/openai/how-to/batch: “50% less cost”
_MARGIN = 1.5  # requests that break off may be billed and are asked again


def chat_model(name: str) -> Model:
    """Return the row of a model that answers without being tuned.

    Raises:
        ModelError: the table does not have it, or it has been retired.
    """
    model = find(name)
    today = session().today()
    if not model.base_answers(today):
        live = next((row.name for row in _live(today)), "")
        raise ModelError(
            N_("The model {model} is not offered untuned any more, or never was."),
            advice=N_("Choose a model that is alive, for example {alternative}.") if live else "",
            model=model.name,
            alternative=live,
        )
    return model


def _live(today: Any) -> Iterable[Model]:
    return (row for row in table().values() if row.base_answers(today) and not row.preview)


def accepted(model: Model, **parameters: Any) -> dict[str, Any]:
    """Return the parameters that a model takes, and say which ones it rejects.

    Reasoning models, for example, refuse ``temperature`` and ``logprobs``. ``max_tokens``, where it is
    rejected, travels under its newer name ``max_completion_tokens``.
    """
    kept = {name: value for name, value in parameters.items() if name not in model.rejects}
    dropped = [name for name in parameters if name in model.rejects]
    if "max_tokens" in dropped:
        kept["max_completion_tokens"] = parameters["max_tokens"]
        dropped.remove("max_tokens")
    if dropped:
        names = i18n.joined([f"“{name}”" for name in dropped])
        print(_("{model} does not take {names}: left out.").format(model=model.name, names=names))
    return kept


def predict(  # noqa: PLR0913 - what a learner sets
    prompts: Iterable[Any],
    ask: Any,
    *,
    model: Model,
    parameters: Mapping[str, Any],
    rpm: float = 0,
    tpm: float = 0,
    **options: Any,
) -> Any:
    """Ask every prompt under the deployment's quota and the lab's budget; return one row for each.

    Args:
        prompts: conversations, or a Spark data frame of them.
        ask: the notebook's asynchronous function that calls the client; for ``mode="batch"`` the client.
        model: decides tokenizer and price.
        parameters: of every request, the deployment as ``model`` among them.
        rpm: requests per minute of the deployment; 0 if you do not know.
        tpm: tokens per minute of the deployment; 0 if you do not know.
        options: as of :func:`kit.evaluation.runner.generate`, such as ``mode`` and ``engine``.

    Raises:
        ServiceError: the service lets nobody in.
        BudgetError: the price is not known, and the budget is meant to protect you.
    """
    running = session()
    what = _("Answers of {deployment}").format(deployment=parameters.get("model", model.name))
    price, journal = _price(model, options.get("mode", "online")), _journal(options.get("engine", "local"))
    if options.get("mode") == "batch":
        options.setdefault("sleep", running.sleep)  # a simulator's clock moves only when it is told to
    encoding = encoding_of(model)
    fixed: dict[str, Any] = {"parameters": parameters, "encoding": encoding, "journal": journal}
    fixed |= {"rpm": rpm or None, "tpm": tpm or None, "price": price}
    worst = _set_aside(prompts, **fixed)
    accounts: list[Spending] = []
    with running.budget.reserve(worst, what) as reserved:
        limit = reserved.amount if price is not None and running.budget.cap is not None else None
        try:
            run = runner.generate(prompts, ask, caps=Caps(cost=limit), accounts=accounts, **fixed, **options)
            bill = (run.summary.cost or 0.0) + (run.summary.uncertain_cost or 0.0)
        except BaseException:  # an interrupt, too: what was sent is on the bill
            lost = [account.at_most for account in accounts]
            bill = sum(lost) if lost or options.get("engine") != "spark" else reserved.amount
            raise
        finally:
            if options.get("mode") == "batch":
                _settle_orders(accounts)
            else:
                reserved.spend(bill)
    return run


def _settle_orders(accounts: Iterable[Spending]) -> None:
    """Write down what each batch has cost, or may cost, under its own name: a later run may wait for it."""
    for account in accounts:
        for mark, amount in account.orders.items():
            session().budget.settle(f"batch {mark}", amount)


def _set_aside(prompts: Any, *, price: Price | None, **fixed: Any) -> float | None:
    """Return what a run may cost, to be set aside while it is under way; None where the price is not known.

    What cannot be counted beforehand, a generator or a data frame, may cost all that is left.
    """
    remaining = session().budget.remaining
    if price is None or remaining is None:
        return None if price is None else 0.0
    if not isinstance(prompts, Collection):
        return remaining
    found = runner.estimate(prompts, price=price, **fixed)
    return min(remaining, _MARGIN * (found.cost or 0.0))


def predict_on_spark(
    prompts: Iterable[Any], address: Mapping[str, Any], *, model: Model, partitions: int = 2, **options: Any
) -> Any:
    """Ask every prompt from the partitions of a Spark data frame; return the rows in the prompts' order.

    Args:
        prompts: conversations.
        address: ``base_url`` and ``api_key`` of the client; connections do not travel to the workers, so
            each makes its own.
        model: as for :func:`predict`.
        partitions: how many parts share the quota and the budget.
        options: as for :func:`predict`.

    Raises:
        UsageError: Spark is not installed or does not start; the message says what it needs.
    """
    place = dict(address)

    def connect() -> Any:
        from openai import AsyncOpenAI

        client = AsyncOpenAI(**place, max_retries=0)

        async def ask(messages: Any, **parameters: Any) -> Any:
            return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

        return ask

    rows = [(index, list(conversation)) for index, conversation in enumerate(prompts)]
    schema = "row long, prompt array<struct<role: string, content: string>>"
    with spark.running(partitions) as cluster:
        frame = cluster.createDataFrame(rows, schema)
        run = predict(frame, connect, model=model, engine="spark", partitions=partitions, **options)
        return run.frame.orderBy("row").collect()


def forecast(
    prompts: Iterable[Any], *, model: Model, parameters: Mapping[str, Any], rpm: float = 0, tpm: float = 0
) -> Table:
    """Return what asking would take at most: requests, tokens, dollars, and the time that the quota needs."""
    found = runner.estimate(
        prompts,
        parameters=parameters,
        rpm=rpm or None,
        tpm=tpm or None,
        price=_price(model),
        encoding=encoding_of(model),
        journal=_journal("local"),
    )
    unknown = _("unknown")
    rows = [
        [_("Requests to be sent"), number(found.requests)],
        [_("Tokens of the prompts"), number(found.prompt_tokens)],
        [_("Tokens of the answers, at most"), number(found.answer_tokens)],
        [_("Cost, at most"), price_text(found.cost)],
        [
            _("Time that the quota needs"),
            unknown if found.seconds is None else i18n.duration(max(1, round(found.seconds)), "second"),
        ],
    ]
    return Table([_("Estimate"), ""], rows, numeric=frozenset({1}))


def _price(model: Model, mode: str = "online") -> Price | None:
    prices = model.pricing
    if prices.input is None or prices.output is None:
        return None
    share = _BATCH_SHARE if mode == "batch" else 1
    return Price(prices.input * share, prices.output * share)


def _journal(engine: str) -> Path:
    """Return where this lab's answers are kept: as long as the service that gave them."""
    return session().shared_answers / "spark" if engine == "spark" else session().answers / _JOURNAL
