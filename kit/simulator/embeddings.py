"""Embeddings: vectors of texts, or of tokens that a client has already made of them."""

from __future__ import annotations

import array
import binascii
import sys
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from kit.simulator.deployments import Deployment
from kit.simulator.validation import Shape, checked, refusal
from kit.tokens import encoding

if TYPE_CHECKING:
    from kit.simulator.state import State

MOST_TOKENS = 8_192  # of one input; Microsoft Foundry, "Azure OpenAI embeddings", October 2026
_MOST_INPUTS = 2_048
_MOST_IN_ALL = 300_000  # tokens; OpenAI API reference, "Create embeddings"
_ENCODING = "cl100k_base"  # of all three embedding models

_Tokens = Annotated[list[int], Field(min_length=1)]
_Texts = Annotated[list[str], Field(min_length=1, max_length=_MOST_INPUTS)]
_TokenLists = Annotated[list[_Tokens], Field(min_length=1, max_length=_MOST_INPUTS)]


class _EmbeddingShape(Shape):
    input: str | _Texts | _Tokens | _TokenLists
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] = 0  # 0 where the client leaves it open
    user: str = ""


class EmbeddingRequest:
    """A checked request to a deployment.

    Args:
        state: the simulator.
        deployment: who answers.
        body: what was asked.

    Raises:
        ApiError: a field is missing or out of its range.
    """

    def __init__(self, state: State, deployment: Deployment, body: Mapping[str, Any]) -> None:
        self._state = state
        self._deployment = deployment
        asked = checked(_EmbeddingShape, body)
        self._texts = _texts(asked.input)
        self._base64 = asked.encoding_format == "base64"
        self._dimensions = _dimensions(state, deployment, asked.dimensions)

    @property
    def messages(self) -> list[dict[str, str]]:
        """What is read by the model."""
        return [{"role": "user", "content": text} for text in self._texts]

    @cached_property
    def most_tokens(self) -> int:
        """Tokens that the request costs.

        Raises:
            ApiError: they are too many.
        """
        encode = encoding(_ENCODING).encode_ordinary
        counts = [len(encode(text)) for text in self._texts]
        if max(counts) > MOST_TOKENS:
            raise refusal(
                "input",
                f"This model's maximum context length is {MOST_TOKENS} tokens, however you requested "
                f"{max(counts)} tokens in your prompt. Please reduce your prompt.",
            )
        if sum(counts) > _MOST_IN_ALL:
            raise refusal("input", f"The inputs have more than {_MOST_IN_ALL} tokens in all.")
        return sum(counts)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the inputs; how long each may be has been looked at."""
        return self.most_tokens

    def whole(self) -> dict[str, Any]:
        """Return the answer in the form of the embeddings operation. Call this in a thread."""
        tokens = self.most_tokens
        vectors = self._state.models.embed(self._texts, self._dimensions)
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": _in_base64(vector) if self._base64 else vector,
            }
            for index, vector in enumerate(vectors)
        ]
        return {
            "object": "list",
            "data": data,
            "model": self._deployment.full_name,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }


def _texts(given: str | list[str] | list[int] | list[list[int]]) -> list[str]:
    if isinstance(given, str):
        texts = [given]
    elif isinstance(given[0], str):
        texts = [str(text) for text in given]
    elif isinstance(given[0], int):
        texts = [_decoded(given)]
    else:
        texts = [_decoded(tokens) for tokens in given]
    if not all(texts):
        raise refusal("input", "'input' cannot be an empty string.")
    return texts


def _decoded(tokens: Any) -> str:
    try:
        return encoding(_ENCODING).decode(tokens)
    except (KeyError, OverflowError, ValueError):
        raise refusal("input", "'input' has a number that is no token of the model.") from None


def _dimensions(state: State, deployment: Deployment, asked: int) -> int:
    base = state.models.base(deployment.model["name"])
    most = base.dimensions if base is not None and base.dimensions else 1536
    if not asked:
        return most
    if deployment.full_name == "text-embedding-ada-002":
        raise refusal("dimensions", "This model does not support specifying dimensions.")
    if asked > most:
        raise refusal(
            "dimensions",
            f"Invalid 'dimensions': integer above maximum value. Expected a value <= {most}, "
            f"but got {asked} instead.",
            "integer_above_max_value",
        )
    return asked


def _in_base64(vector: list[float]) -> str:
    """Return a vector as the official client reads it: single precision, least byte first."""
    numbers = array.array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return binascii.b2a_base64(numbers.tobytes(), newline=False).decode()
