"""Connecting to the service."""

from kit.azure.client import Connection
from kit.i18n import gettext as _
from kit.lab.session import session


def connect() -> Connection:
    """Return the connection of this lab, after asking the service once whether it accepts the credential.

    Raises:
        openai.AuthenticationError: it does not; a notebook shows that as a sentence.
    """
    running = session()
    running.openai.files.list(limit=1)
    print(_("Connected to {endpoint}").format(endpoint=running.connection.endpoint))
    return running.connection
