"""Errors as part of teaching: what a service's refusal means, in the learner's language, and what to do next.

Exceptions of the official clients reach a notebook with a traceback of thirty frames of somebody else's code.
:func:`install` asks IPython to show the sentences of :func:`explain` instead; the cell still fails.
"""

from typing import Any

import openai
from azure.core import exceptions as azure_errors

from kit import settings
from kit.errors import N_, KitError, ServiceError

_REFUSED = (openai.AuthenticationError, openai.PermissionDeniedError, azure_errors.ClientAuthenticationError)
_NOT_FOUND = (openai.NotFoundError, azure_errors.ResourceNotFoundError)
_UNREACHABLE = (
    openai.APIConnectionError,
    azure_errors.ServiceRequestError,
    azure_errors.ServiceResponseError,
)


SERVICE_ERRORS = (openai.OpenAIError, azure_errors.AzureError)


def explain(error: Exception) -> KitError:
    """Return the error of a service client as one with a cause and an advice.

    The service's own words are quoted, except where it refused a credential: such a message can repeat it.
    """
    if isinstance(error, _REFUSED):
        if _asked_simulator(error):
            return ServiceError(
                N_("The simulator refused the key."),
                advice=N_(
                    "Set KIT_SIMULATOR_KEY to the key that your teacher gave you, and start Jupyter again."
                ),
            )
        return ServiceError(
            N_("The service refused the credential."),
            advice=N_(
                "Check that AZURE_OPENAI_API_KEY belongs to the resource in AZURE_OPENAI_ENDPOINT; without a "
                "key, sign in with “az login” and make sure that your role may use the resource."
            ),
        )
    if isinstance(error, _UNREACHABLE):
        return ServiceError(
            N_("The service cannot be reached."),
            advice=N_(
                "Check the network and AZURE_OPENAI_ENDPOINT, and run the cell again: nothing is done twice."
            ),
        )
    return _refusal(error, own_words(error))


def _asked_simulator(error: Exception) -> bool:
    """Return whether somebody else's simulator was asked, a teacher's for instance."""
    address = settings.variable("KIT_SIMULATOR_URL").rstrip("/")
    response = getattr(error, "response", None)  # the clients' errors all have it; azure-core's may be None
    return bool(address) and str(getattr(getattr(response, "request", None), "url", "")).startswith(address)


def _refusal(error: Exception, detail: str) -> KitError:
    """Explain a refusal of the service in its own words."""
    if isinstance(error, _NOT_FOUND):
        return ServiceError(
            N_("The service does not know what was asked for: {detail}"),
            advice=N_(
                "Check the name; a new deployment can take a few minutes to answer. Then run the cell again."
            ),
            detail=detail,
        )
    if isinstance(error, openai.RateLimitError):
        return ServiceError(
            N_("The deployment's quota is used up for the moment: {detail}"),
            advice=N_("Wait a minute and run the cell again, or raise the capacity of the deployment."),
            detail=detail,
        )
    if getattr(error, "code", None) == "content_filter":
        return ServiceError(
            N_("The content filter stopped the question: {detail}"),
            advice=N_(
                "Word the question differently and run the cell again; or catch openai.BadRequestError where "
                "you ask, and count the answer as a refusal."
            ),
            detail=detail,
        )
    return ServiceError(
        N_("The service refused the request: {detail}"),
        advice=N_("Read its reason, mend the cell or the parameters, and run the cell again."),
        detail=detail,
    )


def own_words(error: Exception) -> str:
    """Return the message the service sent, without the client's wrapping."""
    body = getattr(error, "body", None)
    if isinstance(body, dict) and body.get("message"):
        return str(body["message"])
    inner = getattr(getattr(error, "error", None), "message", None)
    return str(inner or getattr(error, "message", None) or error)


def install() -> None:
    """Let the running notebook, if there is one, show service errors through :func:`explain`."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc(SERVICE_ERRORS, _show)


def _show(
    shell: Any, _kind: type[Exception], error: Exception, _traceback: Any, **_options: Any
) -> list[str]:
    explained = explain(error)
    lines = str(explained).split("\n")
    shell._showtraceback(type(explained), explained, lines)
    return lines
