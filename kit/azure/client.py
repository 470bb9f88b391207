"""Connections: addresses and credentials for the real service or for a simulator of it.

A notebook builds the official clients itself and takes their arguments from a :class:`Connection`::

    client = OpenAI(base_url=connection.base_url, api_key=connection.api_key)
    management = CognitiveServicesManagementClient(**connection.management())

Secrets stay in private fields: neither ``repr`` nor an exception shows them.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kit import settings
from kit.azure import transport
from kit.azure.entra import EntraToken
from kit.azure.ledger import Place
from kit.errors import N_, SettingsError

_PUBLIC_MANAGEMENT = "https://management.azure.com"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Connection:
    """Where the service is and how to prove who asks.

    Attributes:
        endpoint: the resource's address, ``https://NAME.openai.azure.com`` or a simulator's.
        subscription, resource_group, account: the names under which Azure Resource Manager knows it.
        management_endpoint: the address of Azure Resource Manager.
        simulated: whether a simulator answers: waiting then moves its clock.
    """

    endpoint: str
    subscription: str
    resource_group: str
    account: str
    management_endpoint: str = _PUBLIC_MANAGEMENT
    simulated: bool = False
    _key: str = field(default="", repr=False)

    @property
    def base_url(self) -> str:
        """Return the address of the v1 data plane, as ``openai.OpenAI`` wants it."""
        return f"{self.endpoint}/openai/v1/"

    @property
    def api_key(self) -> str:
        """Return the key; without one, text that is a valid Entra ID token in every request."""
        return self._key or EntraToken()

    def management(self) -> dict[str, Any]:
        """Return the arguments of ``CognitiveServicesManagementClient`` for this connection."""
        if self.management_endpoint.startswith("https://"):
            arguments = {"credential": _credential(), "base_url": self.management_endpoint}
        else:
            arguments = transport.local_management(self.management_endpoint, self._key)
        policies = [transport.ReadRefusals()]
        return {"subscription_id": self.subscription, "per_retry_policies": policies, **arguments}

    @property
    def simulator_key(self) -> str:
        """Return the key of a simulator, which its clock may ask for; empty for the real service."""
        return self._key if self.simulated else ""


def simulated(endpoint: str, key: str) -> Connection:
    """Return the connection to a simulator, whose names for resources are placeholders."""
    return Connection(
        endpoint=endpoint,
        subscription="00000000-0000-0000-0000-000000000000",
        resource_group="simulated-group",
        account="simulated-account",
        management_endpoint=endpoint,
        simulated=True,
        _key=key,
    )


def running_simulator() -> Connection | None:
    """Return the connection to the simulator that ``KIT_SIMULATOR_URL`` names, or None if nothing is named.

    It is one that outlives the notebook: ``kit serve`` on this computer, or a teacher's for the whole class.

    Raises:
        SettingsError: no simulator answers there.
    """
    endpoint = _resource(settings.variable("KIT_SIMULATOR_URL"))
    if not endpoint:
        return None
    key = settings.secret("KIT_SIMULATOR_KEY") or "simulator"  # one without keys accepts any
    if not transport.is_simulator(endpoint):
        raise SettingsError(
            N_("No simulator answers at {address}, which KIT_SIMULATOR_URL names."),
            advice=N_("Start it with “kit serve”, mend the address, or take the variable out."),
            address=endpoint,
        )
    return simulated(endpoint, key)


def from_environment(scope: Mapping[str, str] | None = None) -> Connection:
    """Return the connection that the environment describes.

    An address of this machine without TLS is a simulator's, as ``kit serve`` tells clients to set it: the
    connection is the one that ``KIT_SIMULATOR_URL`` gives, and the names of the resource need not be set.

    Args:
        scope: what a Databricks secret scope says instead, by environment variable.

    Raises:
        SettingsError: a variable is missing, or the endpoint would send a key over an open line.
    """
    scope = scope or {}
    endpoint = _resource(_required("AZURE_OPENAI_ENDPOINT", scope))
    key = scope.get("AZURE_OPENAI_API_KEY") or settings.secret("AZURE_OPENAI_API_KEY")
    address = urlsplit(endpoint)
    if address.scheme == "http" and address.hostname in _LOOPBACK:
        return simulated(endpoint, key or "simulator")
    if address.scheme != "https":
        raise SettingsError(
            N_("AZURE_OPENAI_ENDPOINT is not an address that starts with https://."),
            advice=N_("Copy the endpoint from the resource's page in the Azure portal."),
        )
    return Connection(
        endpoint=endpoint,
        subscription=_required("AZURE_SUBSCRIPTION_ID", scope),
        resource_group=_required("AZURE_RESOURCE_GROUP", scope),
        account=settings.variable("AZURE_OPENAI_ACCOUNT") or (address.hostname or "").split(".")[0],
        _key=key,
    )


def ledger_path(place: Place, connection: Connection) -> Path:
    """Return where the ledger of a learner, a lab and a resource is kept.

    A simulator may give each key a resource of its own, so there the key decides, too; of it no more goes
    into the name than a hash.
    """
    resource = hashlib.sha256(f"{connection.endpoint}\0{connection.simulator_key}".encode()).hexdigest()[:12]
    return ledger_folder(place.learner) / f"{place.lab}-{resource}.json"


def ledger_folder(learner: str) -> Path:
    """Return the folder of a learner's ledgers; no two learners share one."""
    safe = re.sub(r"[^\w@.-]|^\.", "_", learner)
    if safe != learner or not safe:  # others may be spelt the same by now
        safe += "-" + hashlib.sha256(learner.encode()).hexdigest()[:8]
    return settings.work_folder() / "ledger" / safe


def of_place(place: Place) -> Connection:
    """Return the connection to a resource that a ledger names, with whatever credential the environment has.

    The key of one resource is never sent to another: without a key for just this one, Entra ID is asked.
    """
    named = [
        settings.secret(secret)
        for variable, secret in (
            ("KIT_SIMULATOR_URL", "KIT_SIMULATOR_KEY"),
            ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"),
        )
        if _resource(settings.variable(variable)) == place.endpoint
    ]
    key = next(filter(None, named), "")
    if place.simulated:
        return simulated(place.endpoint, key or "simulator")
    return Connection(place.endpoint, place.subscription, place.resource_group, place.account, _key=key)


def _resource(address: str) -> str:
    """Return the address of a resource, whether or not its path of the v1 data plane follows."""
    return address.rstrip("/").removesuffix("/openai/v1")


def _required(name: str, scope: Mapping[str, str]) -> str:
    value = scope.get(name) or settings.variable(name)
    if not value:
        raise SettingsError(
            N_("The environment variable {name} is not set, so the lab does not know your Azure resource."),
            advice=N_(
                'Set it before you start Jupyter, or go back to backend = "simulator", which needs nothing.'
            ),
            name=name,
        )
    return value


def _credential() -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
