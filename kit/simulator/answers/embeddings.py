"""Embeddings: vectors of texts, or of tokens that a client has already made of them."""

from __future__ import annotations

import array
import binascii
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from kit.simulator.answers import token_texts
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
    """A checked request to a deployment. To check it may take long, as its tokens are counted: in a thread.

    Args:
        state: the simulator.
        deployment: who answers.
        body: what was asked.

    Attributes:
        most_tokens: what the request costs.

    Raises:
        ApiError: a field is missing or out of its range, or the tokens are too many.
    """

    def __init__(self, state: State, deployment: Deployment, body: Mapping[str, Any]) -> None:
        self._state = state
        self._deployment = deployment
        asked = checked(_EmbeddingShape, body)
        self._texts = token_texts.read(asked.input, "input", encoding(_ENCODING))
        if not all(self._texts):
            raise refusal("input", "'input' cannot be an empty string.")
        self._base64 = asked.encoding_format == "base64"
        self._dimensions = _dimensions(state, deployment, asked.dimensions)
        self.most_tokens = _n_tokens(self._texts)

    @property
    def messages(self) -> list[dict[str, str]]:
        """What is read by the model."""
        return [{"role": "user", "content": text} for text in self._texts]

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the inputs; how long each may be has been looked at."""
        return self.most_tokens

    def whole(self) -> dict[str, Any]:
        """Return the answer in the form of the embeddings operation. Call this in a thread."""
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
            "usage": {"prompt_tokens": self.most_tokens, "total_tokens": self.most_tokens},
        }


def _n_tokens(texts: list[str]) -> int:
    encode = encoding(_ENCODING).encode_ordinary
    counts = [len(encode(text)) for text in texts]
    if max(counts) > MOST_TOKENS:
        raise refusal(
            "input",
            f"This model's maximum context length is {MOST_TOKENS} tokens, however you requested "
            f"{max(counts)} tokens in your prompt. Please reduce your prompt.",
        )
    if sum(counts) > _MOST_IN_ALL:
        raise refusal("input", f"The inputs have more than {_MOST_IN_ALL} tokens in all.")
    return sum(counts)


def _dimensions(state: State, deployment: Deployment, asked: int) -> int:
    base = state.models.base(deployment.model["name"])
    assert base is not None  # else the deployment would not answer this operation
    assert base.dimensions is not None
    most = base.dimensions
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
