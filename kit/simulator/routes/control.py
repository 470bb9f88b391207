"""What is not Azure: what a simulator holds, its scenario, faults, quotas and clock, under ``/simulator``.

====================================  ====================================================================
``GET /simulator/status``             what it holds, in names and numbers
``POST /simulator/clock``             ``{"advance_seconds": 3600}`` moves the virtual clock
``PUT /simulator/scenario``           ``{"name": "flaky"}`` changes to a scenario
``GET``, ``POST``, ``DELETE /simulator/faults``  lists the rules, adds one, takes all away; a rule is
                                      ``{"fault": "503; retry-after=2", "on": "POST */completions",
                                      "deployment": "gpt-4o", "share": 0.5, "times": 3}``
``PUT``, ``DELETE /simulator/quotas/NAME``  gives a deployment ``{"requests_per_minute": 6,
                                      "tokens_per_minute": 1000}`` of its own, or takes them away
====================================  ====================================================================

A simulator that asks for a key asks for it here, too. Bodies must say that they are JSON: a page on the
internet can make a browser send other types to this machine without asking first.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.errors import UsageError
from kit.simulator.access import admits
from kit.simulator.circumstances.faults import Rule
from kit.simulator.circumstances.quotas import Rates
from kit.simulator.circumstances.scenarios import scenarios
from kit.simulator.errors import ApiError, unauthorized
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.wire import encoded

_MOST_RULES = 100
Handler = Callable[[Request], Awaitable[Response]]


class ControlRoutes:
    """What lies under ``/simulator``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            self._route("/simulator/status", self._status, "GET"),
            self._route("/simulator/clock", self._clock, "POST"),
            self._route("/simulator/scenario", self._scenario, "PUT"),
            self._route("/simulator/faults", self._list_faults, "GET"),
            self._route("/simulator/faults", self._add_fault, "POST"),
            self._route("/simulator/faults", self._clear_faults, "DELETE"),
            self._route("/simulator/quotas/{deployment}", self._set_quota, "PUT"),
            self._route("/simulator/quotas/{deployment}", self._clear_quota, "DELETE"),
        ]

    def _route(self, path: str, handler: Handler, method: str) -> Route:
        async def guarded(request: Request) -> Response:
            if not admits(request.scope, self._state.keys):
                raise unauthorized()
            if method in {"POST", "PUT"} and not _says_json(request):
                raise ApiError(400, "BadRequest", "The request must have the content type application/json.")
            return await handler(request)

        return Route(path, guarded, methods=[method])

    async def _status(self, _request: Request) -> Response:
        state = self._state
        jobs = await state.jobs.all()
        deployments = state.deployments.all()
        return encoded(
            {
                "simulator": True,
                "now": int(state.clock.now),
                "seed": state.seed,
                "pace": state.clock.pace,
                "scenario": state.circumstances.scenario.name,
                "scenarios": {each.name: each.summary for each in scenarios().values()},
                "faults": [_shown(rule) for rule in state.faults.rules],
                "quotas": {found.name: _rates(state.quotas.rates(found)) for found in deployments},
                "requests": state.recent.total,
                "deployments": _summary([found.name for found in deployments]),
                "files": _summary([file.id for file in state.files.all()]),
                "jobs": _summary([job.id for job in jobs]),
            }
        )

    async def _clock(self, request: Request) -> Response:
        seconds = _number(await json_object(request), "advance_seconds")
        return encoded({"now": int(self._state.clock.advance(seconds))})

    async def _scenario(self, request: Request) -> Response:
        name = (await json_object(request)).get("name")
        try:
            self._state.circumstances.play(str(name))
        except UsageError:
            raise ApiError(
                400, "BadRequest", f"There is no such scenario. Known: {', '.join(scenarios())}."
            ) from None
        played = self._state.circumstances.scenario
        return encoded({"scenario": played.name, "summary": played.summary})

    async def _list_faults(self, _request: Request) -> Response:
        return encoded({"faults": [_shown(rule) for rule in self._state.faults.rules]})

    async def _add_fault(self, request: Request) -> Response:
        rule = await json_object(request)
        if len(self._state.faults.rules) >= _MOST_RULES:
            raise ApiError(400, "BadRequest", f"There are {_MOST_RULES} rules already.")
        return encoded(_shown(self._state.circumstances.add_fault(rule)), 201)

    async def _clear_faults(self, _request: Request) -> Response:
        self._state.circumstances.clear_faults()
        return Response(status_code=204)

    async def _set_quota(self, request: Request) -> Response:
        body = await json_object(request)
        rates = Rates(_number(body, "requests_per_minute"), _number(body, "tokens_per_minute"))
        self._state.circumstances.set_quota(self._deployment(request), rates.requests, rates.tokens)
        return encoded(_rates(rates))

    async def _clear_quota(self, request: Request) -> Response:
        self._state.circumstances.clear_quota(self._deployment(request))
        return Response(status_code=204)

    def _deployment(self, request: Request) -> str:
        name = str(request.path_params["deployment"])
        if self._state.deployments.find(name) is None:
            raise ApiError(404, "ResourceNotFound", "The requested deployment was not found.")
        return name


def _says_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _number(body: dict[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10**9:
        raise ApiError(400, "BadRequest", f"'{name}' must be a number from 0 to 1000000000.")
    return value


def _summary(names: list[str]) -> dict[str, Any]:
    return {"count": len(names), "names": names}


def _rates(rates: Rates) -> dict[str, float]:
    return {"requests_per_minute": rates.requests, "tokens_per_minute": rates.tokens}


def _shown(rule: Rule) -> dict[str, Any]:
    return {
        "fault": str(rule.fault),
        "on": rule.on,
        "deployment": rule.deployment,
        "share": rule.share,
        "times": rule.left,
    }
