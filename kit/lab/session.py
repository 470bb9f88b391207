"""The one session of a notebook: which lab, language and backend it runs with, from start to finish."""

import contextlib
import datetime
import tempfile
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit import settings
from kit.azure.budget import Budget
from kit.azure.client import Connection
from kit.azure.ledger import Ledger
from kit.azure.service import Service
from kit.errors import N_, UsageError

if TYPE_CHECKING:
    from openai import OpenAI


@dataclass
class Session:
    """What the helpers of one notebook share.

    Attributes:
        lab: name of the lab.
        place: where the service is; None for a lab that needs none.
        ledger: what this lab has created there.
        pace: simulator only: real seconds that a simulated minute takes.
        cap: the most that the lab may spend, in US dollars; None for no limit.
        checks: outcome of each self-check by its claim.
        resources: closed when the session ends, such as the simulator.
        spark: the cluster's Spark; None outside of Databricks.
    """

    lab: str
    place: Connection | None
    ledger: Ledger
    pace: float = 0.0
    cap: float | None = None
    checks: dict[str, Any] = field(default_factory=dict)
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    spark: Any = None

    @property
    def connection(self) -> Connection:
        """Where the service is.

        Raises:
            UsageError: this lab has none.
        """
        if self.place is None:
            raise UsageError(
                N_("The lab “{lab}” works on this computer alone and asks no service."),
                advice=N_("Take the cell out; the labs that ask a service start with the parameter backend."),
                lab=self.lab,
            )
        return self.place

    @cached_property
    def service(self) -> Service:
        """The clients of the plumbing; the lesson builds its own."""
        return Service(self.connection)

    @cached_property
    def budget(self) -> Budget:
        """What the lab may still spend."""
        return Budget(self.cap, self.ledger, binding=not self.connection.simulated)

    @property
    def own_simulator(self) -> bool:
        """Whether the service is a simulator that lives and dies with the notebook."""
        return self.ledger.path is None

    @cached_property
    def answers(self) -> Path:
        """The folder for journals of answers; it lives as long as the service that gave them.

        A simulator of the notebook's own ends with the session: another one could give the same names to
        other models.
        """
        if self.ledger.path is None:
            return Path(self.resources.enter_context(tempfile.TemporaryDirectory(prefix="kit-answers-")))
        folder = settings.on_local_disk(self.ledger.path.with_suffix(".answers"))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def shared_answers(self) -> Path:
        """The same for all machines of a cluster: in the volume, where the ledger lies in one."""
        return self.answers if self.ledger.path is None else self.ledger.path.with_suffix(".answers")

    @property
    def openai(self) -> "OpenAI":
        """A client of the data plane for the plumbing."""
        return self.service.openai

    @property
    def management(self) -> Any:
        """A client of Azure Resource Manager for the plumbing."""
        return self.service.management

    def today(self) -> datetime.date:
        """Return the day it is where the service is: a simulator has a calendar of its own."""
        return self.service.now().date()

    def sleep(self, seconds: float) -> None:
        """Wait: for real on Azure; on a simulator by moving its clock."""
        self.service.sleep(seconds)
        if self.connection.simulated and self.pace:
            time.sleep(seconds / 60 * self.pace)


_sessions: list[Session] = []


def session() -> Session:
    """Return the running session.

    Raises:
        UsageError: the set-up cell has not run.
    """
    if not _sessions:
        raise UsageError(
            N_("The lab has not been started in this kernel."),
            advice=N_("Run the set-up cell, the one with lab.start(…), and then this cell again."),
        )
    return _sessions[-1]


def begin(new: Session) -> None:
    """Make ``new`` the running session; one that was running ends."""
    end()
    _sessions.append(new)


def end() -> None:
    """End the running session, if there is one, and free what it holds."""
    while _sessions:
        ended = _sessions.pop()
        if ended.place is not None:
            ended.service.close()
        ended.resources.close()
