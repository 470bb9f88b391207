"""The service's rules for training files, case by case."""

import json
from typing import Any

import pytest

from kit.simulator.files.training_file import BadTrainingFile, check_size, read_examples

USER = {"role": "user", "content": "Hello"}
ASSISTANT = {"role": "assistant", "content": "Good morning"}


def line(*messages: Any) -> bytes:
    return json.dumps({"messages": list(messages)}).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (line(USER, ASSISTANT), [[USER, ASSISTANT]]),
        (b"\xef\xbb\xbf" + line(USER, ASSISTANT), [[USER, ASSISTANT]]),  # a byte order mark
        (line(USER, ASSISTANT).replace(b"\n", b"\r\n") * 2, [[USER, ASSISTANT]] * 2),
        (b"\n" + line(USER, ASSISTANT).rstrip() + b"\n\n", [[USER, ASSISTANT]]),  # blank lines
        (line({**USER, "name": "Ada"}, {**ASSISTANT, "weight": 1}), [[USER, ASSISTANT]]),
        (
            line({"role": "user", "content": [{"type": "text", "text": "Hello"}]}, ASSISTANT),
            [[USER, ASSISTANT]],
        ),
        (  # characters that end a line elsewhere, but not in JSONL
            '{"messages": [{"role": "assistant", "content": "灯\u2028塔\x85"}]}\n'.encode(),
            [[{"role": "assistant", "content": "灯\u2028塔\x85"}]],
        ),
    ],
)
def test_what_is_accepted(content: bytes, expected: list[Any]):
    assert read_examples(content) == expected


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{\n", "not valid JSON"),
        (b"[" * 100_000 + b"\n", "not valid JSON"),
        (b"\xff\xfe\n", "not encoded in UTF-8"),
        (b"[]\n", "'messages'"),
        (b"{}\n", "'messages'"),
        (line(), "'messages'"),
        (line(USER), "'assistant'"),
        (line(ASSISTANT, USER), "'assistant'"),
        (line("hello", ASSISTANT), "role"),
        (line({"role": "wizard", "content": "x"}, ASSISTANT), "role"),
        (line({"role": "user"}, ASSISTANT), "'content'"),
        (line(USER, {"role": "assistant", "content": ""}), "'content'"),
        (line(USER, {"role": "assistant", "content": 5}), "'content'"),
    ],
)
def test_what_is_refused_is_named_with_its_line(bad: bytes, reason: str):
    with pytest.raises(BadTrainingFile, match="line 3") as refused:
        read_examples(line(USER, ASSISTANT) * 2 + bad + line(USER, ASSISTANT))
    assert reason in str(refused.value)


@pytest.mark.parametrize("content", [b"\n\n", b"\xef\xbb\xbf", b"  "])
def test_a_file_without_a_line_is_refused(content: bytes):
    with pytest.raises(BadTrainingFile, match="no valid JSON line"):
        read_examples(content)


def test_ten_examples_are_enough_and_nine_are_not():
    """Source: Microsoft Foundry, "Customize a model with fine-tuning", October 2026."""
    examples = read_examples(line(USER, ASSISTANT) * 10)
    check_size(examples)
    with pytest.raises(BadTrainingFile, match=r"9 example.*at least 10"):
        check_size(examples[1:])
