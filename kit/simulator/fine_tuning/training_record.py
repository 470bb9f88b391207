"""Keeping the outcome of a training beside the journal, so that a restart need not train again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from kit.simulator.fine_tuning.job import Job
from kit.simulator.persistence.journal import Journal

if TYPE_CHECKING:
    from kit.simulator.learner import LanguageModel, TrainingRun

Retrain = Callable[[], "TrainingRun"]


def model_key(job_id: str, step: int) -> str:
    """Return what the journal keeps the weights of a checkpoint under."""
    return f"{job_id}/{step}"


def _run_key(job_id: str) -> str:
    return f"{job_id}/run"


def keep(journal: Journal, job: Job, run: TrainingRun) -> None:
    """Keep the outcome of a job's training; the record that says it is whole comes last."""
    for checkpoint in run.checkpoints:
        journal.keep(model_key(job.id, checkpoint.step), checkpoint.model.to_bytes())
    record = {
        "hyperparameters": asdict(run.hyperparameters),
        "steps": [asdict(step) for step in run.steps],
        "checkpoints": [checkpoint.step for checkpoint in run.checkpoints],
        "training_file_tokens": job.training_file_tokens,
    }
    journal.keep(_run_key(job.id), json.dumps(record).encode())


def kept(
    journal: Journal, job: Job, base: Callable[[], LanguageModel], retrain: Retrain
) -> TrainingRun | None:
    """Return the outcome of a job's training if it was kept.

    Args:
        journal: where it was kept.
        job: the job; learns how many tokens its training file has.
        base: returns the model over which tuned ones are unpacked.
        retrain: trains again: what was kept by another version of the learner cannot be unpacked. Its
            refusal, where the training file is gone, becomes the answer of the tuned model.
    """
    content = journal.kept(_run_key(job.id))
    if content is None:
        return None
    from kit.simulator.learner import Checkpoint, Hyperparameters, StepMetrics, TrainingRun

    record = json.loads(content)
    job.training_file_tokens = record["training_file_tokens"]
    steps = tuple(StepMetrics(**step) for step in record["steps"])
    by_number = {step.step: step for step in steps}

    def loader(step: int) -> Callable[[], LanguageModel]:
        return lambda: _load(journal.kept(model_key(job.id, step)), base(), retrain, step)

    # Files of earlier versions hold pairs of step and epoch.
    numbers = [one[0] if isinstance(one, list) else one for one in record["checkpoints"]]
    checkpoints = tuple(Checkpoint(step, by_number[step], loader(step)) for step in numbers)
    return TrainingRun(Hyperparameters(**record["hyperparameters"]), steps, checkpoints)


def _load(content: bytes | None, base: LanguageModel, retrain: Retrain, step: int) -> LanguageModel:
    try:
        return type(base).from_bytes(content or b"", base)
    except ValueError:
        return next(one.model for one in retrain().checkpoints if one.step == step)
