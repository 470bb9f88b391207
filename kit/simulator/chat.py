"""Chat completions: answers of a deployment, whole or as a stream of events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from kit.simulator.answers import Answer, Piece, rendered_logprobs
from kit.simulator.chat_request import ChatRequest
from kit.simulator.deployments import Deployment
from kit.simulator.state import State
from kit.simulator.wire import compact

_SEED_STEP = 0x9E3779B97F4A7C15  # odd, so that the answers of one request get seeds far apart


class Completion:
    """One request to a deployment. Its methods do the model's work: call them in a thread.

    Args:
        state: the simulator.
        deployment: who answers.
        request: what was asked.
    """

    def __init__(self, state: State, deployment: Deployment, request: ChatRequest) -> None:
        self._state = state
        self._deployment = deployment
        self._request = request
        source = state.identifiers.source("sampling")
        self._seed = source.getrandbits(63) if request.seed is None else request.seed
        self._head = {
            "id": f"chatcmpl-{state.identifiers.hexadecimal('completion')}",
            "created": int(state.clock.now),
            "model": deployment.full_name,
            "system_fingerprint": _fingerprint(deployment.full_name),
        }

    def whole(self) -> dict[str, Any]:
        """Return the complete answer in the form of the chat operation."""
        answers = self._answers()
        choices = [self._choice(index, answer) for index, answer in enumerate(answers)]
        usage = self._usage(answers)
        return {"object": "chat.completion", **self._head, "choices": choices, "usage": usage}

    def events(self) -> Iterator[bytes]:
        """Yield the answer as server-sent events, ready for the wire."""
        answers = self._answers()
        for index, answer in enumerate(answers):
            yield self._delta(index, {"role": "assistant", "content": "", "refusal": None})
            for piece in answer:
                yield self._delta(index, {"content": piece.text}, piece)
            yield self._delta(index, {}, finish_reason=answer.finish_reason)
        if self._request.with_usage:
            yield self._event({"choices": [], "usage": self._usage(answers)})
        yield b"data: [DONE]\n\n"

    def _answers(self) -> list[Answer]:
        request = self._request
        model = self._state.deployments.weights(self._deployment)
        messages = [{"role": message["role"], "content": message["content"]} for message in request.messages]
        # One token more than asked for shows whether an answer was cut off or had ended.
        return [
            Answer(
                model.generate(
                    messages,
                    max_tokens=request.limit + 1,
                    temperature=request.temperature,
                    top_p=request.top_p,
                    seed=(self._seed + index * _SEED_STEP) % 2**63,
                    top_logprobs=request.alternatives,
                ),
                request.limit,
                request.stops,
            )
            for index in range(request.n)
        ]

    def _choice(self, index: int, answer: Answer) -> dict[str, Any]:
        pieces = list(answer)
        tokens = tuple(token for piece in pieces for token in piece.tokens)
        text = "".join(piece.text for piece in pieces)
        return {
            "index": index,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": rendered_logprobs(tokens) if self._request.logprobs else None,
            "finish_reason": answer.finish_reason,
        }

    def _delta(
        self, index: int, delta: dict[str, Any], piece: Piece | None = None, finish_reason: str | None = None
    ) -> bytes:
        wanted = self._request.logprobs and piece is not None
        choice = {
            "index": index,
            "delta": delta,
            "logprobs": rendered_logprobs(piece.tokens) if wanted and piece is not None else None,
            "finish_reason": finish_reason,
        }
        # The service sends "usage": null in each event of a stream that will end with the usage.
        return self._event({"choices": [choice], **({"usage": None} if self._request.with_usage else {})})

    def _event(self, fields: dict[str, Any]) -> bytes:
        body = {"object": "chat.completion.chunk", **self._head, **fields}
        return b"data: " + compact(body) + b"\n\n"

    def _usage(self, answers: list[Answer]) -> dict[str, Any]:
        prompt = self._request.prompt_tokens
        completion = sum(answer.n_tokens for answer in answers)
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


def _fingerprint(model: str) -> str:
    """Return a fingerprint that says who answers: the same for the same model."""
    return f"fp_simulator_{hashlib.sha256(model.encode()).hexdigest()[:10]}"
