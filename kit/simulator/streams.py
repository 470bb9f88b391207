"""Streams of events whose pieces a model makes in a thread; the event loop only passes bytes on."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator

from starlette.responses import StreamingResponse


def event_stream(pieces: Iterator[bytes], headers: dict[str, str] | None = None) -> StreamingResponse:
    """Return a response of server-sent events, made by a blocking iterator."""
    return StreamingResponse(_from_thread(pieces), headers=headers, media_type="text/event-stream")


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
