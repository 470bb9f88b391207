"""From tokens to text, without a server: cut characters, stop sequences, limits."""

from collections.abc import Iterator

import pytest

from kit.simulator.answers.answers import Answer
from kit.simulator.learner import Token


def tokens(*parts: bytes) -> Iterator[Token]:
    return (Token(number, data, -0.5) for number, data in enumerate(parts))


def cut(text: str, *sizes: int) -> list[bytes]:
    """The bytes of a text in parts of the given sizes; the last part takes what is left."""
    data, parts = text.encode(), []
    for size in sizes:
        parts.append(data[:size])
        data = data[size:]
    return [*parts, data]


@pytest.mark.parametrize(
    ("parts", "pieces"),
    [
        (cut("塔", 1, 1), ["塔"]),
        (cut("a塔b", 2, 1), ["a塔b"]),
        (cut("🙂", 3), ["🙂"]),
        ([b"x", *cut("塔", 2), b"y"], ["x", "塔", "y"]),
        ([b"x", "塔".encode()[:2]], ["x", ""]),  # the answer ends inside a character
        ([b"\xff", b"x"], ["\ufffd", "x"]),
        ([], []),
    ],
)
def test_pieces_are_whole_characters(parts: list[bytes], pieces: list[str]):
    answer = Answer(tokens(*parts), limit=100)
    assert [piece.text for piece in answer] == pieces
    assert (answer.finish_reason, answer.n_tokens) == ("stop", len(parts))


@pytest.mark.parametrize(
    ("parts", "stops", "pieces", "used"),
    [
        ([b"one", b" two", b" three"], (" two",), ["one", ""], 2),
        ([b"one", b" t", b"wo", b" three"], ("two",), ["one", " ", ""], 3),  # over two tokens
        ([b"one", b" t", b"en"], ("two",), ["one", " ", "ten"], 3),  # began like one, was none
        ([b"a", b"a", b"a", b"b"], ("aab",), ["a", ""], 4),  # a false start inside a start
        ([b"x", b"one two"], ("two", "one"), ["x", ""], 2),  # the earliest of several
        (cut("灯塔。", 4, 1), ("塔",), ["灯"], 3),
        ([b"one", b" t"], (" two",), ["one", " t"], 2),  # the answer ends before the stop is complete
    ],
)
def test_an_answer_ends_before_a_stop_sequence(
    parts: list[bytes], stops: tuple[str, ...], pieces: list[str], used: int
):
    answer = Answer(tokens(*parts), 100, stops)
    given = list(answer)
    assert [piece.text for piece in given] == pieces
    assert (answer.finish_reason, answer.n_tokens) == ("stop", used)
    assert [token.id for piece in given for token in piece.tokens] == list(range(used))


@pytest.mark.parametrize(("limit", "reason", "n_tokens"), [(2, "length", 2), (3, "stop", 3), (4, "stop", 3)])
def test_a_limit_cuts_off(limit: int, reason: str, n_tokens: int):
    answer = Answer(tokens(b"a", b"b", b"c"), limit)
    assert "".join(piece.text for piece in answer) == "abc"[:n_tokens]
    assert (answer.finish_reason, answer.n_tokens) == (reason, n_tokens)
