"""Chat completions: what comes back, whole and streamed, and what is refused."""

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
import tiktoken
from openai import AsyncOpenAI, AzureOpenAI, OpenAI

from kit.simulator import Simulator
from kit.tokens import encoding
from tests.cookbook import CONVERSATION

HELLO: Any = [{"role": "user", "content": "Hello, where is my parcel?"}]


def ask(client: OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(**{"model": "gpt-4.1-mini", "messages": HELLO, **options})


def test_prompt_tokens_are_those_of_the_service(client: OpenAI):
    usage = ask(client, messages=CONVERSATION, max_tokens=5).usage
    assert usage.prompt_tokens == 124
    assert usage.total_tokens == 124 + usage.completion_tokens


def test_completion_tokens_are_those_of_the_text(client: OpenAI):
    tokenizer: tiktoken.Encoding = encoding("o200k_base")
    answer = ask(client, temperature=0, logprobs=True)
    text, tokens = answer.choices[0].message.content, answer.choices[0].logprobs.content
    assert answer.usage.completion_tokens == len(tokens)
    assert b"".join(bytes(token.bytes) for token in tokens).decode() == text
    assert all(bytes(token.bytes) in tokenizer.token_byte_values() for token in tokens)


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_cut_off_at_its_limit(client: OpenAI, field: str):
    free = ask(client, temperature=0)
    n_tokens = free.usage.completion_tokens
    assert free.choices[0].finish_reason == "stop"
    exact = ask(client, temperature=0, **{field: n_tokens})
    assert (exact.choices[0].finish_reason, exact.usage.completion_tokens) == ("stop", n_tokens)
    short = ask(client, temperature=0, **{field: n_tokens - 1})
    assert (short.choices[0].finish_reason, short.usage.completion_tokens) == ("length", n_tokens - 1)
    assert free.choices[0].message.content.startswith(short.choices[0].message.content)


def test_an_answer_ends_before_a_stop_sequence(client: OpenAI):
    whole = ask(client, temperature=0).choices[0].message.content
    stop = whole[10:14]
    stopped = ask(client, temperature=0, stop=stop)
    assert stopped.choices[0].message.content == whole[: whole.index(stop)]
    assert stopped.choices[0].finish_reason == "stop"
    streamed = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in ask(client, temperature=0, stop=[stop], stream=True)
        if chunk.choices
    )
    assert streamed == stopped.choices[0].message.content


def test_a_seed_repeats_an_answer_and_temperature_varies_it(client: OpenAI):
    def texts(**options: Any) -> list[str]:
        # Hot, because a model that is sure of its answer says the same whatever the seed.
        options = {"temperature": 2, "max_tokens": 30, **options}
        return [choice.message.content for choice in ask(client, n=6, **options).choices]

    assert texts(seed=4) == texts(seed=4)
    assert texts(seed=4) != texts(seed=5)
    assert len(set(texts(seed=4))) == 6
    assert len(set(texts(temperature=0))) == 1
    assert texts() != texts()  # without a seed each request draws anew


def test_log_probabilities_are_probabilities(client: OpenAI):
    tokens = ask(client, temperature=0, logprobs=True, top_logprobs=5).choices[0].logprobs.content
    for token in tokens:
        likelihoods = [math.exp(other.logprob) for other in token.top_logprobs]
        assert len(likelihoods) == 5
        assert likelihoods == sorted(likelihoods, reverse=True)
        assert sum(likelihoods) <= 1 + 1e-6
        assert token.token == token.top_logprobs[0].token  # temperature 0 takes the likeliest


def test_a_stream_says_the_same_as_a_whole_answer(client: OpenAI):
    whole = ask(client, temperature=0, logprobs=True)
    chunks = list(
        ask(client, temperature=0, logprobs=True, stream=True, stream_options={"include_usage": True})
    )
    verdict, first, *middle, end, usage = chunks
    assert verdict.choices == []  # the verdict of the content filter on the prompt
    assert first.choices[0].delta.role == "assistant"
    assert {chunk.choices[0].finish_reason for chunk in (first, *middle)} == {None}
    assert (end.choices[0].finish_reason, end.choices[0].delta.content) == ("stop", None)
    assert (usage.choices, usage.usage) == ([], whole.usage)
    assert "".join(chunk.choices[0].delta.content for chunk in middle) == whole.choices[0].message.content
    tokens = [token for chunk in middle for token in chunk.choices[0].logprobs.content]
    assert tokens == whole.choices[0].logprobs.content
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}


