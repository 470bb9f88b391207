"""The content filter: what it stops, what it says, and that it leaves lessons alone."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from kit import i18n, settings
from kit.simulator import content_filter, serve

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
