"""What a fine-tuning run will cost, before anything is bought.

Formula: training tokens × epochs × price per token, plus hosting per hour while the tuned model is deployed,
plus tokens in and out (https://learn.microsoft.com/azure/foundry/fine-tuning/cost-management, as of
2026-10-05). Failed jobs and waiting in the queue are free; a cancelled job pays for the work done until then.
The figures are list prices without tax, to decide by, not to settle a bill by.
"""

from dataclasses import dataclass

from kit import tokens
from kit.azure.models import Model
from kit.errors import N_, UsageError

_DEPLOYMENT_TYPE = "GlobalStandard"  # what the labs deploy


@dataclass(frozen=True)
class CostEstimate:
    """What a run costs in US dollars; ``None`` is a part whose price is not known.

    Attributes:
        billed_tokens: training tokens times epochs.
        training: once, for these tokens.
        hosting_per_hour: for each hour that the tuned model is deployed as Global Standard.
    """

    billed_tokens: int
    training: float | None
    hosting_per_hour: float | None


def estimate(training_tokens: int, n_epochs: int, model: Model, training_type: str) -> CostEstimate:
    """Estimate a supervised or preference run: tokens of the training file and passes over it.

    Raises:
        UsageError: an amount is negative, there is no epoch, or the model has no such training type.
    """
    _check(model, training_type, n_epochs, training_tokens)
    billed = training_tokens * n_epochs
    rate = model.pricing.training.get(training_type)
    training = None if rate is None else tokens.cost(billed, read_price=rate)
    return CostEstimate(billed, training, model.pricing.hosting.get(_DEPLOYMENT_TYPE))


def _check(row: Model, training_type: str, n_epochs: int, training_tokens: int) -> None:
    if row.training_types and training_type not in row.training_types:
        raise UsageError(
            N_("The model {model} has no training type “{training_type}”."),
            advice=N_("Choose one of: {training_types}."),
            model=row.name,
            training_type=training_type,
            training_types=", ".join(row.training_types),
        )
    if n_epochs < 1 or training_tokens < 0:
        raise UsageError(
            N_("A cost cannot be estimated for {epochs} epochs and the amounts {amounts}."),
            advice=N_("Give at least one epoch, and no negative amount."),
            epochs=n_epochs,
            amounts=training_tokens,
        )


def answering_seconds(requests: int, tokens: int, capacity: int) -> float:
    """Return how long a deployment takes at least for requests with so many tokens in and out altogether.

    A capacity of 1 stands for 1,000 tokens a minute and one request in ten seconds; the service counts the
    longest answer allowed, not the answer given
    (https://learn.microsoft.com/azure/foundry/openai/quotas-limits, as of 2026-10).
    """
    return max(requests * 10.0 / capacity, tokens * 60.0 / (1000 * capacity))
