"""The last look before anything is bought: what the lab will cost, and how long the service will take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit import tokens
from kit.azure.budget import Budget
from kit.azure.costs import CostEstimate, answering_seconds
from kit.azure.model_rows import Pricing
from kit.azure.models import Model
from kit.i18n import duration
from kit.i18n import gettext as _
from kit.lab.display import Table
from kit.lab.models import comparison_model, encoding_of, price
from kit.lab.session import session


@dataclass(frozen=True)
class Preflight:
    """What was looked at; a notebook shows the table.

    Attributes:
        table: each part with its price.
        answering: what asking both models costs at most, in US dollars; None where a price is not known.
    """

    table: Table
    answering: float | None

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def preflight(
    base: Model,
    cost: CostEstimate,
    examples: Sequence[Mapping[str, Any]],
    *,
    max_tokens: int,
    capacity: int,
) -> Preflight:
    """Return what the lab will cost until its first hour of hosting is over; stop if that is too much.

    Args:
        base: the model to train.
        cost: what training and hosting cost.
        examples: their questions will be put to the tuned model and to the one it is compared with.
        max_tokens: the longest answer that the lab will allow.
        capacity: of each of its deployments, in thousands of tokens per minute.

    Raises:
        BudgetError: it is more than the parameter ``budget`` leaves.
    """
    asked = [example["messages"][:-1] for example in examples]
    sent = sum(each.total for each in tokens.count_conversations(asked, encoding_of(base)))
    received = max_tokens * len(asked)
    answering = _sum(_price(model.pricing, sent, received) for model in (base, comparison_model(base)))
    total = _sum((cost.training, cost.hosting_per_hour, answering))
    seconds = answering_seconds(len(asked), sent + received, capacity)
    budget = session().budget
    rows = [
        [_("Training, once"), price(cost.training)],
        [_("Hosting, first hour"), price(cost.hosting_per_hour)],
        [_("Questions to both models, at most"), price(answering)],
        [_("Together"), price(total)],
        [_("Left of your budget"), _left(budget)],
        [_("Time for the answers under the quota, at most"), duration(max(1, seconds / 60), "minute")],
    ]
    budget.require(total, _("The lab up to its first hour of hosting"))
    return Preflight(Table([_("Part"), _("Amount")], rows, numeric=frozenset({1})), answering)


def budget() -> Budget:
    """Return what the lab may still spend: ``reserve``, ``spend`` and ``remaining``, in US dollars."""
    return session().budget


def _price(pricing: Pricing, sent: int, received: int) -> float | None:
    if pricing.input is None or pricing.output is None:
        return None
    return tokens.cost(sent, received, read_price=pricing.input, write_price=pricing.output)


def _sum(amounts: Any) -> float | None:
    listed = list(amounts)
    return None if None in listed else sum(listed)


def _left(budget: Budget) -> str:
    remaining = budget.remaining
    return _("no limit") if remaining is None else price(remaining)
