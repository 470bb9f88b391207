"""What a deletion takes out of the state file: it holds what learners upload and write."""

from pathlib import Path
from typing import Any

import httpx2

from tests.simulator.persistence.lasting import advance, create_job, everything, running, start_upload, upload

MARKER = b"lamp 11"


def traces(path: Path) -> int:
    """Return how often the marker stands in the file."""
    files = [path, path.with_name(f"{path.name}-wal")]
    return sum(file.read_bytes().count(MARKER) for file in files if file.exists())


def converse(http: httpx2.Client, text: str, before: str | None = None) -> str:
    body = {"model": "gpt-4o", "input": text, "previous_response_id": before, "max_output_tokens": 16}
    answer = http.post("/openai/v1/responses", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def count(http: httpx2.Client, before: str) -> int:
    """Return how many tokens the conversation has that a response ended."""
    body = {"model": "gpt-4o", "previous_response_id": before}
    return int(http.post("/openai/v1/responses/input_tokens", json=body).json()["input_tokens"])


def test_deleted_content_leaves_the_file_once_no_training_needs_it(path: Path, samples: Any):
    with running(path) as (http, _):
        file = upload(http, samples.english)
        assert traces(path)
        job = create_job(http, "gpt-4.1-mini", file)
        http.delete(f"/openai/v1/files/{file}")  # while it trains
        advance(http, 5000)
        done = http.get(f"/openai/v1/fine_tuning/jobs/{job}").json()
        assert done["status"] == "succeeded"
        models = [model["id"] for model in http.get("/openai/v1/models").json()["data"]]
        for model in [name for name in models if ".ft-" in name]:
            assert http.delete(f"/openai/v1/models/{model}").status_code == 200
        before = everything(http)
    assert not traces(path)
    with running(path) as (http, _):
        assert everything(http) == before


def test_an_upload_leaves_nothing_in_the_file_but_the_file(path: Path, samples: Any):
    with running(path) as (http, _):
        before = traces(path)
        for end in ("cancel", "complete"):
            address, parts = start_upload(http, [samples.english])
            assert traces(path) > before
            assert http.post(f"{address}/{end}", json={"part_ids": parts}).status_code == 200
        file = http.get("/openai/v1/files").json()["data"][0]["id"]
        job = create_job(http, "gpt-4.1-mini", file)
        http.delete(f"/openai/v1/files/{file}")  # while it trains
        advance(http, 5000)
        assert http.get(f"/openai/v1/fine_tuning/jobs/{job}").json()["status"] == "succeeded"
        for model in [each["id"] for each in http.get("/openai/v1/models").json()["data"]]:
            if ".ft-" in model:
                http.delete(f"/openai/v1/models/{model}")
        address, _parts = start_upload(http, [samples.english])
        advance(http, 3 * 3600)
        assert http.post(f"{address}/cancel").status_code == 400  # looked at, and found to have expired
        expected = everything(http)
    assert traces(path) == before == 0
    with running(path) as (http, _):
        assert everything(http) == expected


def test_a_conversation_is_written_once_and_goes_on_after_a_restart(path: Path):
    with running(path) as (http, server):
        last = converse(http, MARKER.decode())
        for _turn in range(3):
            last = converse(http, "And now?", last)
        book: Any = server.state.journal._book
        blobs = [content for (content,) in book._file.read("select content from blob", ())]
        assert [content.count(MARKER) > 0 for content in blobs] == [True, False, False, False]
        before = count(http, last)
    with running(path) as (http, _):
        assert count(http, last) == before
        assert count(http, converse(http, "And now?", last)) > before


def test_a_deleted_conversation_leaves_the_file_with_the_last_turn_that_needs_it(path: Path):
    with running(path) as (http, _):
        first = converse(http, MARKER.decode())
        second = converse(http, "And now?", first)
        third, other = (converse(http, text, second) for text in ("Why?", "How?"))
        before = count(http, third)
        for response in (first, second, other):
            assert http.delete(f"/openai/v1/responses/{response}").status_code == 200
        assert traces(path)
    with running(path) as (http, _):
        assert count(http, third) == before
        assert http.get(f"/openai/v1/responses/{first}").status_code == 404
        assert http.delete(f"/openai/v1/responses/{third}").status_code == 200
    assert not traces(path)
    with running(path) as (http, _):
        assert http.get(f"/openai/v1/responses/{third}").status_code == 404


def test_a_deleted_completion_leaves_the_file(path: Path):
    with running(path) as (http, _):
        question = [{"role": "user", "content": MARKER.decode()}]
        body = {"model": "gpt-4o", "messages": question, "store": True, "max_tokens": 3}
        one, other = (http.post("/openai/v1/chat/completions", json=body).json()["id"] for _ in range(2))
        http.delete(f"/openai/v1/chat/completions/{one}")
        assert traces(path)
    with running(path) as (http, _):
        (message,) = http.get(f"/openai/v1/chat/completions/{other}/messages").json()["data"]
        assert message["content"] == MARKER.decode()
        http.delete(f"/openai/v1/chat/completions/{other}")
    assert not traces(path)
    with running(path) as (http, _):
        assert http.get("/openai/v1/chat/completions").json()["data"] == []
