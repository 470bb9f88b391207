"""How the service's "auto" hyperparameters are chosen.

Source of the rules: OpenAI's public fine-tuning guide and cookbook ("Data preparation and analysis for chat
model fine-tuning"): three epochs aimed at, at least 100 and at most 25,000 examples seen in all, never more
than 25 epochs; a batch of about 0.2 % of the examples, at most 256.
"""

from kit.simulator.learner.records import Hyperparameters

_TARGET_EPOCHS = 3
_MOST_EPOCHS = 25
_LEAST_SEEN, _MOST_SEEN = 100, 25_000
_BATCH_SHARE, _LARGEST_BATCH = 0.002, 256


def _epochs(n_examples: int) -> int:
    if n_examples * _TARGET_EPOCHS < _LEAST_SEEN:
        return min(_MOST_EPOCHS, max(_TARGET_EPOCHS, _LEAST_SEEN // max(n_examples, 1)))
    if n_examples * _TARGET_EPOCHS > _MOST_SEEN:
        return max(1, _MOST_SEEN // n_examples)
    return _TARGET_EPOCHS


def resolve_hyperparameters(
    n_examples: int,
    *,
    n_epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate_multiplier: float | None = None,
) -> Hyperparameters:
    """Fill in what the caller left open: None means "choose for me".

    Raises:
        ValueError: a chosen value is not positive.
    """
    automatic_batch = min(_LARGEST_BATCH, max(1, round(_BATCH_SHARE * n_examples)))
    resolved = Hyperparameters(
        n_epochs=_epochs(n_examples) if n_epochs is None else n_epochs,
        batch_size=automatic_batch if batch_size is None else batch_size,
        learning_rate_multiplier=1.0 if learning_rate_multiplier is None else learning_rate_multiplier,
    )
    if min(resolved.n_epochs, resolved.batch_size, resolved.learning_rate_multiplier) <= 0:
        raise ValueError("hyperparameters must be positive")
    return resolved
