"""One batch of requests: what it is, and its form on the wire."""

from __future__ import annotations

from asyncio import Task
from dataclasses import dataclass, field
from typing import Any

from kit.simulator.batch_input import Line
from kit.simulator.timeline import Timeline

TERMINAL = frozenset({"failed", "completed", "expired", "cancelled"})
WINDOW_SECONDS = 86_400.0

Result = dict[str, Any]
"""What came of one request: ``custom_id``, ``status``, ``request_id`` and ``body``."""


@dataclass
class Batch:
    """A batch.

    Attributes:
        id: ``batch_`` and 32 hexadecimal digits.
        endpoint: the address its requests go to, as the client wrote it.
        input_file_id: where its requests are.
        metadata: the client's own notes, or None.
        output_expires: seconds after which its results are deleted; None to keep them.
        moments: when it entered each status, in Unix seconds.
        reading, work: the reading of its file and the answering, while they are under way.
        n_lines: how many requests its file has, once it has been read.
        results: what came of them, once they have all been answered.
    """

    id: str
    endpoint: str
    input_file_id: str
    metadata: dict[str, str] | None
    output_expires: int | None
    created: float
    status: str = "validating"
    moments: dict[str, float] = field(default_factory=dict)
    reading: Task[tuple[Line, ...]] | None = None
    work: Task[None] | None = None
    n_lines: int | None = None
    results: list[Result] | None = None
    problems: tuple[dict[str, Any], ...] = ()
    n_requests: int = 0
    n_completed: int = 0
    n_failed: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    timeline: Timeline = field(default_factory=Timeline)

    @property
    def ready(self) -> bool:
        """Whether what the next step needs has been computed."""
        return self.n_lines is not None if self.status == "validating" else self.results is not None

    def become(self, status: str, moment: float) -> None:
        """Change the status."""
        self.status = status
        self.moments[status] = moment

    def rendered(self, n_done: int) -> dict[str, Any]:
        """Return the batch in the form of the batches operations; ``n_done`` requests have been answered."""
        errors = {"object": "list", "data": list(self.problems)} if self.problems else None
        completed = self.n_completed if self.status in TERMINAL else n_done
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "errors": errors if self.status == "failed" else None,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": int(self.created),
            "in_progress_at": self._at("in_progress"),
            "expires_at": int(self.created + WINDOW_SECONDS),
            "finalizing_at": self._at("finalizing"),
            "completed_at": self._at("completed"),
            "failed_at": self._at("failed"),
            "expired_at": self._at("expired"),
            "cancelling_at": self._at("cancelling"),
            "cancelled_at": self._at("cancelled"),
            "request_counts": {
                "total": self.n_requests,
                "completed": completed,
                "failed": self.n_failed if self.status in TERMINAL else 0,
            },
            "metadata": self.metadata,
        }

    def _at(self, status: str) -> int | None:
        return int(self.moments[status]) if status in self.moments else None
