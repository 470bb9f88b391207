"""One fine-tuning job: what it is, and its form on the wire."""

from __future__ import annotations

import random
import threading
from asyncio import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kit.simulator.fine_tuning.job_request import JobRequest
from kit.simulator.profiles import CHOSEN_BY_SERVICE
from kit.simulator.timeline import Action, Timeline

if TYPE_CHECKING:
    from kit.simulator.learner import TrainingRun

TERMINAL = frozenset({"succeeded", "failed", "cancelled"})


@dataclass
class Checkpoint:
    """A copy of the model that can be deployed.

    Attributes:
        id: ``ftchkpt-`` and 32 hexadecimal digits.
        model: its name as a model.
        step: the training step after which it was made.
        created: Unix seconds.
        metrics: loss and accuracy at that step.
    """

    id: str
    model: str
    step: int
    created: float
    metrics: dict[str, float]


@dataclass
class Job:
    """A fine-tuning job.

    Attributes:
        digits: 32 hexadecimal digits, shared by the job's identifier and its model's name.
        request: what the client asked for.
        base: full name of the model that training begins with.
        created: Unix seconds.
        seed: seed of the training.
        training_file_tokens: all tokens of the training file, once it has been read.
        training: the computation, under way in a thread since the job was created.
        stop: set when the computation is not wanted any more.
        events: oldest first, each in the form of the events operation.
        checkpoints: oldest first.
        held: what a paused job has still to do, as moment and action, and since when it waits.
    """

    digits: str
    request: JobRequest
    base: str
    created: float
    seed: int
    status: str = "pending"
    training: Future[TrainingRun] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    started: float | None = None
    finished: float | None = None
    estimated_finish: float | None = None
    hyperparameters: dict[str, float] = field(default_factory=dict)
    training_file_tokens: int = 0
    trained_tokens: int | None = None
    fine_tuned_model: str | None = None
    result_files: list[str] = field(default_factory=list)
    error: dict[str, str | None] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)
    held: tuple[float, list[tuple[float, Action]]] | None = None

    def __post_init__(self) -> None:
        asked = {
            "n_epochs": self.request.n_epochs,
            "batch_size": self.request.batch_size,
            "learning_rate_multiplier": self.request.learning_rate_multiplier,
        }
        self.hyperparameters = {
            name: CHOSEN_BY_SERVICE if value is None else value for name, value in asked.items()
        }
        self._random = random.Random(self.digits)

    @property
    def id(self) -> str:
        """The job's identifier."""
        return f"ftjob-{self.digits}"

    @property
    def model_name(self) -> str:
        """The name that the tuned model will have."""
        suffix = f"-{self.request.suffix}" if self.request.suffix else ""
        return f"{self.base}.ft-{self.digits}{suffix}"

    def billed_tokens(self, n_epochs: int) -> int:
        """Return what the service bills and reports as trained: every token of the file, in every epoch."""
        return self.training_file_tokens * n_epochs

    def fresh_id(self, kind: str) -> str:
        """Return a new identifier for something that belongs to this job."""
        return f"{kind}-{self._random.getrandbits(128):032x}"

    def note(
        self, moment: float, message: str, *, level: str = "info", data: dict[str, float] | None = None
    ) -> None:
        """Add an event; one with ``data`` is of type ``metrics``."""
        event: dict[str, Any] = {
            "object": "fine_tuning.job.event",
            "id": self.fresh_id("ftevent"),
            "created_at": int(moment),
            "level": level,
            "message": message,
            "type": "message" if data is None else "metrics",
        }
        if data is not None:
            event["data"] = data
        self.events.append(event)

    def rendered(self) -> dict[str, Any]:
        """Return the job in the form of the fine-tuning operations."""
        return {
            "object": "fine_tuning.job",
            "id": self.id,
            "model": self.request.model,
            "created_at": int(self.created),
            "status": self.status,
            "error": self.error,
            "fine_tuned_model": self.fine_tuned_model,
            "finished_at": _whole(self.finished),
            "estimated_finish": _whole(self.estimated_finish),
            "hyperparameters": self.hyperparameters,
            "method": {"type": "supervised", "supervised": {"hyperparameters": self.hyperparameters}},
            "organization_id": None,
            "result_files": self.result_files,
            "seed": self.seed,
            "trained_tokens": self.trained_tokens,
            "training_file": self.request.training_file,
            "validation_file": self.request.validation_file,
            "integrations": None,
            "metadata": self.request.metadata,
            "user_provided_suffix": self.request.suffix,
        }


def rendered_checkpoint(job: Job, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return a checkpoint in the form of the fine-tuning operations."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": checkpoint.id,
        "created_at": int(checkpoint.created),
        "fine_tuned_model_checkpoint": checkpoint.model,
        "fine_tuning_job_id": job.id,
        "metrics": checkpoint.metrics,
        "step_number": checkpoint.step,
    }


def _whole(moment: float | None) -> int | None:
    return None if moment is None else int(moment)
