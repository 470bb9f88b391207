"""Who may use the processor for something long: one after the other, and everybody in turn."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Lane:
    """Lets one through at a time. Who waits longest goes first, but no owner twice before all others once.

    In a class, somebody who starts ten trainings does not keep the others waiting for ten trainings. Models
    compute in Python and numpy under one lock of the interpreter: side by side, each would only be slower.
    """

    def __init__(self) -> None:
        self._free = True
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, owner: Hashable) -> AsyncIterator[None]:
        """Wait for the next turn of ``owner``; it lasts as long as the block."""
        if self._free:
            self._free = False
        else:
            ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(owner, deque()).append(ticket)
            try:
                await ticket
            except asyncio.CancelledError:
                if ticket.done() and not ticket.cancelled():  # called and cancelled at the same moment
                    self._call_next()
                raise
        try:
            yield
        finally:
            self._call_next()

    def _call_next(self) -> None:
        while self._waiting:
            owner, tickets = self._waiting.popitem(last=False)
            ticket = tickets.popleft()
            if tickets:
                self._waiting[owner] = tickets  # behind all the others
            if not ticket.done():
                ticket.set_result(None)
                return
        self._free = True
