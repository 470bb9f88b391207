"""The simulator beside bare Starlette, in one run: ``python tests/benchmarks/simulator.py``.

Asked is a chat completion at temperature 0 that is not streamed. The simulator has answered the same question
before, so its answer is in memory; bare Starlette is one route that returns the very same JSON object. Both
run in processes of their own, with the same uvicorn settings (those of ``kit serve``). One client process
sends the requests over kept-alive connections; it is the same for all, and as small as Python allows.

- requests per second: with 16 connections, and p50 and p99 of the time from sending a request to having read
  its answer;
- CPU per request: of the server's process, in microseconds;
- memory: resident size of the server after the rounds, and after ``--memory`` requests more.

The contenders take turns, round after round, and the median of the rounds counts. Quotas are lifted, or
nothing else would be measured. ``--memory 100000`` takes minutes.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

from report import record

_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT))

CONTENDERS = ("bare Starlette", "simulator", "simulator --state")
_CONNECTIONS = 16
_ROUNDS = 5
_PATH = "/openai/v1/chat/completions"
_QUESTION = {
    "model": "gpt-4.1-mini",
    "messages": [{"role": "user", "content": "My parcel has not come. What can I do?"}],
    "temperature": 0,
}


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--requests", type=int, default=3000, help="per round and contender")
    parser.add_argument(
        "--memory", type=int, default=0, help="requests after which memory is looked at again"
    )
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _serve(options.child)
        return
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(_child(name)) for name in CONTENDERS}
        for server in servers.values():
            asyncio.run(_ask(server.url, 500))
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(_ROUNDS):
            for name, server in servers.items():
                rounds[name].append(_measure(server, options.requests))
        _print_speed(rounds)
        if options.memory:
            _print_memory(servers, options.memory)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Server:
    """A server's process; it tells its CPU time and resident size when asked."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.url = self._line()

    def usage(self) -> tuple[float, float]:
        """Return CPU seconds so far and resident mebibytes."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        seconds, size = self._line().split()
        return float(seconds), float(size)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextlib.contextmanager
def _child(name: str) -> Iterator[_Server]:
    command = [sys.executable, __file__, "--child", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield _Server(process)
        assert process.stdin is not None
        process.stdin.close()


def _serve(name: str) -> None:
    """Be a server until the standard input ends."""
    from kit.simulator import State, serve
    from kit.simulator.circumstances.quotas import Rates
    from kit.simulator.persistence.state_file import StateFile

    with contextlib.ExitStack() as stack:
        book = None
        if name == "simulator --state":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            file = stack.enter_context(contextlib.closing(StateFile(Path(folder) / "state")))
            book = file.book("", 105)
        state = State(book=book)
        state.quotas.everywhere = Rates(1e9, 1e12)
        server = stack.enter_context(serve(state=state))
        url = server.url if name != "bare Starlette" else stack.enter_context(_bare(server.url))
        _say(url)
        for _ in sys.stdin:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            _say(f"{time.process_time()} {pages * 4096 / 2**20}")


@contextlib.contextmanager
def _bare(simulator: str) -> Iterator[str]:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from kit.simulator import server

    answer = asyncio.run(_ask(simulator, 1))[1]

    async def completion(request: Request) -> JSONResponse:
        await request.json()
        return JSONResponse(answer)

    app = Starlette(routes=[Route(_PATH, completion, methods=["POST"])])
    with server._listening("127.0.0.1", 0) as listener, server._running(app, "127.0.0.1", listener) as url:
        yield url


def _measure(server: _Server, number: int) -> dict[str, float]:
    before = server.usage()[0]
    begun = time.perf_counter()
    times, _ = asyncio.run(_ask(server.url, number))
    seconds = time.perf_counter() - begun
    hundredths = quantiles(times, n=100)
    return {
        "rate": number / seconds,
        "p50": hundredths[49] * 1e3,
        "p99": hundredths[98] * 1e3,
        "cpu": (server.usage()[0] - before) / number * 1e6,
    }


async def _ask(url: str, number: int) -> tuple[list[float], Any]:
    """Send requests over a few connections; return how long each took, and the last answer."""
    address = urlsplit(url)
    body = json.dumps(_QUESTION).encode()
    head = f"POST {_PATH} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer any\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    times: list[float] = []
    answers: list[bytes] = []
    left = iter(range(number))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for _ in left:
            begun = time.perf_counter()
            writer.write(request)
            headers = await reader.readuntil(b"\r\n\r\n")
            if not headers.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(headers.decode())
            length = int(headers.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            answers[:] = [await reader.readexactly(length)]
            times.append(time.perf_counter() - begun)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(connection() for _ in range(min(number, _CONNECTIONS))))
    return times, json.loads(answers[0])


def _print_speed(rounds: dict[str, list[dict[str, float]]]) -> None:
    bare = median(one["rate"] for one in rounds[CONTENDERS[0]])
    _say("| server | requests/s | of bare Starlette | p50 ms | p99 ms | CPU µs per request |")
    _say("|---|---|---|---|---|---|")
    for name, measured in rounds.items():
        middle = {key: median(one[key] for one in measured) for key in measured[0]}
        cells = [f"{middle['rate']:.0f}", f"{middle['rate'] / bare:.2f}", f"{middle['p50']:.1f}"]
        cells += [f"{middle['p99']:.1f}", f"{middle['cpu']:.0f}"]
        _say(f"| {name} | {' | '.join(cells)} |")
        if name == "simulator":
            record(
                "simulator, chat answer in memory (`simulator.py`)",
                "bare Starlette with the same JSON",
                f"{cells[1]} of its requests per second, p99 {cells[3]} ms, {cells[4]} µs of CPU each",
            )


def _print_memory(servers: dict[str, _Server], number: int) -> None:
    _say(f"\n| server | MiB before | MiB after {number} requests |")
    _say("|---|---|---|")
    for name, server in servers.items():
        before = server.usage()[1]
        asyncio.run(_ask(server.url, number))
        _say(f"| {name} | {before:.1f} | {server.usage()[1]:.1f} |")


if __name__ == "__main__":
    main()
