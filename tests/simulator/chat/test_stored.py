"""Chat completions that were stored."""

from typing import Any

import openai
import pytest
from openai import OpenAI

HELLO: Any = [{"role": "user", "content": "Hello"}]


def store(client: OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(
        **{"model": "gpt-4o", "messages": HELLO, "store": True, "max_tokens": 3, **options}
    )


def test_a_stored_completion_is_read_annotated_and_deleted(client: OpenAI):
    answer = store(client, metadata={"lesson": "1"})
    completions = client.chat.completions
    found = completions.retrieve(answer.id)
    assert found.choices == answer.choices
    assert found.metadata == {"lesson": "1"}
    assert completions.update(answer.id, metadata={"lesson": "2"}).metadata == {"lesson": "2"}
    (message,) = completions.messages.list(answer.id)
    assert (message.role, message.content) == ("user", "Hello")
    assert completions.delete(answer.id).deleted
    for request in (completions.retrieve, completions.delete, completions.messages.list):
        with pytest.raises(openai.NotFoundError):
            request(answer.id)


def test_a_streamed_completion_is_stored_before_its_end_is_seen(client: OpenAI):
    chunks = list(store(client, stream=True))
    found = client.chat.completions.retrieve(chunks[0].id)
    assert found.choices[0].message.content == "".join(
        chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices
    )


def test_stored_completions_are_listed_by_pages_and_filters(client: OpenAI):
    ids = [store(client, metadata={"parity": str(n % 2)}).id for n in range(4)]
    store(client, store=False)
    store(client, model="gpt-4.1")
    completions = client.chat.completions
    first = completions.list(limit=2)
    assert ([each.id for each in first.data], first.has_more) == (ids[:2], True)
    assert [each.id for each in completions.list(limit=1, model="gpt-4o-2024-08-06")] == ids
    assert [each.id for each in completions.list(metadata={"parity": "1"})] == ids[1::2]
    assert [each.id for each in completions.list(metadata={"parity": "1"}, order="desc")] == ids[3::-2]


@pytest.mark.parametrize("notes", [{"k" * 65: "v"}, {"k": "v" * 513}, {str(n): "v" for n in range(17)}])
def test_notes_have_limits(client: OpenAI, notes: dict[str, str]):
    with pytest.raises(openai.BadRequestError) as refused:
        store(client, metadata=notes)
    assert refused.value.param == "metadata"
