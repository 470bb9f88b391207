"""Everything that one simulator holds."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kit.simulator.answers.occasion import Occasion
from kit.simulator.batches import operations
from kit.simulator.batches.batches import BatchStore
from kit.simulator.chat.stored import CompletionStore
from kit.simulator.circumstances.circumstances import Circumstances
from kit.simulator.circumstances.faults import Faults
from kit.simulator.circumstances.quotas import Quotas
from kit.simulator.clock import VirtualClock
from kit.simulator.deployments import DeploymentStore
from kit.simulator.engine import default_engine
from kit.simulator.files.files import FileStore
from kit.simulator.files.uploads import UploadStore
from kit.simulator.fine_tuning.copies import CopyStore
from kit.simulator.fine_tuning.jobs import JobStore
from kit.simulator.fine_tuning.permissions import PermissionStore
from kit.simulator.fine_tuning.training import Trainer
from kit.simulator.identifiers import Identifiers
from kit.simulator.lane import Lane
from kit.simulator.models import ModelRegistry
from kit.simulator.persistence.book import Book
from kit.simulator.persistence.journal import Journal
from kit.simulator.profiles import profile_named
from kit.simulator.recent import RecentRequests
from kit.simulator.responses.compaction import Seal
from kit.simulator.responses.store import ResponseStore


class State:
    """One Azure resource with its files, jobs, models and deployments.

    The names of subscription, resource group, account and project in an address are not looked at: a
    simulator is one resource, whatever a client calls it.

    Args:
        seed: where identifiers and unseeded sampling come from; the same seed and the same requests in the
            same order give the same answers.
        pace: virtual seconds that pass by themselves in each real second.
        keys: the keys that the data plane accepts; any key, if there are none.
        scenario: name of the circumstances, from ``scenarios.toml``; by default those that the book knows, or
            the usual ones.
        profile: ``azure`` or ``openai-strict``; see :mod:`kit.simulator.profiles`.
        real_time: the source of real time, in seconds from any origin.
        book: where it is kept, see :mod:`kit.simulator.persistence.journal`; by default nowhere. A book that
            has been written in decides the seed.
        lanes: where trainings, and where requests of batches wait for their turn; states may share them.

    Raises:
        UsageError: there is no such scenario or profile.
    """

    def __init__(  # noqa: PLR0913 - the options of a simulator
        self,
        *,
        seed: int = 105,
        pace: float = 0.0,
        keys: Sequence[str] = (),
        scenario: str | None = None,
        profile: str = "azure",
        real_time: Callable[[], float] = time.monotonic,
        book: Book | None = None,
        lanes: tuple[Lane, Lane] | None = None,
    ) -> None:
        engine = default_engine()
        self.seed = seed if book is None else book.seed
        self.keys = tuple(keys)
        self.profile = profile_named(profile)
        self.clock = VirtualClock(pace, real_time=real_time)
        self.identifiers = Identifiers(self.seed, 0 if book is None else book.starts)
        self.journal = Journal(self.clock, self.identifiers, book)
        self.models = ModelRegistry(engine, self.journal)
        self.files = FileStore(self.clock, self.identifiers, self.journal)
        self.uploads = UploadStore(self.clock, self.identifiers, self.files, self.journal)
        self.permissions = PermissionStore(self.clock, self.identifiers, self.journal)
        self.copies = CopyStore(self.clock, self.journal)
        self.completions = CompletionStore(self.journal)
        self.responses = ResponseStore(self.clock, self.journal, Seal(self.seed))
        self.deployments = DeploymentStore(self.clock, self.identifiers, self.models, self.journal)
        self.recent = RecentRequests()
        self.faults = Faults(self.identifiers.source("faults"))
        self.quotas = Quotas(self.models, lambda: self.clock.elapsed)
        self.circumstances = Circumstances(self.faults, self.quotas, self.journal, scenario)
        training_lane, self._batch_lane = lanes or (Lane(), Lane())
        self._trainer = Trainer(engine, self.models, self.journal, training_lane)
        self.jobs = JobStore(
            self.clock, self.identifiers, self.files, self.models, self._trainer, self.journal
        )
        self.batches = BatchStore(self.clock, self.identifiers, self.files, self.journal, self._in_turn)
        self._open = False

    async def open(self) -> None:
        """Bring back what the book holds: in the event loop, before the first request.

        Raises:
            StateFileError: the book cannot be replayed.
        """
        if not self._open:
            self._open = True
            self.journal.replay(self._settle)
            self.circumstances.resume()

    async def _in_turn(
        self, address: str, body: Mapping[str, Any], occasion: Occasion
    ) -> tuple[int, dict[str, Any]]:
        """Answer one request of a batch; each has a turn, so that a long batch does not block others'."""
        async with self._batch_lane.turn(self):
            return await operations.run(self, address, body, occasion)

    def _settle(self) -> None:
        self.jobs.settle()
        self.batches.settle()

    @property
    def busy(self) -> bool:
        """Whether something is being computed beyond the answers to requests."""
        return self._trainer.busy or self.batches.busy

    async def close(self) -> None:
        """Stop what is being computed."""
        await self.batches.close()
        await self.jobs.close()
        self.journal.close()

    def occasion(self) -> Occasion:
        """Return what names an answer that is made now."""
        return Occasion(self.identifiers, self.clock.now)
