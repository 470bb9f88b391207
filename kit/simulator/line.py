"""The line under HTTP: what ASGI offers no way to do, ending a connection in the middle of something.

A server's protocol class made by :func:`with_line` puts its transport into the scope of each request. Where
there is none, as under another server, the functions here only wait for the other side to end.
"""

import asyncio
import socket
import struct
from typing import Any

from starlette.types import Receive, Scope, Send

_KEY = "kit.line"
_AT_ONCE = struct.pack("ii", 1, 0)  # linger for 0 seconds: close with a reset instead of an end


def with_line(protocol: Any) -> Any:
    """Return a protocol class of uvicorn whose requests know the line they came over."""

    class Reachable(protocol):  # type: ignore[misc] # the class is chosen by the caller
        app: Any

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            app = self.app

            async def reachable(scope: Scope, receive: Receive, send: Send) -> None:
                scope[_KEY] = transport
                await app(scope, receive, send)

            self.app = reachable

    return Reachable


async def reset(scope: Scope, receive: Receive) -> None:
    """End the connection as a crashed machine would."""
    transport = scope.get(_KEY)
    if transport is not None:
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()
    await _gone(receive)


async def end(scope: Scope, receive: Receive) -> None:
    """End the connection after what has been sent."""
    transport = scope.get(_KEY)
    if transport is not None:
        transport.close()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until the connection has ended; what still comes in is thrown away."""
    while (await receive())["type"] != "http.disconnect":
        pass
