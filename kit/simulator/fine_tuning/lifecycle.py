"""How a fine-tuning job goes through its life on the virtual clock.

Order and wording of the events are the service's (Microsoft Foundry, "Azure OpenAI fine-tuning tutorial" and
the REST reference, 2026): enqueued, started, metrics, succeeded, post-processing, results file, hours billed.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from kit.simulator.files.files import FileStore
from kit.simulator.fine_tuning import results
from kit.simulator.fine_tuning.job import Checkpoint, Job
from kit.simulator.fine_tuning.training_record import model_key
from kit.simulator.models import ModelRegistry, TunedModel

if TYPE_CHECKING:
    from kit.simulator.learner import Checkpoint as LearnedCheckpoint
    from kit.simulator.learner import StepMetrics, TrainingRun

QUEUE_SECONDS = 120.0
_SHORTEST, _LONGEST = 600.0, 3600.0  # seconds of running
_TOKENS_PER_SECOND = 50.0
_WARM_UP, _EVALUATION = 0.05, 0.15  # shares of the running time before the first and after the last step
_POSTPROCESSING_SECONDS = 36.0
_MOST_METRICS_EVENTS = 100
HARMFUL = (
    "The provided training data failed RAI checks for harm types: [hate_fairness, violence]. "
    "Please fix the data and try again."
)
"""Why a job with harmful data fails (Microsoft Foundry, "Safety evaluation for fine-tuning", 2026)."""
BROKEN_DOWN = "The job failed due to an internal error. Please try again later."
"""Why a job fails that a fault has befallen."""
_BILLING_UNIT = 0.25  # hours: the documented examples are all multiples of it


def running_seconds(billed_tokens: int) -> float:
    """Return how long a job runs: ten minutes and more with its tokens x epochs, at most an hour."""
    return min(_SHORTEST + billed_tokens / _TOKENS_PER_SECOND, _LONGEST)


class Lifecycle:
    """Writes the future of a job whose training has been computed into its timeline.

    Args:
        files: where the results file goes.
        models: where checkpoints and the tuned model go.
    """

    def __init__(self, files: FileStore, models: ModelRegistry) -> None:
        self._files = files
        self._models = models

    def begin(self, job: Job, run: TrainingRun, moment: float, *, breaks_down: bool = False) -> None:
        """Let a job run from ``moment`` on, to its end or only half the way."""
        duration = running_seconds(job.billed_tokens(run.hyperparameters.n_epochs))
        job.status = "running"
        job.started = moment
        job.estimated_finish = moment + duration + _POSTPROCESSING_SECONDS
        job.hyperparameters = {
            "n_epochs": run.hyperparameters.n_epochs,
            "batch_size": run.hyperparameters.batch_size,
            "learning_rate_multiplier": run.hyperparameters.learning_rate_multiplier,
        }
        job.note(moment, "Job started.")
        first = moment + _WARM_UP * duration
        step_seconds = (1 - _WARM_UP - _EVALUATION) * duration / len(run.steps)
        job.timeline.at(first, lambda when: job.note(when, "Training started."))
        finish = {step.step: first + step_seconds * (i + 1) for i, step in enumerate(run.steps)}
        for step in _reported(run.steps):
            job.timeline.at(finish[step.step], partial(_report, job, step))
        for checkpoint in run.checkpoints:
            job.timeline.at(finish[checkpoint.step], partial(self._keep, job, run, checkpoint))
        if breaks_down:
            job.timeline.at(
                moment + duration / 2, partial(_break_down, job)
            )  # takes all that comes later off the timeline
        else:
            self._end(job, run, moment + duration)

    def _keep(self, job: Job, run: TrainingRun, learned: LearnedCheckpoint, moment: float) -> None:
        last = learned is run.checkpoints[-1]
        name = job.model_name if last else f"{job.model_name}:ckpt-step-{learned.step}"
        metrics = results.metrics(learned.metrics)
        kept = Checkpoint(job.fresh_id("ftchkpt"), name, learned.step, moment, metrics)
        job.checkpoints.append(kept)
        key = model_key(job.id, learned.step)
        self._models.add(TunedModel(name, job.base, moment, lambda: learned.model, key), kept.id)

    def _end(self, job: Job, run: TrainingRun, moment: float) -> None:
        over = moment + _POSTPROCESSING_SECONDS
        job.timeline.at(moment, lambda when: job.note(when, "Job succeeded."))
        job.timeline.at(moment + 1, lambda when: job.note(when, "Postprocessing started."))
        job.timeline.at(over, partial(self._succeed, job, run))

    def _succeed(self, job: Job, run: TrainingRun, moment: float) -> None:
        content = results.as_csv(run.steps)
        file = self._files.add_results(job.fresh_id("file"), "results.csv", content, moment)
        job.note(moment, f"Completed results file: {file.id}")
        billed = job.billed_tokens(run.hyperparameters.n_epochs)
        job.note(moment, f"Training hours billed: {billed_hours(running_seconds(billed)):.3f}")
        job.result_files = [file.id]
        job.fine_tuned_model = job.model_name
        job.trained_tokens = billed
        close(job, "succeeded", moment)


def billed_hours(seconds: float) -> float:
    """Return the hours that running for ``seconds`` costs, in quarters."""
    return math.ceil(seconds / 3600 / _BILLING_UNIT) * _BILLING_UNIT


def fail(job: Job, message: str, moment: float, *, code: str, param: str | None = None) -> None:
    """End a job without a model."""
    job.error = {"code": code, "message": message, "param": param}
    job.note(moment, f"Job failed. {message}", level="error")
    close(job, "failed", moment)


def _break_down(job: Job, moment: float) -> None:
    fail(job, BROKEN_DOWN, moment, code="internalFailure")


def close(job: Job, status: str, moment: float) -> None:
    """Put a job into a terminal status; nothing more happens to it, and its computation is let go."""
    job.status = status
    job.finished = moment
    job.estimated_finish = None
    job.held = None
    job.timeline.take_all()
    job.stop.set()
    job.training = None


def _report(job: Job, step: StepMetrics, moment: float) -> None:
    data = results.metrics(step)
    job.note(moment, f"Step {step.step}: training loss={step.train_loss:.2f}", data=data)


def _reported(steps: tuple[StepMetrics, ...]) -> list[StepMetrics]:
    """Return the steps that become events: all of a short training; of a long one evenly spread ones.

    The ends of epochs, which alone have metrics over the whole validation file, are always among them.
    """
    stride = math.ceil(len(steps) / _MOST_METRICS_EVENTS)
    return [
        step
        for i, step in enumerate(steps, start=1)
        if i % stride == 0 or i == len(steps) or step.full_valid_loss is not None
    ]
