"""The service's rules for training and validation files.

Source of the rules: Microsoft Foundry documentation, "Customize a model with fine-tuning", October 2026
(JSON Lines, UTF-8 with or without byte order mark, chat format, ten or more examples).
"""

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import Any

Messages = list[dict[str, str]]
"""One conversation; its last message is the assistant's."""

SMALLEST_TRAINING_FILE = 10
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


class BadTrainingFile(ValueError):  # noqa: N818 - it describes the file, not the program
    """Why a file cannot be used for fine-tuning; the text names the line.

    Attributes:
        param: the field of a job's request that named the file, once that is known.
    """

    param: str | None = None


def read_examples(content: bytes) -> list[Messages]:
    """Return the conversations of a file.

    Raises:
        BadTrainingFile: the first line that breaks a rule, or no line at all.
    """
    examples = [_example(number, line) for number, line in _lines(content)]
    if not examples:
        raise BadTrainingFile("Validation of jsonl file failed: the file has no valid JSON line.")
    return examples


def check_size(examples: list[Messages]) -> None:
    """Refuse a training file with too few examples.

    Raises:
        BadTrainingFile: there are fewer than ten.
    """
    if len(examples) < SMALLEST_TRAINING_FILE:
        raise BadTrainingFile(
            f"Training file has {len(examples)} example(s), "
            f"but must have at least {SMALLEST_TRAINING_FILE} examples."
        )


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank with its number, counted from 1."""
    for number, raw in enumerate(content.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        try:
            line = raw.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise _broken(number, "it is not encoded in UTF-8") from None
        if line:
            yield number, line


def _example(number: int, line: str) -> Messages:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise _broken(number, "it is not valid JSON") from None
    messages = record.get("messages") if isinstance(record, dict) else None
    if not isinstance(messages, list) or not messages:
        raise _broken(number, "it must be a JSON object with a non-empty list 'messages'")
    checked = [_message(number, message) for message in messages]
    if checked[-1]["role"] != "assistant":
        raise _broken(number, "its last message must have the role 'assistant'")
    return checked


def _message(number: int, message: Any) -> dict[str, str]:
    if not isinstance(message, Mapping) or message.get("role") not in _ROLES:
        raise _broken(number, f"each message must be an object with a role from {', '.join(_ROLES)}")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    if not isinstance(content, str) or not content:
        raise _broken(number, f"the message of role '{message['role']}' must have a non-empty text 'content'")
    # Half a surrogate pair can be written in JSON, but no tokenizer takes it.
    return {"role": message["role"], "content": content.encode("utf-8", "replace").decode()}


def _broken(number: int, reason: str) -> BadTrainingFile:
    return BadTrainingFile(f"Validation of jsonl file failed: line {number}: {reason}.")
