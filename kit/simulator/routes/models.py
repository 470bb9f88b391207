"""The models operations of the data plane."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.state import State
from kit.simulator.wire import encoded


class ModelRoutes:
    """The operations under ``models``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/models", self._list, methods=["GET"]),
            Route("/models/{model}", self._retrieve, methods=["GET"]),
            Route("/models/{model}", self._delete, methods=["DELETE"]),
        ]

    async def _list(self, _request: Request) -> Response:
        await self._state.jobs.all()
        return encoded({"object": "list", "data": self._state.models.listing()})

    async def _retrieve(self, request: Request) -> Response:
        await self._state.jobs.all()
        return encoded(self._state.models.entry(request.path_params["model"]))

    async def _delete(self, request: Request) -> Response:
        await self._state.jobs.all()
        name = request.path_params["model"]
        self._state.deployments.refuse_if_deployed(name)
        self._state.models.remove(name)
        return encoded({"id": name, "object": "model", "deleted": True})
