"""The one session of a notebook: which lab, language and backend it runs with, from start to finish."""

import contextlib
import datetime
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kit.azure.client import Connection
from kit.azure.ledger import Ledger
from kit.azure.transport import advance_clock, clock_now
from kit.errors import N_, UsageError

if TYPE_CHECKING:
    from openai import OpenAI


@dataclass
class Session:
    """What the helpers of one notebook share.

    Attributes:
        lab: name of the lab.
        connection: where the service is.
        ledger: what this lab has created there.
        pace: simulator only: real seconds that a simulated minute takes.
        checks: outcome of each self-check by its claim.
        resources: closed when the session ends, such as the simulator.
    """

    lab: str
    connection: Connection
    ledger: Ledger
    pace: float = 0.0
    checks: dict[str, str] = field(default_factory=dict)
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @cached_property
    def openai(self) -> "OpenAI":
        """A client of the data plane for the plumbing; the lesson builds its own."""
        from openai import OpenAI

        return OpenAI(base_url=self.connection.base_url, api_key=self.connection.api_key)

    @cached_property
    def management(self) -> Any:
        """A client of Azure Resource Manager for the plumbing."""
        from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

        return CognitiveServicesManagementClient(**self.connection.management())

    def today(self) -> datetime.date:
        """Return the day it is where the service is: a simulator has a calendar of its own."""
        if not self.connection.simulated:
            return datetime.datetime.now(datetime.UTC).date()
        return datetime.datetime.fromtimestamp(clock_now(self.connection.endpoint), datetime.UTC).date()

    def sleep(self, seconds: float) -> None:
        """Wait: for real on Azure; on a simulator by moving its clock."""
        if not self.connection.simulated:
            time.sleep(seconds)
            return
        advance_clock(self.connection.endpoint, seconds)
        if self.pace:
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
        _sessions.pop().resources.close()
