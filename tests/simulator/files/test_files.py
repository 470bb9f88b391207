"""The files operations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from kit.simulator.files import files


def test_content_is_that_of_the_upload(client: OpenAI, samples: Any, tmp_path: Path):
    path = tmp_path / "课程 train.jsonl"
    path.write_bytes(samples.chinese)
    file = client.files.create(file=path, purpose="fine-tune")
    assert file.filename == "课程 train.jsonl"
    assert file.bytes == len(samples.chinese)
    assert client.files.content(file.id).read() == samples.chinese


def test_a_file_is_processed_some_virtual_seconds_later(
    client: OpenAI, advance: Callable[[float], int], samples: Any
):
    file = client.files.create(file=("a.jsonl", samples.english), purpose="fine-tune")
    statuses = [file.status]
    for _ in range(4):
        advance(3)
        statuses.append(client.files.retrieve(file.id).status)
    assert statuses == ["pending", "pending", "pending", "processed", "processed"]


def test_a_broken_line_is_named(client: OpenAI, uploaded: Callable[[bytes], str], samples: Any):
    lines = samples.english.splitlines(keepends=True)
    lines[4] = b'{"messages": [}\n'
    broken = uploaded(b"".join(lines))
    file = client.files.retrieve(broken)
    assert file.status == "error"
    assert "line 5" in file.status_details
    with pytest.raises(openai.BadRequestError) as refused:
        client.fine_tuning.jobs.create(model="gpt-4.1-mini", training_file=broken)
    assert (refused.value.code, refused.value.param) == ("invalidPayload", "training_file")
    assert "line 5" in str(refused.value)


def test_pages_follow_each_other(client: OpenAI, samples: Any):
    created = [
        client.files.create(file=(f"{n}.jsonl", samples.english), purpose="fine-tune").id for n in range(5)
    ]
    first = client.files.list(limit=2)
    assert ([file.id for file in first.data], first.has_more) == (created[:2:-1], True)
    assert [file.id for file in client.files.list(limit=2)] == created[::-1]  # the client turns the pages
    assert [file.id for file in client.files.list(order="asc")] == created
    assert client.files.list(purpose="fine-tune-results").data == []
    assert client.files.list(after=created[0]).data == []


@pytest.mark.parametrize("limit", ["0", "-1", "many", "10001", "9" * 5000, "²"])
def test_a_limit_out_of_range_is_refused(http: httpx2.Client, limit: str):
    answer = http.get("/openai/v1/files", params={"limit": limit})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limit")


def test_a_deleted_file_is_gone(client: OpenAI, uploaded: Callable[..., str]):
    file = uploaded()
    assert client.files.delete(file).deleted
    for request in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError):
            request(file)
    assert client.files.list().data == []


@pytest.mark.parametrize("purpose", ["fine-tune-results", "vision", ""])
def test_another_purpose_is_refused(http: httpx2.Client, purpose: str):
    answer = http.post("/openai/v1/files", files={"file": ("a.jsonl", b"{}")}, data={"purpose": purpose})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "purpose")


@pytest.mark.parametrize(
    "parts",
    [
        {"data": {"purpose": "fine-tune"}},
        {"data": {"purpose": "fine-tune", "file": "a text"}},
        {"files": {"file": ("a.jsonl", b"{}")}},
        {"files": {"file": ("a.jsonl", b"")}, "data": {"purpose": "fine-tune"}},
        {"content": b"no form", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"no form", "headers": {"content-type": "multipart/form-data"}},
        {"json": {"purpose": "fine-tune"}},
    ],
)
def test_an_incomplete_form_is_refused(http: httpx2.Client, parts: dict[str, Any]):
    answer = http.post("/openai/v1/files", **parts)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_name_that_looks_like_a_path_stays_a_name(client: OpenAI, samples: Any):
    file = client.files.create(file=("../../etc/passwd", samples.english), purpose="fine-tune")
    assert file.filename == "../../etc/passwd"
    with pytest.raises(openai.NotFoundError):
        client.files.content("..%2F..%2Fetc%2Fpasswd")


def test_files_and_parts_of_files_have_a_limit_together(
    client: OpenAI, advance: Callable[[float], int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(files, "LARGEST_TOTAL", 100)
    kind: dict[str, Any] = {"filename": "a.bin", "mime_type": "text/plain", "purpose": "assistants"}

    def create(size: int) -> str:
        return client.files.create(file=("a.bin", b"x" * size), purpose="assistants").id

    def begin(size: int) -> tuple[str, str]:
        upload = client.uploads.create(bytes=size, **kind)
        return upload.id, client.uploads.parts.create(upload.id, data=b"x" * size).id

    first = create(60)
    with pytest.raises(openai.BadRequestError, match="at most 100 bytes together"):
        create(41)
    create(30)
    client.files.delete(first)
    upload, part = begin(70)
    with pytest.raises(openai.BadRequestError, match="at most 100 bytes together"):
        begin(1)
    assert client.uploads.complete(upload, part_ids=[part]).status == "completed"
    for file in client.files.list().data:
        client.files.delete(file.id)
    begin(90)
    advance(2 * 3600)
    begin(100)  # the one before has expired
