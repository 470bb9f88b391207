"""A chat service under a quota, in a process of its own: ``python quota_service.py '{"rpm": 1200}'``.

It is the oracle of the tests and of the benchmark, and shares no code with the runner or the simulator. Two
token buckets are checked when a request comes in, prompt plus ``max_tokens`` counting as tokens; the answer
comes after ``latency`` seconds and is paid then, whether or not somebody still listens. A prompt's tokens are
its characters. ``GET /stats`` tells what happened; the port is the first line of output.
"""

import asyncio
import json
import socket
import sys
import time
from collections import Counter

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

DEFAULTS = {
    "rpm": 1e9,
    "tpm": 1e12,
    "request_burst": 1.0,  # seconds of the rate that a full bucket holds
    "token_burst": 60.0,
    "latency": 0.2,
    "headers": True,
    "retry_after": True,
}


class Bucket:
    """Fills evenly; a refused request takes nothing."""

    def __init__(self, per_minute: float, seconds: float) -> None:
        self.per_second = per_minute / 60
        self.size = max(1.0, self.per_second * seconds)
        self.level = self.size
        self.at = time.monotonic()

    def lacking(self, amount: float) -> float:
        now = time.monotonic()
        self.level = min(self.size, self.level + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, amount - self.level)


class Service:
    def __init__(self, options: dict) -> None:
        self.options = DEFAULTS | options
        self.fresh()

    def fresh(self) -> None:
        self.requests = Bucket(self.options["rpm"], self.options["request_burst"])
        self.tokens = Bucket(self.options["tpm"], self.options["token_burst"])
        self.paid: Counter = Counter()
        self.refused = 0
        self.first = self.last = None

    async def chat(self, request: Request) -> JSONResponse:
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        tokens = len(prompt) + body.get("max_tokens", 0)
        self.first = self.first or time.monotonic()
        wait = max(
            self.requests.lacking(1) / self.requests.per_second,
            self.tokens.lacking(tokens) / self.tokens.per_second,
        )
        if wait > 1e-9:
            self.refused += 1
            again = {"retry-after-ms": str(int(wait * 1000) + 1), "retry-after": str(int(wait) + 1)}
            error = {"code": "429", "message": "Too many requests."}
            headers = self.headers() | (again if self.options["retry_after"] else {})
            return JSONResponse({"error": error}, 429, headers)
        self.requests.level -= 1
        self.tokens.level -= tokens
        headers = self.headers()
        await asyncio.shield(asyncio.ensure_future(self.work(prompt)))
        message = {"role": "assistant", "content": prompt.upper()}
        usage = {"prompt_tokens": len(prompt), "completion_tokens": 1, "total_tokens": len(prompt) + 1}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        whole = {"id": "x", "object": "chat.completion", "created": 0, "model": "upper", "choices": [choice]}
        return JSONResponse(whole | {"usage": usage}, headers=headers)

    async def work(self, prompt: str) -> None:
        await asyncio.sleep(self.options["latency"])
        self.paid[prompt] += 1
        self.last = time.monotonic()

    def headers(self) -> dict[str, str]:
        if not self.options["headers"]:
            return {}
        return {
            "x-ratelimit-limit-requests": str(int(self.options["rpm"])),
            "x-ratelimit-remaining-requests": str(int(self.requests.level)),
            "x-ratelimit-limit-tokens": str(int(self.options["tpm"])),
            "x-ratelimit-remaining-tokens": str(int(self.tokens.level)),
        }

    async def stats(self, request: Request) -> JSONResponse:
        seconds = self.last - self.first if self.last else 0.0
        found = {"paid": dict(self.paid), "refused": self.refused, "seconds": seconds}
        if request.query_params.get("reset"):
            self.options |= json.loads(request.query_params["reset"])
            self.fresh()
        return JSONResponse(found)


def main() -> None:
    service = Service(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    routes = [
        Route("/v1/chat/completions", service.chat, methods=["POST"]),
        Route("/stats", service.stats),
    ]
    # Named TCP, or asyncio would not switch off the delay of small packets.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    print(listener.getsockname()[1], flush=True)  # noqa: T201
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, loop="asyncio")
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
