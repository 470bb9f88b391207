"""The file in which ``kit serve --state`` keeps what its simulators hold: one SQLite database.

SQLite, because it is in Python's standard library and survives the loss of its process at any instruction.
Its write-ahead log with ``synchronous=FULL`` makes a commit last through a loss of power as well. One thread
writes; while it waits for the disk, what arrives gathers into the next transaction, so that two hundred
learners who upload at the same moment wait for a few synchronizations of the disk and not for two hundred.

The connection is exclusive: a second server on the same file is refused, and the operating system lifts the
lock however the first one ends. Every entry and every blob carries a checksum of its own: SQLite has none.
What is erased is overwritten with zeros and leaves the write-ahead log, too.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from kit.errors import N_, StateFileError
from kit.simulator.persistence.book import Entry

FORMAT = 1
"""Raised whenever an older kit could not read the file any more."""
_APPLICATION = 0x4B495453  # "KITS": tells our files from other programs' databases
_SCHEMA = """
create table resource (
    id integer primary key, name text not null unique, seed integer not null, moment real,
    starts integer not null
) strict;
create table entry (
    resource integer not null, number integer not null, moment real not null, command text not null,
    arguments text not null, blob text not null, key text not null, checksum integer not null,
    primary key (resource, number)
) strict, without rowid;
create table blob (
    id integer primary key, resource integer not null, key text not null, content blob not null,
    checksum integer not null, unique (resource, key)
) strict;
"""
_Operation = tuple[str, tuple[Any, ...]]


class StateFile:
    """An open state file.

    Args:
        path: where it lies; created if there is nothing.

    Raises:
        StateFileError: another server uses it, it is damaged, of a newer format, not a state file at all, or
            cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._reading = threading.Lock()  # one connection for all threads: it is the only one there can be
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds what learners upload
            self._database = sqlite3.connect(
                self._path, timeout=0, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as problem:
            raise self._error(N_("The state file {path} cannot be opened: {reason}."), problem) from None
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise
        (self._resources,) = self._database.execute("select count(*) from resource").fetchone()
        self._news = threading.Condition()
        self._waiting: list[_Operation] = []
        self._done = _promise()
        self._latest: dict[int, Future[None]] = {}  # per resource: the transaction of its newest statement
        self._closing = False
        self._failure: StateFileError | None = None
        self._writer = threading.Thread(target=self._write, name="state file", daemon=True)
        self._writer.start()

    def book(self, name: str, seed: int) -> ResourceBook:
        """Return the part of one resource, which is new if there is none of that name yet.

        Raises:
            StateFileError: what the file says of it is damaged.
        """
        with self._reading:
            row = self._database.execute(
                "select id, seed, moment, starts from resource where name = ?", (name,)
            ).fetchone()
            if row is None:
                self._resources += 1
        identity, seed, moment, starts = row or (self._resources, seed, None, -1)
        self.submit(identity, _START, (identity, name, seed))
        return ResourceBook(self, identity, seed, moment, starts + 1)

    def submit(self, resource: int, statement: str, parameters: tuple[Any, ...]) -> None:
        """Let a statement be written that belongs to a resource.

        Raises:
            StateFileError: an earlier one could not be written, or the file is closed.
        """
        with self._news:
            if self._failure is not None:
                raise self._failure
            if self._closing:
                raise self._error(N_("The state file {path} is closed."))
            self._waiting.append((statement, parameters))
            self._latest[resource] = self._done
            self._news.notify()

    def outstanding(self, resource: int) -> Future[None] | None:
        """Return the future of a resource's newest transaction; None if it is on the disk already.

        Raises:
            StateFileError: something could not be written.
        """
        with self._news:
            if self._failure is not None:
                raise self._failure
            latest = self._latest.get(resource)
            return None if latest is None or latest.done() else latest

    def read(self, statement: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Return rows as the last transaction left them."""
        with self._reading:
            return self._database.execute(statement, parameters).fetchall()

    def damaged(self) -> StateFileError:
        """Return the error for content that is not what was written."""
        return self._error(
            N_("The state file {path} is damaged."),
            advice=N_("Put a copy of it back, or start with a new file."),
        )

    def close(self) -> None:
        """Write what is waiting and let go of the file."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._writer.join()
        self._database.close()

    def _prepare(self) -> None:
        run = self._database.execute
        try:
            run("pragma locking_mode=exclusive")
            run("begin immediate")  # takes the lock now and not at the first command
            application, version = (run(f"pragma {name}").fetchone()[0] for name in _VERSIONS)
            new = not run("select 1 from sqlite_master").fetchone() and not (application or version)
            run("commit")
            self._check_version(application, version, new=new)
            run("pragma secure_delete=on")
            if new:
                run("pragma auto_vacuum=incremental")
            run("pragma journal_mode=wal")
            run("pragma synchronous=full")
            if new:
                run("begin immediate")
                for statement in _SCHEMA.split(";"):
                    run(statement)
                run(f"pragma application_id={_APPLICATION}")
                run(f"pragma user_version={FORMAT}")
                run("commit")
            elif run("pragma quick_check(1)").fetchone()[0] != "ok":
                raise self.damaged()
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem):
                raise self._error(N_("The state file {path} cannot be opened: {reason}."), problem) from None
            raise self._error(
                N_("Another simulator is using the state file {path}."),
                advice=N_("Stop the other one, or give this one a file of its own."),
            ) from None
        except sqlite3.DatabaseError:
            raise self.damaged() from None

    def _check_version(self, application: int, version: int, *, new: bool) -> None:
        if not new and application != _APPLICATION:
            raise self._error(
                N_("{path} is a database of another program, not a state file."),
                advice=N_("Choose another file; nothing in this one was changed."),
            )
        if version > FORMAT:
            raise self._error(
                N_("The state file {path} has format {version}; this kit reads formats up to {known}."),
                advice=N_("Update the kit, or start with a new file."),
                version=version,
                known=FORMAT,
            )

    def _write(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._closing:
                    self._news.wait()
                if not self._waiting:
                    return
                batch, self._waiting = self._waiting, []
                done, self._done = self._done, _promise()
            try:
                self._commit(batch)
            except Exception as problem:  # whatever it is: without this thread, answers wait for ever
                failure = self._error(N_("The state file {path} cannot be written: {reason}."), problem)
                with self._news:
                    self._failure = failure
                done.set_exception(failure)
            else:
                done.set_result(None)

    def _commit(self, batch: list[_Operation]) -> None:
        with self._reading:
            run = self._database.execute
            run("begin immediate")
            try:
                for statement, parameters in batch:
                    run(statement, parameters)
                run("commit")
            except BaseException:
                if self._database.in_transaction:  # else SQLite has rolled back: the disk is full
                    run("rollback")
                raise
            if any(statement is _ERASE for statement, _ in batch):
                run("pragma incremental_vacuum").fetchall()
                run("pragma wal_checkpoint(truncate)").fetchall()

    def _error(
        self, message: str, problem: Exception | None = None, *, advice: str = "", **fields: Any
    ) -> StateFileError:
        reason = (problem.strerror if isinstance(problem, OSError) else str(problem)) or ""
        return StateFileError(message, advice=advice, path=str(self._path), reason=reason, **fields)


_VERSIONS = ("application_id", "user_version")
_START = "insert into resource values (?, ?, ?, null, 0) on conflict do update set starts = starts + 1"
_ENTRY = "insert into entry values (?, ?, ?, ?, ?, ?, ?, ?)"
_KEEP = "insert or replace into blob (resource, key, content, checksum) values (?, ?, ?, ?)"
_ERASE = "delete from blob where resource = ? and key = ?"
_MOMENT = "update resource set moment = ? where id = ?"


class ResourceBook:
    """What a state file keeps of one resource; a :class:`kit.simulator.persistence.book.Book`."""

    def __init__(self, file: StateFile, identity: int, seed: int, moment: float | None, starts: int) -> None:
        self._file = file
        self._id = identity
        self.seed = seed
        self.moment = moment
        self.starts = starts
        rows = file.read("select key from blob where resource = ?", (identity,))
        self._keys = {key for (key,) in rows}

    def entries(self) -> Iterator[Entry]:
        """Return what was written before this start, in order.

        Raises:
            StateFileError: an entry is not what was written.
        """
        columns = "number, moment, command, arguments, blob, key, checksum"
        statement = f"select {columns} from entry where resource = ? order by number"
        for *fields, checksum in self._file.read(statement, (self._id,)):
            entry = Entry(*fields)
            if _checksum(entry) != checksum:
                raise self._file.damaged()
            yield entry

    def append(self, entry: Entry, blob: bytes | None) -> None:
        """Write an entry, and its bytes."""
        if blob is not None:
            self.keep(entry.key, blob)
        fields = (entry.number, entry.moment, entry.command, entry.arguments, entry.blob, entry.key)
        self._submit(_ENTRY, (self._id, *fields, _checksum(entry)))

    def set_moment(self, moment: float) -> None:
        """Write where the clock stands."""
        self._submit(_MOMENT, (moment, self._id))

    def keep(self, key: str, content: bytes) -> None:
        """Write bytes under a key."""
        self._keys.add(key)
        self._submit(_KEEP, (self._id, key, content, zlib.crc32(content)))

    def erase(self, key: str) -> None:
        """Overwrite the bytes under a key, if there are any."""
        if key in self._keys:
            self._keys.discard(key)
            self._submit(_ERASE, (self._id, key))

    def outstanding(self) -> Future[None] | None:
        """Return what ends when all that was written so far is on the disk; None if it is already.

        Raises:
            StateFileError: something cannot be written.
        """
        return self._file.outstanding(self._id)

    def read(self, key: str) -> bytes | None:
        """Return the bytes under a key, or None.

        Raises:
            StateFileError: they are not what was written.
        """
        if key not in self._keys:  # without a lock, which the writer holds while it waits for the disk
            return None
        statement = "select content, checksum from blob where resource = ? and key = ?"
        for content, checksum in self._file.read(statement, (self._id, key)):
            if zlib.crc32(content) != checksum:
                raise self._file.damaged()
            return bytes(content)
        return None

    def _submit(self, statement: str, parameters: tuple[Any, ...]) -> None:
        self._file.submit(self._id, statement, parameters)


def _promise() -> Future[None]:
    """Return a future that a waiting request cannot cancel: others wait for the same."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


def _checksum(entry: Entry) -> int:
    return zlib.crc32(repr(entry).encode())
