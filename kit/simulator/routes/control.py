"""What is not Azure: the simulator's own page, its status and its clock."""

import html
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from kit.simulator.errors import ApiError
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.wire import encoded

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Simulator of Azure OpenAI</title>
<h1>Simulator of Azure OpenAI</h1>
<p>This is not Azure. It is a local stand-in that speaks its protocol; a very small model answers.</p>
<p>Data plane: <code>{url}openai/v1/</code><br>Azure Resource Manager: <code>{url}subscriptions/</code></p>
<p><a href="simulator/status">What it holds</a></p>
</html>
"""


class ControlRoutes:
    """``/`` and what lies under ``/simulator``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self._page, methods=["GET"]),
            Route("/simulator/status", self._status, methods=["GET"]),
            Route("/simulator/clock", self._clock, methods=["POST"]),
        ]

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(_PAGE.format(url=html.escape(str(request.base_url))))

    async def _status(self, _request: Request) -> Response:
        jobs = await self._state.jobs.all()
        return encoded(
            {
                "simulator": True,
                "now": int(self._state.clock.now),
                "seed": self._state.seed,
                "pace": self._state.clock.pace,
                "deployments": _summary([found.name for found in self._state.deployments.all()]),
                "files": _summary([file.id for file in self._state.files.all()]),
                "jobs": _summary([job.id for job in jobs]),
            }
        )

    async def _clock(self, request: Request) -> Response:
        seconds = (await json_object(request)).get("advance_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= 10**9:
            raise ApiError(400, "BadRequest", "'advance_seconds' must be a number from 0 to 1000000000.")
        return encoded({"now": int(self._state.clock.advance(seconds))})


def _summary(names: list[str]) -> dict[str, Any]:
    return {"count": len(names), "names": names}
