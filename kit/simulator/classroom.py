"""One server for a class: every key is a learner, and every learner has a resource of their own.

A request goes to the application of the state that belongs to its key, wherever the key stands: in
``api-key``, in a bearer token, or, for a browser that looks at the simulator's own page, in the password of
HTTP's basic authentication. Names and paths in the address do not matter. Nothing is shared between learners
but what never changes, the base model, and the processor: their trainings take turns, and the requests of
their batches (:mod:`kit.simulator.lane`).

A state is made when its key is first seen. With a state file it is brought back from there, and a learner who
has been idle longest makes room for a new one when there are too many; without a file there is nowhere to put
them, and the new one is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from kit.errors import StateFileError
from kit.simulator import access
from kit.simulator.app import create_app
from kit.simulator.errors import ApiError, not_kept, unauthorized
from kit.simulator.routes.page import locked
from kit.simulator.state import State

MOST_LEARNERS = 1000
"""Learners in memory at a time; one who has nothing yet takes 60 kilobytes."""


@dataclass
class Learner:
    """A learner who is in memory.

    Attributes:
        state: what the learner has.
        app: what answers.
        requests: how many are being answered.
    """

    state: State
    app: ASGIApp
    requests: int = 0


class Classroom:
    """An application that gives each key a state of its own.

    Args:
        make: makes the state of a new learner from a name and a seed. The name does not tell the key.
        seed: where the seeds of all learners come from.
        keys: the keys that are let in; any, if there are none.
        most: how many learners may be in memory at a time.
    """

    def __init__(
        self,
        make: Callable[[str, int], State],
        *,
        seed: int = 105,
        keys: Sequence[str] = (),
        most: int = MOST_LEARNERS,
    ) -> None:
        self._make = make
        self._seed = seed
        self._known = {_name(key.encode()) for key in keys}
        self._most = most
        self._learners: OrderedDict[str, Learner] = OrderedDict()  # the one idle longest comes first
        self._door = asyncio.Lock()  # one comes or goes at a time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        try:
            learner = await self._learner(access.key(scope) or access.password(scope))
        except ApiError as refusal:
            asked = refusal.status == 401 and scope["path"] == "/"
            await (locked() if asked else refusal.response())(scope, receive, send)
            return
        except StateFileError:
            await not_kept().response()(scope, receive, send)
            return
        learner.requests += 1
        try:
            await learner.app(scope, receive, send)
        finally:
            learner.requests -= 1

    async def close(self) -> None:
        """Stop what is being computed for all learners."""
        async with self._door:
            for learner in self._learners.values():
                await learner.state.close()
            self._learners.clear()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _learner(self, key: bytes) -> Learner:
        name = _name(key)
        if not key or (self._known and name not in self._known):
            raise unauthorized()
        if name not in self._learners:
            async with self._door:
                if name not in self._learners:
                    await self._come(name)
        self._learners.move_to_end(name)
        return self._learners[name]

    async def _come(self, name: str) -> None:
        if len(self._learners) >= self._most:
            await self._make_room()
        seed = int.from_bytes(hashlib.sha256(f"{self._seed}:{name}".encode()).digest()[:4])
        state = self._make(name, seed)
        await state.open()
        self._learners[name] = Learner(state, create_app(state))

    async def _make_room(self) -> None:
        for name, learner in self._learners.items():
            if learner.state.journal.lasting and not (learner.requests or learner.state.busy):
                del self._learners[name]
                await learner.state.close()
                await learner.state.journal.acknowledged()
                return
        raise ApiError(
            503, "ServiceUnavailable", f"The simulator already serves {self._most} learners; try again later."
        )


def _name(key: bytes) -> str:
    """Return what a state file calls a learner. Hashes are compared, so that timing tells nothing of keys."""
    return hashlib.sha256(b"learner:" + key).hexdigest()
