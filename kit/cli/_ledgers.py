"""What ``kit resources`` and ``kit cleanup`` share: the ledgers there are, and how to reach the services."""

from collections.abc import Iterator
from dataclasses import dataclass

from azure.core.exceptions import AzureError
from openai import OpenAIError

from kit import settings
from kit.azure import client
from kit.azure.ledger import Ledger, ledgers
from kit.azure.service import Service
from kit.cli._output import show_line
from kit.errors import N_, LedgerError, SettingsError
from kit.i18n import gettext as _

UNREACHABLE = (OpenAIError, AzureError, OSError, SettingsError)


@dataclass(frozen=True)
class Kept:
    """A ledger on disk and the service it is about."""

    ledger: Ledger
    service: Service

    @property
    def title(self) -> str:
        """The lab and the address of the resource."""
        place = self.ledger.place
        return _("{lab} on {endpoint}").format(lab=place.lab, endpoint=place.endpoint)


def kept(lab: str | None) -> Iterator[Kept | None]:
    """Yield this learner's ledgers, or those of one lab; for one that cannot be read say so, yield None."""
    for ledger in ledgers(client.ledger_folder(settings.learner())):
        if isinstance(ledger, LedgerError):
            show_line("✗", ledger.message_text(), ledger.advice_text())
            yield None
        elif lab in {None, ledger.place.lab} and ledger.place.learner == settings.learner():
            yield Kept(ledger, Service(client.of_place(ledger.place)))


def require_access(found: Kept) -> None:
    """Make sure that the environment has the key that a ledger was written with.

    Raises:
        SettingsError: with another key a simulator may show another learner's resource, and call it empty.
    """
    connection = found.service.connection
    if found.ledger.path != client.ledger_path(found.ledger.place, connection):
        raise SettingsError(
            N_("The simulator at {endpoint} was used with a key that is not the one in the environment."),
            advice=N_("Set KIT_SIMULATOR_URL and KIT_SIMULATOR_KEY as they were, and try again."),
            endpoint=found.ledger.place.endpoint,
        )


def why(error: Exception) -> str:
    """Return the reason of a failure in one line, without anything that could hold a credential."""
    if isinstance(error, SettingsError):
        return str(error).replace("\n", " ")
    return type(error).__name__
