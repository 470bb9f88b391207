"""Uploads: files that arrive in parts.

Source of identifiers, limits and lifetime: Azure OpenAI authoring API 2024-10-21, "Upload File"; of the rest:
OpenAI API reference, "Uploads", 2026.
"""

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from kit.simulator.clock import VirtualClock
from kit.simulator.errors import invalid_payload, not_found, wrong_state
from kit.simulator.files.files import FileStore, StoredFile, check_purpose
from kit.simulator.identifiers import Identifiers
from kit.simulator.persistence.book import LARGEST_CONTENT
from kit.simulator.persistence.journal import Journal, command
from kit.simulator.timeline import Timeline

LARGEST_UPLOAD = LARGEST_CONTENT
"""Bytes. The service takes 9 GB, but keeps no more than 1 GB of a resource's training files (Microsoft
Foundry, "Quotas and limits", October 2026); a simulator holds all of it in memory, and one file in one row
of its state file."""
LIFETIME_SECONDS = 7200.0


@dataclass(frozen=True)
class Part:
    """One piece of a file.

    Attributes:
        id: ``uplprt-`` and 32 hexadecimal digits.
        upload_id: what it belongs to.
        content: its bytes.
        created: Unix seconds.
    """

    id: str
    upload_id: str
    content: bytes = field(repr=False)
    created: float

    @property
    def block_id(self) -> str:
        """The part's name in the service's storage, by which it can be named as well."""
        return base64.b64encode(bytes.fromhex(self.id.rpartition("-")[2])).decode()

    def rendered(self) -> dict[str, Any]:
        """Return the part in the form of the uploads operations."""
        return {
            "id": self.id,
            "object": "upload.part",
            "created_at": int(self.created),
            "upload_id": self.upload_id,
            "azure_block_id": self.block_id,
        }


@dataclass
class Upload:
    """A file on its way.

    Attributes:
        id: the file's purpose and 32 hexadecimal digits.
        filename, purpose: of the file.
        size: bytes that the file is going to have.
        created, expires: Unix seconds.
        file_expires: seconds after which the file is deleted by itself; None to keep it.
        status: ``pending``, ``completed``, ``cancelled`` or ``expired``.
        parts: by identifier, while the upload is pending.
        received: bytes of all its parts.
        file: what it became, as it was then.
    """

    id: str
    filename: str
    purpose: str
    size: int
    created: float
    expires: float
    file_expires: int | None = None
    status: str = "pending"
    parts: dict[str, Part] = field(default_factory=dict, repr=False)
    received: int = 0
    file: dict[str, Any] | None = field(default=None, repr=False)
    timeline: Timeline = field(default_factory=Timeline, repr=False)

    def rendered(self) -> dict[str, Any]:
        """Return the upload in the form of the uploads operations."""
        shown: dict[str, Any] = {
            "id": self.id,
            "object": "upload",
            "bytes": self.size,
            "created_at": int(self.created),
            "filename": self.filename,
            "purpose": self.purpose,
            "status": self.status,
            "expires_at": int(self.expires),
        }
        if self.file is not None:
            shown["file"] = self.file
        return shown

    def check_pending(self) -> None:
        """Refuse what can be done to a pending upload only.

        Raises:
            ApiError: it is not pending any more.
        """
        if self.status != "pending":
            raise wrong_state(f"The upload has ended as '{self.status}'.")


