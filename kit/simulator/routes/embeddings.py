"""The embeddings operation."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.answers.embeddings import EmbeddingRequest
from kit.simulator.routes.admission import admitted
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.wire import encoded


class EmbeddingRoutes:
    """The operation ``embeddings``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def v1(self) -> list[Route]:
        """Return the route whose body names the deployment as ``model``."""
        return [Route("/embeddings", self._create, methods=["POST"])]

    def legacy(self) -> list[Route]:
        """Return the route whose address names the deployment."""
        return [Route("/deployments/{deployment}/embeddings", self._create, methods=["POST"])]

    async def _create(self, request: Request) -> Response:
        body = await json_object(request)
        name = request.path_params.get("deployment") or body.get("model")
        deployment = self._state.deployments.answering(name, "embeddings")
        # Tokens are turned into texts and counted here, and the first time that loads a tokenizer.
        asked = await asyncio.to_thread(EmbeddingRequest, self._state, deployment, body)
        limits = await admitted(self._state, request, deployment, asked, "Embeddings_Create")
        return encoded(await asyncio.to_thread(asked.whole), headers=limits)
