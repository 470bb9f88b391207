"""Running a simulator: a server in a thread, up for as long as a ``with`` block."""

import contextlib
import ipaddress
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from kit.errors import N_, KitError, PortInUseError, UsageError
from kit.simulator.app import create_app
from kit.simulator.classroom import MOST_LEARNERS, Classroom
from kit.simulator.lane import Lane
from kit.simulator.line import with_line
from kit.simulator.persistence.state_file import StateFile
from kit.simulator.request_log import RequestLog, Write
from kit.simulator.state import State

_GRACE_SECONDS = 2  # how long a request may still take once the server has been told to stop
_BACKLOG = 2048


class Simulator:
    """A running simulator.

    Attributes:
        state: what it holds.
        url: its address, without a slash at the end.
    """

    def __init__(self, state: State, url: str) -> None:
        self.state = state
        self.url = url


@contextlib.contextmanager
def serve(  # noqa: PLR0913 - the options of a server
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    seed: int = 105,
    pace: float = 0.0,
    keys: Sequence[str] = (),
    scenario: str | None = None,
    profile: str = "azure",
    state: State | None = None,
    state_file: str | os.PathLike[str] | None = None,
    log: Write | None = None,
) -> Iterator[Simulator]:
    """Serve a simulator from a thread of this process until the block ends.

    Args:
        host: name or address to listen on.
        port: port to listen on; 0 for any free one.
        seed: as in :class:`State`.
        pace: as in :class:`State`.
        keys: as in :class:`State`.
        scenario: as in :class:`State`.
        profile: as in :class:`State`.
        state: what to serve instead of a new :class:`State` made from the other arguments.
        state_file: where the state is kept beyond the end of this process; by default it is not kept. A file
            that exists decides the seed.
        log: is given a line about each request, see :mod:`kit.simulator.request_log`; by default nobody is.

    Raises:
        PortInUseError: somebody else listens there.
        StateFileError: the state file cannot be used.
        UsageError: other machines could reach the server, and there is no key to keep them out; or the
            scenario does not exist.
    """
    _require_key(host, keys if state is None else state.keys)
    with _listening(host, port) as listener, _book_file(state_file if state is None else None) as file:
        served = state
        if served is None:
            book = None if file is None else file.book("", seed)
            served = State(seed=seed, pace=pace, keys=keys, scenario=scenario, profile=profile, book=book)
        app = _logged(create_app(served), log, served.keys)
        with _running(app, host, listener, served.open) as url:
            yield Simulator(served, url)


@contextlib.contextmanager
def serve_class(  # noqa: PLR0913 - the options of a server
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    seed: int = 105,
    pace: float = 0.0,
    keys: Sequence[str] = (),
    scenario: str | None = None,
    profile: str = "azure",
    state_file: str | os.PathLike[str] | None = None,
    most: int = MOST_LEARNERS,
    log: Write | None = None,
) -> Iterator[str]:
    """Serve a resource of their own to each learner of a class, and yield the address of all of them.

    Args:
        host: as in :func:`serve`.
        port: as in :func:`serve`.
        seed: where the seeds of all learners come from.
        pace: as in :class:`State`.
        keys: the keys of the learners; any key is a new learner's, if there are none.
        scenario: as in :class:`State`.
        profile: as in :class:`State`.
        state_file: where all their states are kept beyond the end of this process.
        most: as in :class:`Classroom`.
        log: as in :func:`serve`.

    Raises:
        PortInUseError, StateFileError, UsageError: as in :func:`serve`.
    """
    _require_key(host, keys)
    with _listening(host, port) as listener, _book_file(state_file) as file:
        lanes = Lane(), Lane()

        def make(name: str, seed: int) -> State:
            book = None if file is None else file.book(name, seed)
            return State(seed=seed, pace=pace, scenario=scenario, profile=profile, book=book, lanes=lanes)

        classroom = Classroom(make, seed=seed, keys=keys, most=most)
        with _running(_logged(classroom, log, keys), host, listener) as url:
            yield url


def _logged(app: ASGIApp, log: Write | None, keys: Sequence[str]) -> ASGIApp:
    return app if log is None else RequestLog(app, log, keys)


def _require_key(host: str, keys: Sequence[str]) -> None:
    if not (keys or _is_loopback(host)):
        raise UsageError(
            N_("A simulator that other machines can reach at {host} needs a key."),
            advice=N_("Give it one, or let it listen on 127.0.0.1."),
            host=host,
        )


@contextlib.contextmanager
def _book_file(path: str | os.PathLike[str] | None) -> Iterator[StateFile | None]:
    if path is None:
        yield None
        return
    with contextlib.closing(StateFile(path)) as file:
        yield file


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Called TCP by name: asyncio switches the delay of small packets off only then, and they cost 40 ms each.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as problem:
        listener.close()
        raise PortInUseError(
            N_("The simulator cannot listen on {host}, port {port}: {reason}."),
            advice=N_("Stop the other program, or choose another port; port 0 takes any free one."),
            host=host,
            port=port,
            reason=problem.strerror or type(problem).__name__,
        ) from None
    return listener


async def _nothing() -> None:
    pass


def _server(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,  # an access log would show what learners ask for
            log_config=None,
            loop="asyncio",
            http=with_line(H11Protocol),
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


@contextlib.contextmanager
def _running(
    app: ASGIApp, host: str, listener: socket.socket, prepare: Callable[[], Awaitable[None]] = _nothing
) -> Iterator[str]:
    """Run a server in a thread; yield its address when it answers, and return when it has stopped."""
    server = _server(app)
    ready = threading.Event()
    startup = server.startup
    problems: list[KitError] = []

    async def announced(sockets: list[socket.socket] | None = None) -> None:
        try:
            await prepare()
        except KitError as problem:  # raised here it would reach the log, and the caller only in part
            problems.append(problem)
            server.should_exit = True
        else:
            await startup(sockets)
            ready.set()

    server.startup = announced  # type: ignore[method-assign] # uvicorn has no hook for "started"

    def run() -> None:
        try:
            server.run([listener])
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="simulator", daemon=True)
    thread.start()
    ready.wait()
    try:
        if problems:
            raise problems[0]
        if not server.started:
            raise RuntimeError("the simulator did not start")
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
