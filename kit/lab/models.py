"""Choosing a model that is alive, and saying what it costs."""

import datetime
from dataclasses import replace

from IPython.display import display

from kit.azure.costs import CostEstimate
from kit.azure.costs import estimate as estimate_cost
from kit.azure.models import Model, find
from kit.i18n import date, money, number
from kit.i18n import gettext as _
from kit.lab.display import Table
from kit.lab.session import session

GUIDE = "o200k_base"  # a tokenizer whose counts are of the right size in every language of the labs


def base_model(name: str, training_type: str = "", *, existing_customer: bool = False) -> Model:
    """Return the row of a model that can be fine-tuned today, and show it.

    Where the model has a tokenizer of its own, which is not here, the row has another one as a guide.

    Args:
        name: as the service calls it.
        training_type: where it shall be trained, such as ``GlobalStandard``.
        existing_customer: whether this resource has trained the model before; that prolongs its life.

    Raises:
        ModelError: it cannot be fine-tuned, or not by you; the message names one that can.
    """
    model = find(name)
    model.require_tunable(session().today(), new_customer=not existing_customer, training_type=training_type)
    display(_described(model))
    if not model.encoding:
        text = _("{model} has a tokenizer of its own; tokens are counted with {encoding}, as a guide.")
        print(text.format(model=model.name, encoding=GUIDE))
    return replace(model, encoding=encoding_of(model))


def encoding_of(model: Model) -> str:
    """Return the name of a model's tokenizer, or of one that serves as a guide."""
    return model.encoding or GUIDE


def comparison_model(base: Model) -> Model:
    """Return what the tuned model is compared with: its base, or the relative that Azure offers untuned."""
    if base.base_answers(session().today()) or not base.compare_with:
        return base
    return find(base.compare_with)


def estimate(base: Model, training_tokens: int, n_epochs: int, training_type: str) -> CostEstimate:
    """Return what a job costs: tokens of the training file × epochs × price, and hosting by the hour."""
    return estimate_cost(training_tokens, n_epochs, base, training_type)


def price(amount: float | None) -> str:
    """Format an amount in US dollars, with more digits where it is below a cent."""
    if amount is None:
        return _("not in the model table: look it up on the pricing page")
    return money(amount, "USD", decimals=4 if 0 < amount < 0.1 else None)


def _described(model: Model) -> Table:
    """Return the facts that decide whether this is the model to start from, each with its day."""
    unknown = _("unknown")
    tuning_ends = model.retirement.training_new_customers or model.retirement.base
    rows = [
        [_("Provider"), model.provider],
        [_("Tokenizer"), model.encoding or unknown],
        [_("Longest training example"), _tokens(model.context_limit)],
        [_("Training price per million tokens"), price(next(iter(model.pricing.training.values()), None))],
        [_("Hosting price per hour"), price(next(iter(model.pricing.hosting.values()), None))],
        [_("New customers can train it until"), _day(tuning_ends)],
        [_("Prices as of"), date(model.pricing.source.as_of)],
    ]
    return Table([_("Model"), model.identifier], rows)


def _tokens(count: int | None) -> str:
    return _("unknown") if count is None else _("{n} tokens").format(n=number(count))


def _day(day: datetime.date | None) -> str:
    return _("no end announced") if day is None else date(day)
