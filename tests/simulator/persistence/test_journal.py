"""The journal: what is written down, in which order, and what comes back when it is read again."""

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kit.simulator.clock import VirtualClock
from kit.simulator.identifiers import Identifiers
from kit.simulator.persistence.book import LARGEST_CONTENT
from kit.simulator.persistence.journal import Journal, command
from kit.simulator.persistence.state_file import StateFile


@dataclass
class Note:
    id: str
    text: str


class Notes:
    def __init__(self, journal: Journal, identifiers: Identifiers) -> None:
        self._journal = journal
        self._identifiers = identifiers
        self.notes: list[Note] = []
        journal.register(self)

    @command("note.add", note=Note)
    def add(self, note: Note) -> str:
        if not note.text:
            raise ValueError("nothing to note")
        note.id = self._identifiers.hexadecimal("note")
        self.notes.append(note)
        return note.id

    @command("note.add_two")
    def add_two(self, text: str) -> list[str]:
        return [self.add(Note("", text)), self.add(Note("", text.upper()))]


def _notes(file: StateFile) -> tuple[Notes, Journal]:
    book = file.book("", 1)
    clock, identifiers = VirtualClock(), Identifiers(book.seed, book.starts)
    journal = Journal(clock, identifiers, book)
    return Notes(journal, identifiers), journal


class _Book:
    """A book that only notes in which order it is written in."""

    def __init__(self) -> None:
        self.seed, self.starts, self.moment = 1, 0, None
        self.written: list[str] = []

    def append(self, entry: Any, blob: bytes | None) -> Any:
        self.written.append(entry.command)

    def erase(self, key: str) -> Any:
        self.written.append(f"erase {key}")


class _Shelf:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        journal.register(self)

    @command("shelf.clear")
    def clear(self, fails: bool = False) -> None:
        self._journal.erase("a")
        if fails:
            raise ValueError("refused")


def test_content_is_erased_only_after_the_command_that_says_so():
    """Else a crash between the two would leave an object without content."""
    book: Any = _Book()
    shelf = _Shelf(Journal(VirtualClock(), Identifiers(1), book))
    shelf.clear()
    assert book.written == ["shelf.clear", "erase a"]
    with pytest.raises(ValueError, match="refused"):
        shelf.clear(fails=True)  # what time has ended is erased although the command is refused
    assert book.written == ["shelf.clear", "erase a", "erase a"]


def test_what_is_too_large_for_the_file_is_not_kept_and_stops_nothing(tmp_path: Path):
    with contextlib.closing(StateFile(tmp_path / "simulator.state")) as file:
        _, journal = _notes(file)
        journal.keep("a", bytes(LARGEST_CONTENT + 1))
        journal.keep("b", b"b")
        asyncio.run(journal.acknowledged())
        assert (journal.kept("a"), journal.kept("b")) == (None, b"b")


def test_who_stops_waiting_for_the_disk_stops_nobody_else(tmp_path: Path):
    async def wait(journal: Journal, notes: Notes, disk: threading.Lock) -> None:
        with disk:  # the writer cannot commit
            notes.add(Note("", "a"))
            first, second = (asyncio.create_task(journal.acknowledged()) for _ in range(2))
            await asyncio.wait([first], timeout=0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert not second.done()
        await second
        notes.add(Note("", "b"))
        await journal.acknowledged()

    path = tmp_path / "simulator.state"
    with contextlib.closing(StateFile(path)) as file:
        notes, journal = _notes(file)
        asyncio.run(wait(journal, notes, file._reading))
        first = notes.notes
    with contextlib.closing(StateFile(path)) as file:
        again, journal = _notes(file)
        journal.replay(lambda: None)
        assert again.notes == first


def test_what_another_thread_keeps_is_waited_for_together_with_what_came_before(tmp_path: Path):
    with contextlib.closing(StateFile(tmp_path / "simulator.state")) as file, ThreadPoolExecutor(1) as other:
        notes, journal = _notes(file)
        with file._reading:
            notes.add(Note("", "a"))
            other.submit(journal.keep, "b", b"b").result()
            waiting = file.outstanding(1)
            assert waiting is not None
            assert not waiting.done()
        asyncio.run(journal.acknowledged())
        assert file.outstanding(1) is None
        assert file.read("select count(*) from entry", ()) == [(1,)]
        assert journal.kept("b") == b"b"


def test_what_was_never_kept_is_looked_for_without_waiting_for_the_disk(tmp_path: Path):
    with contextlib.closing(StateFile(tmp_path / "simulator.state")) as file, ThreadPoolExecutor(1) as other:
        _, journal = _notes(file)
        with file._reading:
            assert other.submit(journal.kept, "a").result(timeout=30) is None


def test_a_command_within_a_command_is_written_once_and_identifiers_come_back(tmp_path: Path):
    path = tmp_path / "simulator.state"
    with contextlib.closing(StateFile(path)) as file:
        notes, _ = _notes(file)
        notes.add(Note("", "a"))
        with pytest.raises(ValueError, match="nothing"):
            notes.add(Note("", ""))
        notes.add_two("b")
        first = notes.notes
    with contextlib.closing(StateFile(path)) as file:
        again, journal = _notes(file)
        journal.replay(lambda: None)
        assert again.notes == first
        again.add(Note("", "c"))
        assert len({note.id for note in again.notes}) == 4
