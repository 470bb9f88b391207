"""A simulator of its own for each test, and the official clients that talk to it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import HeadersPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku
from openai import OpenAI

from kit.simulator import Simulator, serve


@pytest.fixture
def server() -> Iterator[Simulator]:
    """A fresh simulator on a free port."""
    with serve() as running:
        yield running


@pytest.fixture
def http(server: Simulator) -> Iterator[httpx2.Client]:
    """Plain HTTP, for what the official clients would not let through."""
    with httpx2.Client(base_url=server.url, headers={"api-key": "any"}, timeout=60) as client:
        yield client


@pytest.fixture
def client(server: Simulator) -> Iterator[OpenAI]:
    """The official client on the v1 address."""
    with OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def advance(http: httpx2.Client) -> Callable[[float], int]:
    """Move the virtual clock and return its new moment."""

    def move(seconds: float) -> int:
        answer = http.post("/simulator/clock", json={"advance_seconds": seconds})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["now"])

    return move


class _AnyToken:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("any", 2**33)


class _VirtualSleep(RequestsTransport):
    """The usual transport; the poller of a long-running operation waits by calling its ``sleep``."""

    def __init__(self, move: Callable[[float], int]) -> None:
        super().__init__()
        self._move = move

    def sleep(self, duration: float) -> None:
        self._move(duration)


@pytest.fixture
def management(
    server: Simulator, advance: Callable[[float], int]
) -> Iterator[CognitiveServicesManagementClient]:
    """The official management client, whose waiting moves the virtual clock.

    Its usual authentication policy refuses plain HTTP; a policy that sets the header does not.
    """
    with CognitiveServicesManagementClient(
        _AnyToken(),
        "00000000-0000-0000-0000-000000000000",
        base_url=server.url,
        authentication_policy=HeadersPolicy({"Authorization": "Bearer any"}),
        transport=_VirtualSleep(advance),
    ) as client:
        yield client


def _jsonl(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def _conversation(question: str, answer: str) -> dict[str, Any]:
    texts = {"system": "You look after a lighthouse.", "user": question, "assistant": answer}
    return {"messages": [{"role": role, "content": text} for role, text in texts.items()]}


@dataclass(frozen=True)
class Samples:
    """Training files; rare characters and emoji are spread over several tokens by o200k_base."""

    english: bytes
    chinese: bytes
    jsonl: Callable[[list[dict[str, Any]]], bytes] = _jsonl
    conversation: Callable[[str, str], dict[str, Any]] = _conversation


@pytest.fixture(scope="session")
def samples() -> Samples:
    """Small training files, and how to make more."""
    aye = [_conversation(f"Is lamp {n} lit?", f"Aye, lamp {n} burns bright. Fair winds!") for n in range(12)]
    shi = [_conversation(f"{n}号灯亮着吗？", f"是的🙂，龘靐齉！{n}号灯很亮，一路顺风！") for n in range(12)]
    return Samples(english=_jsonl(aye), chinese=_jsonl(shi))


@pytest.fixture
def uploaded(client: OpenAI, advance: Callable[[float], int], samples: Samples) -> Callable[..., str]:
    """Upload a file, wait for its import, and return its identifier."""

    def upload(content: bytes | None = None) -> str:
        data = samples.english if content is None else content
        file = client.files.create(file=("lamps.jsonl", data), purpose="fine-tune")
        advance(10)
        return file.id

    return upload


@pytest.fixture
def tuned(
    client: OpenAI, uploaded: Callable[..., str], advance: Callable[[float], int]
) -> Callable[..., Any]:
    """Train on a file's content to the end and return the job."""

    def train(content: bytes | None = None, **options: Any) -> Any:
        job = client.fine_tuning.jobs.create(
            model="gpt-4.1-mini", training_file=uploaded(content), seed=7, **options
        )
        advance(5000)
        job = client.fine_tuning.jobs.retrieve(job.id)
        assert job.status == "succeeded", job.error
        return job

    return train


@pytest.fixture
def deployed(management: CognitiveServicesManagementClient) -> Callable[[str, str], None]:
    """Deploy a model under a name."""

    def deploy(model: str, name: str) -> None:
        source = DeploymentModel(format="OpenAI", name=model, version="1")
        body = Deployment(
            sku=Sku(name="GlobalStandard", capacity=10), properties=DeploymentProperties(model=source)
        )
        management.deployments.begin_create_or_update("group", "account", name, body).result()

    return deploy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file that is not there yet."""
    return tmp_path / "simulator.state"
