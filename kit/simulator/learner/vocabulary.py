"""The vocabulary: all of ``o200k_base``, of which the model actively knows a part.

*Token ids* are those of ``o200k_base``. *Places* are the model's own numbering of the tokens it has met in
the base corpus and in the training file.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from kit.tokens import encoding

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

END = 199_999  # <|endoftext|> of o200k_base stands for "the answer ends here"
SIZE = 200_000  # 199,998 ordinary tokens, one number that o200k_base leaves unused, END
UNUSED = 199_998


def encode(text: str) -> list[int]:
    """Return the ids of a text; markup of special tokens in it is ordinary text."""
    return encoding().encode_ordinary(text)


def data(token: int) -> bytes:
    """Return the bytes of a token; the end symbol has none."""
    return b"" if token == END else encoding().decode_single_token_bytes(token)


class Vocabulary:
    """A numbering of the tokens a model knows.

    Args:
        tokens: distinct token ids; their order is their place.
    """

    def __init__(self, tokens: Iterable[int]) -> None:
        self.tokens: Integers = np.fromiter(tokens, dtype=np.int64)
        self._places = {int(token): place for place, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def place(self, token: int) -> int:
        """Return the place of a token, or -1 if the model does not know it."""
        return self._places.get(token, -1)

    def places(self, tokens: Iterable[int]) -> Integers:
        """Return the places of tokens, -1 for unknown ones; shape (number of tokens,)."""
        return np.fromiter((self._places.get(token, -1) for token in tokens), dtype=np.int64)

    def extended(self, tokens: Iterable[int]) -> "Vocabulary":
        """Return a vocabulary with more tokens at its end; known places stay what they are."""
        fresh = dict.fromkeys(token for token in tokens if token not in self._places)
        return Vocabulary([*self.tokens.tolist(), *fresh])
