"""Chat completions that a client asked to ``store``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kit.simulator.errors import not_found
from kit.simulator.persistence.journal import Journal, command


@dataclass
class StoredCompletion:
    """A completion that can be read again.

    Attributes:
        id: its name, by which its content is kept.
        answer: in the form of the chat operation, with ``metadata``.
        messages: of the request, each with an identifier of its own.
    """

    id: str
    answer: dict[str, Any]
    messages: list[dict[str, Any]]


class CompletionStore:
    """The stored completions of one simulator, oldest first."""

    def __init__(self, journal: Journal) -> None:
        self._stored: dict[str, StoredCompletion] = {}
        self._journal = journal
        journal.register(self)

    def keep(
        self, answer: dict[str, Any], messages: list[dict[str, str]], metadata: dict[str, str] | None
    ) -> None:
        """Keep a completion, as the chat operation answered it, under its own identifier."""
        kept = {**answer, "metadata": metadata or {}}
        prompt = [
            {"id": f"{answer['id']}-{position}", "content_parts": None, "refusal": None, **message}
            for position, message in enumerate(messages)
        ]
        content = json.dumps({"answer": kept, "messages": prompt}).encode()
        self._keep(answer["id"], content)

    @command("completion.keep")
    def _keep(self, completion_id: str, content: bytes) -> StoredCompletion:
        kept = json.loads(content) if content else {"answer": {}, "messages": []}
        stored = self._stored[completion_id] = StoredCompletion(completion_id, **kept)
        return stored

    def get(self, completion_id: str) -> StoredCompletion:
        """Return a completion.

        Raises:
            ApiError: there is none of that identifier.
        """
        stored = self._stored.get(completion_id)
        if stored is None:
            raise not_found("The chat completion")
        return stored

    @command("completion.annotate")
    def annotate(self, completion_id: str, metadata: dict[str, str] | None) -> StoredCompletion:
        """Replace the client's own notes on a completion.

        Raises:
            ApiError: there is none of that identifier.
        """
        stored = self.get(completion_id)
        stored.answer = {**stored.answer, "metadata": metadata or {}}
        return stored

    @command("completion.delete")
    def delete(self, completion_id: str) -> None:
        """Forget a completion.

        Raises:
            ApiError: there is none of that identifier.
        """
        self.get(completion_id)
        del self._stored[completion_id]
        self._journal.erase(completion_id)

    def listing(self, model: str | None, metadata: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the completions of a model, or of all, that carry all of these notes, oldest first."""
        return [
            stored.answer
            for stored in self._stored.values()
            if model in (None, stored.answer["model"])
            and metadata.items() <= stored.answer["metadata"].items()
        ]
