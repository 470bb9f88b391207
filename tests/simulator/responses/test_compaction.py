"""The compact operation: what is left of a conversation, and how it goes on.

Form and meaning: OpenAI API reference, "Compact a response", 2026.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from kit.simulator import serve
from kit.simulator.responses.compaction import Seal

ID = "[0-9a-f]{32}"
TALK: Any = [
    {"role": "developer", "content": "You are a clerk."},
    {"role": "user", "content": "Where is my parcel?"},
    {"role": "assistant", "content": "It left the harbour on Monday."},
    {"role": "user", "content": "And my letter?"},
    {"role": "assistant", "content": "It is still here."},
]


def texts(items: list[Any]) -> list[str]:
    return [item.content[0].text for item in items if item.type == "message"]


def sent_back(compacted: Any) -> Any:
    """Return the items for the next request; a message of the user is no type of output to the client."""
    return [item.to_dict(warnings=False) for item in compacted.output]


def test_what_was_asked_stays_and_the_rest_becomes_one_item(client: OpenAI):
    small = client.responses.compact(model="gpt-4o", input=TALK, instructions="Be brief.")
    assert re.fullmatch(f"resp_{ID}", small.id)
    assert small.object == "response.compaction"
    assert texts(small.output) == ["Where is my parcel?", "And my letter?"]
    assert {item.role for item in small.output[:-1]} == {"user"}
    item = small.output[-1]
    assert item.type == "compaction"
    assert re.fullmatch(f"cmp_{ID}", item.id)
    assert "harbour" not in item.encrypted_content
    counted = client.responses.input_tokens.count(model="gpt-4o", input=TALK, instructions="Be brief.")
    assert small.usage.input_tokens == counted.input_tokens
    assert small.usage.total_tokens == small.usage.input_tokens + small.usage.output_tokens


def test_a_conversation_goes_on_from_what_was_left_of_it(client: OpenAI):
    small = client.responses.compact(model="gpt-4o", input=TALK)
    again: Any = [*sent_back(small), {"role": "user", "content": "Hello?"}]
    response = client.responses.create(model="gpt-4o", input=again, temperature=0)
    # The model reads what a chat would tell it in these words.
    messages: Any = [
        {"role": "user", "content": "Where is my parcel?"},
        {"role": "user", "content": "And my letter?"},
        {
            "role": "assistant",
            "content": "You are a clerk.\nIt left the harbour on Monday.\nIt is still here.",
        },
        {"role": "user", "content": "Hello?"},
    ]
    chat = client.chat.completions.create(model="gpt-4o", messages=messages, temperature=0)
    assert response.output_text == chat.choices[0].message.content
    assert response.usage.input_tokens == chat.usage.prompt_tokens
    items = client.responses.input_items.list(response.id, order="asc").data
    assert [item.type for item in items] == ["message", "message", "compaction", "message"]
    assert items[2].encrypted_content == small.output[2].encrypted_content
    reference: Any = [{"type": "item_reference", "id": items[2].id}, {"role": "user", "content": "Hello?"}]
    assert client.responses.create(model="gpt-4o", input=reference).status == "completed"


def test_a_stored_conversation_can_be_compacted(client: OpenAI):
    first = client.responses.create(model="gpt-4o", input="Where is my parcel?")
    small = client.responses.compact(model="gpt-4o", previous_response_id=first.id, input="And my letter?")
    assert texts(small.output) == ["Where is my parcel?", "And my letter?"]
    twice = client.responses.compact(model="gpt-4o", input=sent_back(small))
    assert [item.type for item in twice.output] == ["message", "message", "compaction"]
    assert twice.output[-1].id != small.output[-1].id


def test_a_long_conversation_becomes_short(client: OpenAI):
    talk: Any = [{"role": "assistant", "content": f"Answer number {n}. " * 20} for n in range(100)]
    small = client.responses.compact(model="gpt-4o", input=talk)
    assert small.usage.output_tokens < small.usage.input_tokens / 5
    kept = client.responses.input_tokens.count(model="gpt-4o", input=sent_back(small))
    assert kept.input_tokens < small.usage.input_tokens / 5


@pytest.mark.parametrize("spoil", [lambda text: text[:-4] + "AAAA", lambda text: "AAAA", lambda text: "ä!"])
def test_an_item_that_was_changed_is_refused(client: OpenAI, spoil: Callable[[str], str]):
    item = client.responses.compact(model="gpt-4o", input=TALK).output[-1].to_dict()
    item["encrypted_content"] = spoil(item["encrypted_content"])
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="gpt-4o", input=[item])
    assert refused.value.code == "invalid_encrypted_content"
    assert refused.value.param == "input[0].encrypted_content"


def test_nothing_cannot_be_compacted(client: OpenAI):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.compact(model="gpt-4o")
    assert refused.value.param == "input"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.responses.compact(model="gpt-99", input="Hello")
    assert unknown.value.code == "DeploymentNotFound"


def test_an_item_is_read_after_a_restart_and_by_nobody_else(tmp_path: Path):
    def go_on(options: dict[str, Any], item: Any) -> str:
        with serve(**options) as server, OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
            return str(client.responses.create(model="gpt-4o", input=[item]).status)

    kept: dict[str, Any] = {"state_file": tmp_path / "simulator.state"}
    with serve(**kept) as server, OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
        item = client.responses.compact(model="gpt-4o", input=TALK).output[-1].to_dict()
    assert go_on(kept, item) == "completed"
    with pytest.raises(openai.BadRequestError, match="could not be verified"):
        go_on({"seed": 7}, item)


@pytest.mark.parametrize("text", ["", "a", "你好🙂", "x" * 10_000])
def test_a_seal_gives_back_what_it_closed(text: str):
    seal = Seal(1)
    closed = seal.closed(text, b"0123456789abcdef")
    assert seal.opened(closed) == text
    assert closed != seal.closed(text, b"fedcba9876543210")
    with pytest.raises(ValueError, match="not sealed here"):
        Seal(2).opened(closed)
