"""What a fine-tuning run will cost, before anything is bought.

Formula: training tokens × epochs × price per token, plus hosting per hour while the tuned model is deployed,
plus tokens in and out (https://learn.microsoft.com/azure/foundry/fine-tuning/cost-management, as of
2026-10-05). Failed jobs and waiting in the queue are free; a cancelled job pays for the work done until then.
The figures are list prices without tax, to decide by, not to settle a bill by.
"""

from dataclasses import dataclass

from kit.azure.model_rows import Source
from kit.azure.models import Model, find
from kit.errors import N_, UsageError

_MILLION = 1_000_000


@dataclass(frozen=True)
class CostEstimate:
    """The parts of a price in ``currency``; ``None`` is a part whose price is not known.

    ``billed_tokens`` are training tokens times epochs. ``unknown`` names the parts without a price, and
    ``total`` exists only without such parts: an estimate that leaves something out is no upper bound.
    """

    billed_tokens: int
    training: float | None
    hosting_per_hour: float | None
    hosting: float | None
    inference: float | None
    currency: str
    source: Source

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the parts whose price is not known."""
        parts = {"training": self.training, "hosting": self.hosting, "inference": self.inference}
        return tuple(name for name, amount in parts.items() if amount is None)

    @property
    def known(self) -> float:
        """The sum of the parts whose price is known: at least this much."""
        return sum(amount for amount in (self.training, self.hosting, self.inference) if amount is not None)

    @property
    def total(self) -> float | None:
        """The sum of all parts, or ``None`` where a part is unknown."""
        return None if self.unknown else self.known


def estimate(  # noqa: PLR0913 - every amount is one that a learner can name
    training_tokens: int,
    n_epochs: int,
    model: Model | str,
    training_type: str = "GlobalStandard",
    hosting_hours: float = 0.0,
    *,
    deployment_type: str = "GlobalStandard",
    input_tokens: int = 0,
    output_tokens: int = 0,
) -> CostEstimate:
    """Estimate a supervised or preference run: tokens of the training file, passes over it, hours deployed.

    Raises:
        UsageError: an amount is negative, there is no epoch, or the model has no such training type.
        ModelError: the table has no such model.
    """
    row = find(model) if isinstance(model, str) else model
    _check(row, training_type, n_epochs, (training_tokens, hosting_hours, input_tokens, output_tokens))
    prices = row.pricing
    billed = training_tokens * n_epochs
    rate = prices.training.get(training_type)
    per_hour = prices.hosting.get(deployment_type)
    return CostEstimate(
        billed_tokens=billed,
        training=None if rate is None else billed * rate / _MILLION,
        hosting_per_hour=per_hour,
        hosting=_times(per_hour, hosting_hours),
        inference=_sum(
            _times(prices.input, input_tokens / _MILLION), _times(prices.output, output_tokens / _MILLION)
        ),
        currency=prices.currency,
        source=prices.source,
    )


def _check(row: Model, training_type: str, n_epochs: int, amounts: tuple[float, ...]) -> None:
    if row.training_types and training_type not in row.training_types:
        raise UsageError(
            N_("The model {model} has no training type “{training_type}”."),
            advice=N_("Choose one of: {training_types}."),
            model=row.name,
            training_type=training_type,
            training_types=", ".join(row.training_types),
        )
    if n_epochs < 1 or min(amounts) < 0:
        raise UsageError(
            N_("A cost cannot be estimated for {epochs} epochs and the amounts {amounts}."),
            advice=N_("Give at least one epoch, and no negative amount."),
            epochs=n_epochs,
            amounts=", ".join(str(amount) for amount in amounts),
        )


def _times(price: float | None, amount: float) -> float | None:
    """Return a cost; what is not used costs nothing, whatever its price."""
    if not amount:
        return 0.0
    return None if price is None else price * amount


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def answering_seconds(requests: int, tokens: int, capacity: int) -> float:
    """Return how long a deployment takes at least for requests with so many tokens in and out altogether.

    A capacity of 1 stands for 1,000 tokens a minute and one request in ten seconds; the service counts the
    longest answer allowed, not the answer given
    (https://learn.microsoft.com/azure/foundry/openai/quotas-limits, as of 2026-10).
    """
    return max(requests * 10.0 / capacity, tokens * 60.0 / (1000 * capacity))
