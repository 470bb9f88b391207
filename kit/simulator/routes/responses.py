"""The responses operations."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.paging import ordered, page
from kit.simulator.responses import compaction
from kit.simulator.responses import request as response_request
from kit.simulator.responses.request import ResponseRequest
from kit.simulator.responses.responses import ResponseMaking, replayed
from kit.simulator.routes.admission import admitted
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.streams import event_stream
from kit.simulator.validation import refusal
from kit.simulator.wire import encoded

_PAGE = 20  # OpenAI API reference, "List input items"
_LARGEST_PAGE = 100
_CONVERSATION = {"model", "input", "instructions", "previous_response_id"}


class ResponseRoutes:
    """The operations under ``responses``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = "/responses/{response_id}"
        return [
            Route("/responses", self._create, methods=["POST"]),
            Route("/responses/input_tokens", self._count, methods=["POST"]),
            Route("/responses/compact", self._compact, methods=["POST"]),
            Route(one, self._retrieve, methods=["GET"]),
            Route(one, self._delete, methods=["DELETE"]),
            Route(f"{one}/cancel", self._cancel, methods=["POST"]),
            Route(f"{one}/input_items", self._input_items, methods=["GET"]),
        ]

    async def _create(self, request: Request) -> Response:
        body = await json_object(request)
        deployment = self._state.deployments.answering(body.get("model"))
        occasion = self._state.occasion()
        asked = response_request.read(
            body, self._state.responses, occasion.identifiers.hexadecimal("item")[:24]
        )
        limits = await admitted(self._state, request, deployment, asked, "Responses_Create")
        making = ResponseMaking(self._state, deployment, asked, occasion)
        if asked.stream:
            return event_stream(making.events(), limits, self._keeping(making, asked))
        response = await asyncio.to_thread(making.whole)
        self._keeping(making, asked)()
        shown = self._state.responses.shown(response["id"]) if asked.store else response
        return encoded(shown, headers=limits)

    def _keeping(self, making: ResponseMaking, asked: ResponseRequest) -> Callable[[], None]:
        def keep() -> None:
            if asked.store and making.finished:
                # What streams has been seen to its end: nothing of it happens in the background any more.
                later = asked.background and not asked.stream
                self._state.responses.keep(making.finished, asked.items, making.context(), later)

        return keep

    async def _count(self, request: Request) -> Response:
        body = await json_object(request)
        asked = response_request.read(body, self._state.responses, "0" * 24)
        tokens = await asyncio.to_thread(lambda: asked.prompt_tokens)
        return encoded({"object": "response.input_tokens", "input_tokens": tokens})

    async def _compact(self, request: Request) -> Response:
        body = await json_object(request)
        deployment = self._state.deployments.answering(body.get("model"))
        conversation = {name: value for name, value in body.items() if name in _CONVERSATION}
        asked = response_request.read(conversation, self._state.responses, "0" * 24)
        limits = await admitted(self._state, request, deployment, asked, "Responses_Compact")
        seal, occasion = self._state.responses.seal, self._state.occasion()
        return encoded(await asyncio.to_thread(compaction.compacted, seal, asked, occasion), headers=limits)

    async def _retrieve(self, request: Request) -> Response:
        response = self._state.responses.shown(request.path_params["response_id"])
        if request.query_params.get("include_obfuscation", "true") not in {"true", "false"}:
            raise refusal(
                "include_obfuscation", "Invalid type for 'include_obfuscation': expected a boolean."
            )
        if request.query_params.get("stream") != "true":
            return encoded(response)
        if response["status"] in {"queued", "in_progress", "cancelled"}:
            raise refusal("stream", "The response has not been completed and cannot be streamed yet.")
        after = request.query_params.get("starting_after", "-1")
        if not after.removeprefix("-").isascii() or not after.removeprefix("-").isdigit() or len(after) > 9:
            raise refusal("starting_after", "Invalid type for 'starting_after': expected an integer.")
        return event_stream(replayed(response, int(after)))

    async def _delete(self, request: Request) -> Response:
        response_id = request.path_params["response_id"]
        self._state.responses.delete(response_id)
        return encoded({"id": response_id, "object": "response.deleted", "deleted": True})

    async def _cancel(self, request: Request) -> Response:
        response_id = request.path_params["response_id"]
        self._state.responses.cancel(response_id)
        return encoded(self._state.responses.shown(response_id))

    async def _input_items(self, request: Request) -> Response:
        items = self._state.responses.get(request.path_params["response_id"]).items
        query = request.query_params
        return encoded(
            page(
                ordered(items, query),
                query,
                default=_PAGE,
                largest=_LARGEST_PAGE,
                identify=lambda item: str(item["id"]),
                render=lambda item: item,
            )
        )
