"""Letting a model operation in: what it may cost is counted and taken from the deployment's quota."""

import asyncio
from typing import Protocol

from starlette.requests import Request

from kit.simulator.answers import content_filter, prompt_tokens
from kit.simulator.answers.context import Prompted, refuse_too_long
from kit.simulator.deployments import Deployment
from kit.simulator.state import State


class Costed(Prompted, Protocol):
    """A request whose tokens can be counted."""

    @property
    def messages(self) -> list[dict[str, str]]:
        """What is read by the model."""
        ...

    @property
    def most_tokens(self) -> int:
        """Tokens that the request costs at most."""
        ...


async def admitted(
    state: State, request: Request, deployment: Deployment, asked: Costed, operation: str
) -> dict[str, str]:
    """Let a request in and return the headers that tell what is left of the quota.

    A long prompt is counted and read in a thread, where that takes longer than to begin one. A prompt that
    the content filter stops has used its share of the quota, as on the service.

    Raises:
        ApiError: the prompt is too long, the quota is used up, or the content filter stops the prompt.
    """
    quick = prompt_tokens.is_quick(asked.messages)
    tokens = asked.most_tokens if quick else await asyncio.to_thread(lambda: asked.most_tokens)
    refuse_too_long(state.models, deployment, asked, operation)  # has been counted by now
    version = request.query_params.get("api-version", "v1")
    limits = dict(state.quotas.admit(deployment, tokens, operation, version))
    if operation != "Embeddings_Create":
        if quick:
            content_filter.refuse(asked.messages, limits)
        else:
            await asyncio.to_thread(content_filter.refuse, asked.messages, limits)
    return limits
