"""Chat completions over HTTP, and those that were stored."""

import asyncio
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.answers.remembered import Remembered
from kit.simulator.chat import request as chat_request
from kit.simulator.chat.chat import Completion
from kit.simulator.chat.request import ChatRequest
from kit.simulator.paging import ordered, page
from kit.simulator.routes.admission import admitted
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.streams import event_stream
from kit.simulator.validation import Shape, checked
from kit.simulator.wire import compact, encoded

_PAGE = 20  # OpenAI API reference, "List chat completions"
_NOTE = re.compile(r"metadata\[(.*)\]")


class _Update(Shape):
    metadata: dict[str, str] | None


class ChatRoutes:
    """The operations under ``chat/completions``."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._read: Remembered[tuple[Any, ChatRequest]] = Remembered()
        self._answers: Remembered[dict[str, Any]] = Remembered()

    def v1(self) -> list[Route]:
        """Return the routes of the address without versions, where the body names the deployment."""
        one = "/chat/completions/{completion_id}"
        return [
            Route("/chat/completions", self._create, methods=["POST"]),
            Route("/chat/completions", self._list, methods=["GET"]),
            Route(one, self._retrieve, methods=["GET"]),
            Route(one, self._update, methods=["POST"]),
            Route(one, self._delete, methods=["DELETE"]),
            Route(f"{one}/messages", self._messages, methods=["GET"]),
        ]

    def legacy(self) -> list[Route]:
        """Return the route whose address names the deployment."""
        return [Route("/deployments/{deployment}/chat/completions", self._create, methods=["POST"])]

    async def _create(self, request: Request) -> Response:
        raw = await request.body()
        model, asked = self._read.get("", raw) or (None, None)
        body = {} if asked is not None else await json_object(request)
        named = request.path_params.get("deployment") or model or body.get("model")
        deployment = self._state.deployments.answering(named)
        if asked is None:  # a deployment that does not exist is told before a field that is wrong
            asked = chat_request.read(body)
            self._read.put("", raw, (body.get("model"), asked))
        limits = await admitted(self._state, request, deployment, asked, "ChatCompletions_Create")
        completion = Completion(self._state, deployment, asked)

        def keep() -> None:
            if asked.store:
                self._state.completions.keep(completion.finished, asked.messages, asked.metadata)

        if asked.stream:
            return event_stream(completion.events(), limits, keep)
        answer = await self._whole(completion, deployment.full_name, raw)
        keep()
        return encoded(answer, headers=limits)

    async def _whole(self, completion: Completion, model: str, body: bytes) -> dict[str, Any]:
        known = self._answers.get(model, body)
        if known is not None:
            return completion.repeated(known)
        answer = await asyncio.to_thread(completion.whole)
        if completion.repeatable:
            self._answers.put(model, body, answer, size=len(compact(answer)))
        return answer

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        notes = {found[1]: value for key, value in query.items() if (found := _NOTE.fullmatch(key))}
        stored = self._state.completions.listing(query.get("model"), notes)
        return encoded(
            page(
                ordered(stored, query, default="asc"),
                query,
                default=_PAGE,
                identify=lambda answer: str(answer["id"]),
                render=lambda answer: answer,
            )
        )

    async def _retrieve(self, request: Request) -> Response:
        return encoded(self._state.completions.get(request.path_params["completion_id"]).answer)

    async def _update(self, request: Request) -> Response:
        completion_id = request.path_params["completion_id"]
        self._state.completions.get(completion_id)
        notes = chat_request.metadata(checked(_Update, await json_object(request)).metadata)
        return encoded(self._state.completions.annotate(completion_id, notes).answer)

    async def _delete(self, request: Request) -> Response:
        completion_id = request.path_params["completion_id"]
        self._state.completions.delete(completion_id)
        return encoded({"object": "chat.completion.deleted", "id": completion_id, "deleted": True})

    async def _messages(self, request: Request) -> Response:
        messages = self._state.completions.get(request.path_params["completion_id"]).messages
        query = request.query_params
        return encoded(
            page(
                ordered(messages, query, default="asc"),
                query,
                default=_PAGE,
                identify=lambda message: str(message["id"]),
                render=lambda message: message,
            )
        )
