"""Chat completions: answers of a deployment, whole or as a stream of events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kit.simulator.answers import content_filter, generation
from kit.simulator.answers.answers import Answer, Piece, rendered_logprobs
from kit.simulator.answers.occasion import Occasion
from kit.simulator.chat.request import ChatRequest
from kit.simulator.deployments import Deployment
from kit.simulator.wire import compact

if TYPE_CHECKING:
    from kit.simulator.state import State


class Completion:
    """One request to a deployment. Its methods do the model's work: call them in a thread.

    Args:
        state: the simulator.
        deployment: who answers.
        request: what was asked.
        occasion: when and under which name the answer is made; now, unless given.

    Attributes:
        finished: the complete answer, once there is one.
    """

    def __init__(
        self,
        state: State,
        deployment: Deployment,
        request: ChatRequest,
        occasion: Occasion | None = None,
    ) -> None:
        self._state = state
        self._deployment = deployment
        self._request = request
        self.finished: dict[str, Any] = {}
        made = occasion or state.occasion()
        self._seed = made.seed(request.task.seed)
        self._head = {
            "id": f"chatcmpl-{made.identifiers.hexadecimal('completion')}",
            "created": int(made.moment),
            "model": deployment.full_name,
            "system_fingerprint": fingerprint(deployment.full_name),
        }

    def whole(self) -> dict[str, Any]:
        """Return the complete answer in the form of the chat operation."""
        answers = self._answers()
        return self._finish(answers, [list(self._watched(answer)) for answer in answers])

    @property
    def repeatable(self) -> bool:
        """Whether the same request to the same model brings the same choices again, whenever it comes."""
        task = self._request.task
        # The identifier of a call is made from the answer's own.
        return (task.temperature == 0 or task.seed is not None) and not task.tools

    def repeated(self, finished: dict[str, Any]) -> dict[str, Any]:
        """Return what an earlier answer to the same request said, as the answer to this one."""
        self.finished = {**finished, **self._head}
        return self.finished

    def events(self) -> Iterator[bytes]:
        """Yield the answer as server-sent events, ready for the wire."""
        answers = self._answers()
        if self._state.profile.annotated:
            yield self._event({"choices": [], "prompt_filter_results": content_filter.prompt_results()})
        everything: list[list[Piece]] = [[] for _ in answers]
        for index, answer in enumerate(answers):
            call_id = self._call_id(index)
            yield self._delta(index, self._opening(answer, call_id))
            for piece in self._watched(answer):
                everything[index].append(piece)
                yield self._delta(index, self._continued(answer, piece.text), piece)
            yield self._delta(index, {}, finish_reason=self._finish_reason(answer), stopped=answer.stopped)
        self._finish(answers, everything)
        if self._request.with_usage:
            yield self._event({"choices": [], "usage": self._usage(answers)})
        yield b"data: [DONE]\n\n"

    def _answers(self) -> list[Answer]:
        return generation.write(self._state, self._deployment, self._request.task, self._seed)

    def _watched(self, answer: Answer) -> Iterator[Piece]:
        return content_filter.watched(answer, self._request.task.messages)

    def _finish(self, answers: list[Answer], pieces: list[list[Piece]]) -> dict[str, Any]:
        self.finished = {
            "object": "chat.completion",
            **self._head,
            "choices": [
                self._choice(index, *each) for index, each in enumerate(zip(answers, pieces, strict=True))
            ],
            "usage": self._usage(answers),
            "prompt_filter_results": content_filter.prompt_results(),
        }
        return self.finished

    def _choice(self, index: int, answer: Answer, pieces: list[Piece]) -> dict[str, Any]:
        tokens = tuple(token for piece in pieces for token in piece.tokens)
        text = "".join(piece.text for piece in pieces)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if answer.function is not None:
            message |= {"content": None, **self._call(answer.function, text, self._call_id(index))}
        return {
            "index": index,
            "message": message,
            "logprobs": rendered_logprobs(tokens) if self._request.task.logprobs else None,
            "finish_reason": self._finish_reason(answer),
            "content_filter_results": content_filter.of_choice(answer.stopped),
        }

    def _call(self, name: str, arguments: str, call_id: str) -> dict[str, Any]:
        function = {"name": name, "arguments": arguments}
        if self._request.as_function:
            return {"function_call": function}
        return {"tool_calls": [{"id": call_id, "type": "function", "function": function}]}

    def _call_id(self, index: int) -> str:
        unique = f"{self._head['id']}:{index}"
        return f"call_{hashlib.sha256(unique.encode()).hexdigest()[:24]}"

    def _finish_reason(self, answer: Answer) -> str:
        # OpenAI API, "Function calling": a function that was named ends with "stop".
        called = answer.function is not None and self._request.task.forced is None
        if not called or answer.finish_reason != "stop":
            return answer.finish_reason
        return "function_call" if self._request.as_function else "tool_calls"

    def _opening(self, answer: Answer, call_id: str) -> dict[str, Any]:
        if answer.function is None:
            return {"role": "assistant", "content": "", "refusal": None}
        call = self._call(answer.function, "", call_id)
        for position, entry in enumerate(call.get("tool_calls", ())):
            entry["index"] = position
        return {"role": "assistant", "content": None, **call}

    def _continued(self, answer: Answer, text: str) -> dict[str, Any]:
        if answer.function is None:
            return {"content": text}
        if self._request.as_function:
            return {"function_call": {"arguments": text}}
        return {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}

    def _delta(
        self,
        index: int,
        delta: dict[str, Any],
        piece: Piece | None = None,
        finish_reason: str | None = None,
        stopped: tuple[str, ...] | None = None,
    ) -> bytes:
        wanted = self._request.task.logprobs and piece is not None
        choice: dict[str, Any] = {
            "index": index,
            "delta": delta,
            "logprobs": rendered_logprobs(piece.tokens) if wanted and piece is not None else None,
            "finish_reason": finish_reason,
        }
        if stopped is not None:
            choice["content_filter_results"] = content_filter.of_choice(stopped)
        # The service sends "usage": null in each event of a stream that will end with the usage.
        return self._event({"choices": [choice], **({"usage": None} if self._request.with_usage else {})})

    def _event(self, fields: dict[str, Any]) -> bytes:
        body = {"object": "chat.completion.chunk", **self._head, **fields}
        return b"data: " + compact(body) + b"\n\n"

    def _usage(self, answers: list[Answer]) -> dict[str, Any]:
        return usage(self._request.prompt_tokens, sum(answer.n_tokens for answer in answers))


def usage(prompt: int, completion: int) -> dict[str, Any]:
    """Return what a request cost, in tokens, in the form of the chat operation."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


@lru_cache(1024)
def fingerprint(model: str) -> str:
    """Return a fingerprint that says who answers: the same for the same model."""
    return f"fp_simulator_{hashlib.sha256(model.encode()).hexdigest()[:10]}"
