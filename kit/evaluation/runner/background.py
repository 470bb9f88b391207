"""An event loop in a thread of its own, so that one plain call works in a notebook and in a script alike.

A notebook's own loop is running already, and a second one cannot be started in the same thread. The loop here
lives as long as the process: connections that a client keeps open belong to the loop they were made on, and
the next call finds them working.
"""

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_GLANCE = 0.2  # seconds between two looks at the progress
_GRACE = 5.0  # seconds that requests under way get to come back after an interrupt

_loops: dict[int, asyncio.AbstractEventLoop] = {}  # by process: a forked child has no threads
_lock = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="evaluation", daemon=True).start()
    return loop


def now() -> float:
    """Return the loop's time, in seconds."""
    return _loop().time()


def call(
    coroutine: Coroutine[Any, Any, Result],
    *,
    meanwhile: Callable[[], None] = lambda: None,
    on_interrupt: Callable[[], None] = lambda: None,
) -> Result:
    """Run a coroutine on the loop to its end and return its result.

    Args:
        coroutine: what to run.
        meanwhile: called in the caller's thread every now and then, and once at the end.
        on_interrupt: called on the loop after Ctrl-C or the kernel's interrupt; the coroutine then has five
            seconds to come to an end by itself. A second interrupt ends it at once.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """
    loop = _loop()
    gate = asyncio.Event()  # opened where an interrupt is heard: before that nothing may have begun
    future = asyncio.run_coroutine_threadsafe(_behind(gate, coroutine), loop)
    try:
        loop.call_soon_threadsafe(gate.set)
        while not concurrent.futures.wait([future], timeout=_GLANCE).done:
            meanwhile()
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(on_interrupt)
        try:
            concurrent.futures.wait([future], timeout=_GRACE)
        finally:
            _cancel(future)
        meanwhile()
        raise
    result = future.result()
    meanwhile()
    return result


async def _behind(gate: asyncio.Event, coroutine: Coroutine[Any, Any, Result]) -> Result:
    try:
        await gate.wait()
    except asyncio.CancelledError:
        coroutine.close()
        raise
    return await coroutine


def _cancel(future: concurrent.futures.Future[Any]) -> None:
    if not future.done():
        future.cancel()
