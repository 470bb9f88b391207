"""Training files, whole and broken: every broken one is refused with file and line."""

import json
import pickle
import re
from pathlib import Path

import pytest

from kit.azure import training_files
from kit.azure.training_files import leakage, read_training_file, validate
from kit.errors import TrainingFileError

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "public-sample"


def example(number, **changes):
    messages = [
        {"role": "system", "content": "You help."},
        {"role": "user", "content": f"Question {number}?"},
        {"role": "assistant", "content": f"Answer {number}.", **changes},
    ]
    return {"messages": messages}


GOOD = [json.dumps(example(n), ensure_ascii=False).encode() for n in range(1, 13)]


def write(path, lines):
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def with_message(**message):
    return json.dumps({"messages": [message, *example(3)["messages"][1:]]}).encode()


def answer(**message):
    return json.dumps({"messages": [*example(3)["messages"][:2], message]}).encode()


# What stands in line 3 of an otherwise good file, and a part of what is said about it.
BROKEN_LINES = {
    "empty line": (b"", "line is empty"),
    "spaces": (b"   ", "line is empty"),
    "null byte": (GOOD[2][:20] + b"\x00" + GOOD[2][20:], "null bytes"),
    "latin-1": ('{"messages": "coração"}'.encode("latin-1"), "Byte 19 of the line is not UTF-8"),
    "gbk": ('{"messages": "你好"}'.encode("gbk"), "not UTF-8"),
    "cut utf-8": ('{"messages": "你好'.encode()[:-1], "not UTF-8"),
    "missing brace": (GOOD[2][:-1], "not valid JSON at character"),
    "trailing comma": (GOOD[2] + b",", "not valid JSON"),
    "two objects": (GOOD[2] + GOOD[3], "not valid JSON"),
    "single quotes": (GOOD[2].replace(b'"', b"'"), "not valid JSON at character 2"),
    "comment": (b"// the third one", "not valid JSON"),
    "raw tab in a string": (GOOD[2].replace(b"Question 3", b"Question\t3"), "not valid JSON"),
    "python None": (GOOD[2].replace(b'"You help."', b"None"), "not valid JSON"),
    "NaN": (GOOD[2].replace(b'"You help."', b"NaN"), "no service accepts"),
    "huge number": (GOOD[2].replace(b'"You help."', b"9" * 5000), "no service accepts"),
    "deep nesting": (b"[" * 100_000, "no service accepts"),
    "array": (b"[" + GOOD[2] + b"]", "not a JSON object"),
    "string": (b'"hello"', "not a JSON object"),
    "number": (b"42", "not a JSON object"),
    "repeated key": (b'{"messages": [], ' + GOOD[2][1:], "key “messages” twice"),
    "prompt and completion": (b'{"prompt": "a", "completion": "b"}', "“prompt” and “completion”"),
    "preference": (b'{"input": {}, "preferred_output": []}', "preference tuning"),
    "no messages": (b'{"message": []}', "no “messages”"),
    "messages null": (b'{"messages": null}', "not a list"),
    "messages text": (b'{"messages": "hello"}', "not a list"),
    "messages empty": (b'{"messages": []}', "at least one message"),
    "message not an object": (b'{"messages": ["hello"]}', "Message 1 is not a JSON object"),
    "no role": (with_message(content="a"), "Message 1 has the role “”"),
    "unknown role": (with_message(role="bot", content="a"), "Message 1 has the role “bot”"),
    "role in capitals": (with_message(role="User", content="a"), "Message 1 has the role “User”"),
    "role not text": (with_message(role=["user"], content="a"), "Message 1 has the role"),
    "no content": (with_message(role="system"), "Message 1 has no content"),
    "content null": (answer(role="assistant", content=None), "Message 3 has no content"),
    "content empty": (answer(role="assistant", content=""), "content of message 3 is empty"),
    "content blank": (answer(role="assistant", content=" \n"), "content of message 3 is empty"),
    "content number": (answer(role="assistant", content=3), "content of message 3 is not text"),
    "content list empty": (answer(role="assistant", content=[]), "Message 3 has no content"),
    "content part empty": (answer(role="assistant", content=[{"type": "text", "text": ""}]), "is empty"),
    "misspelt key": (with_message(role="system", contents="a"), "unknown key “contents”"),
    "weight 2": (answer(role="assistant", content="a", weight=2), "Message 3 has a weight"),
    "weight on the user": (with_message(role="user", content="a", weight=1), "Message 1 has a weight"),
    "all weights 0": (answer(role="assistant", content="a", weight=0), "nothing to learn from"),
    "no assistant": (answer(role="user", content="a"), "no answer to learn from"),
    "tool without id": (with_message(role="tool", content="a"), "without “tool_call_id”"),
    "lone surrogate": (GOOD[2].replace(b"Answer", rb"\ud83d"), r"Message 3 holds \ud83d"),
    "null character": (GOOD[2].replace(b"Question", rb"\u0000"), r"Message 2 holds \u0000"),
    "repeats line 1": (GOOD[0], "repeats line 1"),
}


