"""The length of a model's context: a prompt that is longer is refused, in the service's words."""

from __future__ import annotations

from typing import Protocol

from kit.simulator.deployments import Deployment
from kit.simulator.errors import ApiError
from kit.simulator.models import ModelRegistry
from kit.simulator.validation import refusal

_CODE = "context_length_exceeded"


class Prompted(Protocol):
    """A request whose prompt can be counted."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt; of several the longest one's."""
        ...


def refuse_too_long(
    models: ModelRegistry, deployment: Deployment, asked: Prompted, operation: str = "ChatCompletions_Create"
) -> None:
    """Refuse a prompt that is longer than the context of a deployment's model.

    What the answer may add is left out of account: it ends long before. Counting may take a while: call this
    in a thread where the prompt is long.

    Args:
        models: where the length is found, see ``models.json``; a model without one takes any prompt.
        deployment: who is to answer.
        asked: what was asked.
        operation: name of the operation as quotas know it, which decides the wording.

    Raises:
        ApiError: it is longer.
    """
    most = models.context(deployment.model["name"])
    if most is not None and asked.prompt_tokens > most:
        raise _refusal(operation, most, asked.prompt_tokens)


def _refusal(operation: str, most: int, tokens: int) -> ApiError:
    # Wording: OpenAI API and Azure OpenAI service, 2024 to 2026.
    if operation.startswith("Responses"):
        message = (
            "Your input exceeds the context window of this model. Please adjust your input and try again."
        )
        return refusal("input", message, _CODE)
    if operation.startswith("Completions"):
        message = f"however you requested {tokens} tokens in your prompt. Please reduce your prompt."
        return refusal("prompt", f"This model's maximum context length is {most} tokens, {message}", _CODE)
    return refusal(
        "messages",
        f"This model's maximum context length is {most} tokens. However, your messages resulted in {tokens} "
        "tokens. Please reduce the length of the messages.",
        _CODE,
    )
