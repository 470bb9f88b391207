"""The journal of a run: one line of JSON for each answer, written before the answer is counted.

A process that is killed loses at most the requests that were under way. The last line may be torn; it is cut
off when the journal is opened again. What was written survives ``kill -9`` at once, because it is with the
operating system, and a power failure after at most a second.
"""

import json
import os
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from filelock import FileLock, Timeout

from kit import settings
from kit.errors import N_, UsageError

_SYNC_EVERY = 1.0  # seconds between two ``fsync``


class Journal:
    """Answers on disk, found by the identity of their request.

    Args:
        path: the file, made if it is not there; None for a temporary one.
        shared: whether others may know its name, so that a file beside it, ``….lock``, has to say that it is
            in use.
        now: the clock that decides when it is time for an ``fsync``, in seconds.

    Raises:
        UsageError: another process has it open, or the place cannot be appended to.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        shared: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = _temporary(self) if path is None else Path(path)
        self.damaged = 0  # lines that are no record, other than a torn last one
        self._offsets: dict[bytes, int] = {}
        self._now = now
        self._synced = now()
        self._file = self._open()
        self._end = 0
        # The operating system gives it back when the process dies; any thread may close the journal.
        self._lock = FileLock(f"{settings.on_local_disk(self.path)}.lock", timeout=0, thread_local=False)
        try:
            if shared and path is not None:
                self._take()
            self._load()
        except BaseException:
            self._file.close()
            self._lock.release()
            raise

    def _open(self) -> IO[bytes]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self.path.open("a+b", buffering=0)
        except OSError as error:
            raise UsageError(
                N_("The journal {path} cannot be written: {reason}."),
                advice=N_("Choose a folder on a local disk; some network folders cannot be appended to."),
                path=self.path,
                reason=error.strerror,
            ) from error

    def _take(self) -> None:
        try:
            self._lock.acquire()
        except Timeout:
            raise UsageError(
                N_("Another run is using the journal {path}."),
                advice=N_("Wait for it or stop it, or give this run a journal of its own."),
                path=self.path,
            ) from None
        except NotImplementedError:
            pass  # a network folder without locks

    def _load(self) -> None:
        """Find the answers, and cut off a torn end."""
        for key, length in keys_in(self.path):
            if key is None:
                self.damaged += 1
            else:
                self._offsets[key] = self._end
            self._end += length
        self._file.truncate(self._end)

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, key: bytes) -> bool:
        return key in self._offsets

    def __iter__(self) -> Iterator[bytes]:
        return iter(tuple(self._offsets))

    def read(self, key: bytes) -> dict[str, Any]:
        """Return the record of a request.

        Raises:
            KeyError: there is none.
        """
        return next(self.records([key]))

    def records(self, keys: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Yield the records of requests one after the other, also when the journal is closed.

        Raises:
            KeyError: one of them is not there, or something else has come to stand in its place.
        """
        with self.path.open("rb") as reader:
            for key in keys:
                reader.seek(self._offsets[key])
                record = json.loads(reader.readline())
                if record["key"] != key.hex():
                    raise KeyError(key)
                yield record

    def append(self, key: bytes, record: dict[str, Any]) -> None:
        """Write an answer; when this returns, the end of this process cannot undo it."""
        text = json.dumps({"key": key.hex(), **record}, ensure_ascii=False, separators=(",", ":"))
        # Half a surrogate pair has no UTF-8; written with a backslash it is JSON's own escape for it.
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        written = self._file.write(line)
        if written != len(line):
            self._file.truncate(self._end)
            raise OSError(f"the disk took {written} of {len(line)} bytes")
        self._offsets[key] = self._end
        self._end += len(line)
        if self._now() - self._synced >= _SYNC_EVERY:
            self.sync()

    def sync(self) -> None:
        """Have the disk hold everything that was written."""
        os.fsync(self._file.fileno())
        self._synced = self._now()

    def close(self) -> None:
        """Sync and release the file. Closing twice does nothing."""
        if not self._file.closed:
            self.sync()
            self._file.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def keys_in(path: Path) -> Iterator[tuple[bytes | None, int]]:
    """Yield the key of each whole line, None if it is no record, and the line's length in bytes."""
    with path.open("rb") as reader:
        for line in reader:
            if not line.endswith(b"\n"):
                return
            try:
                yield bytes.fromhex(json.loads(line)["key"]), len(line)
            except (ValueError, KeyError, TypeError):
                yield None, len(line)


def _temporary(owner: Journal) -> Path:
    """Return a file that goes when its journal goes."""
    handle, name = tempfile.mkstemp(suffix=".jsonl")
    os.close(handle)
    weakref.finalize(owner, Path(name).unlink, missing_ok=True)
    return Path(name)
