"""Streams of events whose pieces a model makes in a thread; the event loop only passes bytes on."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator

from starlette.responses import StreamingResponse


def event_stream(
    pieces: Iterator[bytes], headers: dict[str, str] | None = None, at_end: Callable[[], None] | None = None
) -> StreamingResponse:
    """Return a response of server-sent events.

    Args:
        pieces: a blocking iterator of events.
        headers: additional headers.
        at_end: called in the event loop when all events have been made, before the last is sent.
    """
    return StreamingResponse(_from_thread(pieces, at_end), headers=headers, media_type="text/event-stream")


async def _from_thread(pieces: Iterator[bytes], at_end: Callable[[], None] | None) -> AsyncIterator[bytes]:
    """Run a blocking iterator in a thread and yield what it gives, as much as is there at once."""
    loop = asyncio.get_running_loop()
    gathered: deque[bytes] = deque()
    news = asyncio.Event()
    unwanted = threading.Event()

    def end(last: bytes) -> None:
        if at_end is not None:
            at_end()
        gathered.append(last)
        news.set()

    def work() -> None:
        held = b""  # the last piece must not be seen before the end has been dealt with
        for piece in pieces:
            if held:
                gathered.append(held)
                if not news.is_set():  # waking the loop for each token would cost more than the token
                    loop.call_soon_threadsafe(news.set)
            held = piece
            if unwanted.is_set():
                return
        loop.call_soon_threadsafe(end, held)

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
