"""Completions of a prompt, the older operation.

The service offers it for models that have retired. Here every deployment that writes answers it, because
``echo`` with ``logprobs`` is how the probability of a given text, and so its perplexity, is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from kit.simulator.answers import content_filter, generation, token_texts
from kit.simulator.answers.answers import Answer, Piece, shown_token
from kit.simulator.answers.occasion import Occasion
from kit.simulator.chat.chat import fingerprint, usage
from kit.simulator.chat.request import check_streaming, stops
from kit.simulator.chat.shapes import LONGEST_ANSWER
from kit.simulator.deployments import Deployment
from kit.simulator.validation import Shape, checked, refusal
from kit.simulator.wire import compact
from kit.tokens import encoding

if TYPE_CHECKING:
    from kit.simulator.state import State

_DEFAULT_ANSWER = 16  # tokens; OpenAI API reference, "Create completion"
_MOST_PROMPTS = 20
_MOST_ANSWERS = 128
_Tokens = Annotated[list[int], Field(min_length=1)]


class _StreamOptions(Shape):
    include_usage: bool = False


class _CompletionShape(Shape):
    prompt: (
        str
        | Annotated[list[str], Field(min_length=1, max_length=_MOST_PROMPTS)]
        | _Tokens
        | Annotated[list[_Tokens], Field(min_length=1, max_length=_MOST_PROMPTS)]
        | None
    ) = None
    best_of: Annotated[int, Field(ge=1, le=20)] | None = None
    echo: bool | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: dict[str, Annotated[int, Field(ge=-100, le=100)]] | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    max_tokens: Annotated[int, Field(ge=0, le=LONGEST_ANSWER)] | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    suffix: str | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    user: str = ""


class TextCompletion:
    """One request to a deployment. ``whole`` and ``events`` do the model's work: call them in a thread.

    Args:
        state: the simulator.
        deployment: who answers.
        body: what was asked.
        occasion: when and under which name the answer is made.

    Raises:
        ApiError: a field is missing or out of its range.
    """

    def __init__(
        self, state: State, deployment: Deployment, body: Mapping[str, Any], occasion: Occasion
    ) -> None:
        self._asked = asked = checked(_CompletionShape, body)
        self._prompts = token_texts.read("" if asked.prompt is None else asked.prompt, "prompt", encoding())
        check_streaming(asked.stream, asked.stream_options)
        self._state, self._deployment = state, deployment
        self._n = asked.n or 1
        if asked.best_of is not None and asked.best_of < self._n:
            raise refusal("best_of", "'best_of' must be at least as large as 'n'.")
        if len(self._prompts) * self._n > _MOST_ANSWERS:
            raise refusal("n", f"The request asks for more than {_MOST_ANSWERS} answers in all.")
        self._limit = _DEFAULT_ANSWER if asked.max_tokens is None else asked.max_tokens
        self._seed = occasion.seed(asked.seed)
        self.stream = bool(asked.stream)
        self._head = {
            "id": f"cmpl-{occasion.identifiers.hexadecimal('completion')}",
            "object": "text_completion",
            "created": int(occasion.moment),
            "model": deployment.full_name,
            "system_fingerprint": fingerprint(deployment.full_name),
        }

    @property
    def messages(self) -> list[dict[str, str]]:
        """What is read by the model."""
        return [{"role": "user", "content": prompt} for prompt in self._prompts]

    @cached_property
    def _counts(self) -> list[int]:
        encode = encoding().encode_ordinary
        return [len(encode(prompt)) for prompt in self._prompts]

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the longest prompt."""
        return max(self._counts)

    @property
    def most_tokens(self) -> int:
        """Tokens that the request costs at most."""
        return sum(self._counts) + self._limit * self._n * len(self._prompts)

    def whole(self) -> dict[str, Any]:
        """Return the complete answer in the form of the completions operation."""
        answers = self._answers()
        choices = [self._choice(index, *each) for index, each in enumerate(answers)]
        return {**self._head, **self._verdicts(), "choices": choices, "usage": self._usage(answers)}

    def events(self) -> Iterator[bytes]:
        """Yield the answer as server-sent events, ready for the wire."""
        answers = self._answers()
        if self._annotated:
            yield self._event({"choices": [], **self._verdicts()})
        for index, (prompt, answer) in enumerate(answers):
            if self._asked.echo:
                yield self._event(self._part(index, prompt, self._echoed(prompt)))
            for piece in self._watched(prompt, answer):
                yield self._event(self._part(index, piece.text, list(piece.tokens)))
            yield self._event(self._part(index, "", [], answer))
        if self._asked.stream_options is not None and self._asked.stream_options.include_usage:
            yield self._event({"choices": [], "usage": self._usage(answers)})
        yield b"data: [DONE]\n\n"

    @property
    def _annotated(self) -> bool:
        return self._state.profile.annotated

    def _verdicts(self) -> dict[str, Any]:
        if not self._annotated:
            return {}
        return {"prompt_filter_results": content_filter.prompt_results(len(self._prompts))}

    def _watched(self, prompt: str, answer: Answer) -> Iterator[Piece]:
        return content_filter.watched(answer, [{"content": prompt}])

    def _answers(self) -> list[tuple[str, Answer]]:
        asked = self._asked
        return [
            (prompt, answer)
            for at, prompt in enumerate(self._prompts)
            for answer in generation.write(
                self._state,
                self._deployment,
                generation.Task(
                    messages=[{"role": "user", "content": prompt}],
                    n=self._n,
                    limit=self._limit,
                    temperature=1.0 if asked.temperature is None else asked.temperature,
                    top_p=1.0 if asked.top_p is None else asked.top_p,
                    seed=asked.seed,
                    stops=stops(asked.stop),
                    alternatives=asked.logprobs or 0,
                ),
                self._seed + at,
            )
        ]

    def _choice(self, index: int, prompt: str, answer: Answer) -> dict[str, Any]:
        pieces = list(self._watched(prompt, answer))
        tokens = [token for piece in pieces for token in piece.tokens]
        text = "".join(piece.text for piece in pieces)
        if self._asked.echo:
            text, tokens = prompt + text, self._echoed(prompt) + tokens
        return self._part(index, text, tokens, answer)["choices"][0]  # type: ignore[no-any-return]

    def _echoed(self, prompt: str) -> list[Any]:
        """Return the tokens of a prompt with the probabilities that the model gives them."""
        if self._asked.logprobs is None:
            return []
        model = self._state.deployments.weights(self._deployment)
        told = [{"role": "user", "content": ""}, {"role": "assistant", "content": prompt}]
        return list(model.score(told, self._asked.logprobs))

    def _part(self, index: int, text: str, tokens: list[Any], ended: Answer | None = None) -> dict[str, Any]:
        wanted = self._asked.logprobs is not None
        choice = {
            "index": index,
            "text": text,
            "logprobs": _rendered(tokens) if wanted else None,
            "finish_reason": None if ended is None else ended.finish_reason,
        }
        if ended is not None and self._annotated:
            choice["content_filter_results"] = content_filter.of_choice(ended.stopped)
        return {"choices": [choice]}

    def _event(self, fields: dict[str, Any]) -> bytes:
        return b"data: " + compact({**self._head, **fields}) + b"\n\n"

    def _usage(self, answers: list[tuple[str, Answer]]) -> dict[str, Any]:
        return usage(sum(self._counts), sum(answer.n_tokens for _, answer in answers))


def _rendered(tokens: list[Any]) -> dict[str, Any]:
    """Return tokens with their log-probabilities in the form of the completions operation."""
    texts = [shown_token(token.data) for token in tokens]
    return {
        "tokens": texts,
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{shown_token(data): logprob for _, data, logprob in token.top} for token in tokens],
        "text_offset": [0, *accumulate(len(text) for text in texts)][: len(texts)],
    }
