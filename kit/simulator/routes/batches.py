"""The batches operations."""

from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.batches.batch import SECONDS_PER_REQUEST, Batch
from kit.simulator.batches.batch_input import plain_address
from kit.simulator.batches.operations import ADDRESSES
from kit.simulator.chat.request import metadata
from kit.simulator.circumstances.fault_gate import SCOPE_KEY
from kit.simulator.files.expiry import read_expiry
from kit.simulator.paging import page
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.validation import Shape, checked, refusal
from kit.simulator.wire import encoded

_PAGE, _LARGEST_PAGE = 20, 100  # OpenAI API reference, "List batches"
_SLOW_SECONDS_PER_REQUEST = 3600.0  # of thirty requests, some are not answered within the window


class _CreateShape(Shape):
    input_file_id: Annotated[str, Field(min_length=1)]
    endpoint: str
    completion_window: Literal["24h"]
    metadata: dict[str, str] | None = None
    output_expires_after: Any = None


class BatchRoutes:
    """The operations under ``batches``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        one = "/batches/{batch_id}"
        return [
            Route("/batches", self._create, methods=["POST"]),
            Route("/batches", self._list, methods=["GET"]),
            Route(one, self._retrieve, methods=["GET"]),
            Route(f"{one}/cancel", self._cancel, methods=["POST"]),
        ]

    async def _create(self, request: Request) -> Response:
        asked = checked(_CreateShape, await json_object(request))
        if plain_address(asked.endpoint) not in ADDRESSES:
            supported = ", ".join(f"'{address}'" for address in ADDRESSES)
            raise refusal("endpoint", f"Invalid value for 'endpoint'. Supported values are: {supported}.")
        expires = read_expiry(
            asked.output_expires_after, self._state.profile.shortest_expiry, "output_expires_after"
        )
        seconds = SECONDS_PER_REQUEST
        if slow := request.scope.get(SCOPE_KEY, {}).get("slow-batch"):
            seconds = max(seconds, slow.number("seconds", _SLOW_SECONDS_PER_REQUEST))
        batch = self._state.batches.create(
            asked.endpoint, asked.input_file_id, metadata(asked.metadata), expires, seconds
        )
        return self._answer(batch)

    async def _list(self, request: Request) -> Response:
        return encoded(
            page(
                await self._state.batches.all(),
                request.query_params,
                default=_PAGE,
                largest=_LARGEST_PAGE,
                identify=lambda batch: batch.id,
                render=lambda batch: batch.rendered(self._state.clock.now),
            )
        )

    async def _retrieve(self, request: Request) -> Response:
        return self._answer(await self._state.batches.get(request.path_params["batch_id"]))

    async def _cancel(self, request: Request) -> Response:
        return self._answer(await self._state.batches.cancel(request.path_params["batch_id"]))

    def _answer(self, batch: Batch) -> Response:
        return encoded(batch.rendered(self._state.clock.now))