class UploadStore:
    """The uploads of one simulator.

    Args:
        files: where a completed upload leaves its file.
    """

    def __init__(
        self, clock: VirtualClock, identifiers: Identifiers, files: FileStore, journal: Journal
    ) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._files = files
        self._journal = journal
        self._uploads: dict[str, Upload] = {}
        journal.register(self)

    @command("upload.create")
    def create(self, filename: str, purpose: str, size: int, file_expires: int | None = None) -> Upload:
        """Begin an upload.

        Args:
            filename: of the file.
            purpose: of the file.
            size: bytes of the whole file.
            file_expires: seconds after which the file is deleted by itself; None to keep it.

        Raises:
            ApiError: the purpose is none that a client may choose.
        """
        check_purpose(purpose)
        self._catch_up()
        now = self._clock.now
        digits = self._identifiers.hexadecimal("upload")
        expires = now + LIFETIME_SECONDS
        upload = Upload(f"{purpose}-{digits}", filename, purpose, size, now, expires, file_expires)
        upload.timeline.at(expires, lambda _moment: self._end(upload, "expired"))
        self._uploads[upload.id] = upload
        return upload

    @command("upload.part")
    def add_part(self, upload_id: str, content: bytes) -> Part:
        """Keep a part; parts may come in any order.

        Raises:
            ApiError: there is no such upload, it has ended, its parts would be larger than the file, or there
                is no room for them.
        """
        upload = self._get(upload_id)
        upload.check_pending()
        if upload.received + len(content) > upload.size:
            raise invalid_payload(
                f"The parts of the upload are larger than the {upload.size} bytes it was created for.", "data"
            )
        self._catch_up()
        waiting = sum(each.received for each in self._uploads.values() if each.status == "pending")
        self._files.check_room(waiting + len(content))
        part = Part(
            f"uplprt-{self._identifiers.hexadecimal('part')}", upload_id, content, created=self._clock.now
        )
        upload.parts[part.id] = part
        upload.received += len(content)
        return part

    async def complete(self, upload_id: str, part_ids: list[str], md5: str | None = None) -> Upload:
        """Put the parts together to a file, in the order of ``part_ids``.

        Raises:
            ApiError: there is no such upload, it has ended, one of the parts does not exist, or together
                they have another size or checksum than they should.
        """
        upload = self._get(upload_id)
        upload.check_pending()
        parts = [part.content for part in _found(upload, part_ids)]
        if (size := sum(map(len, parts))) != upload.size:
            raise invalid_payload(
                f"The parts have {size} bytes; the upload was created for {upload.size}.", "part_ids"
            )
        content = await asyncio.to_thread(b"".join, parts)
        if md5 is not None and md5.lower() != await asyncio.to_thread(_md5, content):
            raise invalid_payload("The MD5 checksum of the parts is another one.", "md5")
        problem = await self._files.problem(upload.purpose, content)
        self._complete(upload_id, content, problem)
        return upload

    @command("upload.complete")
    def _complete(self, upload_id: str, content: bytes, problem: str) -> StoredFile:
        """End an upload. The whole content is an argument: a replay may find the parts erased already."""
        upload = self._get(upload_id)
        upload.check_pending()  # once more: time has passed while the content was read
        file = self._files.take_in(upload.filename, upload.purpose, content, problem, upload.file_expires)
        upload.file = file.rendered()
        self._end(upload, "completed")
        return file

    @command("upload.cancel")
    def cancel(self, upload_id: str) -> Upload:
        """Give an upload up.

        Raises:
            ApiError: there is no such upload, or it has ended.
        """
        upload = self._get(upload_id)
        upload.check_pending()
        self._end(upload, "cancelled")
        return upload

    def _catch_up(self) -> None:
        """Let uploads expire whose time is over: what was given up must not fill the memory."""
        for upload in self._uploads.values():
            upload.timeline.catch_up(self._clock.now)

    def _get(self, upload_id: str) -> Upload:
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise not_found("The upload")
        upload.timeline.catch_up(self._clock.now)
        return upload

    def _end(self, upload: Upload, status: str) -> None:
        upload.timeline.take_all()
        upload.status = status
        for part_id in upload.parts:
            self._journal.erase(part_id)
        upload.parts.clear()


def _found(upload: Upload, part_ids: list[str]) -> list[Part]:
    known = {name: part for part in upload.parts.values() for name in (part.id, part.block_id)}
    if any(part_id not in known for part_id in part_ids):
        raise invalid_payload("One of the parts was not found in the upload.", "part_ids")
    return [known[part_id] for part_id in part_ids]


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
