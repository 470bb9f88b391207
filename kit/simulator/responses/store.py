"""Responses that can be retrieved, continued, cancelled and deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kit.simulator.clock import VirtualClock
from kit.simulator.errors import ApiError
from kit.simulator.persistence.journal import Journal, command
from kit.simulator.responses.compaction import Seal
from kit.simulator.validation import refusal

_QUEUED_SECONDS, _WORKING_SECONDS = 5.0, 20.0  # of a response in the background
_UNFINISHED = {"queued", "in_progress"}


@dataclass
class StoredResponse:
    """A response and what it answered.

    Attributes:
        id: its name, by which its content is kept.
        response: in the form of the responses operation, as it is when it has ended.
        items: its input, as the input items operation shows it.
        messages: what it adds to the conversation: its input and its output.
        previous: the response that it went on from.
        created: Unix seconds.
        background: whether it ends some virtual seconds later.
        cancelled: whether it has been cancelled before.
        deleted: whether it is there only for those that went on from it.
        followers: how many went on from it and need what was said.
    """

    id: str
    response: dict[str, Any]
    items: list[dict[str, Any]]
    messages: list[dict[str, str]]
    previous: StoredResponse | None
    created: float
    background: bool
    cancelled: bool = False
    deleted: bool = False
    followers: int = 0

    def context(self) -> list[dict[str, str]]:
        """Return all messages of the conversation up to and including its output."""
        turns, turn = [self.messages], self.previous
        while turn is not None:
            turns.append(turn.messages)
            turn = turn.previous
        return [message for messages in reversed(turns) for message in messages]

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

    def keep(
        self,
        response: dict[str, Any],
        items: list[dict[str, Any]],
        context: list[dict[str, str]],
        background: bool = False,
    ) -> None:
        """Keep a response under its own identifier.

        Args:
            response: as it is when it has ended.
            items: its input, as the input items operation shows it.
            context: all messages of the conversation up to and including its output.
            background: whether it ends some virtual seconds later.
        """
        # What was said before is kept with the previous response, unless that has been deleted meanwhile.
        previous = self._responses.get(response["previous_response_id"] or "")
        known = 0 if previous is None else len(previous.context())
        content = {"response": response, "items": items, "messages": context[known:]}
        before = None if previous is None else previous.id
        self._keep(response["id"], before, json.dumps(content).encode(), background)

    @command("response.keep")
    def _keep(self, response_id: str, before: str | None, content: bytes, background: bool) -> StoredResponse:
        kept = json.loads(content) if content else {"response": {}, "items": [], "messages": []}
        previous = None if before is None else self._responses[before]
        if previous is not None:
            previous.followers += 1
        stored = StoredResponse(
            response_id, **kept, previous=previous, created=self._clock.now, background=background
        )
        self._responses[response_id] = stored
        return stored

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
        return stored.context()

    def item(self, item_id: str, place: str) -> dict[str, Any]:
        """Return an item that was kept.

        Raises:
            ApiError: there is none of that identifier.
        """
        for stored in reversed(self._responses.values()):
            for item in (*stored.items, *stored.response["output"]):
                if item["id"] == item_id:
                    return dict(item)
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
        deleted = self.get(response_id)
        del self._responses[response_id]
        deleted.deleted = True
        turn: StoredResponse | None = deleted
        while turn is not None and turn.deleted and not turn.followers:
            self._journal.erase(turn.id)
            turn = turn.previous
            if turn is not None:
                turn.followers -= 1
