"""A service and its clock: the clients that the plumbing uses, and what time it is where they look."""

import datetime
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kit.azure.client import Connection
from kit.azure.transport import advance_clock

if TYPE_CHECKING:
    from openai import OpenAI


class Service:
    """The clients of one connection, made when they are first needed; the lesson builds its own.

    Args:
        connection: where the service is.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def openai(self) -> "OpenAI":
        """A client of the data plane."""
        from openai import OpenAI

        return OpenAI(base_url=self.connection.base_url, api_key=self.connection.api_key)

    @cached_property
    def management(self) -> Any:
        """A client of Azure Resource Manager."""
        from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

        return CognitiveServicesManagementClient(**self.connection.management())

    def close(self) -> None:
        """Close the connections of the clients that were made."""
        for name in ("openai", "management"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @property
    def account(self) -> tuple[str, str]:
        """Resource group and account, the first two arguments of every operation on deployments."""
        return self.connection.resource_group, self.connection.account

    def now(self) -> datetime.datetime:
        """Return the time, in UTC: a simulator has a calendar of its own."""
        if not self.connection.simulated:
            return datetime.datetime.now(datetime.UTC)
        return datetime.datetime.fromtimestamp(self._advance(0), datetime.UTC)

    def sleep(self, seconds: float) -> None:
        """Wait: for real on Azure; on a simulator by moving its clock."""
        if self.connection.simulated:
            self._advance(seconds)
        else:
            time.sleep(seconds)

    def _advance(self, seconds: float) -> float:
        return advance_clock(self.connection.endpoint, seconds, self.connection.simulator_key)
