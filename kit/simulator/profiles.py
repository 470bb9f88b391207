"""Where the service deviates from the public document of its interface: all of it stands here.

The stores and operations of the simulator speak as the service does. A profile is chosen once, by
``State(profile=…)``, and nothing else asks for its name:

- ``azure``, the default, changes nothing.
- ``openai-strict`` says what the OpenAPI document of the v1 data plane allows, for clients that validate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kit.errors import N_, UsageError

Shown = dict[str, Any]
Translation = Callable[[Shown], Shown]

CHOSEN_BY_SERVICE = -1
"""How a job shows a hyperparameter that the service has yet to choose; a client may send it, too."""
_DAY = 86_400
_STATUSES = {
    "pending": "queued",
    "pausing": "running",
    "paused": "running",
    "resuming": "running",
}
_ORGANIZATION = "org-simulator"


def _unchanged(shown: Shown) -> Shown:
    return shown


@dataclass(frozen=True)
class Profile:
    """One way of speaking.

    Attributes:
        name: what it is chosen by.
        job: turns a fine-tuning job from the service's form into this profile's.
        error: the same for what stands under ``error``.
        annotated: whether the content filter's verdicts stand where the document has no place for them: in an
            event without choices at the beginning of a stream, in completions and in responses.
        shortest_expiry: the least seconds after which a file may expire.
        json_ranges: what the header ``Accept`` may name where the document demands ``application/json``; the
            document knows no wildcard, HTTP does (RFC 9110, 12.5.1).
    """

    name: str
    job: Translation = _unchanged
    error: Translation = _unchanged
    annotated: bool = True
    shortest_expiry: int = 14 * _DAY  # Microsoft Foundry, "Azure OpenAI batch", October 2026
    json_ranges: frozenset[str] = frozenset({"application/json", "application/*", "*/*"})


def _documented_job(job: Shown) -> Shown:
    """The document has six statuses, the word "auto" and an organization."""
    chosen = {
        name: "auto" if value == CHOSEN_BY_SERVICE else value
        for name, value in job["hyperparameters"].items()
    }
    method = {"type": "supervised", "supervised": {"hyperparameters": chosen}}
    return {
        **job,
        "status": _STATUSES.get(job["status"], job["status"]),
        "hyperparameters": chosen,
        "method": method,
        "organization_id": _ORGANIZATION,
    }


def _documented_error(error: Shown) -> Shown:
    """The document allows one ``type``, "error", for all errors, and writes ``inner_error``."""
    shown = dict(error)
    if "type" in shown:
        shown["type"] = "error"
    if "innererror" in shown:
        shown["inner_error"] = shown.pop("innererror")
    return shown


AZURE = Profile("azure")
STRICT = Profile(
    "openai-strict",
    job=_documented_job,
    error=_documented_error,
    annotated=False,
    shortest_expiry=3600,  # OpenAI API reference, "Upload file"
    json_ranges=frozenset({"application/json"}),
)
PROFILES = {profile.name: profile for profile in (AZURE, STRICT)}


def profile_named(name: str) -> Profile:
    """Return a profile.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in PROFILES:
        raise UsageError(
            N_("The simulator has no profile {name}."),
            advice=N_("Choose one of: {names}."),
            name=name,
            names=", ".join(PROFILES),
        )
    return PROFILES[name]
