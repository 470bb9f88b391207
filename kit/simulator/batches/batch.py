"""One batch of requests: what it is, and its form on the wire."""

from __future__ import annotations

from asyncio import Task
from dataclasses import dataclass, field
from typing import Any

from kit.simulator.batches.batch_input import Line
from kit.simulator.timeline import Timeline

TERMINAL = frozenset({"failed", "completed", "expired", "cancelled"})
WINDOW_SECONDS = 86_400.0

SECONDS_PER_REQUEST = 0.5  # virtual; the largest file is answered within the window

Result = dict[str, Any]
"""What came of one request: ``custom_id``, ``request_id``, and ``status`` and ``body`` if it was wanted."""


@dataclass
class Batch:
    """A batch.

    Attributes:
        id: ``batch_`` and 32 hexadecimal digits.
        endpoint: the address its requests go to, as the client wrote it.
        input_file_id: where its requests are.
        metadata: the client's own notes, or None.
        output_expires: seconds after which its results are deleted; None to keep them.
        seconds_per_request: virtual seconds that each request takes.
        moments: when it entered each status, in Unix seconds.
        reading, work: the reading of its file and the answering, until the batch has ended.
        n_lines: how many requests its file has, once it has been read.
        n_wanted: how many of them are to be answered, if not all.
        results: what came of them, once they have been answered and until the batch has ended.
    """

    id: str
    endpoint: str
    input_file_id: str
    metadata: dict[str, str] | None
    output_expires: int | None
    seconds_per_request: float
    created: float
    status: str = "validating"
    moments: dict[str, float] = field(default_factory=dict)
    reading: Task[tuple[Line, ...]] | None = None
    work: Task[None] | None = None
    n_lines: int | None = None
    n_wanted: int | None = None
    results: list[Result] | None = None
    problems: tuple[dict[str, Any], ...] = ()
    n_completed: int = 0
    n_failed: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    timeline: Timeline = field(default_factory=Timeline)

    @property
    def ready(self) -> bool:
        """Whether what the next step needs has been computed."""
        return self.n_lines is not None if self.status == "validating" else self.results is not None

    def is_wanted(self, number: int) -> bool:
        """Tell whether a request is still to be answered, by its number in the file."""
        return self.n_wanted is None or number < self.n_wanted

    def n_done(self, now: float) -> int:
        """Return how many requests have been answered by now."""
        begun = self.moments.get("in_progress")
        if begun is None:
            return 0
        until = min(now, self.moments.get("cancelling", now))
        return min(int((until - begun) / self.seconds_per_request), self.n_lines or 0)

    def become(self, status: str, moment: float) -> None:
        """Change the status."""
        self.status = status
        self.moments[status] = moment

    def rendered(self, now: float) -> dict[str, Any]:
        """Return the batch as it is now in the form of the batches operations."""
        ended = self.status in TERMINAL
        errors = {"object": "list", "data": list(self.problems)} if self.problems else None
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
                # Nothing is told of a file before it has been validated.
                "total": (self.n_lines or 0) if ended or "in_progress" in self.moments else 0,
                "completed": self.n_completed if ended else self.n_done(now),
                "failed": self.n_failed if ended else 0,
            },
            "metadata": self.metadata,
        }

    def _at(self, status: str) -> int | None:
        return int(self.moments[status]) if status in self.moments else None
