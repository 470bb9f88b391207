"""From tokens to text: what one answer of a model says, piece by piece.

A token may hold part of a character only (Chinese, emoji), and a stop sequence may spread over several
tokens. A piece is therefore text that is complete and certain, with the tokens that brought it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.simulator.learner import Token


@dataclass(frozen=True)
class Piece:
    """Some text of an answer and the tokens that completed it."""

    text: str
    tokens: tuple[Token, ...]


class Answer:
    """One answer while it is being generated; iterate over it once, then look at its attributes.

    Args:
        tokens: the model's tokens; may go beyond ``limit``.
        limit: tokens after which the answer is cut off.
        stops: texts before which it ends.
        function: the function that it calls, whose arguments are its text; None for an answer in words.

    Attributes:
        finish_reason: ``stop``, ``length`` or ``content_filter``.
        stopped: the categories for which the content filter has stopped it.
        n_tokens: tokens that were generated.
    """

    def __init__(
        self, tokens: Iterator[Token], limit: int, stops: tuple[str, ...] = (), function: str | None = None
    ) -> None:
        self.function = function
        self.finish_reason = "stop"
        self.stopped: tuple[str, ...] = ()
        self.n_tokens = 0
        self._tokens = tokens
        self._limit = limit
        self._stops = stops

    def __iter__(self) -> Iterator[Piece]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = ""
        waiting: list[Token] = []
        for token in self._tokens:
            if self.n_tokens == self._limit:
                self.finish_reason = "length"
                break
            self.n_tokens += 1
            waiting.append(token)
            text += decoder.decode(token.data)
            end = self._stop_in(text)
            if end is not None:
                yield Piece(text[:end], tuple(waiting))
                return
            certain = len(text) - self._could_begin_stop(text)
            if certain and not decoder.getstate()[0]:
                yield Piece(text[:certain], tuple(waiting))
                text, waiting = text[certain:], []
        if text or waiting:  # a character that was cut off in its middle is left out
            yield Piece(text, tuple(waiting))

    def _stop_in(self, text: str) -> int | None:
        """Return where the first stop sequence begins, or None."""
        found = [position for stop in self._stops if (position := text.find(stop)) >= 0]
        return min(found, default=None)

    def _could_begin_stop(self, text: str) -> int:
        """Return how many characters at the end may turn out to be the beginning of a stop sequence."""
        return max(
            (size for stop in self._stops for size in range(1, len(stop)) if text.endswith(stop[:size])),
            default=0,
        )


def rendered_logprobs(tokens: tuple[Token, ...]) -> dict[str, Any]:
    """Return the log-probabilities of tokens in the form of the chat operation."""
    content = [
        {
            **_rendered(token.data, token.logprob),
            "top_logprobs": [_rendered(data, logprob) for _, data, logprob in token.top],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _rendered(data: bytes, logprob: float) -> dict[str, Any]:
    return {"token": shown_token(data), "logprob": logprob, "bytes": list(data)}


def shown_token(data: bytes) -> str:
    """Return a token as text; bytes that are only part of a character are escaped."""
    return data.decode("utf-8", "backslashreplace")
