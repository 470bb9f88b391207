"""Uploaded files and the results that jobs leave."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from kit.simulator.clock import VirtualClock
from kit.simulator.errors import invalid_payload, not_found
from kit.simulator.files.training_file import BadTrainingFile, read_examples
from kit.simulator.identifiers import Identifiers
from kit.simulator.persistence.journal import Journal, command
from kit.simulator.timeline import Timeline

LARGEST_FILE = 512 * 1024 * 1024  # bytes; Microsoft Foundry, "Quotas and limits", October 2026
LARGEST_TOTAL = 2**30  # bytes of a client's files together; the same page: of a resource's training files
PURPOSES = ("assistants", "batch", "evals", "fine-tune")  # v1 data plane, "Upload file"
_IMPORT_SECONDS = 8.0
_IMPORT_SECONDS_PER_MEGABYTE = 0.5


@dataclass
class StoredFile:
    """A file that the simulator holds in memory.

    Attributes:
        id: ``file-`` and 32 hexadecimal digits.
        filename: the client's name for it: shown, never used as a path.
        purpose: what the client means it for, or ``fine-tune-results``, ``batch_output``.
        content: its bytes.
        created: Unix seconds.
        status: ``pending``, ``processed`` or ``error``.
        expires: Unix seconds at which it is deleted by itself, or None.
        problem: why the status is, or will be, ``error``.
    """

    id: str
    filename: str
    purpose: str
    content: bytes = field(repr=False)
    created: float
    status: str = "pending"
    expires: float | None = None
    problem: str = ""
    timeline: Timeline = field(default_factory=Timeline, repr=False)

    def rendered(self) -> dict[str, Any]:
        """Return the file in the form of the files operations."""
        shown: dict[str, Any] = {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": int(self.created),
            "filename": self.filename,
            "purpose": self.purpose,
            "status": self.status,
        }
        if self.expires is not None:
            shown["expires_at"] = int(self.expires)
        if self.problem and self.status == "error":
            shown["status_details"] = self.problem
        return shown


def check_purpose(purpose: str) -> None:
    """Refuse a purpose that a client may not choose.

    Raises:
        ApiError: it is one.
    """
    if purpose not in PURPOSES:
        raise invalid_payload(f"The purpose must be one of: {', '.join(PURPOSES)}.", "purpose")


class FileStore:
    """The files of one simulator, oldest first."""

    def __init__(self, clock: VirtualClock, identifiers: Identifiers, journal: Journal) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._journal = journal
        self._files: dict[str, StoredFile] = {}
        journal.register(self)

    async def upload(
        self, filename: str, purpose: str, content: bytes, expires_after: int | None = None
    ) -> StoredFile:
        """Take a file in; its import ends some virtual seconds later.

        Args:
            filename: the client's name for it.
            purpose: one of ``PURPOSES``.
            content: its bytes; those of a training file are checked.
            expires_after: seconds after which it is deleted by itself; None to keep it.

        Raises:
            ApiError: it is empty, its purpose is none that a client may choose, or there is no room for it.
        """
        check_purpose(purpose)
        if not content:
            raise invalid_payload("The uploaded file is empty.", "file")
        problem = await self.problem(purpose, content)
        return self.take_in(filename, purpose, content, problem, expires_after)

    @staticmethod
    async def problem(purpose: str, content: bytes) -> str:
        """Return why a file's status will be ``error``, or nothing; only training files are checked."""
        try:
            if purpose == "fine-tune":
                await asyncio.to_thread(read_examples, content)
        except BadTrainingFile as found:
            return str(found)
        return ""

    @command("file.upload")
    def take_in(
        self, filename: str, purpose: str, content: bytes, problem: str, expires_after: int | None = None
    ) -> StoredFile:
        """Keep a file that has been checked; its import ends some virtual seconds later.

        Raises:
            ApiError: there is no room for it.
        """
        self.check_room(len(content))
        file = StoredFile(self._new_id(), filename, purpose, content, created=self._clock.now)
        file.problem = problem
        self.expire(file, expires_after)
        duration = _IMPORT_SECONDS + _IMPORT_SECONDS_PER_MEGABYTE * len(content) / 2**20

        def imported(_moment: float) -> None:
            file.status = "error" if file.problem else "processed"

        file.timeline.at(file.created + duration, imported)
        self._files[file.id] = file
        return file

    def check_room(self, size: int) -> None:
        """Refuse what would not fit beside the client's files there are: all of them are held in memory.

        Raises:
            ApiError: it would not.
        """
        # Not the results of jobs and batches: when these are noticed, a replay does not repeat exactly.
        taken = sum(len(file.content) for file in self.all() if file.purpose in PURPOSES)
        if taken + size > LARGEST_TOTAL:
            raise invalid_payload(
                f"The files of a resource have at most {LARGEST_TOTAL} bytes together. Delete some first.",
                "file",
            )

    def add_results(
        self, file_id: str, filename: str, content: bytes, created: float, purpose: str = "fine-tune-results"
    ) -> StoredFile:
        """Keep the results of a job or of a batch."""
        file = StoredFile(file_id, filename, purpose, content, created, status="processed")
        self._files[file.id] = file
        return file

    def expire(self, file: StoredFile, seconds: int | None) -> None:
        """Let a file delete itself some seconds after its creation; never, for None."""
        if seconds is not None:
            file.expires = file.created + seconds
            file.timeline.at(file.expires, lambda _moment: self._forget(file.id))

    def all(self) -> list[StoredFile]:
        """Return all files as they are now, oldest first."""
        for file in list(self._files.values()):
            file.timeline.catch_up(self._clock.now)
        return list(self._files.values())

    def get(self, file_id: str) -> StoredFile:
        """Return a file as it is now.

        Raises:
            ApiError: there is none of that identifier.
        """
        file = self._files.get(file_id)
        if file is not None:
            file.timeline.catch_up(self._clock.now)
        if file is None or file_id not in self._files:  # it may have expired
            raise not_found("The file")
        return file

    @command("file.delete")
    def delete(self, file_id: str) -> None:
        """Forget a file; a job that already has it goes on.

        Raises:
            ApiError: there is none of that identifier.
        """
        self.get(file_id)
        self._forget(file_id)

    def _forget(self, file_id: str) -> None:
        self._files.pop(file_id, None)
        self._journal.erase(file_id)

    def _new_id(self) -> str:
        return f"file-{self._identifiers.hexadecimal('file')}"
