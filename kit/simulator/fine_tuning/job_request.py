"""What a client asks for when it creates a fine-tuning job."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from kit.simulator.chat.request import metadata
from kit.simulator.errors import invalid_payload
from kit.simulator.profiles import CHOSEN_BY_SERVICE

LONGEST_SUFFIX = 18  # characters; Microsoft Foundry, "Customize a model with fine-tuning", October 2026
_SUFFIX = re.compile(r"[A-Za-z0-9_-]+")
_TRAINING_TYPES = {"standard", "globalstandard", "datazonestandard", "developer", "developertier"}
_MOST_EPOCHS, _LARGEST_BATCH = 50, 256  # OpenAI API reference, "Create fine-tuning job"
_LARGEST_MULTIPLIER = 10_000


N = TypeVar("N", int, float)


@dataclass(frozen=True)
class JobRequest:
    """A checked request.

    Attributes:
        model: what training begins with, as the client wrote it.
        training_file, validation_file: identifiers; the latter may be None.
        n_epochs, batch_size, learning_rate_multiplier: None where the service chooses.
        suffix: end of the tuned model's name, or None.
        seed: None where the service chooses.
        metadata: the client's own notes, or None.
        training_type: price level, or None.
    """

    model: str
    training_file: str
    validation_file: str | None
    n_epochs: int | None
    batch_size: int | None
    learning_rate_multiplier: float | None
    suffix: str | None
    seed: int | None
    metadata: dict[str, str] | None
    training_type: str | None


def read(body: Mapping[str, Any]) -> JobRequest:
    """Check the body of a create request.

    Raises:
        ApiError: a field is missing or breaks a rule.
    """
    chosen = _hyperparameters(body)
    validation_file = body.get("validation_file")
    return JobRequest(
        model=_text(body, "model"),
        training_file=_text(body, "training_file"),
        validation_file=_text(body, "validation_file") if validation_file else None,
        n_epochs=_number(chosen, "n_epochs", int, _MOST_EPOCHS),
        batch_size=_number(chosen, "batch_size", int, _LARGEST_BATCH),
        learning_rate_multiplier=_number(chosen, "learning_rate_multiplier", float, _LARGEST_MULTIPLIER),
        suffix=_suffix(body.get("suffix")),
        seed=_seed(body.get("seed")),
        metadata=_metadata(body.get("metadata")),
        training_type=_training_type(body.get("trainingType")),
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid_payload(f"The field '{name}' is required and must be a string.", name)
    return value


def _hyperparameters(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the hyperparameters from ``method``, or from their older place."""
    method = body.get("method")
    if method is None:
        return _mapping(body, "hyperparameters")
    if not isinstance(method, Mapping) or method.get("type") != "supervised":
        raise invalid_payload("The simulator fine-tunes with the method 'supervised' only.", "method")
    return _mapping(_mapping(method, "supervised"), "hyperparameters") or _mapping(body, "hyperparameters")


def _mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid_payload(f"The field '{name}' must be an object.", name)
    return value


def _number(chosen: Mapping[str, Any], name: str, kind: type[N], most: int) -> N | None:
    value = chosen.get(name)
    if value in (None, "auto", CHOSEN_BY_SERVICE):
        return None
    kinds = int if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value <= most:
        raise invalid_payload(
            f"The hyperparameter '{name}' must be 'auto', or a positive number of at most {most}.", name
        )
    return kind(value)


def _suffix(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_SUFFIX or not _SUFFIX.fullmatch(value):
        raise invalid_payload(
            f"The suffix must have 1 to {LONGEST_SUFFIX} characters: letters, digits, '-' and '_'.", "suffix"
        )
    return value


def _seed(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise invalid_payload("The seed must be a whole number from 0 to 2147483647.", "seed")
    return value


def _metadata(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise invalid_payload("The metadata must be an object whose values are strings.", "metadata")
    return metadata(dict(value))


def _training_type(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value.lower() not in _TRAINING_TYPES:
        raise invalid_payload(
            "The trainingType must be Standard, GlobalStandard, DataZoneStandard or developerTier.",
            "trainingType",
        )
    return value
