"""A journal in many files: what one part of a Spark job writes, attempt after attempt.

An attempt never appends to a file of another one, so nothing has to be locked or cut off, and a storage that
cannot append is good enough. A new file begins after a few hundred answers: where a file becomes visible only
when it is closed, as on object storage, a lost machine takes that many answers along and no more.
"""

import uuid
from pathlib import Path
from typing import Any

from kit.evaluation.runner.journal import Journal, keys_in


class Segments:
    """The answers of one partition of one job.

    Args:
        folder: where the files of all partitions lie.
        part: name of the partition; files of earlier attempts at it are read, their answers known.
        chunk: answers in one file.
    """

    def __init__(self, folder: Path, part: str, chunk: int = 500) -> None:
        self._folder = folder
        self._part = part
        self._chunk = chunk
        self._known: set[bytes] = set()
        for path in sorted(folder.glob(f"{part}-*.jsonl")):
            self._known.update(key for key, _length in keys_in(path) if key is not None)
        self._journal: Journal | None = None

    def __contains__(self, key: bytes) -> bool:
        return key in self._known

    def append(self, key: bytes, record: dict[str, Any]) -> None:
        """Write an answer; when this returns, the end of this process cannot undo it."""
        if self._journal is None:
            name = f"{self._part}-{uuid.uuid4().hex}.jsonl"
            self._journal = Journal(self._folder / name, shared=False)
        self._journal.append(key, record)
        self._known.add(key)
        if len(self._journal) >= self._chunk:
            self.close()

    def sync(self) -> None:
        """Have the disk hold everything that was written."""
        if self._journal is not None:
            self._journal.sync()

    def close(self) -> None:
        """Close the file that is being written."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
