"""The uploads operations: files in parts, with the official client.

Lifetime, identifiers and the meaning of each operation: Azure OpenAI authoring API 2024-10-21, "Upload File".
"""

import asyncio
import gc
import hashlib
import re
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from kit.simulator import Simulator
from kit.simulator.files.uploads import LARGEST_UPLOAD

ID = "[0-9a-f]{32}"
CREATE: dict[str, Any] = {"filename": "lamps.jsonl", "purpose": "fine-tune", "mime_type": "application/jsonl"}


def test_a_file_on_the_disk_arrives_in_parts(
    client: OpenAI, advance: Callable[[float], int], samples: Any, tmp_path: Path
):
    path = tmp_path / "课程.jsonl"
    path.write_bytes(samples.chinese)
    upload = client.uploads.upload_file_chunked(
        file=path,
        mime_type="application/jsonl",
        purpose="fine-tune",
        part_size=1000,
        md5=hashlib.md5(samples.chinese, usedforsecurity=False).hexdigest(),
    )
    assert (upload.status, upload.bytes, upload.filename) == ("completed", len(samples.chinese), path.name)
    assert upload.file is not None
    assert client.files.content(upload.file.id).read() == samples.chinese
    advance(10)
    assert client.files.wait_for_processing(upload.file.id).status == "processed"
    job = client.fine_tuning.jobs.create(model="gpt-4.1-mini", training_file=upload.file.id)
    advance(5000)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"


def test_bytes_arrive_with_the_asynchronous_client(server: Simulator, samples: Any):
    async def send() -> bytes:
        async with AsyncOpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
            upload = await client.uploads.upload_file_chunked(
                file=samples.english,
                filename="lamps.jsonl",
                bytes=len(samples.english),
                mime_type="application/jsonl",
                purpose="fine-tune",
                part_size=700,
            )
            assert upload.file is not None
            return (await client.files.content(upload.file.id)).read()

    assert asyncio.run(send()) == samples.english


def test_objects_have_the_documented_form(client: OpenAI, server: Simulator):
    upload = client.uploads.create(bytes=4, **CREATE)
    assert re.fullmatch(f"fine-tune-{ID}", upload.id)
    assert (upload.object, upload.status, upload.file) == ("upload", "pending", None)
    assert upload.expires_at - upload.created_at == 2 * 3600
    part = client.uploads.parts.create(upload.id, data=b"ab")
    assert re.fullmatch(f"uplprt-{ID}", part.id)
    assert (part.object, part.upload_id, part.created_at) == ("upload.part", upload.id, upload.created_at)
    block = part.azure_block_id  # type: ignore[attr-defined]
    second = client.uploads.parts.create(upload.id, data=b"cd")
    # Their order decides, and either name will do.
    done = client.uploads.complete(upload.id, part_ids=[second.id, block])
    assert done.file is not None
    assert client.files.content(done.file.id).read() == b"cdab"
    assert client.files.retrieve(done.file.id).id == done.file.id


def test_a_file_that_no_job_can_use_is_told_as_of_any_file(client: OpenAI, advance: Callable[[float], int]):
    upload = client.uploads.upload_file_chunked(
        file=b"{no json}\n", filename="a.jsonl", bytes=10, mime_type="application/jsonl", purpose="fine-tune"
    )
    advance(10)
    assert upload.file is not None
    file = client.files.retrieve(upload.file.id)
    assert file.status == "error"
    assert "line 1" in str(file.status_details)


def test_the_file_expires_when_it_was_told_to(client: OpenAI, advance: Callable[[float], int]):
    days = 14 * 86_400
    upload = client.uploads.create(bytes=2, expires_after={"anchor": "created_at", "seconds": days}, **CREATE)
    part = client.uploads.parts.create(upload.id, data=b"{}")
    advance(60)
    file = client.uploads.complete(upload.id, part_ids=[part.id]).file
    assert file is not None
    assert file.expires_at == file.created_at + days
    assert file.created_at == upload.created_at + 60


def test_an_upload_that_was_cancelled_is_over(client: OpenAI):
    upload = client.uploads.create(bytes=2, **CREATE)
    part = client.uploads.parts.create(upload.id, data=b"{}")
    assert client.uploads.cancel(upload.id).status == "cancelled"
    for request in (
        lambda: client.uploads.parts.create(upload.id, data=b"{}"),
        lambda: client.uploads.complete(upload.id, part_ids=[part.id]),
        lambda: client.uploads.cancel(upload.id),
    ):
        with pytest.raises(openai.BadRequestError, match="cancelled"):
            request()
    assert client.files.list().data == []


