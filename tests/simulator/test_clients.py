"""The official clients' own ways of calling: asynchronous, raw, streamed, with files, page by page."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion

from kit.simulator import Simulator, serve

HELLO: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "temperature": 0}
VERSION = "2025-04-01-preview"


@asynccontextmanager
async def connected(server: Simulator, **options: Any) -> AsyncIterator[AsyncOpenAI]:
    settings = {"api_key": "any", "max_retries": 0, **options}
    async with AsyncOpenAI(base_url=f"{server.url}/openai/v1/", **settings) as client:
        yield client


# Asynchronous


def test_the_asynchronous_client_goes_the_whole_way(server: Simulator, samples: Any):
    """Sources of statuses and counts: as in the tests of each operation with the other client."""

    async def go(client: AsyncOpenAI) -> None:
        file = await client.files.create(file=("lamps.jsonl", samples.english), purpose="fine-tune")
        server.state.clock.advance(10)
        job = await client.fine_tuning.jobs.create(model="gpt-4.1-mini", training_file=file.id)
        server.state.clock.advance(5000)
        done = await client.fine_tuning.jobs.retrieve(job.id)
        assert done.status == "succeeded"
        events = [event async for event in client.fine_tuning.jobs.list_events(job.id)]
        assert events[-1].message.startswith("Job enqueued")
        content = await client.files.content(done.result_files[0])
        assert content.text.startswith("step,train_loss")

        whole = await client.chat.completions.create(**HELLO)
        pieces = [
            chunk.choices[0].delta.content or ""
            async for chunk in await client.chat.completions.create(**HELLO, stream=True)
            if chunk.choices
        ]
        assert "".join(pieces) == whole.choices[0].message.content
        async with client.responses.stream(model="gpt-4o", input="Hello", temperature=0) as stream:
            kinds = [event.type async for event in stream]
        assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
        vector = await client.embeddings.create(model="text-embedding-3-small", input="Hello")
        assert len(vector.data[0].embedding) == 1536
        assert (await client.files.delete(file.id)).deleted

    async def start() -> None:
        async with connected(server) as client:
            await go(client)

    asyncio.run(start())


# Raw and streamed answers


def test_a_raw_answer_has_headers_and_the_same_object(client: OpenAI):
    raw = client.chat.completions.with_raw_response.create(**HELLO)
    assert raw.status_code == 200
    assert raw.headers["x-request-id"] == raw.headers["apim-request-id"] == raw.request_id
    assert int(raw.headers["x-ratelimit-remaining-requests"]) > 0
    parsed = raw.parse()
    assert isinstance(parsed, ChatCompletion)
    assert parsed._request_id == raw.request_id
    assert json.loads(raw.text)["id"] == parsed.id
    stream = client.chat.completions.with_raw_response.create(**HELLO, stream=True)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert list(stream.parse())[-1].choices[0].finish_reason == "stop"


def test_a_streamed_answer_is_read_as_it_comes(client: OpenAI, samples: Any):
    file = client.files.create(file=("lamps.jsonl", samples.chinese), purpose="fine-tune")
    with client.files.with_streaming_response.content(file.id) as answer:
        assert answer.http_response.is_stream_consumed is False
        assert b"".join(answer.iter_bytes(chunk_size=100)) == samples.chinese
    with client.chat.completions.with_streaming_response.create(**HELLO, stream=True) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    with client.chat.completions.with_streaming_response.create(**HELLO) as whole:
        assert whole.parse().choices[0].message.content


def test_the_asynchronous_client_streams_and_shows_raw_answers(
    server: Simulator, samples: Any, tmp_path: Path
):
    target = tmp_path / "copy.jsonl"

    async def go() -> None:
        async with connected(server) as client:
            raw = await client.files.with_raw_response.create(
                file=("lamps.jsonl", samples.english), purpose="fine-tune"
            )
            file = raw.parse()
            assert raw.headers["x-request-id"]
            async with client.files.with_streaming_response.content(file.id) as answer:
                await answer.stream_to_file(target)

    asyncio.run(go())
    assert target.read_bytes() == samples.english


def test_a_refusal_carries_the_request_it_answers(client: OpenAI):
    with pytest.raises(openai.NotFoundError) as refused:
        client.files.retrieve("file-0")
    assert refused.value.request_id == refused.value.response.headers["x-request-id"]
    assert refused.value.body == refused.value.response.json()["error"]


# Files


def _path(path: Path) -> Any:
    return path


def _text_path(path: Path) -> Any:
    return (path.name, path.read_bytes(), "application/jsonl")


def _named_bytes(path: Path) -> Any:
    return (path.name, path.read_bytes())


def _named_stream(path: Path) -> Any:
    return (path.name, io.BytesIO(path.read_bytes()), "application/jsonl", {"X-Note": "课程"})


@pytest.mark.parametrize("form", [_path, _text_path, _named_bytes, _named_stream])
def test_a_file_may_be_given_in_many_forms(client: OpenAI, samples: Any, tmp_path: Path, form: Any):
    path = tmp_path / "课程 1.jsonl"
    path.write_bytes(samples.chinese)
    file = client.files.create(file=form(path), purpose="fine-tune")
    assert (file.filename, file.bytes) == (path.name, len(samples.chinese))
    assert client.files.content(file.id).read() == samples.chinese


def test_a_file_without_a_name_gets_one(client: OpenAI, samples: Any, tmp_path: Path):
    bare = client.files.create(file=samples.english, purpose="fine-tune")
    assert (bare.filename, bare.bytes) == ("upload", len(samples.english))  # the client's own name for it
    path = tmp_path / "lamps.jsonl"
    path.write_bytes(samples.english)
    with path.open("rb") as opened:
        file = client.files.create(file=opened, purpose="fine-tune")
    assert (file.filename, file.bytes) == ("lamps.jsonl", len(samples.english))


def test_the_client_waits_for_a_file(samples: Any):
    with serve(pace=10_000) as server, OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
        file = client.files.create(file=("lamps.jsonl", samples.english), purpose="fine-tune")
        assert client.files.wait_for_processing(file.id, poll_interval=0.0005).status == "processed"
        broken = client.files.create(file=("lamps.jsonl", b"{}\n"), purpose="fine-tune")
        assert client.files.wait_for_processing(broken.id, poll_interval=0.0005).status == "error"

        async def wait() -> str:
            async with connected(server) as waiting:
                again = await waiting.files.create(file=("lamps.jsonl", samples.english), purpose="fine-tune")
                done = await waiting.files.wait_for_processing(again.id, poll_interval=0.0005)
                return done.status

        assert asyncio.run(wait()) == "processed"


def test_the_client_gives_up_where_the_clock_stands(client: OpenAI, samples: Any):
    file = client.files.create(file=("lamps.jsonl", samples.english), purpose="fine-tune")
    with pytest.raises(RuntimeError, match="Giving up"):
        client.files.wait_for_processing(file.id, poll_interval=0.0005, max_wait_seconds=0.001)


# The address of a Foundry project


def test_a_project_has_all_that_the_resource_has(server: Simulator, client: OpenAI, samples: Any):
    address = f"{server.url}/api/projects/lamps/openai/v1/"
    with OpenAI(base_url=address, api_key="any", max_retries=0) as project:
        file = project.files.create(file=("lamps.jsonl", samples.english), purpose="fine-tune")
        server.state.clock.advance(10)
        job = project.fine_tuning.jobs.create(model="gpt-4.1-mini", training_file=file.id)
        server.state.clock.advance(5000)
        assert project.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
        line = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions", "body": HELLO}
        requests = project.files.create(file=("batch.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = project.batches.create(
            input_file_id=requests.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        server.state.clock.advance(5000)
        assert project.batches.retrieve(batch.id).status == "completed"
        assert project.responses.create(model="gpt-4o", input="Hello").output_text
        assert project.embeddings.create(model="text-embedding-3-small", input="Hello").data
        assert project.models.retrieve("gpt-4o").id == "gpt-4o-2024-08-06"
        with pytest.raises(openai.NotFoundError):
            project.files.retrieve("file-0")
    assert client.fine_tuning.jobs.retrieve(job.id).id == job.id  # one resource, whatever it is called


# Pages


@pytest.fixture
def filled(client: OpenAI, server: Simulator, samples: Any) -> dict[str, Any]:
    """A simulator with several of everything that is listed in pages; identifiers, newest first."""
    line = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions", "body": HELLO}
    files = [
        client.files.create(file=("lamps.jsonl", samples.english), purpose="fine-tune").id for _ in range(3)
    ]
    requests = client.files.create(file=("batch.jsonl", json.dumps(line).encode()), purpose="batch").id
    server.state.clock.advance(10)
    hyperparameters: Any = {"n_epochs": 3}
    jobs = [
        client.fine_tuning.jobs.create(
            model="gpt-4.1-mini", training_file=file, hyperparameters=hyperparameters
        ).id
        for file in files
    ]
    batches = [
        client.batches.create(
            input_file_id=requests, endpoint="/v1/chat/completions", completion_window="24h"
        ).id
        for _ in range(3)
    ]
    files.append(requests)
    return {"files": files[::-1], "jobs": jobs[::-1], "batches": batches[::-1]}


def test_the_client_turns_the_pages(client: OpenAI, server: Simulator, filled: dict[str, Any]):
    jobs = client.fine_tuning.jobs
    assert [file.id for file in client.files.list(limit=1)] == filled["files"]
    assert [job.id for job in jobs.list(limit=2)] == filled["jobs"]
    assert [batch.id for batch in client.batches.list(limit=2)] == filled["batches"]
    server.state.clock.advance(5000)
    job = filled["jobs"][0]
    for listing in (jobs.list_events, jobs.checkpoints.list):
        whole = listing(job, limit=100).data
        assert [each.id for each in listing(job, limit=1)] == [each.id for each in whole]
        assert len(whole) >= 3
    first = jobs.list(limit=2)
    assert first.has_next_page()
    second = first.get_next_page()
    assert [job.id for job in second.data] == filled["jobs"][2:]
    assert not second.has_next_page()
    assert [len(page.data) for page in client.files.list(purpose="fine-tune", limit=2).iter_pages()] == [2, 1]


def test_the_asynchronous_client_turns_them_too(server: Simulator, filled: dict[str, Any]):
    async def go() -> None:
        async with connected(server) as client:
            jobs = client.fine_tuning.jobs
            assert [file.id async for file in client.files.list(limit=1)] == filled["files"]
            assert [job.id async for job in jobs.list(limit=2)] == filled["jobs"]
            assert [batch.id async for batch in client.batches.list(limit=2)] == filled["batches"]
            server.state.clock.advance(5000)
            events = [event.id async for event in jobs.list_events(filled["jobs"][0], limit=3)]
            whole = await jobs.list_events(filled["jobs"][0], limit=100)
            assert events == [event.id for event in whole.data]
            steps = [each.step_number async for each in jobs.checkpoints.list(filled["jobs"][0], limit=1)]
            assert len(steps) == 3
            assert steps == sorted(steps, reverse=True)

    asyncio.run(go())
