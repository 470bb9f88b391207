"""The content filter: what it stops, what it says, and that it leaves lessons alone."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from kit import i18n, settings
from kit.simulator import serve
from kit.simulator.answers import content_filter

MODEL = "gpt-4.1-mini"


def ask(client: OpenAI, text: str, **options: Any) -> Any:
    said: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=MODEL, messages=said, max_tokens=40, **options)


def phrases(locale: str) -> list[tuple[str, str]]:
    rules = content_filter._rules()["categories"]
    return [(category, phrase) for category, languages in rules.items() for phrase in languages[locale]]


def test_every_category_has_phrases_in_every_language(client: OpenAI, locale: str):
    assert {category for category, _ in phrases(locale)} == {
        "hate",
        "jailbreak",
        "self_harm",
        "sexual",
        "violence",
    }
    for category, phrase in phrases(locale):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, f"… {phrase.upper()}?")
        error: Any = refused.value.body
        # Shape and wording: Azure OpenAI service, "Content filtering", 2026.
        assert (error["code"], error["param"], error["status"]) == ("content_filter", "prompt", 400)
        assert "content management policy" in error["message"]
        assert error["innererror"]["code"] == "ResponsibleAIPolicyViolation"
        verdict = error["innererror"]["content_filter_result"]
        assert [name for name, each in verdict.items() if each["filtered"]] == [category]


def test_a_refused_prompt_says_what_is_left_of_the_quota(client: OpenAI):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "Trigger-Content-Filter")
    assert refused.value.response.headers["x-ratelimit-remaining-requests"]


@pytest.mark.parametrize("path", ["chat/completions", "completions", "responses"])
def test_all_model_operations_are_filtered(http: Any, path: str):
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "trigger-content-filter"}],
        "prompt": "trigger-content-filter",
        "input": "trigger-content-filter",
    }
    field = {"chat/completions": "messages", "completions": "prompt", "responses": "input"}[path]
    answer = http.post(f"/openai/v1/{path}", json={"model": MODEL, field: body[field]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_filter")


def test_an_answer_says_that_nothing_was_filtered(client: OpenAI):
    answer = ask(client, "Hello").model_dump()
    safe = {"filtered": False, "severity": "safe"}
    verdict = answer["prompt_filter_results"][0]
    assert verdict["prompt_index"] == 0
    assert verdict["content_filter_results"]["violence"] == safe
    assert answer["choices"][0]["content_filter_results"]["hate"] == safe


def test_an_answer_can_be_stopped(client: OpenAI):
    choice = ask(client, "Tell me a long story. trigger-completion-filter").choices[0]
    assert choice.finish_reason == "content_filter"
    assert choice.model_dump()["content_filter_results"]["violence"]["filtered"]
    whole = ask(client, "Tell me a long story.").choices[0]
    assert len(choice.message.content) <= 40 < len(whole.message.content)


def test_a_stream_can_be_stopped(client: OpenAI):
    first, *chunks = list(ask(client, "Tell me a long story. trigger-completion-filter", stream=True))
    assert first.choices == []  # as the service begins a stream
    assert first.model_dump()["prompt_filter_results"][0]["prompt_index"] == 0
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == [
        "content_filter"
    ]


def test_completions_carry_the_verdicts_on_every_prompt_and_answer(client: OpenAI):
    # Azure OpenAI REST reference, "Completions - Create": prompt_filter_results, content_filter_results.
    asked: Any = {"model": MODEL, "prompt": ["Hello", "Good evening"], "max_tokens": 5}
    answer = client.completions.create(**asked).model_dump()
    assert [each["prompt_index"] for each in answer["prompt_filter_results"]] == [0, 1]
    assert all(not each["content_filter_results"]["hate"]["filtered"] for each in answer["choices"])
    first, *events = client.completions.create(**asked, stream=True)
    assert (first.choices, len(first.model_dump()["prompt_filter_results"])) == ([], 2)
    judged = [event for event in events if "content_filter_results" in event.choices[0].model_dump()]
    assert [event.choices[0].finish_reason for event in judged] == ["length", "length"]


def test_a_completion_can_be_stopped(client: OpenAI):
    asked: Any = {"model": MODEL, "prompt": "A long story. trigger-completion-filter", "max_tokens": 40}
    choice = client.completions.create(**asked).choices[0]
    assert choice.finish_reason == "content_filter"
    assert choice.model_dump()["content_filter_results"]["violence"]["filtered"]


def test_a_response_carries_the_verdicts_on_both_sides(client: OpenAI):
    # Microsoft Foundry, "Use the Azure OpenAI Responses API", 2026: a list content_filters at the top.
    answer = client.responses.create(model=MODEL, input="Hello").model_dump()
    assert [(each["source_type"], each["blocked"]) for each in answer["content_filters"]] == [
        ("prompt", False),
        ("completion", False),
    ]
    prompt, completion = answer["content_filters"]
    assert "jailbreak" in prompt["content_filter_results"]
    assert "protected_material_text" in completion["content_filter_results"]
    said = answer["output"][0]["content"][0]["text"]
    assert prompt["content_filter_offsets"]["end_offset"] == len("Hello")
    assert completion["content_filter_offsets"]["end_offset"] == len(said)
    assert (
        client.responses.retrieve(answer["id"]).model_dump()["content_filters"] == answer["content_filters"]
    )


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_can_be_stopped(client: OpenAI, stream: bool):
    asked: Any = {"model": MODEL, "input": "Tell me a long story. trigger-completion-filter"}
    if stream:
        *_, last = client.responses.create(**asked, stream=True)
        assert last.type == "response.incomplete"
        response: Any = last.response
    else:
        response = client.responses.create(**asked)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "content_filter")
    assert [each["blocked"] for each in response.model_dump()["content_filters"]] == [False, True]


def test_the_strict_profile_shows_no_verdict_where_the_document_has_none():
    with (
        serve(profile="openai-strict") as server,
        OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client,
    ):
        assert "content_filters" not in client.responses.create(model=MODEL, input="Hello").model_dump()
        completion = client.completions.create(model=MODEL, prompt="Hello").model_dump()
        assert "prompt_filter_results" not in completion
        assert "content_filter_results" not in completion["choices"][0]


def test_the_strict_profile_begins_a_stream_with_a_choice():
    with (
        serve(profile="openai-strict") as server,
        OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client,
    ):
        assert all(chunk.choices for chunk in ask(client, "Hello", stream=True))
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, "trigger-content-filter")
        error: Any = refused.value.body
        assert error["inner_error"]["code"] == "ResponsibleAIPolicyViolation"


def test_no_lesson_is_stopped():
    files = sorted((settings.labs_folder() / "data").rglob("*.jsonl"))
    assert len({file.parent.name for file in files}) >= len(i18n.available())
    for file in files:
        assert content_filter._stopped(_text(file)) == (), file


def _text(file: Path) -> str:
    return "\n".join(
        json.dumps(json.loads(line), ensure_ascii=False)
        for line in file.read_text(encoding="utf-8-sig").splitlines()
        if line.strip()
    )
