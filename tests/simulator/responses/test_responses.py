"""The responses operations: create, stream, go on, look up, cancel, delete."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from kit.simulator import Simulator

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Look up the weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


def ask(client: OpenAI, **options: Any) -> Any:
    return client.responses.create(
        **{"model": "gpt-4o", "input": "Hello, where is my parcel?", "temperature": 0, **options}
    )


def test_a_response_answers_as_the_chat_operation_does(client: OpenAI):
    response = ask(client, instructions="You are a clerk.", metadata={"lesson": "2"})
    messages: Any = [
        {"role": "system", "content": "You are a clerk."},
        {"role": "user", "content": "Hello, where is my parcel?"},
    ]
    chat = client.chat.completions.create(model="gpt-4o", messages=messages, temperature=0)
    assert response.output_text == chat.choices[0].message.content
    assert (response.status, response.object, response.metadata) == ("completed", "response", {"lesson": "2"})
    assert response.usage.input_tokens == chat.usage.prompt_tokens
    assert response.usage.output_tokens == chat.usage.completion_tokens
    assert client.responses.retrieve(response.id) == response


def test_a_stream_has_the_events_of_the_service_in_their_order(client: OpenAI):
    with client.responses.stream(model="gpt-4o", input="Hello", temperature=0) as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events if event.type != "response.output_text.delta"]
    # OpenAI API reference, "Streaming events".
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == final.output_text == ask(client, input="Hello").output_text
    assert client.responses.retrieve(final.id).output_text == final.output_text
    again = list(client.responses.retrieve(final.id, stream=True, starting_after=1))
    assert [event.type for event in again][-1] == "response.completed"
    assert again[0].sequence_number == 2


def test_a_conversation_goes_on(client: OpenAI):
    first = ask(client)
    second = ask(client, input="And my invoice?", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    messages: Any = [
        {"role": "user", "content": "Hello, where is my parcel?"},
        {"role": "assistant", "content": first.output_text},
        {"role": "user", "content": "And my invoice?"},
    ]
    chat = client.chat.completions.create(model="gpt-4o", messages=messages, temperature=0)
    assert second.output_text == chat.choices[0].message.content
    assert second.usage.input_tokens == chat.usage.prompt_tokens
    (item,) = client.responses.input_items.list(second.id)
    assert item.content[0].text == "And my invoice?"
    client.responses.delete(first.id)
    assert ask(client, previous_response_id=second.id).status == "completed"
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, previous_response_id=first.id)
    assert refused.value.code == "previous_response_not_found"


def test_input_items_are_paged(client: OpenAI):
    items: Any = [{"role": "user", "content": f"{n}"} for n in range(5)]
    response = ask(client, input=items)
    listed = client.responses.input_items.list(response.id, limit=2, order="asc")
    assert [item.content[0].text for item in listed] == ["0", "1", "2", "3", "4"]
    newest = client.responses.input_items.list(response.id, limit=2)
    assert ([item.content[0].text for item in newest.data], newest.has_more) == (["4", "3"], True)


@pytest.mark.parametrize("stream", [False, True])
def test_a_function_is_called_and_its_result_answered(client: OpenAI, stream: bool):
    question: Any = [{"role": "user", "content": "What is the weather in Porto?"}]
    if stream:
        with client.responses.stream(model="gpt-4o", input=question, tools=[WEATHER]) as events:
            kinds = {event.type for event in events}
            response: Any = events.get_final_response()
        assert "response.function_call_arguments.done" in kinds
    else:
        response = ask(client, input=question, tools=[WEATHER])
    (call,) = response.output
    assert (call.type, call.name, json.loads(call.arguments)) == (
        "function_call",
        "get_weather",
        {"city": "Porto"},
    )
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}
    answer = ask(client, input=[result], previous_response_id=response.id, tools=[WEATHER])
    assert answer.output_text


class Label(BaseModel):
    """What the parser has to return."""

    label: str
    sure: bool


def test_structured_answers_are_parsed_by_the_client(client: OpenAI):
    response = client.responses.parse(model="gpt-4o", input="I like it", text_format=Label)
    assert isinstance(response.output_parsed, Label)


def test_log_probabilities_come_when_they_are_included(client: OpenAI):
    response = ask(client, include=["message.output_text.logprobs"], top_logprobs=2)
    logprobs = response.output[0].content[0].logprobs
    assert "".join(each.token for each in logprobs) == response.output_text
    assert {len(each.top_logprobs) for each in logprobs} == {2}
    assert ask(client).output[0].content[0].logprobs is None


def test_an_answer_may_be_cut_off(client: OpenAI):
    long: Any = {"input": "Tell me everything about parcels.", "temperature": 2}
    cut = [ask(client, **long, max_output_tokens=16) for _ in range(5)]
    assert {each.status for each in cut} <= {"completed", "incomplete"}
    short = [each for each in cut if each.status == "incomplete"]
    assert short
    assert short[0].incomplete_details.reason == "max_output_tokens"
    assert short[0].usage.output_tokens == 16


def test_a_response_in_the_background_takes_its_time(client: OpenAI, advance: Callable[[float], int]):
    response = ask(client, background=True)
    statuses = [response.status]
    for _ in range(3):
        advance(10)
        statuses.append(client.responses.retrieve(response.id).status)
    assert statuses == ["queued", "in_progress", "in_progress", "completed"]
    assert client.responses.retrieve(response.id).output_text == ask(client).output_text
    other = ask(client, background=True)
    assert client.responses.cancel(other.id).status == "cancelled"
    assert client.responses.cancel(other.id).status == "cancelled"
    advance(100)
    assert client.responses.retrieve(other.id).status == "cancelled"
    for too_late in (response.id, ask(client).id):
        with pytest.raises(openai.BadRequestError):
            client.responses.cancel(too_late)


def test_a_response_that_is_not_stored_is_forgotten(client: OpenAI):
    response = ask(client, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)
    kept = ask(client)
    client.responses.delete(kept.id)
    for request in (client.responses.retrieve, client.responses.delete, client.responses.input_items.list):
        with pytest.raises(openai.NotFoundError):
            request(kept.id)


def test_input_tokens_are_counted_beforehand(client: OpenAI):
    counted = client.responses.input_tokens.count(model="gpt-4o", input="Hello, where is my parcel?")
    assert counted.input_tokens == ask(client).usage.input_tokens


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"stream_options": {"include_obfuscation": False}}, "stream_options"),
        ({"text": {"format": {"type": "json_object"}}}, "input"),
        ({"max_output_tokens": 15}, "max_output_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"input": [{"role": "wizard", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "magic"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"input": [{"type": "item_reference", "id": "msg_0"}]}, "input[0]"),
        ({"input": None}, "input"),
        ({"tools": [{"type": "web_search_preview"}]}, "tools[0].type"),
        ({"tool_choice": "required"}, "tool_choice"),
        (
            {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": 5}}}},
            "text.format.schema",
        ),
        ({"background": True, "store": False}, "background"),
        ({"include": ["everything"]}, "include[0]"),
    ],
)
def test_what_does_not_fit_is_named(http: httpx2.Client, options: dict[str, Any], param: str):
    body = {"model": "gpt-4o", "input": "x", **options}
    answer = http.post("/openai/v1/responses", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_an_answer_under_way_keeps_what_was_said_before_a_deletion(server: Simulator):
    """The model may be at work when the response that it goes on from is deleted."""
    store = server.state.responses
    head = {"status": "completed", "output": [], "previous_response_id": None}
    first, second = ([{"role": "user", "content": text}] for text in ("My name is Ada.", "Who am I?"))
    store.keep({**head, "id": "resp_1"}, [], first)
    context = [*store.context_after("resp_1"), *second]
    store.delete("resp_1")
    store.keep({**head, "id": "resp_2", "previous_response_id": "resp_1"}, [], context)
    assert store.context_after("resp_2") == [*first, *second]
