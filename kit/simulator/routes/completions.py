"""The completions operation."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.chat.completions import TextCompletion
from kit.simulator.routes.admission import admitted
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.streams import event_stream
from kit.simulator.wire import encoded


class CompletionRoutes:
    """The operation ``completions``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def v1(self) -> list[Route]:
        """Return the route whose body names the deployment as ``model``."""
        return [Route("/completions", self._create, methods=["POST"])]

    def legacy(self) -> list[Route]:
        """Return the route whose address names the deployment."""
        return [Route("/deployments/{deployment}/completions", self._create, methods=["POST"])]

    async def _create(self, request: Request) -> Response:
        body = await json_object(request)
        name = request.path_params.get("deployment") or body.get("model")
        deployment = self._state.deployments.answering(name)
        completion = TextCompletion(self._state, deployment, body, self._state.occasion())
        limits = await admitted(self._state, request, deployment, completion, "Completions_Create")
        if completion.stream:
            return event_stream(completion.events(), limits)
        return encoded(await asyncio.to_thread(completion.whole), headers=limits)
