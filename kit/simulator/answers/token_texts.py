"""What a client sends as one or several texts, each as it is or as tokens: ``prompt`` and ``input``."""

from typing import Any

from tiktoken import Encoding

from kit.simulator.validation import refusal


def read(given: str | list[str] | list[int] | list[list[int]], param: str, encoding: Encoding) -> list[str]:
    """Return the texts. With tokens this may take long.

    Args:
        given: what was sent.
        param: the field it was sent in.
        encoding: what the tokens are of.

    Raises:
        ApiError: a number is no token.
    """
    if isinstance(given, str):
        return [given]
    several: list[Any] = [given] if isinstance(given[0], int) else given
    try:
        return [each if isinstance(each, str) else encoding.decode(each) for each in several]
    except (KeyError, OverflowError, ValueError):
        raise refusal(param, f"'{param}' has a number that is no token of the model.") from None