@pytest.mark.parametrize("name", BROKEN_LINES)
def test_a_broken_line_is_named_with_file_and_line(tmp_path, name):
    broken, expected = BROKEN_LINES[name]
    path = write(tmp_path / "train.jsonl", [*GOOD[:2], broken, *GOOD[3:]])
    with pytest.raises(TrainingFileError) as caught:
        read_training_file(path)
    message = str(caught.value)
    assert str(path) in message
    assert f"\nLine 3: {message.split('Line 3: ')[1]}" in message
    assert expected in message
    assert caught.value.fields["line"] == 3
    assert caught.value.advice
    assert not re.search(r"\{[a-z_]+\}", message)  # no field was left unfilled


# A whole file, and a part of what is said about it.
BROKEN_FILES = {
    "no bytes": (b"", "file is empty"),
    "white space": (b"\n\n  \n", "file is empty"),
    "byte order mark alone": (b"\xef\xbb\xbf", "file is empty"),
    "utf-16": (b"\n".join(GOOD).decode().encode("utf-16"), "UTF-16"),
    "nine examples": (b"\n".join(GOOD[:9]), "9 examples; the service needs 10"),
    "pretty JSON": (json.dumps([example(n) for n in range(12)], indent=2).encode(), "over several lines"),
    "one JSON array": (b"[" + b",".join(GOOD) + b"]", "not a JSON object"),
    "picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not UTF-8"),
    "csv": (b"question,answer\nWhy?,So.\n", "not valid JSON"),
    "old Mac line ends": (b"\r".join(GOOD), "not valid JSON"),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_is_named(tmp_path, name):
    content, expected = BROKEN_FILES[name]
    path = tmp_path / "train.jsonl"
    path.write_bytes(content)
    with pytest.raises(TrainingFileError, match=expected) as caught:
        read_training_file(path)
    assert str(path) in str(caught.value)


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(TrainingFileError, match="no such file"):
        read_training_file(tmp_path / "none.jsonl")
    with pytest.raises(TrainingFileError, match="a folder"):
        read_training_file(tmp_path)
    with pytest.raises(TrainingFileError, match="cannot be read"):
        read_training_file("train\x00.jsonl")


def test_a_huge_file_is_refused_without_being_read(tmp_path):
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.truncate(512 * 1024 * 1024)  # a hole: it takes no space
    with pytest.raises(TrainingFileError, match="has 512 MB"):
        read_training_file(path)


def test_the_first_five_problems_are_listed_and_the_rest_counted(tmp_path):
    path = write(tmp_path / "train.jsonl", [GOOD[0], *[b"x"] * 7, GOOD[1]])
    with pytest.raises(TrainingFileError) as caught:
        read_training_file(path)
    lines = str(caught.value).split("\n")
    assert [line.split(":")[0] for line in lines[1:6]] == [f"Line {n}" for n in range(2, 7)]
    assert lines[6] == "… and 2 more problems."
    assert len(validate(path).problems) == 7
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


ACCEPTED = {
    "as it is": b"\n".join(GOOD),
    "byte order mark": b"\xef\xbb\xbf" + b"\n".join(GOOD),
    "windows line ends": b"\r\n".join(GOOD) + b"\r\n",
    "blank lines at the end": b"\n".join(GOOD) + b"\n\n\n",
    "line separator in a text": b"\n".join(GOOD).replace(b"Question 3", "Question\u20283".encode()),
    "pair of surrogates": b"\n".join(GOOD).replace(b"Answer 3", rb"\ud83d\udeb2"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_harmless_forms_are_accepted(tmp_path, name):
    path = tmp_path / "train.jsonl"
    path.write_bytes(ACCEPTED[name])
    assert len(read_training_file(path)) == 12


def test_weights_tool_calls_and_content_parts_are_allowed(tmp_path):
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "developer", "content": "You help."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [call], "weight": 0},
        {"role": "tool", "tool_call_id": "c1", "content": "42", "name": "f"},
        {"role": "assistant", "content": "42", "weight": 1},
    ]
    unusual = {"messages": turns, "tools": [], "parallel_tool_calls": False}
    assert validate(write(tmp_path / "train.jsonl", [json.dumps(unusual).encode(), *GOOD])).ok


def test_an_error_speaks_the_current_language(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "kit.errors.KitError.translate", lambda text: text.replace("Line", "第").replace("has", "有")
    )
    path = write(tmp_path / "train.jsonl", [b'{"messages": [{"role": "user"}]}'])
    with pytest.raises(TrainingFileError) as caught:
        read_training_file(path)
    assert "第 1: Message 1 有 no content" in str(caught.value)


def test_leakage_finds_the_same_question_in_other_clothes():
    validation = [example(99), example(5), example(7)]
    validation[1]["messages"][1]["content"] = "  ＱＵＥＳＴＩＯＮ  5 !"
    assert leakage([example(n) for n in range(1, 7)], validation) == ["  ＱＵＥＳＴＩＯＮ  5 !"]
    assert leakage([example(1)], [{"messages": [{"role": "assistant", "content": "Hi"}]}]) == []


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the public sample lies beside the repository, not in it")
@pytest.mark.parametrize("name", ["training_set.jsonl", "validation_set.jsonl"])
def test_the_public_sample_passes(name):
    assert len(read_training_file(SAMPLE / name)) == 10


def test_limits_are_the_documented_ones():
    assert (training_files.MINIMUM_EXAMPLES, training_files.MAXIMUM_BYTES) == (10, 512 * 2**20)