def test_an_upload_expires_after_two_hours(client: OpenAI, advance: Callable[[float], int]):
    upload = client.uploads.create(bytes=2, **CREATE)
    advance(2 * 3600 - 1)
    part = client.uploads.parts.create(upload.id, data=b"{}")
    advance(1)
    with pytest.raises(openai.BadRequestError, match="expired"):
        client.uploads.complete(upload.id, part_ids=[part.id])


def test_an_upload_that_was_given_up_leaves_the_memory(
    client: OpenAI, server: Simulator, advance: Callable[[float], int]
):
    upload = client.uploads.create(bytes=2, **CREATE)
    client.uploads.parts.create(upload.id, data=b"{}")
    advance(2 * 3600)
    client.uploads.create(bytes=2, **CREATE)
    assert server.state.uploads._uploads[upload.id].parts == {}


def test_a_file_that_was_deleted_leaves_the_memory(client: OpenAI, server: Simulator):
    upload = client.uploads.create(bytes=2, **CREATE)
    part = client.uploads.parts.create(upload.id, data=b"{}")
    done = client.uploads.complete(upload.id, part_ids=[part.id])
    assert done.file is not None
    kept = weakref.ref(server.state.files.get(done.file.id))
    client.files.delete(done.file.id)
    gc.collect()
    assert kept() is None


def test_what_does_not_fit_is_refused(client: OpenAI):
    upload = client.uploads.create(bytes=3, **CREATE)
    first = client.uploads.parts.create(upload.id, data=b"ab")
    with pytest.raises(openai.BadRequestError, match="larger than the 3 bytes"):
        client.uploads.parts.create(upload.id, data=b"cd")
    with pytest.raises(openai.BadRequestError, match="have 2 bytes"):
        client.uploads.complete(upload.id, part_ids=[first.id])
    with pytest.raises(openai.BadRequestError, match="not found"):
        client.uploads.complete(upload.id, part_ids=["uplprt-0"])
    second = client.uploads.parts.create(upload.id, data=b"c")
    ids = [first.id, second.id]
    with pytest.raises(openai.BadRequestError, match="MD5") as refused:
        client.uploads.complete(upload.id, part_ids=ids, md5="0" * 32)
    assert refused.value.param == "md5"
    assert client.uploads.complete(upload.id, part_ids=ids).status == "completed"  # nothing was spoilt


def test_an_unknown_upload_is_not_found(client: OpenAI):
    for request in (
        lambda: client.uploads.parts.create("fine-tune-0", data=b"{}"),
        lambda: client.uploads.complete("fine-tune-0", part_ids=["uplprt-0"]),
        lambda: client.uploads.cancel("fine-tune-0"),
    ):
        with pytest.raises(openai.NotFoundError):
            request()


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": LARGEST_UPLOAD + 1}, "bytes"),
        ({"bytes": "4"}, "bytes"),
        ({"bytes": None}, "bytes"),
        ({"filename": ""}, "filename"),
        ({"mime_type": 3}, "mime_type"),
        ({"purpose": "fine-tune-results"}, "purpose"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds"),
    ],
)
def test_a_create_request_that_makes_no_sense_is_refused(http: httpx2.Client, change: Any, param: str):
    answer = http.post("/openai/v1/uploads", json={**CREATE, "bytes": 4, **change})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    "parts",
    [
        {"data": {"data": "a text"}},
        {"files": {"data": ("blob", b"")}},
        {"files": {"file": ("blob", b"{}")}},
        {"json": {"data": "{}"}},
    ],
)
def test_a_part_without_content_is_refused(http: httpx2.Client, client: OpenAI, parts: dict[str, Any]):
    upload = client.uploads.create(bytes=2, **CREATE)
    answer = http.post(f"/openai/v1/uploads/{upload.id}/parts", **parts)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_part_may_be_as_large_as_the_client_makes_it(client: OpenAI):
    """The client's own size of a part is four times the largest body of other requests."""
    content = b"x" * (2**26 + 1)
    upload = client.uploads.upload_file_chunked(
        file=content, filename="a.bin", bytes=len(content), mime_type="text/plain", purpose="assistants"
    )
    assert upload.file is not None
    digest = hashlib.sha256(client.files.content(upload.file.id).read()).digest()
    assert digest == hashlib.sha256(content).digest()


def test_it_works_at_the_other_addresses(server: Simulator, samples: Any):
    content = samples.english
    with openai.AzureOpenAI(
        azure_endpoint=server.url, api_key="any", api_version="2025-04-01-preview"
    ) as client:
        upload = client.uploads.upload_file_chunked(
            file=content, filename="a.jsonl", bytes=len(content), mime_type="text/plain", purpose="batch"
        )
    with OpenAI(base_url=f"{server.url}/api/projects/p/openai/v1/", api_key="any") as client:
        assert upload.file is not None
        assert client.files.content(upload.file.id).read() == content
