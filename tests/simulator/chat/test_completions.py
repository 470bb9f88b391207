"""The older operation: completions of a prompt."""

from typing import Any

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from kit.simulator import Simulator
from kit.tokens import encoding

PROMPT = "Hello, where is my parcel?"


def ask(client: OpenAI, **options: Any) -> Any:
    return client.completions.create(**{"model": "gpt-4o", "prompt": PROMPT, "temperature": 0, **options})


def test_a_prompt_is_completed_whole_and_streamed(client: OpenAI):
    whole = ask(client)
    assert (whole.object, whole.choices[0].finish_reason) == ("text_completion", "length")
    assert whole.usage.completion_tokens == 16  # OpenAI API reference: the default
    assert whole.usage.prompt_tokens == len(encoding().encode(PROMPT))
    verdict, *chunks = ask(client, stream=True, stream_options={"include_usage": True})
    assert verdict.choices == []
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == whole.choices[0].text
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)


def test_an_echo_with_probabilities_scores_a_text(client: OpenAI):
    def mean(text: str) -> float:
        answer = ask(client, prompt=text, echo=True, logprobs=2, max_tokens=0).choices[0]
        assert answer.text == text
        assert "".join(answer.logprobs.tokens) == text
        assert answer.logprobs.text_offset[1] == len(answer.logprobs.tokens[0])
        return sum(answer.logprobs.token_logprobs) / len(answer.logprobs.tokens)

    assert mean("Thank you for your patience.") > mean("Patience fork umbrella you seventeen.")


def test_several_prompts_have_several_answers(client: OpenAI):
    answer = ask(client, prompt=["One?", "Two?"], n=2, max_tokens=2)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    tokens = encoding().encode("One?")
    assert ask(client, prompt=tokens, max_tokens=2).choices[0].text == answer.choices[0].text


def test_the_legacy_address_completes(server: Simulator):
    with AzureOpenAI(azure_endpoint=server.url, api_version="2024-10-21", api_key="any") as client:
        assert ask(client, max_tokens=3).choices[0].text


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"logprobs": 6}, "logprobs"),
        ({"n": 3, "best_of": 2}, "best_of"),
        ({"prompt": [10**9]}, "prompt"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"prompt": ["x"] * 20, "n": 128}, "n"),
    ],
)
def test_what_does_not_fit_is_named(client: OpenAI, options: dict[str, Any], param: str):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **options)
    assert refused.value.param == param
