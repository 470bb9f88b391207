"""The fine-tuning jobs of one simulator."""

from __future__ import annotations

import asyncio

from kit.simulator.clock import VirtualClock
from kit.simulator.errors import invalid_payload, not_found, wrong_state
from kit.simulator.files.files import FileStore
from kit.simulator.files.training_file import BadTrainingFile
from kit.simulator.fine_tuning import lifecycle
from kit.simulator.fine_tuning.job import TERMINAL, Job
from kit.simulator.fine_tuning.job_request import JobRequest
from kit.simulator.fine_tuning.training import Trainer
from kit.simulator.identifiers import Identifiers
from kit.simulator.models import ModelRegistry
from kit.simulator.persistence.journal import Journal, command

_PAUSE_SECONDS = 60.0  # between "pausing" and "paused", and between "resuming" and "running"


class JobStore:
    """Creates jobs, moves them along the virtual clock, and looks them up."""

    def __init__(  # noqa: PLR0913, PLR0917 - what jobs need
        self,
        clock: VirtualClock,
        identifiers: Identifiers,
        files: FileStore,
        models: ModelRegistry,
        trainer: Trainer,
        journal: Journal,
    ) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._files = files
        self._models = models
        self._trainer = trainer
        self._journal = journal
        self._lifecycle = lifecycle.Lifecycle(files, models)
        self._jobs: dict[str, Job] = {}
        journal.register(self)

    @command("job.create", request=JobRequest)
    def create(
        self, request: JobRequest, fate: str = "", queue_seconds: float = lifecycle.QUEUE_SECONDS
    ) -> Job:
        """Create a job and begin its computation.

        Args:
            request: what the client asks for.
            fate: ``job-fails`` or ``job-harmful`` for a job that is to fail in that way.
            queue_seconds: how long it waits for its turn.

        Raises:
            ApiError: the model cannot be fine-tuned, or a file is missing, of another purpose or broken.
        """
        base = self._models.trainable(request.model)
        training = self._content(request.training_file, "training_file")
        validation = b""
        if request.validation_file:
            validation = self._content(request.validation_file, "validation_file")
        seed = request.seed
        if seed is None:
            seed = self._identifiers.source("training seed").randrange(2**31)
        job = Job(self._identifiers.hexadecimal("job"), request, base, self._clock.now, seed)
        job.note(job.created, "Job enqueued. Waiting for jobs ahead to complete.")
        start = job.created + queue_seconds
        job.timeline.at(start, lambda moment: self._start(job, moment, fate))
        self._trainer.start(job, training, validation)
        self._jobs[job.id] = job
        return job

    def _content(self, file_id: str, param: str) -> bytes:
        file = self._files.get(file_id)
        if file.purpose != "fine-tune":
            raise invalid_payload(f"The purpose of the file is '{file.purpose}', not 'fine-tune'.", param)
        if file.status == "error":
            raise invalid_payload(file.problem, param)
        return file.content

    async def get(self, job_id: str) -> Job:
        """Return a job as it is now; waits for its computation where the virtual clock has overtaken it.

        Raises:
            ApiError: there is none of that identifier.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise not_found("The fine-tuning job")
        await self._catch_up(job)
        return job

    async def all(self) -> list[Job]:
        """Return all jobs as they are now, newest first."""
        jobs = list(self._jobs.values())
        for job in jobs:
            await self._catch_up(job)
        return jobs[::-1]

    def settle(self) -> None:
        """Let happen what is due in jobs whose computation has ended; does not wait for the others."""
        for job in self._jobs.values():
            if job.status != "pending" or job.training is None or job.training.done():
                job.timeline.catch_up(self._clock.now)

    async def close(self) -> None:
        """Stop all computations and wait for their threads."""
        await self._trainer.close(list(self._jobs.values()))

    async def _catch_up(self, job: Job) -> None:
        if job.status == "pending" and job.training is not None and job.timeline.due(self._clock.now):
            await asyncio.wait([job.training])
        job.timeline.catch_up(self._clock.now)

    def _start(self, job: Job, moment: float, fate: str) -> None:
        assert job.training is not None
        problem = job.training.exception()
        if fate == "job-harmful":
            lifecycle.fail(job, lifecycle.HARMFUL, moment, code="invalidPayload", param="training_file")
        elif problem is None and fate == "job-fails":
            self._lifecycle.begin(job, job.training.result(), moment, breaks_down=True)
        elif problem is None:
            self._lifecycle.begin(job, job.training.result(), moment)
        elif isinstance(problem, BadTrainingFile):
            lifecycle.fail(job, str(problem), moment, code="invalidPayload", param=problem.param)
        else:
            lifecycle.fail(job, "The training ended unexpectedly.", moment, code="internalFailure")

    async def cancel(self, job_id: str) -> Job:
        """End a job that has not ended by itself.

        Raises:
            ApiError: there is none of that identifier, or it has ended.
        """
        await self.get(job_id)
        return self._cancel(job_id)

    @command("job.cancel")
    def _cancel(self, job_id: str) -> Job:
        job = self._jobs[job_id]
        if job.status in TERMINAL:
            raise wrong_state(f"The fine-tuning job has ended as '{job.status}' and cannot be cancelled.")
        job.note(self._clock.now, "Job cancelled.")
        lifecycle.close(job, "cancelled", self._clock.now)
        return job

    async def pause(self, job_id: str) -> Job:
        """Pause a running job.

        Raises:
            ApiError: there is none of that identifier, or it is not running.
        """
        await self.get(job_id)
        return self._pause(job_id)

    @command("job.pause")
    def _pause(self, job_id: str) -> Job:
        job = self._jobs[job_id]
        if job.status != "running":
            raise wrong_state(f"Only a running fine-tuning job can be paused; this one is '{job.status}'.")
        now = self._clock.now
        job.held = (now, job.timeline.take_all())
        job.estimated_finish = None
        job.status = "pausing"
        job.note(now, "Job pausing.")
        job.timeline.at(now + _PAUSE_SECONDS, lambda moment: _enter(job, "paused", moment))
        return job

    async def resume(self, job_id: str) -> Job:
        """Let a paused job go on.

        Raises:
            ApiError: there is none of that identifier, or it is not paused.
        """
        await self.get(job_id)
        return self._resume(job_id)

    @command("job.resume")
    def _resume(self, job_id: str) -> Job:
        job = self._jobs[job_id]
        if job.status != "paused" or job.held is None:
            raise wrong_state(f"Only a paused fine-tuning job can be resumed; this one is '{job.status}'.")
        now = self._clock.now
        since, remaining = job.held
        job.held = None
        job.status = "resuming"
        job.note(now, "Job resuming.")
        delay = now + _PAUSE_SECONDS - since
        job.timeline.at(now + _PAUSE_SECONDS, lambda moment: _enter(job, "running", moment))
        for moment, action in remaining:
            job.timeline.at(moment + delay, action)
        job.estimated_finish = max(moment for moment, _ in remaining) + delay
        return job


def _enter(job: Job, status: str, moment: float) -> None:
    job.status = status
    job.note(moment, f"Job {status}.")
