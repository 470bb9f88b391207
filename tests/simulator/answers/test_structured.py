"""Answers that are JSON, and the schemas that the service would refuse."""

import json
from enum import StrEnum
from typing import Any, Literal

import jsonschema
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel, Field

from kit.simulator.answers import structured

REVIEW: Any = [{"role": "user", "content": "I love this lamp, it is wonderful! 5 stars. Answer in JSON."}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": ["negative", "positive"]},
        "stars": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "author": {"anyOf": [{"$ref": "#/$defs/author"}, {"type": "null"}]},
    },
    "required": ["label", "stars", "tags", "author"],
    "additionalProperties": False,
    "$defs": {
        "author": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}


def ask(client: OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(**{"model": "gpt-4o", "messages": REVIEW, "seed": 1, **options})


def form(schema: Any, *, strict: bool = True) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "review", "strict": strict, "schema": schema}}


def test_json_mode_answers_an_object(client: OpenAI):
    answer = ask(client, response_format={"type": "json_object"}).choices[0]
    assert isinstance(json.loads(answer.message.content), dict)
    assert answer.finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_conforms_to_its_schema(client: OpenAI, stream: bool):
    answer = ask(client, response_format=form(SCHEMA), stream=stream, temperature=0)
    if stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    else:
        text = answer.choices[0].message.content
    jsonschema.validate(json.loads(text), SCHEMA)


def test_an_answer_in_json_is_counted_cut_off_and_has_probabilities(client: OpenAI):
    whole = ask(client, response_format=form(SCHEMA), logprobs=True, top_logprobs=2)
    tokens = whole.choices[0].logprobs.content
    assert len(tokens) == whole.usage.completion_tokens
    assert b"".join(bytes(token.bytes) for token in tokens).decode() == whole.choices[0].message.content
    assert all(token.logprob < 0 and len(token.top_logprobs) == 2 for token in tokens)
    short = ask(client, response_format=form(SCHEMA), max_tokens=3)
    assert (short.choices[0].finish_reason, short.usage.completion_tokens) == ("length", 3)


class Mood(StrEnum):
    good = "good"
    bad = "bad"


class Step(BaseModel):
    text: str
    sure: bool


class Report(BaseModel):
    mood: Mood
    share: float
    steps: list[Step]
    kind: Literal["review"]
    after: "Report | None" = Field(description="a report may follow a report")


def test_the_clients_own_helper_parses_the_answer(client: OpenAI):
    answer = client.chat.completions.parse(model="gpt-4o", messages=REVIEW, response_format=Report)
    parsed = answer.choices[0].message.parsed
    assert isinstance(parsed, Report)
    assert parsed.kind == "review"


def test_what_the_model_already_wrote_as_such_json_stays():
    written = '{"label": "positive"}'
    schema = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
    assert structured.as_json(f" {written}\n", "", schema) == written
    assert structured.as_json(written, "", None) == written
    other = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert json.loads(structured.as_json(written, "there were 3 lamps", other)) == {"n": 3}


def test_a_listed_value_that_the_answer_mentions_is_chosen():
    schema = {"enum": ["negative", "neutral", "positive"]}
    assert structured.as_json("Clearly Positive!", "", schema) == '"positive"'
    assert structured.as_json("Hm.", "is it neutral?", schema) == '"neutral"'
    assert structured.as_json("Hm.", "", schema) == '"negative"'


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        # Rules: Microsoft Foundry, "Structured outputs", October 2026.
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({**SCHEMA, "required": ["label"]}, "Missing 'author'"),
        ({"type": "string"}, 'type: "object"'),
        (
            {**SCHEMA, "properties": {"label": {"type": "string", "pattern": "a"}}},
            "'pattern' is not permitted",
        ),
        ({"type": 5}, "not a valid JSON Schema"),
    ],
)
def test_a_schema_the_service_would_not_take_is_refused(client: OpenAI, schema: Any, reason: str):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, response_format=form(schema))
    assert (refused.value.param, refused.value.code) == ("response_format", "invalid_json_schema")
    assert reason in refused.value.message


def test_a_schema_never_makes_the_simulator_fetch_anything():
    """A reference to another document is not followed, whatever it points to."""
    schema = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/secret.json"}}}
    assert json.loads(structured.as_json("{}", "", schema)) == {}
    assert json.loads(structured.as_json("x", "", {"$ref": "file:///etc/passwd"})) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"$ref": "#"}, "minItems": 10**6},
        {"$ref": "#"},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "string", "minLength": 10**9},
        {"type": ["null", "integer"], "minimum": 7},
        {"allOf": [{"properties": {"a": {"const": 1}}}, {"required": ["b"]}], "type": "object"},
        True,
    ],
)
def test_odd_schemas_do_no_harm(schema: Any):
    assert len(structured.as_json("words", "", schema)) < 10**6


def test_an_answer_that_is_cut_off_is_not_scored_to_its_end(client: OpenAI, monkeypatch: pytest.MonkeyPatch):
    """Otherwise a call of a function costs the time that the whole prompt takes."""
    from kit.simulator.learner.model import Reader

    worked: list[int] = []
    following = Reader.next

    def noted(self: Reader, written: list[int]) -> Any:
        worked.append(len(written))
        return following(self, written)

    monkeypatch.setattr(Reader, "next", noted)
    long: Any = [{"role": "user", "content": "Tell me about lamps. " * 50}]
    parameters = {"type": "object", "properties": {"text": {"type": "string"}}}
    tool: Any = {"type": "function", "function": {"name": "note", "parameters": parameters}}
    answer = ask(client, messages=long, tools=[tool], tool_choice="required", max_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert len(worked) <= 6