def test_a_stream_is_made_of_events_and_ends_with_done(http: httpx2.Client):
    body = {"model": "gpt-4o", "messages": HELLO, "stream": True, "n": 2, "max_tokens": 3}
    answer = http.post("/openai/v1/chat/completions", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: {") for event in events[:-2])


def test_chinese_and_emoji_stream_in_whole_characters(
    client: OpenAI, tuned: Callable[..., Any], deployed: Callable[[str, str], None], samples: Any
):
    deployed(tuned(samples.chinese).fine_tuned_model, "灯塔")
    options: Any = {
        "model": "灯塔",
        "messages": [{"role": "user", "content": "3号灯亮着吗？"}],
        "temperature": 0,
        "logprobs": True,
    }
    whole = ask(client, **options).choices[0]
    split = [token for token in whole.logprobs.content if _is_part_of_a_character(bytes(token.bytes))]
    assert split, "the sample must contain characters that are spread over tokens"
    chunks = [chunk.choices[0] for chunk in ask(client, **options, stream=True) if chunk.choices]
    pieces = [chunk.delta.content for chunk in chunks if chunk.delta.content]
    assert "".join(pieces) == whole.message.content
    assert "\ufffd" not in whole.message.content
    assert any(
        _is_part_of_a_character(bytes(token.bytes))
        for chunk in chunks
        if chunk.logprobs
        for token in chunk.logprobs.content
    )
    assert all(token.token.startswith("\\x") for token in split)


def _is_part_of_a_character(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def test_all_addresses_of_the_data_plane_answer(server: Simulator, http: httpx2.Client):
    with (
        AzureOpenAI(azure_endpoint=server.url, api_version="2025-04-01-preview", api_key="any") as legacy,
        OpenAI(base_url=f"{server.url}/api/projects/lamps/openai/v1/", api_key="any") as project,
        OpenAI(base_url=f"{server.url}/openai/v1/", api_key=lambda: "token") as by_token,
    ):
        answers = [
            ask(client, temperature=0).choices[0].message.content for client in (legacy, project, by_token)
        ]
        assert len(set(answers)) == 1
        assert legacy.files.list().data == []
        assert legacy.fine_tuning.jobs.list().data == []


def test_an_async_client_streams(server: Simulator):
    async def read() -> str:
        async with AsyncOpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
            stream = await client.chat.completions.create(
                model="gpt-4o", messages=HELLO, temperature=0, stream=True
            )
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    assert asyncio.run(read())


def test_twenty_clients_at_once_get_their_own_answers(server: Simulator):
    async def run() -> list[tuple[str, str, str]]:
        async with AsyncOpenAI(base_url=f"{server.url}/openai/v1/", api_key="any", max_retries=0) as client:

            async def one(number: int) -> tuple[str, str, str]:
                messages: Any = [{"role": "user", "content": f"Tell me about parcel number {number}."}]
                options: Any = {"model": "gpt-4.1", "messages": messages, "seed": number, "temperature": 2}
                whole = await client.chat.completions.create(**options)
                stream = await client.chat.completions.create(**options, stream=True)
                text = "".join(
                    [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
                )
                return whole.id, str(whole.choices[0].message.content), text

            return await asyncio.gather(*(one(number) for number in range(20)))

    answers = asyncio.run(run())
    assert len({identifier for identifier, _, _ in answers}) == 20
    assert all(whole == streamed for _, whole, streamed in answers)
    assert len({whole for _, whole, _ in answers}) > 10  # different questions may have one answer


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        # Codes: OpenAI API, errors of parameter validation, 2026.
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"temperature": -1}, "temperature", "decimal_below_min_value"),
        ({"top_p": 1.5}, "top_p", "decimal_above_max_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        ({"max_tokens": True}, "max_tokens", "invalid_type"),
        ({"top_logprobs": 3}, "top_logprobs", "invalid_value"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "array_above_max_length"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_type"),
        ({"response_format": {"type": "json_object"}}, "messages", "invalid_request_error"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens", "invalid_parameter_combination"),
    ],
)
def test_a_parameter_out_of_range_is_named(client: OpenAI, options: dict[str, Any], param: str, code: str):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **options)
    assert (refused.value.param, refused.value.code) == (param, code)
    assert refused.value.type == "invalid_request_error"


@pytest.mark.parametrize("name", ["gpt-9", "../../etc/passwd", "half a pair \ud800"])
def test_an_unknown_deployment_is_told_in_the_words_of_the_service(http: httpx2.Client, name: str):
    answer = http.post(
        "/openai/v1/chat/completions",
        content=json.dumps({"model": name, "messages": HELLO}),  # the client would not send half a pair
    )
    assert answer.status_code == 404
    # Wording: Azure OpenAI service, October 2026.
    assert answer.json() == {
        "error": {
            "code": "DeploymentNotFound",
            "message": "The API deployment for this resource does not exist. If you created the deployment "
            "within the last 5 minutes, please wait a moment and try again.",
        }
    }


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(http: httpx2.Client, body: bytes):
    answer = http.post("/openai/v1/chat/completions", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_half_a_surrogate_pair_does_no_harm(http: httpx2.Client):
    body = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x \\ud800"}], "max_tokens": 2}'
    assert http.post("/openai/v1/chat/completions", content=body).status_code == 200


LONG = " lamp" * 128_001  # tokens


def test_a_prompt_longer_than_the_context_is_refused(client: OpenAI):
    messages: Any = [{"role": "user", "content": LONG}]
    calls: list[tuple[str, str, Any]] = [
        (
            "messages",
            "maximum context length is 128000 tokens. However, your messages resulted in 128008 tokens",
            lambda: client.chat.completions.create(model="gpt-4o", messages=messages),
        ),
        ("input", "exceeds the context window", lambda: client.responses.create(model="gpt-4o", input=LONG)),
        (
            "prompt",
            "context length is 128000 tokens, however you requested 128001",
            lambda: client.completions.create(model="gpt-4o", prompt=["short", LONG]),
        ),
    ]
    for param, words, call in calls:
        with pytest.raises(openai.BadRequestError) as refused:
            call()
        assert (refused.value.code, refused.value.param) == ("context_length_exceeded", param)
        assert words in refused.value.message


def test_a_longer_context_takes_the_same_prompt(client: OpenAI):
    messages: Any = [{"role": "user", "content": LONG}]
    answer = client.chat.completions.create(model="gpt-4.1", messages=messages, max_tokens=1)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 128_008


def test_a_tuned_model_has_the_context_of_its_base(
    client: OpenAI, server: Simulator, uploaded: Callable[..., str], advance: Callable[[float], int]
):
    models = server.state.models
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded(), seed=1)
    advance(5000)
    tuned = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    assert tuned is not None
    assert [models.context(name) for name in (tuned, "gpt-4.1", "Qwen3-32B")] == [128_000, 1_047_576, None]
