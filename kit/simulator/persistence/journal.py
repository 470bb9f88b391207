"""What makes a simulator outlive its process: a journal of commands, replayed at the next start.

A *command* is a method of a store that changes what the simulator holds because a client asked for it. Marked
with :func:`command`, its name, its arguments and its virtual moment are written down. The next start calls
the same methods with the same arguments at the same moments. That is less than it seems and exact, because
everything else follows from the commands: timelines are closures over a virtual clock, identifiers and seeds
come from the number of the command, and a training is deterministic. So no store has to serialize itself.
What would take long to compute again, such as a tuned model, is kept beside the journal
(:meth:`Journal.keep`) and taken from there if it is there.

How a store takes part:

- its constructor ends with ``journal.register(self)``;
- a method that changes something is marked ``@command("thing.verb")``, is synchronous, and is called from the
  event loop only. What takes long (reading a file) comes before it, what may be refused comes first in it: a
  command that raises must have changed nothing, and is not written down;
- its arguments are what JSON can hold, dataclasses of that (named to :func:`command`), or ``bytes``: these
  are kept apart under the ``id`` of the returned object, so that deleting the object can erase them
  (:meth:`Journal.erase`).

An answer leaves the server only when all that was written down before it is on the disk
(:meth:`Journal.acknowledged`, called by the outermost layer). Commands of many clients share one
synchronization of the disk. The command that an answer speaks of is therefore never lost; one that was cut
off by a crash has never been, and its number will be given to another.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from kit.errors import N_, StateFileError
from kit.simulator.clock import VirtualClock
from kit.simulator.identifiers import Identifiers
from kit.simulator.persistence.book import LARGEST_CONTENT, Book, Entry

_LEASE_SECONDS = 10.0  # real seconds; how far a crash may move a clock that runs by itself forward

P = ParamSpec("P")
R = TypeVar("R")


class _Journaled(Protocol):
    _journal: Journal


S = TypeVar("S", bound=_Journaled)
Command = Callable[Concatenate[S, P], R]


def command(name: str, **records: Callable[..., Any]) -> Callable[[Command[S, P, R]], Command[S, P, R]]:
    """Mark a method of a store as a command.

    Args:
        name: what the journal calls it for ever, such as ``file.upload``.
        records: per argument that is a dataclass: what makes it from its fields.
    """

    def marked(method: Command[S, P, R]) -> Command[S, P, R]:
        signature = inspect.signature(method)

        def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(self, *args, **kwargs).arguments
            del bound["self"]
            return self._journal.run(name, functools.partial(method, self), bound)

        functools.update_wrapper(run, method)
        run.command = name, records  # type: ignore[attr-defined] # what Journal.register looks for
        return run

    return marked


class Journal:
    """The journal of one resource. Without a book it remembers nothing, and commands just run.

    Args:
        clock: the resource's clock.
        identifiers: where its identifiers come from.
        book: where it is written.
    """

    def __init__(self, clock: VirtualClock, identifiers: Identifiers, book: Book | None = None) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._book = book
        self._commands: dict[str, tuple[Callable[..., Any], Mapping[str, Callable[..., Any]]]] = {}
        self._number = 0
        self._running = False
        self._held: defaultdict[str, set[str]] = defaultdict(set)  # per key: who still needs it
        self._doomed: set[str] = set()
        self._erasing: list[str] = []
        self._lease = clock.now
        if book is not None:
            clock.on_advance = self._clock_moved

    @property
    def lasting(self) -> bool:
        """Whether what is written down outlives this process."""
        return self._book is not None

    def register(self, store: object) -> None:
        """Make the commands of a store known, so that they can be replayed."""
        for attribute in vars(type(store)):
            method = getattr(store, attribute, None)
            name, records = getattr(method, "command", ("", {}))
            if name and method is not None:
                if name in self._commands:
                    raise ValueError(f"two commands are called {name}")
                self._commands[name] = method, records

    def run(self, name: str, method: Callable[..., R], arguments: Mapping[str, Any]) -> R:
        """Run a command and write it down; one that runs inside another is part of that."""
        if self._running:
            return method(**arguments)
        moment = self._clock.now
        try:
            with self._at(self._number, moment):
                result = method(**arguments)
            if self._book is not None:
                self._write(name, moment, arguments, result)
        finally:
            self._erase_now()
        self._number += 1
        return result

    def replay(self, before_each: Callable[[], None]) -> None:
        """Do everything again that the book says, and let the clock go on from where it stood.

        Args:
            before_each: called before each command and at the end, to let happen what is due by then.

        Raises:
            StateFileError: a command does not exist or cannot be repeated.
        """
        if self._book is None:
            return
        if self._book.moment is not None:
            self._clock.resume(self._book.moment)
        self._lease = now = self._clock.now
        for entry in self._book.entries():
            with self._clock.held(entry.moment):
                before_each()
            self._number = entry.number
            try:
                self._repeat(entry)
            except Exception as problem:
                raise StateFileError(
                    N_("The state file cannot be replayed: command {number}, “{command}”, fails: {reason}"),
                    advice=N_("It may come from another version of the kit. Start with a new file."),
                    number=entry.number,
                    command=entry.command,
                    reason=str(problem) or type(problem).__name__,
                ) from problem
            self._number += 1
        with self._clock.held(now):
            before_each()

    def keep(self, key: str, content: bytes) -> None:
        """Keep what would take long to compute again; may be called from any thread.

        What is larger than the book takes is not kept: the next start computes it again.
        """
        if self._book is not None and len(content) <= LARGEST_CONTENT:
            self._book.keep(key, content)

    def kept(self, key: str) -> bytes | None:
        """Return what was kept under a key, or None."""
        return None if self._book is None else self._book.read(key)

    def hold(self, key: str, holder: str) -> None:
        """Do not erase what is kept under a key before ``holder`` is released."""
        self._held[key].add(holder)

    def release(self, holder: str) -> None:
        """Erase now what ``holder`` alone has kept from being erased."""
        for key in [key for key, holders in self._held.items() if holder in holders]:
            self._held[key].discard(holder)
            if not self._held[key]:
                del self._held[key]
                if key in self._doomed:
                    self.erase(key)

    def erase(self, key: str) -> None:
        """Drop what is kept under a key from the file, as soon as nobody holds it.

        Inside a command that is after the command has been written down: a crash between the two must not
        leave an object without its content.
        """
        if key in self._held:
            self._doomed.add(key)
            return
        self._doomed.discard(key)
        self._erasing.append(key)
        if not self._running:
            self._erase_now()

    def _erase_now(self) -> None:
        keys, self._erasing = self._erasing, []
        if self._book is not None:
            for key in keys:
                self._book.erase(key)

    async def acknowledged(self) -> None:
        """Wait until everything written down so far is on the disk.

        Raises:
            StateFileError: the file cannot be written; from then on nothing can be acknowledged any more.
        """
        if self._book is None:
            return
        if self._clock.pace and self._clock.now > self._lease:
            # A client may have seen any moment up to this one: no restart may go behind it.
            self._lease = self._clock.now + _LEASE_SECONDS * self._clock.pace
            self._book.set_moment(self._lease)
        outstanding = self._book.outstanding()
        if outstanding is not None:
            await asyncio.wrap_future(outstanding)

    def close(self) -> None:
        """Write down what time it is."""
        if self._book is not None:
            with contextlib.suppress(StateFileError):  # every client has been told already
                self._book.set_moment(self._clock.now)

    def _clock_moved(self, now: float) -> None:
        if self._book is not None:
            self._lease = now
            self._book.set_moment(now)

    @contextlib.contextmanager
    def _at(self, number: int, moment: float) -> Iterator[None]:
        self._running = True
        try:
            with self._clock.held(moment), self._identifiers.of_command(number):
                yield
        finally:
            self._running = False

    def _write(self, name: str, moment: float, arguments: Mapping[str, Any], result: Any) -> None:
        assert self._book is not None
        blobs = {argument: value for argument, value in arguments.items() if isinstance(value, bytes)}
        plain = {argument: value for argument, value in arguments.items() if argument not in blobs}
        if len(blobs) > 1:
            raise TypeError(f"the command {name} has more than one argument of bytes")
        text = json.dumps(plain, default=_fields)
        key = str(result.id) if blobs else ""
        entry = Entry(self._number, moment, name, text, next(iter(blobs), ""), key)
        self._book.append(entry, next(iter(blobs.values()), None))

    def _repeat(self, entry: Entry) -> None:
        assert self._book is not None
        method, records = self._commands[entry.command]
        arguments = json.loads(entry.arguments)
        for argument, record in records.items():
            if argument in arguments:
                arguments[argument] = record(**arguments[argument])
        if entry.blob:  # erased, if the object has been deleted since: nobody will look at it
            arguments[entry.blob] = self._book.read(entry.key) or b""
        # Called as the wrapped method, so that it does not write itself down again.
        with self._at(entry.number, entry.moment):
            method(**arguments)
        self._erase_now()


def _fields(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} cannot be an argument of a command")
