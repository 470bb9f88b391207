"""The model operations without HTTP, by their address: what a batch runs line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from kit.simulator.answers import content_filter
from kit.simulator.answers.context import Prompted, refuse_too_long
from kit.simulator.answers.embeddings import EmbeddingRequest
from kit.simulator.answers.occasion import Occasion
from kit.simulator.chat import request as chat_request
from kit.simulator.chat.chat import Completion
from kit.simulator.chat.completions import TextCompletion
from kit.simulator.deployments import Deployment
from kit.simulator.errors import ApiError
from kit.simulator.responses import request as response_request
from kit.simulator.responses.responses import ResponseMaking

if TYPE_CHECKING:
    from kit.simulator.state import State

Body = Mapping[str, Any]


class _Asked(Prompted, Protocol):
    @property
    def messages(self) -> list[dict[str, str]]: ...


class _Making(Protocol):
    def whole(self) -> dict[str, Any]: ...


_Prepared = tuple[Deployment, _Asked, _Making]


async def _chat(state: State, body: Body, occasion: Occasion) -> _Prepared:
    deployment = state.deployments.answering(body.get("model"))
    asked = chat_request.read(body)
    return deployment, asked, Completion(state, deployment, asked, occasion)


async def _completion(state: State, body: Body, occasion: Occasion) -> _Prepared:
    deployment = state.deployments.answering(body.get("model"))
    made = TextCompletion(state, deployment, body, occasion)
    return deployment, made, made


async def _embeddings(state: State, body: Body, occasion: Occasion) -> _Prepared:
    deployment = state.deployments.answering(body.get("model"), "embeddings")
    made = await asyncio.to_thread(EmbeddingRequest, state, deployment, body)
    return deployment, made, made


async def _response(state: State, body: Body, occasion: Occasion) -> _Prepared:
    deployment = state.deployments.answering(body.get("model"))
    asked = response_request.read(body, state.responses, occasion.identifiers.hexadecimal("item")[:24])
    return deployment, asked, ResponseMaking(state, deployment, asked, occasion)


_OPERATIONS: dict[str, tuple[str, Callable[[State, Body, Occasion], Awaitable[_Prepared]]]] = {
    "/chat/completions": ("ChatCompletions_Create", _chat),
    "/completions": ("Completions_Create", _completion),
    "/embeddings": ("Embeddings_Create", _embeddings),
    "/responses": ("Responses_Create", _response),
}
ADDRESSES = tuple(_OPERATIONS)
"""The addresses, without the ``/v1`` that a client may write before them."""


async def run(state: State, address: str, body: Body, occasion: Occasion) -> tuple[int, dict[str, Any]]:
    """Do what a request to one of ``ADDRESSES`` asks for, and return status and body of its answer."""
    operation, prepare = _OPERATIONS[address]
    try:
        prepared = await prepare(state, {**body, "stream": None, "stream_options": None}, occasion)
        return 200, await asyncio.to_thread(_answer, state, operation, prepared)
    except ApiError as refused:
        return refused.status, {"error": state.profile.error(refused.shown())}


def _answer(state: State, operation: str, prepared: _Prepared) -> dict[str, Any]:
    deployment, asked, making = prepared
    refuse_too_long(state.models, deployment, asked, operation)
    if operation != "Embeddings_Create":
        content_filter.refuse(asked.messages, {})
    return making.whole()
