"""The ledger: what a lab has created on a service and spent there, kept outside the notebook.

An entry is written *before* a resource is created (state ``creating``) and completed afterwards (state
``created``, with its id), so that whatever interrupts a notebook, the next run knows what to look for. Every
change replaces the file in one step, on disk before the call returns. There is one file for each learner, lab
and resource of the service; two notebooks that share one wait for each other (:meth:`Ledger.held`). A
simulator that lives and dies with the notebook gets a ledger in memory.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from kit import settings
from kit.errors import N_, LedgerError

Kind = Literal["file", "job", "model", "deployment"]
State = Literal["creating", "created", "deleted"]

_PATIENCE = 900  # seconds to wait for another notebook: a deployment takes minutes


@dataclass(frozen=True)
class Place:
    """Whose ledger it is, and of which resource; no credential is part of it."""

    lab: str
    learner: str = ""
    endpoint: str = ""
    subscription: str = ""
    resource_group: str = ""
    account: str = ""
    simulated: bool = False

    @property
    def mark(self) -> str:
        """Ten hexadecimal digits for lab and learner: they mark what is theirs on a shared resource."""
        return hashlib.sha256(f"{self.lab}\0{self.learner}".encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Entry:
    """One resource.

    Attributes:
        kind: what it is.
        fingerprint: hash of everything it was made from; the same fingerprint means the same resource.
        label: its name as a person knows it, such as a file name.
        state: how far its creation, or its deletion, went.
        id: the service's identifier; empty while ``creating``.
        begun: ISO time, on the service's clock, before the creation.
        facts: by which fields the service's own listing shows it, should its id never arrive.
        cost: what its creation costs once, in US dollars.
    """

    kind: Kind
    fingerprint: str
    label: str
    state: State = "creating"
    id: str = ""
    begun: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    cost: float = 0.0


class Ledger:
    """The entries of one lab on one resource.

    Args:
        path: the file that keeps them, or None for a ledger in memory.
        place: whose it is; read from the file where it is left out.

    Raises:
        LedgerError: the file is not a ledger.
    """

    def __init__(self, path: Path | None = None, place: Place | None = None) -> None:
        self.path = path
        self.place = place or Place("")
        self._entries: dict[tuple[Kind, str], Entry] = {}
        self._payments: dict[str, float] = {}
        self._lock: Any = contextlib.nullcontext()
        if path is not None:
            self._lock = FileLock(f"{settings.on_local_disk(path)}.lock", timeout=_PATIENCE)
            self._read(keep_place=place is not None)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other notebooks of this learner from creating anything meanwhile; see what they have created.

        The operating system gives the lock back when a process dies, whatever it died of.

        Raises:
            LedgerError: another notebook holds it for longer than any creation takes.
        """
        if self.path is None:
            yield
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise LedgerError(
                N_("Another notebook has been using the ledger {file} for a quarter of an hour."),
                advice=N_("Close the other notebook, or restart its kernel, and run the cell again."),
                file=self.path,
            ) from error
        try:
            self._read()
            yield
        finally:
            self._lock.release()

    def find(self, kind: Kind, fingerprint: str) -> Entry | None:
        """Return the entry of a resource that is not deleted, or None."""
        entry = self._entries.get((kind, fingerprint))
        return None if entry is None or entry.state == "deleted" else entry

    def knows(self, kind: Kind, fingerprint: str) -> bool:
        """Tell whether a resource was ever written down, deleted or not."""
        return (kind, fingerprint) in self._entries

    def standing(self, kind: Kind) -> list[Entry]:
        """Return the entries of a kind that are created and not deleted, newest first."""
        return [entry for entry in self if entry.kind == kind and entry.state == "created"][::-1]

    def begin(self, entry: Entry) -> Entry:
        """Write down that a resource is about to be created; what one before it has cost stays paid."""
        with self.held():
            before = self._entries.get((entry.kind, entry.fingerprint))
            if before is not None and before.id and before.cost:
                self._payments[f"{before.kind} {before.id}"] = before.cost
            self._entries[entry.kind, entry.fingerprint] = entry
            self._save()
        return entry

    def created(self, entry: Entry, identifier: str) -> Entry:
        """Write down that it exists now, and its id."""
        return self._write(replace(entry, state="created", id=identifier))

    def deleted(self, entry: Entry) -> Entry:
        """Write down that the service has it no more."""
        return self._write(replace(entry, state="deleted"))

    def refund(self, kind: Kind, identifier: str) -> None:
        """Write down that a resource has cost nothing after all, such as a job that failed."""
        with self.held():
            for entry in self:
                if entry.kind == kind and entry.id == identifier and entry.cost:
                    self._write(replace(entry, cost=0.0))

    @property
    def spent(self) -> float:
        """US dollars for everything created and paid so far, what was deleted since included."""
        return sum(entry.cost for entry in self if entry.state != "creating") + sum(self._payments.values())

    def pay(self, key: str, amount: float) -> None:
        """Write down what something is going to cost, or, under the same key, what it has cost."""
        with self.held():
            self._payments[key] = amount
            self._save()

    def _write(self, entry: Entry) -> Entry:
        with self.held():
            self._entries[entry.kind, entry.fingerprint] = entry
            self._save()
        return entry

    def _read(self, *, keep_place: bool = True) -> None:
        if self.path is None or not self.path.exists():
            return
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            entries = [Entry(**row) for row in content["entries"]]
            payments = {key: float(amount) for key, amount in content["payments"].items()}
            place = self.place if keep_place else Place(**content["place"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise LedgerError(
                N_("The ledger {file} cannot be read, so the lab does not know what it has created."),
                advice=N_(
                    "Look in the Azure portal for deployments and files of this lab, delete them there, and "
                    "then move this file away."
                ),
                file=self.path,
            ) from error
        self._entries = {(entry.kind, entry.fingerprint): entry for entry in entries}
        self._payments, self.place = payments, place

    def _save(self) -> None:
        if self.path is None:
            return
        content = {
            "place": asdict(self.place),
            "entries": [asdict(entry) for entry in self],
            "payments": self._payments,
        }
        partial = self.path.with_suffix(f".{os.getpid()}.part")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)
        _sync_folder(self.path.parent)


def _sync_folder(folder: Path) -> None:
    """Bring a folder's new entry to the disk, where the system has a way to ask for it."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # network and object storage may refuse
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def ledgers(folder: Path) -> Iterator[Ledger | LedgerError]:
    """Yield every ledger in a folder, in a fixed order; in place of one that cannot be read, the reason."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield Ledger(path)
        except LedgerError as error:
            yield error
