"""Calls of functions in chat completions."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Look up the current weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "days", "unit"],
        },
    },
}
TIME: Any = {"type": "function", "function": {"name": "get_time", "description": "Tell what time it is."}}
QUESTION: Any = [{"role": "user", "content": "What is the weather in Porto for 3 days, in fahrenheit?"}]


def ask(client: OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(
        **{"model": "gpt-4o", "messages": QUESTION, "tools": [TIME, WEATHER], **options}
    )


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_the_function_that_fits_is_called_with_what_the_user_said(client: OpenAI, choice: str):
    answer = ask(client, tool_choice=choice).choices[0]
    assert (answer.finish_reason, answer.message.content) == ("tool_calls", None)
    (call,) = answer.message.tool_calls
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert json.loads(call.function.arguments) == {"city": "Porto", "days": 3, "unit": "fahrenheit"}


def test_a_named_function_is_called(client: OpenAI):
    choice: Any = {"type": "function", "function": {"name": "get_time"}}
    answer = ask(client, tool_choice=choice).choices[0]
    assert answer.message.tool_calls[0].function.name == "get_time"
    assert answer.finish_reason == "stop"  # OpenAI API, "Function calling": for a named function


def test_nothing_is_called_without_need(client: OpenAI):
    assert ask(client, tool_choice="none").choices[0].message.tool_calls is None
    hello: Any = [{"role": "user", "content": "Hello!"}]
    assert ask(client, messages=hello).choices[0].message.content


def test_the_result_of_a_call_is_answered_in_words(client: OpenAI):
    call = ask(client, tool_choice="required").choices[0].message
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "Sunny, 80 °F."}
    answer = ask(client, messages=[*QUESTION, call.model_dump(exclude_none=True), result]).choices[0]
    assert answer.finish_reason == "stop"
    assert answer.message.content


def test_a_call_streams(client: OpenAI):
    with client.chat.completions.stream(model="gpt-4o", messages=QUESTION, tools=[WEATHER]) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion().choices[0]
    assert "tool_calls.function.arguments.delta" in kinds
    assert final.finish_reason == "tool_calls"
    assert json.loads(final.message.tool_calls[0].function.arguments)["city"] == "Porto"


def test_the_older_form_of_functions_works(client: OpenAI):
    options: Any = {"functions": [WEATHER["function"]], "tools": openai.NOT_GIVEN}
    answer = ask(client, **options).choices[0]
    assert answer.finish_reason == "function_call"
    assert answer.message.function_call.name == "get_weather"
    chunks = [chunk.choices[0] for chunk in ask(client, **options, stream=True) if chunk.choices]
    calls = [chunk.delta.function_call for chunk in chunks if chunk.delta.function_call]
    assert calls[0].name == "get_weather"
    assert "".join(call.arguments for call in calls) == answer.message.function_call.arguments


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"tool_choice": {"type": "function", "function": {"name": "fly"}}}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": "not a name"}}]}, "tools[0].function.name"),
        ({"tools": []}, "tools"),
        ({"tools": [{"type": "magic"}]}, "tools[0].type"),
        ({"tools": openai.NOT_GIVEN, "tool_choice": "required"}, "tool_choice"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        (
            {"messages": [*QUESTION, {"role": "tool", "content": "x", "tool_call_id": "c"}]},
            "messages.[1].role",
        ),
    ],
)
def test_what_does_not_fit_is_named(client: OpenAI, options: dict[str, Any], param: str):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **options)
    assert refused.value.param == param


def named(name: str, parameters: Any = None, **options: Any) -> Any:
    return {"type": "function", "function": {"name": name, "parameters": parameters, **options}}


BAD_PARAMETERS: list[tuple[Any, bool | None, str]] = [
    ({"type": "object", "properties": {"a": {"type": "array", "minItems": "x"}}}, None, "JSON Schema"),
    ({"type": "object", "properties": {"a": {"type": "array", "minItems": None}}}, None, "JSON Schema"),
    ({"type": "object", "required": [["a"]]}, None, "JSON Schema"),
    ({"allOf": [{"properties": 5}]}, None, "JSON Schema"),
    ({"type": "nonsense"}, None, "JSON Schema"),
    ([1], None, "'type: \"object\"'"),
    ({"type": "string"}, None, "'type: \"object\"'"),
    ({"type": "object", "properties": {}}, True, "'additionalProperties' is required"),
]


@pytest.mark.parametrize(("parameters", "strict", "reason"), BAD_PARAMETERS)
def test_parameters_the_service_would_not_take_are_refused_everywhere(
    client: OpenAI, parameters: Any, strict: bool | None, reason: str
):
    tool = named("f", parameters, strict=strict)
    flat: Any = {"type": "function", **tool["function"]}
    older: Any = {"functions": [tool["function"]], "tools": openai.NOT_GIVEN}
    calls: list[tuple[str, Any]] = [
        ("tools[0].function.parameters", lambda: ask(client, tools=[tool])),
        ("functions[0].parameters", lambda: ask(client, **older)),
        ("tools[0].parameters", lambda: client.responses.create(model="gpt-4o", input="x", tools=[flat])),
    ]
    for param, call in calls:
        with pytest.raises(openai.BadRequestError) as refused:
            call()
        assert (refused.value.param, refused.value.code) == (param, "invalid_function_parameters")
        assert "Invalid schema for function 'f': " in refused.value.message
        assert reason in refused.value.message


@pytest.mark.parametrize(
    "odd", [{"minItems": "x", "type": "array"}, {"required": [["a"]]}, {"properties": 5}]
)
@pytest.mark.parametrize("place", ["property", "part"])
def test_references_to_what_is_no_schema_do_no_harm(client: OpenAI, odd: Any, place: str):
    there = {"$ref": "#/x-kept"}
    inner = {"properties": {"a": there}} if place == "property" else {"allOf": [there]}
    choice: Any = {"type": "function", "function": {"name": "f"}}
    tools = [named("f", {"type": "object", "x-kept": odd, **inner})]
    call = ask(client, tools=tools, tool_choice=choice).choices[0].message.tool_calls[0]
    assert isinstance(json.loads(call.function.arguments), dict)


@pytest.mark.parametrize("name", ["none", "auto", "required"])
def test_a_function_may_be_called_like_a_choice(client: OpenAI, name: str):
    choice: Any = {"type": "function", "function": {"name": name}}
    answer = ask(client, tools=[WEATHER, named(name)], tool_choice=choice).choices[0]
    assert [call.function.name for call in answer.message.tool_calls] == [name]
    flat: Any = [{"type": "function", "name": each, "parameters": None} for each in ("get_weather", name)]
    forced: Any = {"type": "function", "name": name}
    response = client.responses.create(model="gpt-4o", input="Weather?", tools=flat, tool_choice=forced)
    assert [getattr(item, "name", None) for item in response.output] == [name]
