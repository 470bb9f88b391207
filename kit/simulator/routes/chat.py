"""Chat completions over HTTP. The model works in a thread; the event loop only passes bytes on."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kit.simulator import chat_request, prompt_tokens
from kit.simulator.chat import Completion
from kit.simulator.chat_request import ChatRequest
from kit.simulator.errors import deployment_not_found
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.wire import encoded


class ChatRoutes:
    """The operations under ``chat/completions``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def v1(self) -> list[Route]:
        """Return the route whose body names the deployment as ``model``."""
        return [Route("/chat/completions", self._create, methods=["POST"])]

    def legacy(self) -> list[Route]:
        """Return the route whose address names the deployment."""
        return [Route("/deployments/{deployment}/chat/completions", self._create, methods=["POST"])]

    async def _create(self, request: Request) -> Response:
        body = await json_object(request)
        name = request.path_params.get("deployment") or body.get("model")
        if not isinstance(name, str):
            raise deployment_not_found()
        deployment = self._state.deployments.answering(name)
        asked = chat_request.read(body)
        tokens = await _most_tokens(asked)
        version = request.query_params.get("api-version", "v1")
        limits = self._state.quotas.admit(deployment, tokens, "ChatCompletions_Create", version)
        completion = Completion(self._state, deployment, asked)
        if asked.stream:
            events = _from_thread(completion.events())
            return StreamingResponse(events, headers=limits, media_type="text/event-stream")
        return encoded(await asyncio.to_thread(completion.whole), headers=limits)


async def _most_tokens(asked: ChatRequest) -> int:
    """Return what a request may cost, counted in a thread where that takes longer than to begin one."""
    if prompt_tokens.is_quick(asked.messages):
        return asked.most_tokens
    return await asyncio.to_thread(lambda: asked.most_tokens)


async def _from_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Run a blocking iterator in a thread and yield what it gives, as much as is there at once."""
    loop = asyncio.get_running_loop()
    gathered: deque[bytes] = deque()
    news = asyncio.Event()
    unwanted = threading.Event()

    def work() -> None:
        for piece in pieces:
            gathered.append(piece)
            if not news.is_set():  # waking the loop for each token would cost more than the token
                loop.call_soon_threadsafe(news.set)
            if unwanted.is_set():
                return

    worker = asyncio.create_task(asyncio.to_thread(work))
    worker.add_done_callback(lambda _: news.set())
    try:
        while not worker.done():
            await news.wait()
            news.clear()  # before emptying: what comes in between rings again
            if gathered:
                yield b"".join(gathered.popleft() for _ in range(len(gathered)))
        if gathered:
            yield b"".join(gathered)
        await worker  # raises what went wrong in the thread: the client sees a stream without its end
    finally:
        unwanted.set()
