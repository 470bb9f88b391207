"""Letting a model operation in: what it may cost is counted and taken from the deployment's quota."""

import asyncio
from typing import Protocol

from starlette.requests import Request

from kit.simulator import prompt_tokens
from kit.simulator.deployments import Deployment
from kit.simulator.state import State


class Costed(Protocol):
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

    A long prompt is counted in a thread, where counting takes longer than to begin one.

    Raises:
        ApiError: the quota is used up.
    """
    quick = prompt_tokens.is_quick(asked.messages)
    tokens = asked.most_tokens if quick else await asyncio.to_thread(lambda: asked.most_tokens)
    version = request.query_params.get("api-version", "v1")
    return dict(state.quotas.admit(deployment, tokens, operation, version))
