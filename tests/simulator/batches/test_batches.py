"""Batches: real requests out of a file, with the official client."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from kit.simulator import Simulator, serve
from kit.simulator.batches import operations
from kit.simulator.batches.batch import Batch
from kit.simulator.batches.batch_input import read
from kit.simulator.lane import Lane
from kit.simulator.state import State


def request(number: int, url: str = "/v1/chat/completions", **body: Any) -> dict[str, Any]:
    question = {"messages": [{"role": "user", "content": f"Where is parcel {number}?"}], "temperature": 0}
    chosen = question if url.endswith("/chat/completions") else {}
    return {
        "custom_id": f"question-{number}",
        "method": "POST",
        "url": url,
        "body": {"model": "gpt-4o", **chosen, **body},
    }


@pytest.fixture
def start(client: OpenAI, samples: Any) -> Callable[..., Any]:
    """Upload requests and create a batch of them."""

    def begin(requests: Any, endpoint: Any = "/v1/chat/completions", **options: Any) -> Any:
        content = requests if isinstance(requests, bytes) else samples.jsonl(requests)
        file = client.files.create(file=("requests.jsonl", content), purpose="batch")
        return client.batches.create(
            input_file_id=file.id, endpoint=endpoint, completion_window="24h", **options
        )

    return begin


def lines(client: OpenAI, file: str) -> list[Any]:
    return [json.loads(line) for line in client.files.content(file).text.splitlines()]


def test_a_batch_answers_every_request_along_the_virtual_clock(
    client: OpenAI, start: Callable[..., Any], advance: Callable[[float], int]
):
    refused = request(3, temperature=9)
    batch = start([request(1), request(2), refused], metadata={"lesson": "3"})
    assert (batch.status, batch.metadata, batch.expires_at) == (
        "validating",
        {"lesson": "3"},
        batch.created_at + 86_400,
    )
    statuses = []
    for seconds in (21, 1, 10):
        advance(seconds)
        batch = client.batches.retrieve(batch.id)
        statuses.append((batch.status, batch.request_counts.completed))
    assert statuses == [("in_progress", 2), ("finalizing", 3), ("completed", 2)]
    assert (batch.request_counts.total, batch.request_counts.failed) == (3, 1)
    answers = {line["custom_id"]: line["response"] for line in lines(client, batch.output_file_id)}
    assert set(answers) == {"question-1", "question-2"}
    asked = client.chat.completions.create(**request(2)["body"])
    answer = answers["question-2"]["body"]
    assert answers["question-2"]["status_code"] == 200
    assert answer["choices"][0]["message"]["content"] == asked.choices[0].message.content
    (problem,) = lines(client, batch.error_file_id)
    assert problem["custom_id"] == "question-3"
    assert (problem["response"]["status_code"], problem["response"]["body"]["error"]["param"]) == (
        400,
        "temperature",
    )
    output = client.files.retrieve(batch.output_file_id)
    assert (output.purpose, output.filename) == ("batch_output", f"{batch.id}_output.jsonl")
    assert output.id in [file.id for file in client.files.list()]


@pytest.mark.parametrize(
    ("endpoint", "body", "kind"),
    [
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}, "list"),
        ("/v1/completions", {"prompt": "Hello"}, "text_completion"),
        ("/v1/responses", {"input": "Hello"}, "response"),
        ("/chat/completions", {}, "chat.completion"),  # as Microsoft's examples write it
    ],
)
def test_every_model_operation_runs_in_a_batch(
    *,
    client: OpenAI,
    start: Callable[..., Any],
    advance: Callable[[float], int],
    endpoint: str,
    body: Any,
    kind: str,
):
    batch = start([request(1, endpoint, **body)], endpoint)
    advance(60)
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed", batch
    (line,) = lines(client, batch.output_file_id)
    assert line["response"]["body"]["object"] == kind


def test_a_cancelled_batch_keeps_what_has_been_answered(
    client: OpenAI, start: Callable[..., Any], advance: Callable[[float], int]
):
    batch = start([request(n) for n in range(4)])
    advance(21)
    assert client.batches.cancel(batch.id).status == "cancelling"
    advance(30)
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("cancelled", 2, 2)
    assert len(lines(client, batch.output_file_id)) == 2
    assert {line["error"]["code"] for line in lines(client, batch.error_file_id)} == {"batch_cancelled"}
    with pytest.raises(openai.BadRequestError):
        client.batches.cancel(batch.id)


def test_a_cancelled_batch_keeps_nobody_waiting_for_answers_that_nobody_wants(
    server: Simulator, client: OpenAI, start: Callable[..., Any], advance: Callable[[float], int]
):
    execute, begun, cancelled = server.state.batches._execute, [], threading.Event()

    async def watched(*asked: Any) -> Any:
        begun.append(asked)
        await asyncio.to_thread(cancelled.wait)
        return await execute(*asked)

    server.state.batches._execute = watched
    batch = start([request(n) for n in range(9)])
    advance(20.5)
    assert client.batches.cancel(batch.id).request_counts.completed == 1
    cancelled.set()
    advance(30)
    client.files.list()  # which shows the batch's own files, and so waits for them
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("cancelled", 1, 8)
    assert len(lines(client, batch.error_file_id)) == 8
    assert len(begun) == 1


def test_a_batch_refuses_what_a_request_refuses_in_the_same_words(samples: Any):
    harmful: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "trigger-content-filter"}]}
    wrong: Any = {**harmful, "temperature": 9}
    long: Any = {**harmful, "messages": [{"role": "user", "content": " lamp" * 128_001}]}
    with (
        serve(profile="openai-strict") as server,
        OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any", max_retries=0) as client,
    ):
        asked = [request(number, **body) for number, body in enumerate((harmful, wrong, long))]
        file = client.files.create(file=("r.jsonl", samples.jsonl(asked)), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        server.state.clock.advance(60)
        batch = client.batches.retrieve(batch.id)
        found = [line["response"] for line in lines(client, batch.error_file_id or "")]
        for answer, body in zip(found, (harmful, wrong, long), strict=True):
            with pytest.raises(openai.BadRequestError) as refused:
                client.chat.completions.create(**body)
            assert (answer["status_code"], answer["body"]["error"]) == (400, refused.value.body)
    codes = [answer["body"]["error"]["code"] for answer in found]
    assert codes == ["content_filter", "decimal_above_max_value", "context_length_exceeded"]


async def begin(state: State, content: bytes) -> Batch:
    file = await state.files.upload("requests.jsonl", "batch", content, None)
    return state.batches.create("/v1/chat/completions", file.id, None, None)


def test_several_who_wait_for_the_same_batch_all_see_its_end(samples: Any):
    async def run() -> list[str]:
        state = State()
        batch = await begin(state, samples.jsonl([request(1)]))
        state.clock.advance(36_000)
        found = await asyncio.gather(*(state.batches.get(batch.id) for _ in range(6)))
        await state.close()
        assert batch.results is batch.reading is batch.work is None  # the files have taken their place
        return [each.status for each in found]

    assert asyncio.run(run()) == ["completed"] * 6


def test_who_stops_waiting_for_a_batch_does_not_stop_the_batch(samples: Any):
    async def run() -> str:
        state = State()
        batch = await begin(state, samples.jsonl([request(1)]))
        state.clock.advance(36_000)
        impatient = asyncio.create_task(state.batches.get(batch.id))
        await asyncio.sleep(0)
        impatient.cancel()
        found = await state.batches.get(batch.id)
        await state.close()
        return found.status

    assert asyncio.run(run()) == "completed"


def test_a_class_answers_the_requests_of_its_batches_in_turn(samples: Any, monkeypatch: pytest.MonkeyPatch):
    order, batches = [], []

    async def run(state: State, *_asked: Any) -> tuple[int, dict[str, Any]]:
        order.append(state)
        await asyncio.wait([batch.reading for batch in batches])
        for _ in range(5):  # whoever else has something to do now asks for a turn
            await asyncio.sleep(0)
        order.append(state)
        return 200, {}

    async def work() -> None:
        lanes = Lane(), Lane()
        states = State(lanes=lanes), State(lanes=lanes)
        content = samples.jsonl([request(n) for n in range(3)])
        batches.extend([await begin(state, content) for state in states])
        for state, batch in zip(states, batches, strict=True):
            state.clock.advance(60)
            assert (await state.batches.get(batch.id)).status == "completed"

    monkeypatch.setattr(operations, "run", run)
    asyncio.run(work())
    assert order[::2] == order[1::2]  # one at a time
    assert len(order) == 12
    assert len(set(order[:6])) == 2  # neither batch went first as a whole


def test_a_batch_expires_after_its_window(
    client: OpenAI, start: Callable[..., Any], advance: Callable[[float], int]
):
    slow = {"x-kit-fault": "slow-batch; seconds=50000"}
    batch = start([request(n) for n in range(3)], extra_headers=slow)
    advance(86_400)
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.request_counts.completed, batch.expired_at) == (
        "expired",
        1,
        batch.created_at + 86_400,
    )
    assert {line["error"]["code"] for line in lines(client, batch.error_file_id)} == {"batch_expired"}


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        # Codes: Microsoft Foundry, "Getting started with Azure OpenAI batch deployments".
        (b"", "", None),
        (b"{\n", "invalid_json_line", 1),
        (b"\n \n", "empty_batch", None),
        ([request(1), request(1)], "duplicate_custom_id", 2),
        ([request(1), request(2, "/v1/embeddings")], "url_mismatch", 2),
        ([request(1), request(2, model="gpt-4.1")], "model_mismatch", None),
        ([{**request(1), "method": "GET"}], "invalid_request", 1),
        ([{**request(1), "body": "x"}], "invalid_request", 1),
    ],
)
def test_a_file_that_breaks_a_rule_fails_the_batch(
    *,
    client: OpenAI,
    start: Callable[..., Any],
    advance: Callable[[float], int],
    content: Any,
    code: str,
    line: Any,
):
    if not code:
        with pytest.raises(openai.BadRequestError):
            start(content)
        return
    batch = start(content)
    advance(20)
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "failed"
    (problem,) = batch.errors.data
    assert (problem.code, problem.line) == (code, line)


def test_batches_are_listed_by_pages(client: OpenAI, start: Callable[..., Any]):
    created = [start([request(1)]).id for _ in range(3)]
    first = client.batches.list(limit=2)
    assert ([batch.id for batch in first.data], first.has_more) == (created[:0:-1], True)
    assert [batch.id for batch in client.batches.list(limit=1)] == created[::-1]


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"endpoint": "/v1/images"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 5}}, "output_expires_after.seconds"),
    ],
)
def test_what_does_not_fit_is_named(client: OpenAI, start: Callable[..., Any], options: Any, param: str):
    file = client.files.create(file=("requests.jsonl", b"{}"), purpose="batch")
    asked: Any = {
        "endpoint": "/v1/responses",
        "completion_window": "24h",
        "input_file_id": file.id,
        **options,
    }
    with pytest.raises(openai.BadRequestError) as refused:
        client.batches.create(**{**asked, **options})
    assert refused.value.param == param
    wrong = client.files.create(file=("train.jsonl", b"{}"), purpose="fine-tune")
    with pytest.raises(openai.BadRequestError) as refused:
        client.batches.create(input_file_id=wrong.id, endpoint="/v1/responses", completion_window="24h")
    assert refused.value.param == "input_file_id"


def test_results_may_expire(client: OpenAI, start: Callable[..., Any], advance: Callable[[float], int]):
    fortnight = 14 * 86_400
    batch = start([request(1)], output_expires_after={"anchor": "created_at", "seconds": fortnight})
    advance(60)
    batch = client.batches.retrieve(batch.id)
    output = client.files.retrieve(batch.output_file_id)
    assert output.expires_at == output.created_at + fortnight
    advance(fortnight)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(batch.output_file_id)


def test_a_batch_outlives_the_server(tmp_path: Any, samples: Any):
    """After a restart the same batch has the same results, also when its input has been deleted."""
    seen = []
    for _ in range(2):
        with (
            serve(state_file=tmp_path / "state") as server,
            OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any", max_retries=0) as client,
        ):
            if not seen:
                file = client.files.create(file=("r.jsonl", samples.jsonl([request(1)])), purpose="batch")
                client.batches.create(
                    input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
                )
                server.state.clock.advance(60)
                assert client.batches.list().data[0].status == "completed"
                client.files.delete(file.id)
            (batch,) = client.batches.list().data
            seen.append((batch.model_dump(), client.files.content(batch.output_file_id).text))
    assert seen[0] == seen[1]


def test_a_large_file_is_read_in_full():
    content = b"".join(json.dumps(request(n)).encode() + b"\n" for n in range(5_000))
    found = read(content, "/chat/completions")
    assert (len(found.lines), found.problems) == (5_000, ())
