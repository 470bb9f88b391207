"""The real work behind a job: read its files, train, in a thread and one job at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kit.simulator import prompt_tokens
from kit.simulator.engine import Engine
from kit.simulator.job import Job
from kit.simulator.job_request import AUTO
from kit.simulator.models import ModelRegistry
from kit.simulator.training_file import BadTrainingFile, Messages, check_size, read_examples

if TYPE_CHECKING:
    from kit.simulator.learner import TrainingRun


class Trainer:
    """Runs trainings, each in a worker thread.

    Args:
        engine: what trains.
        models: where the model that a training begins with comes from.
    """

    def __init__(self, engine: Engine, models: ModelRegistry) -> None:
        self._engine = engine
        self._models = models
        self._lane = asyncio.Semaphore(1)  # trainings side by side would only slow each other down
        self._under_way: set[asyncio.Task[TrainingRun]] = set()

    def start(self, job: Job, training: bytes, validation: bytes) -> None:
        """Begin the training of a job; ``job.training`` is its outcome."""
        task = asyncio.create_task(self._run(job, training, validation))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        job.training = task

    async def close(self, jobs: list[Job]) -> None:
        """Stop what is under way and wait until its threads have ended."""
        for job in jobs:
            job.stop.set()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _ended(self, task: asyncio.Task[TrainingRun]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # a cancelled job never looks, and asyncio would complain about that

    async def _run(self, job: Job, training: bytes, validation: bytes) -> TrainingRun:
        async with self._lane:
            return await asyncio.to_thread(self._train, job, training, validation)

    def _train(self, job: Job, training: bytes, validation: bytes) -> TrainingRun:
        examples = _examples(training, "training_file")
        held_out = _examples(validation, "validation_file") if validation else []
        job.training_file_tokens = sum(prompt_tokens.count(messages) for messages in examples)
        request = job.request
        hyperparameters = self._engine.resolve_hyperparameters(
            len(examples),
            n_epochs=None if request.n_epochs == AUTO else request.n_epochs,
            batch_size=None if request.batch_size == AUTO else request.batch_size,
            learning_rate_multiplier=(
                None if request.learning_rate_multiplier == AUTO else request.learning_rate_multiplier
            ),
        )
        base = self._models.weights(request.model)
        return self._engine.fine_tune(
            base, examples, held_out, hyperparameters, seed=job.seed, should_stop=job.stop.is_set
        )


def _examples(content: bytes, param: str) -> list[Messages]:
    try:
        examples = read_examples(content)
        if param == "training_file":
            check_size(examples)
    except BadTrainingFile as problem:
        problem.param = param
        raise
    return examples
