"""The graders operations."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.graders import grading
from kit.simulator.graders.shapes import RunShape, ValidateShape
from kit.simulator.routes.bodies import json_object
from kit.simulator.validation import checked
from kit.simulator.wire import encoded


class GraderRoutes:
    """The operations under ``fine_tuning/alpha/graders``."""

    @staticmethod
    def routes() -> list[Route]:
        """Return the routes."""
        return [
            Route("/fine_tuning/alpha/graders/run", _run, methods=["POST"]),
            Route("/fine_tuning/alpha/graders/validate", _validate, methods=["POST"]),
        ]


async def _run(request: Request) -> Response:
    asked = checked(RunShape, await json_object(request))
    begun = time.perf_counter()
    answer = await asyncio.to_thread(grading.run, asked)
    answer["metadata"]["execution_time"] = time.perf_counter() - begun
    return encoded(answer)


async def _validate(request: Request) -> Response:
    body = await json_object(request)
    grading.check(checked(ValidateShape, body).grader)
    return encoded({"grader": body["grader"]})
