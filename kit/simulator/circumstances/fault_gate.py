"""Lets faults befall requests, between their authentication and their operation.

Operations know nothing of it, except those of the stage ``operation``: these find their fault in the scope
of the request under ``kit.faults``. Without rules, and without the header, a request passes at the price of
one look at its headers.
"""

import asyncio
import contextlib
import json
from typing import Any

from starlette.datastructures import Headers
from starlette.routing import Match, Router
from starlette.types import Message, Receive, Scope, Send

from kit.simulator import line
from kit.simulator.circumstances.faults import HEADER, Fault, Faults

_HEADER = HEADER.encode()
_CUT_STREAM_BYTES = 400  # into the second or third event of a chat completion
SCOPE_KEY = "kit.faults"


class FaultGate:
    """Lets requests through, more or less.

    Args:
        app: what comes after.
        faults: what befalls them.
    """

    def __init__(self, app: Router, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if not self._faults.rules and not any(name == _HEADER for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        self._name(scope)
        deployment = None
        if self._faults.need_deployment:
            receive, deployment = await _deployment(scope, receive)
        befallen = self._faults.befall(scope["method"], scope["path"], Headers(scope=scope), deployment)
        scope[SCOPE_KEY] = {fault.kind.name: fault for fault in befallen if fault.kind.stage == "operation"}
        acute = {fault.kind.name: fault for fault in befallen if fault.kind.stage != "operation"}
        if "latency" in acute:
            receive = await _later(acute.pop("latency").number("seconds", 1), receive)
        first = next(iter(acute.values()), None)
        if first is None:
            await self._app(scope, receive, send)
        elif first.kind.stage == "answer":
            if "after" in first.options:
                await self._app(scope, receive, _Collected())
            raise first.error()  # the application answers it as it answers its own
        else:
            await self._line(first, scope, receive, send)

    def _name(self, scope: Scope) -> None:
        """Note the route of a request that may never reach it."""
        for route in self._app.routes:
            if route.matches(scope)[0] is Match.FULL:
                scope["route"] = route
                return

    async def _line(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        name = fault.kind.name
        if name == "reset":
            await line.reset(scope, receive)
        elif name == "cut":
            cut = _Cut(send, fault.number("bytes", 0))
            await self._app(scope, receive, cut)
            await line.end(scope, receive)
        else:
            collected = _Collected()
            await self._app(scope, receive, collected)
            if name == "lost":
                await line.reset(scope, receive)
            else:
                await collected.send_on(send, share=0.5 if name == "malformed" else 0)


class _Collected:
    """A ``send`` that keeps an answer."""

    def __init__(self) -> None:
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    async def send_on(self, send: Send, share: float) -> None:
        """Send the answer with the first part of its body only."""
        body = self._body[: int(len(self._body) * share)]
        headers = [pair for pair in self._start["headers"] if pair[0] != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await send({**self._start, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})


class _Cut:
    """A ``send`` that passes an answer on up to a certain byte, and never its end.

    Args:
        send: where it goes.
        limit: bytes of the body that pass; 0 for half of a body of known length.
    """

    def __init__(self, send: Send, limit: float) -> None:
        self._send = send
        self._left = int(limit)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            length = next((value for name, value in message["headers"] if name == b"content-length"), b"")
            self._left = self._left or (int(length) // 2 if length else _CUT_STREAM_BYTES)
            await self._send(message)
            return
        body = message.get("body", b"")
        if not message.get("more_body"):
            body = body[:-1]  # however short an answer is, its last byte never comes
        body = body[: self._left]
        self._left -= len(body)
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


async def _later(seconds: float, receive: Receive) -> Receive:
    """Wait, but no longer than the client does; return a ``receive`` that gives what came in meanwhile.

    A client that has given up does not undo its request: the operation takes place all the same.
    """
    early: list[Message] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not early or early[-1]["type"] != "http.disconnect":
                early.append(await receive())

    async def replayed() -> Message:
        return early.pop(0) if early else await receive()

    return replayed


async def _deployment(scope: Scope, receive: Receive) -> tuple[Receive, str | None]:
    """Return which deployment a request goes to, and a ``receive`` that gives its body once more."""
    _, found, rest = scope["path"].partition("/deployments/")
    if found:
        return receive, rest.partition("/")[0]
    if b"json" not in dict(scope["headers"]).get(b"content-type", b""):
        return receive, None
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())

    async def replayed() -> Message:
        return messages.pop(0) if messages else await receive()

    return replayed, _model(b"".join(message.get("body", b"") for message in messages))


def _model(body: bytes) -> str | None:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    model = found.get("model") if isinstance(found, dict) else None
    return model if isinstance(model, str) else None
