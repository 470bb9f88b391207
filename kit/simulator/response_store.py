"""Responses that can be retrieved, continued, cancelled and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kit.simulator.clock import VirtualClock
from kit.simulator.compaction import Seal, opened
from kit.simulator.errors import ApiError
from kit.simulator.journal import Journal, command
from kit.simulator.validation import refusal

_QUEUED_SECONDS, _WORKING_SECONDS = 5.0, 20.0  # of a response in the background
_UNFINISHED = {"queued", "in_progress"}


@dataclass
class StoredResponse:
    """A response and what it answered.

    Attributes:
        response: in the form of the responses operation, as it is when it has ended.
        items: its input, as the input items operation shows it.
        context: all messages of the conversation up to and including its output.
        created: Unix seconds.
        background: whether it ends some virtual seconds later.
        cancelled: whether it has been cancelled before.
    """

    response: dict[str, Any]
    items: list[dict[str, Any]]
    context: list[dict[str, str]]
    created: float
    background: bool
    cancelled: bool = False

    def shown(self, now: float) -> dict[str, Any]:
        """Return the response as it is at a moment."""
        if self.cancelled:
            return unfinished(self.response, "cancelled")
        age = now - self.created
        if self.background and age < _QUEUED_SECONDS + _WORKING_SECONDS:
            return unfinished(self.response, "queued" if age < _QUEUED_SECONDS else "in_progress")
        return self.response


def unfinished(response: dict[str, Any], status: str) -> dict[str, Any]:
    """Return a response as it was before its end."""
    shown = {name: value for name, value in response.items() if name != "usage"}
    judged = {"content_filters": None} if "content_filters" in response else {}
    return {**shown, **judged, "status": status, "output": [], "incomplete_details": None}


class ResponseStore:
    """The responses of one simulator, oldest first.

    Attributes:
        seal: closes and opens what is left of compacted conversations.
    """

    def __init__(self, clock: VirtualClock, journal: Journal, seal: Seal) -> None:
        self.seal = seal
        self._clock = clock
        self._journal = journal
        self._responses: dict[str, StoredResponse] = {}
        journal.register(self)

    @command("response.keep")
    def keep(
        self,
        response: dict[str, Any],
        items: list[dict[str, Any]],
        context: list[dict[str, str]],
        background: bool = False,
    ) -> None:
        """Keep a response under its own identifier; see :class:`StoredResponse`."""
        stored = StoredResponse(response, items, context, self._clock.now, background)
        self._responses[response["id"]] = stored

    def get(self, response_id: str) -> StoredResponse:
        """Return a response.

        Raises:
            ApiError: there is none of that identifier.
        """
        stored = self._responses.get(response_id)
        if stored is None:
            raise ApiError(
                404,
                "not_found",
                f"Response with id '{response_id[:80]}' not found.",
                kind="invalid_request_error",
            )
        return stored

    def shown(self, response_id: str) -> dict[str, Any]:
        """Return a response as it is now.

        Raises:
            ApiError: there is none of that identifier.
        """
        return self.get(response_id).shown(self._clock.now)

    def context_after(self, response_id: str) -> list[dict[str, str]]:
        """Return the conversation that a response ended, for the next to go on with.

        Raises:
            ApiError: there is no such response, or it has not ended.
        """
        stored = self._responses.get(response_id)
        if stored is None:
            raise refusal(
                "previous_response_id",
                f"Previous response with id '{response_id[:80]}' not found.",
                "previous_response_not_found",
            )
        if stored.shown(self._clock.now)["status"] in _UNFINISHED | {"cancelled"}:
            raise refusal("previous_response_id", "The previous response has not been completed.")
        return list(stored.context)

    def item(self, item_id: str, place: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Return an item that was kept, and what the model reads of it.

        Raises:
            ApiError: there is none of that identifier.
        """
        for stored in reversed(self._responses.values()):
            for item in (*stored.items, *stored.response["output"]):
                if item["id"] == item_id:
                    return item, self._said(item, place)
        raise refusal(place, f"Item with id '{item_id[:80]}' not found.")

    @command("response.cancel")
    def cancel(self, response_id: str) -> None:
        """Cancel a response in the background; one that was cancelled stays so.

        Raises:
            ApiError: there is none of that identifier, or it cannot be cancelled.
        """
        stored = self.get(response_id)
        if not stored.background:
            raise refusal(None, "Only responses created with background=true can be cancelled.")
        if not stored.cancelled and stored.shown(self._clock.now)["status"] not in _UNFINISHED:
            raise refusal(None, "Cannot cancel a completed response.")
        stored.cancelled = True

    @command("response.delete")
    def delete(self, response_id: str) -> None:
        """Forget a response; those that went on from it keep what was said.

        Raises:
            ApiError: there is none of that identifier.
        """
        self.get(response_id)
        del self._responses[response_id]

    def _said(self, item: dict[str, Any], place: str) -> dict[str, str]:
        if item["type"] == "compaction":
            return {"role": "assistant", "content": opened(self.seal, item["encrypted_content"], place)}
        if item["type"] == "function_call":
            return {"role": "assistant", "content": f"{item['name']}({item['arguments']})"}
        if item["type"] == "function_call_output":
            return {"role": "tool", "content": str(item["output"])}
        text = "".join(str(part.get("text", "")) for part in item["content"])
        return {"role": item["role"], "content": text}
