"""The real work behind a job: read its files, train, in a thread and one job at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kit.simulator.answers import prompt_tokens
from kit.simulator.engine import Engine
from kit.simulator.errors import ApiError
from kit.simulator.files.training_file import BadTrainingFile, Messages, check_size, read_examples
from kit.simulator.fine_tuning import training_record
from kit.simulator.fine_tuning.job import Job
from kit.simulator.lane import Lane
from kit.simulator.models import ModelRegistry
from kit.simulator.persistence.journal import Journal

if TYPE_CHECKING:
    from kit.simulator.learner import LanguageModel, TrainingRun


class Trainer:
    """Runs trainings, each in a worker thread.

    Args:
        engine: what trains.
        models: where the model that a training begins with comes from.
        journal: where outcomes are kept.
        lane: where trainings wait for their turn.
    """

    def __init__(self, engine: Engine, models: ModelRegistry, journal: Journal, lane: Lane) -> None:
        self._engine = engine
        self._models = models
        self._journal = journal
        self._closing = False
        self._lane = lane
        self._under_way: set[asyncio.Task[TrainingRun]] = set()

    def start(self, job: Job, training: bytes, validation: bytes) -> None:
        """Begin the training of a job; ``job.training`` is its outcome.

        What it needs stays in the journal until it has ended, even if a client deletes it meanwhile.
        """
        base = self._models.source(job.request.model)  # now: a tuned model may be deleted before its turn
        known = training_record.kept(
            self._journal, job, self._models.base_weights, partial(self._train_again, job, base)
        )
        if known is not None:
            job.training = asyncio.get_running_loop().create_future()
            job.training.set_result(known)
            return
        tuned = self._models.tuned(job.request.model)
        for key in (job.request.training_file, job.request.validation_file, tuned.key if tuned else None):
            if key:
                self._journal.hold(key, job.id)
        work = partial(self._train, job, training, validation, base, job.stop.is_set)
        task = asyncio.create_task(self._run(job, work))
        self._under_way.add(task)
        task.add_done_callback(partial(self._ended, job))
        job.training = task

    @property
    def busy(self) -> bool:
        """Whether a training is under way or waits for its turn."""
        return bool(self._under_way)

    async def close(self, jobs: list[Job]) -> None:
        """Stop what is under way and wait until its threads have ended."""
        self._closing = True
        for job in jobs:
            job.stop.set()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _ended(self, job: Job, task: asyncio.Task[TrainingRun]) -> None:
        self._under_way.discard(task)
        if not self._closing:  # the next start begins this training again, from the same files
            self._journal.release(job.id)
        if not task.cancelled():
            task.exception()  # a cancelled job never looks, and asyncio would complain about that

    async def _run(self, job: Job, work: Callable[[], TrainingRun]) -> TrainingRun:
        async with self._lane.turn(self):
            return await asyncio.to_thread(self._train_and_keep, job, work)

    def _train_and_keep(self, job: Job, work: Callable[[], TrainingRun]) -> TrainingRun:
        run = work()
        if not run.stopped:
            training_record.keep(self._journal, job, run)
        return run

    def _train_again(self, job: Job, base: Callable[[], LanguageModel]) -> TrainingRun:
        """Train from the files as they are kept now; what was measured on the other file is kept already.

        Raises:
            ApiError: the training file has been deleted.
        """
        training = self._journal.kept(job.request.training_file)
        if training is None:
            raise ApiError(
                410,
                "ModelNotAvailable",
                "This model was tuned with another version of the simulator, and cannot be trained again "
                "because its training file has been deleted. Please create a new fine-tuning job.",
            )
        return self._train(job, training, b"", base, lambda: False)  # the job itself has ended long ago

    def _train(
        self,
        job: Job,
        training: bytes,
        validation: bytes,
        base: Callable[[], LanguageModel],
        should_stop: Callable[[], bool],
    ) -> TrainingRun:
        examples = _examples(training, "training_file")
        held_out = _examples(validation, "validation_file") if validation else []
        job.training_file_tokens = sum(prompt_tokens.count(messages) for messages in examples)
        request = job.request
        hyperparameters = self._engine.resolve_hyperparameters(
            len(examples),
            n_epochs=request.n_epochs,
            batch_size=request.batch_size,
            learning_rate_multiplier=request.learning_rate_multiplier,
        )
        return self._engine.fine_tune(
            base(), examples, held_out, hyperparameters, seed=job.seed, should_stop=should_stop
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
