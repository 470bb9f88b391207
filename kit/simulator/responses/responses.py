"""Responses: answers of a deployment as items, whole or as a stream of events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kit.simulator.answers import content_filter, generation
from kit.simulator.answers.answers import Answer, Piece, rendered_logprobs
from kit.simulator.answers.occasion import Occasion
from kit.simulator.deployments import Deployment
from kit.simulator.responses.items import said
from kit.simulator.responses.request import ResponseRequest
from kit.simulator.responses.store import unfinished
from kit.simulator.wire import compact

if TYPE_CHECKING:
    from kit.simulator.state import State

_REASONS = {"stop": "", "length": "max_output_tokens", "content_filter": "content_filter"}
_BLOCK = 16  # characters; the padding of an event makes its delta's length a multiple of it


class ResponseMaking:
    """One request to a deployment. ``whole`` and ``events`` do the model's work: call them in a thread.

    Args:
        state: the simulator.
        deployment: who answers.
        request: what was asked.
        occasion: when and under which name the answer is made.

    Attributes:
        finished: the response when it has ended, as it is kept.
    """

    def __init__(
        self, state: State, deployment: Deployment, request: ResponseRequest, occasion: Occasion
    ) -> None:
        self._state = state
        self._deployment = deployment
        self._request = request
        self._seed = occasion.seed(request.task.seed)
        self._digits = occasion.identifiers.hexadecimal("response")
        self._number = 0
        self.finished: dict[str, Any] = {}
        self._head = {
            "id": f"resp_{self._digits}",
            "object": "response",
            "created_at": int(occasion.moment),
            "model": deployment.full_name,
            "error": None,
            **request.echo,
        }
        if state.profile.annotated:
            self._head["content_filters"] = None  # until there is an answer to judge

    def whole(self) -> dict[str, Any]:
        """Return the complete response."""
        answer = self._answer()
        return self._finish(answer, list(self._watched(answer)))

    def events(self) -> Iterator[bytes]:
        """Yield the response as server-sent events, ready for the wire."""
        begun = self._response("in_progress", [])
        yield self._event("response.created", response=begun)
        yield self._event("response.in_progress", response=begun)
        answer = self._answer()
        yield from self._call_events(answer) if answer.function is not None else self._text_events(answer)
        yield self._event(f"response.{self.finished['status']}", response=self.finished)

    def context(self) -> list[dict[str, str]]:
        """Return the conversation with the answer at its end."""
        (item,) = self.finished["output"]
        return [*self._request.context, said(item, self._state.responses.seal, "output")]

    def _answer(self) -> Answer:
        (answer,) = generation.write(self._state, self._deployment, self._request.task, self._seed)
        return answer

    def _watched(self, answer: Answer) -> Iterator[Piece]:
        return content_filter.watched(answer, self._request.messages)

    def _text_events(self, answer: Answer) -> Iterator[bytes]:
        item = self._item(answer, [], "in_progress")
        place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        yield self._event("response.output_item.added", output_index=0, item={**item, "content": []})
        yield self._event("response.content_part.added", **place, part=item["content"][0])
        pieces = []
        for piece in self._watched(answer):
            pieces.append(piece)
            yield self._event(
                "response.output_text.delta",
                **place,
                delta=piece.text,
                logprobs=self._logprobs([piece]) or [],
                obfuscation=self._padding(piece.text),
            )
        (done,) = self._finish(answer, pieces)["output"]
        part = done["content"][0]
        yield self._event(
            "response.output_text.done", **place, text=part["text"], logprobs=self._logprobs(pieces) or []
        )
        yield self._event("response.content_part.done", **place, part=part)
        yield self._event("response.output_item.done", output_index=0, item=done)

    def _call_events(self, answer: Answer) -> Iterator[bytes]:
        item = self._item(answer, [], "in_progress")
        place = {"item_id": item["id"], "output_index": 0}
        yield self._event("response.output_item.added", output_index=0, item=item)
        pieces = []
        for piece in self._watched(answer):
            pieces.append(piece)
            yield self._event(
                "response.function_call_arguments.delta",
                **place,
                delta=piece.text,
                obfuscation=self._padding(piece.text),
            )
        (done,) = self._finish(answer, pieces)["output"]
        yield self._event(
            "response.function_call_arguments.done", **place, name=done["name"], arguments=done["arguments"]
        )
        yield self._event("response.output_item.done", output_index=0, item=done)

    def _finish(self, answer: Answer, pieces: list[Piece]) -> dict[str, Any]:
        reason = _REASONS[answer.finish_reason]
        status = "incomplete" if reason else "completed"
        response = self._response(status, [self._item(answer, pieces, status)], reason)
        prompt = self._request.prompt_tokens
        response["usage"] = {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": answer.n_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + answer.n_tokens,
        }
        if self._state.profile.annotated:
            read = "".join(message["content"] for message in self._request.messages)
            written = "".join(piece.text for piece in pieces)
            response["content_filters"] = content_filter.of_response(read, written, answer.stopped)
        self.finished = response
        return response

    def _response(self, status: str, output: list[dict[str, Any]], reason: str = "") -> dict[str, Any]:
        cut_off = {"reason": reason} if reason else None
        return {**self._head, "status": status, "incomplete_details": cut_off, "output": output}

    def _item(self, answer: Answer, pieces: list[Piece], status: str) -> dict[str, Any]:
        text = "".join(piece.text for piece in pieces)
        if answer.function is not None:
            return {
                "id": f"fc_{self._digits}",
                "type": "function_call",
                "status": status,
                "call_id": f"call_{self._digits[:24]}",
                "name": answer.function,
                "arguments": text,
            }
        part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
        if (logprobs := self._logprobs(pieces)) is not None:
            part["logprobs"] = logprobs
        return {
            "id": f"msg_{self._digits}",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [part],
        }

    def _logprobs(self, pieces: list[Piece]) -> list[dict[str, Any]] | None:
        if not self._request.task.logprobs:
            return None
        tokens = tuple(token for piece in pieces for token in piece.tokens)
        return list(rendered_logprobs(tokens)["content"])

    def _padding(self, delta: str) -> str:
        return "x" * (-len(delta) % _BLOCK) if self._request.padded else ""

    def _event(self, kind: str, **fields: Any) -> bytes:
        body = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return b"event: " + kind.encode() + b"\ndata: " + compact(body) + b"\n\n"


def replayed(response: dict[str, Any], after: int) -> Iterator[bytes]:
    """Yield a response that has ended as events again, from the one after number ``after``."""
    begun = unfinished(response, "in_progress")
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
    ]
    for index, item in enumerate(response["output"]):
        events += [
            (
                "response.output_item.added",
                {"output_index": index, "item": {**item, "status": "in_progress"}},
            ),
            ("response.output_item.done", {"output_index": index, "item": item}),
        ]
    events.append((f"response.{response['status']}", {"response": response}))
    for number, (kind, fields) in enumerate(events):
        if number > after:
            body = {"type": kind, "sequence_number": number, **fields}
            yield b"event: " + kind.encode() + b"\ndata: " + compact(body) + b"\n\n"
