"""A simulator that keeps its state in a file, and what a client does with it."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from kit.simulator import Simulator, serve

DEPLOYMENTS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a/deployments"
BEARER = {"authorization": "Bearer any"}


@contextlib.contextmanager
def running(path: Path, **options: Any) -> Iterator[tuple[httpx2.Client, Simulator]]:
    headers = {"api-key": "any"}
    with (
        serve(state_file=path, **options) as server,
        httpx2.Client(base_url=server.url, headers=headers, timeout=60) as http,
    ):
        yield http, server


def upload(http: httpx2.Client, content: bytes) -> str:
    form = {"file": ("lamps.jsonl", content)}
    answer = http.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def create_job(http: httpx2.Client, model: str, file: str, **options: Any) -> str:
    body = {"model": model, "training_file": file, **options}
    answer = http.post("/openai/v1/fine_tuning/jobs", content=json.dumps(body))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def advance(http: httpx2.Client, seconds: float) -> int:
    return int(http.post("/simulator/clock", json={"advance_seconds": seconds}).json()["now"])


def deploy(http: httpx2.Client, name: str, model: str) -> Any:
    source = {"format": "OpenAI", "name": model, "version": "1"}
    body = {"sku": {"name": "Standard", "capacity": 1}, "properties": {"model": source}}
    return http.put(f"{DEPLOYMENTS}/{name}", json=body, headers=BEARER)


def ask(http: httpx2.Client, deployment: str, **options: Any) -> Any:
    question = [{"role": "user", "content": "Is lamp 3 lit?"}]
    body = {"model": deployment, "messages": question, "seed": 1, "logprobs": True, **options}
    return http.post("/openai/v1/chat/completions", json=body).json()


def everything(http: httpx2.Client) -> dict[str, Any]:
    """Return all that a client can see of the resource."""
    seen: dict[str, Any] = {"now": advance(http, 0)}
    for listing in ("fine_tuning/jobs", "files", "models"):
        seen[listing] = http.get(f"/openai/v1/{listing}").json()
    for job in seen["fine_tuning/jobs"]["data"]:
        for part in ("events?limit=100", "checkpoints"):
            address = f"/openai/v1/fine_tuning/jobs/{job['id']}/{part}"
            seen[address] = http.get(address).json()
    for file in seen["files"]["data"]:
        seen[file["id"]] = http.get(f"/openai/v1/files/{file['id']}/content").text
    seen["deployments"] = http.get(DEPLOYMENTS, headers=BEARER).json()
    return seen


def start_upload(http: httpx2.Client, parts: list[bytes]) -> tuple[str, list[str]]:
    """Return the address of an upload that has these parts, and their identifiers."""
    asked = {"filename": "lamps.jsonl", "purpose": "fine-tune", "mime_type": "application/jsonl"}
    created = http.post("/openai/v1/uploads", json={**asked, "bytes": sum(map(len, parts))})
    address = f"/openai/v1/uploads/{created.json()['id']}"
    answers = [http.post(f"{address}/parts", files={"data": ("blob", part)}) for part in parts]
    return address, [answer.json()["id"] for answer in answers]
