"""The model operations without HTTP, by their address: what a batch runs line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from kit.simulator import chat_request, response_request
from kit.simulator.chat import Completion
from kit.simulator.completions import TextCompletion
from kit.simulator.embeddings import EmbeddingRequest
from kit.simulator.occasion import Occasion
from kit.simulator.responses import ResponseMaking

if TYPE_CHECKING:
    from kit.simulator.state import State

Body = Mapping[str, Any]


class _Making(Protocol):
    def whole(self) -> dict[str, Any]: ...


def _chat(state: State, body: Body, occasion: Occasion) -> _Making:
    deployment = state.deployments.answering(body.get("model"))
    return Completion(state, deployment, chat_request.read(body), occasion)


def _completion(state: State, body: Body, occasion: Occasion) -> _Making:
    return TextCompletion(state, state.deployments.answering(body.get("model")), body, occasion)


def _embeddings(state: State, body: Body, occasion: Occasion) -> _Making:
    return EmbeddingRequest(state, state.deployments.answering(body.get("model"), "embeddings"), body)


def _response(state: State, body: Body, occasion: Occasion) -> _Making:
    deployment = state.deployments.answering(body.get("model"))
    asked = response_request.read(body, state.responses, occasion.identifiers.hexadecimal("item")[:24])
    return ResponseMaking(state, deployment, asked, occasion)


_PREPARE: dict[str, Callable[[State, Body, Occasion], _Making]] = {
    "/chat/completions": _chat,
    "/completions": _completion,
    "/embeddings": _embeddings,
    "/responses": _response,
}
ADDRESSES = tuple(_PREPARE)
"""The addresses, without the ``/v1`` that a client may write before them."""


async def run(state: State, address: str, body: Body, occasion: Occasion) -> dict[str, Any]:
    """Do what a request to one of ``ADDRESSES`` asks for, and return its answer.

    Raises:
        ApiError: the request is refused.
    """
    making = _PREPARE[address](state, {**body, "stream": None, "stream_options": None}, occasion)
    return await asyncio.to_thread(making.whole)
