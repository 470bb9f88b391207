"""The ledger: what a lab has created on a service, kept outside the notebook.

An entry is written *before* a resource is created (state ``creating``) and completed afterwards (state
``created``, with its id), so that whatever interrupts a notebook, the next run knows what to look for. The
file is replaced atomically; a simulator that lives and dies with the notebook gets a ledger in memory.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

Kind = Literal["file", "job", "model", "deployment"]
State = Literal["creating", "created", "deleted"]


@dataclass(frozen=True)
class Entry:
    """One resource.

    Attributes:
        kind: what it is.
        fingerprint: hash of everything it was made from; the same fingerprint means the same resource.
        label: its name as a person knows it, such as a file name.
        state: how far its creation, or its deletion, went.
        id: the service's identifier; empty while ``creating``.
    """

    kind: Kind
    fingerprint: str
    label: str
    state: State = "creating"
    id: str = ""


class Ledger:
    """The entries of one lab on one resource.

    Args:
        path: the file that keeps them, or None for a ledger in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: dict[tuple[Kind, str], Entry] = {}
        if path is not None and path.exists():
            for row in json.loads(path.read_text(encoding="utf-8")):
                entry = Entry(**row)
                self._entries[entry.kind, entry.fingerprint] = entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def find(self, kind: Kind, fingerprint: str) -> Entry | None:
        """Return the entry of a resource that is not deleted, or None."""
        entry = self._entries.get((kind, fingerprint))
        return None if entry is None or entry.state == "deleted" else entry

    def begin(self, kind: Kind, fingerprint: str, label: str) -> Entry:
        """Write down that a resource is about to be created."""
        return self._write(Entry(kind, fingerprint, label))

    def created(self, entry: Entry, identifier: str) -> Entry:
        """Write down that it exists now, and its id."""
        return self._write(replace(entry, state="created", id=identifier))

    def deleted(self, entry: Entry) -> Entry:
        """Write down that the service has it no more."""
        return self._write(replace(entry, state="deleted"))

    def _write(self, entry: Entry) -> Entry:
        self._entries[entry.kind, entry.fingerprint] = entry
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial = self._path.with_suffix(f".{os.getpid()}")
            with partial.open("w", encoding="utf-8") as file:
                json.dump([asdict(each) for each in self], file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        return entry
