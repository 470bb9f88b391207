"""Signing in to the data plane without a key, in a form that every version of the official client takes.

The ``openai`` package takes a function in place of a key only since 1.106, and then another one for
``AsyncOpenAI`` than for ``OpenAI``; the machine-learning runtimes of Databricks have older versions. A piece
of text is what all of them take, for both clients, and all of them write it into the header of each request.
"""

from collections.abc import Callable
from typing import Any, Self

# Microsoft's samples ask Entra ID for this audience (Foundry documentation, October 2026).
_SCOPE = "https://ai.azure.com/.default"


class EntraToken(str):
    """Text that is a valid token of Entra ID whenever it is written into a header.

    A token lives for about an hour. It is kept until shortly before its end; the request that needs the next
    one waits for it, and in an asynchronous program everything else does meanwhile. Wherever this object is
    sent, a worker of Spark for instance, it signs in by itself: no token travels along.

    Raises:
        azure.core.exceptions.ClientAuthenticationError: nobody is signed in (when it is written).
    """

    _provide: Callable[[], str] | None = None

    def __new__(cls) -> Self:
        """Return the text that stands for the token until it is written."""
        return super().__new__(cls, "entra-id-token")

    def __format__(self, _format: str) -> str:
        """Return a token that is valid now: the clients write ``f"Bearer {api_key}"``."""
        if self._provide is None:
            self._provide = _token_provider()
        return self._provide()

    def __reduce__(self) -> tuple[Any, ...]:
        return EntraToken, ()


def _token_provider() -> Callable[[], str]:
    from azure.identity import DefaultAzureCredential, get_bearer_token_provider

    return get_bearer_token_provider(DefaultAzureCredential(), _SCOPE)
