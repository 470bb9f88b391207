"""The fine-tuning operations."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kit.simulator.circumstances.fault_gate import SCOPE_KEY
from kit.simulator.errors import not_tunable
from kit.simulator.fine_tuning import job_request
from kit.simulator.fine_tuning.job import Job, rendered_checkpoint
from kit.simulator.fine_tuning.lifecycle import QUEUE_SECONDS
from kit.simulator.paging import page
from kit.simulator.routes.bodies import json_object
from kit.simulator.state import State
from kit.simulator.wire import encoded

_PAGE = 20  # OpenAI API reference: jobs and events
_CHECKPOINTS_PAGE = 10
_LARGEST_PAGE = 2**31 - 1  # the public document names no bound but the type
_SLOW_QUEUE_SECONDS = 4 * 3600.0


class FineTuningRoutes:
    """The operations under ``fine_tuning/jobs``."""

    def __init__(self, state: State) -> None:
        self._clock = state.clock
        self._jobs = state.jobs
        self._shown = state.profile.job
        self._models = state.models

    def routes(self) -> list[Route]:
        """Return the routes."""
        job = "/fine_tuning/jobs/{job_id}"
        return [
            Route("/fine_tuning/jobs", self._create, methods=["POST"]),
            Route("/fine_tuning/jobs", self._list, methods=["GET"]),
            Route(job, self._retrieve, methods=["GET"]),
            Route(f"{job}/cancel", self._cancel, methods=["POST"]),
            Route(f"{job}/pause", self._pause, methods=["POST"]),
            Route(f"{job}/resume", self._resume, methods=["POST"]),
            Route(f"{job}/events", self._events, methods=["GET"]),
            Route(f"{job}/checkpoints", self._checkpoints, methods=["GET"]),
        ]

    async def _create(self, request: Request) -> Response:
        asked = job_request.read(await json_object(request))
        faults = request.scope.get(SCOPE_KEY, {})
        await self._jobs.all()  # a model that a job has left by now may be tuned further
        if "retired" in faults:
            self._models.refuse_retired(asked.model, self._clock.now, faults["retired"].names("models"))
        if "training-type-required" in faults and asked.training_type is None:
            raise not_tunable()
        fate = next((name for name in ("job-harmful", "job-fails") if name in faults), "")
        queue = QUEUE_SECONDS
        if "slow-queue" in faults:
            queue = faults["slow-queue"].number("seconds", _SLOW_QUEUE_SECONDS)
        return self._answer(self._jobs.create(asked, fate, queue))

    async def _list(self, request: Request) -> Response:
        return encoded(
            page(
                await self._jobs.all(),
                request.query_params,
                default=_PAGE,
                largest=_LARGEST_PAGE,
                identify=lambda job: job.id,
                render=lambda job: self._shown(job.rendered()),
            )
        )

    async def _retrieve(self, request: Request) -> Response:
        return self._answer(await self._jobs.get(request.path_params["job_id"]))

    async def _cancel(self, request: Request) -> Response:
        return self._answer(await self._jobs.cancel(request.path_params["job_id"]))

    async def _pause(self, request: Request) -> Response:
        return self._answer(await self._jobs.pause(request.path_params["job_id"]))

    async def _resume(self, request: Request) -> Response:
        return self._answer(await self._jobs.resume(request.path_params["job_id"]))

    def _answer(self, job: Job) -> Response:
        return encoded(self._shown(job.rendered()))

    async def _events(self, request: Request) -> Response:
        job = await self._jobs.get(request.path_params["job_id"])
        return encoded(
            page(
                job.events[::-1],
                request.query_params,
                default=_PAGE,
                largest=_LARGEST_PAGE,
                identify=lambda event: str(event["id"]),
                render=lambda event: event,
            )
        )

    async def _checkpoints(self, request: Request) -> Response:
        job = await self._jobs.get(request.path_params["job_id"])
        return encoded(
            page(
                job.checkpoints[::-1],
                request.query_params,
                default=_CHECKPOINTS_PAGE,
                largest=_LARGEST_PAGE,
                identify=lambda checkpoint: checkpoint.id,
                render=lambda checkpoint: rendered_checkpoint(job, checkpoint),
            )
        )
