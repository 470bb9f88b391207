"""Who may use the processor for something long: one after the other, and everybody in turn."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Lane:
    """Lets a few through at a time. Who waits longest goes first, but no owner twice before all others once.

    In a class, somebody who starts ten trainings does not keep the others waiting for ten trainings.

    Args:
        width: how many at a time. Trainings compute in Python and numpy side by side under one lock of the
            interpreter, so more than one at a time only makes each slower.
    """

    def __init__(self, width: int = 1) -> None:
        self._free = width
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, owner: Hashable) -> AsyncIterator[None]:
        """Wait for the next turn of ``owner``; it lasts as long as the block."""
        if self._free:
            self._free -= 1
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
        self._free += 1
