"""The fault matrix: what the official clients make of each fault, by their documented rules.

Source of the rules: openai-python README, "Retries" (connection errors, 408, 409, 429 and >= 500 are retried
twice) and its ``_calculate_retry_timeout`` (``retry-after-ms`` before ``Retry-After``; what lies beyond two
minutes is not waited for; 0.5 s, 1 s … otherwise, less up to a quarter); azure-core, ``RetryPolicy``.
"""

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx2
import openai
import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import HeadersPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku
from openai import AsyncOpenAI, OpenAI

from kit.simulator import Simulator, serve
from kit.simulator.circumstances.quotas import Rates
from kit.simulator.state import State

CHAT: Any = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
BACKOFF = ((0.375, 0.5), (0.75, 1.0))  # least and most seconds before the first and the second repetition


def exactly(*seconds: float) -> tuple[tuple[float, float], ...]:
    return tuple((each * 0.999, each * 1.001) for each in seconds)


MATRIX = [  # fault, what the client raises in the end, what it waits before each repetition
    ("400", openai.BadRequestError, ()),
    ("401", openai.AuthenticationError, ()),
    ("403", openai.PermissionDeniedError, ()),
    ("404", openai.NotFoundError, ()),
    ("missing-api-version", openai.BadRequestError, ()),
    ("content-filter", openai.BadRequestError, ()),
    ("408", openai.APIStatusError, BACKOFF),
    ("409", openai.ConflictError, BACKOFF),
    ("429", openai.RateLimitError, exactly(1, 1)),
    ("429; retry-after=7", openai.RateLimitError, exactly(7, 7)),
    ("429; retry-after=7; retry-after-ms=20", openai.RateLimitError, exactly(0.02, 0.02)),
    ("429; retry-after=0", openai.RateLimitError, BACKOFF),
    ("429-bare", openai.RateLimitError, BACKOFF),
    ("429-absurd", openai.RateLimitError, ()),
    ("500", openai.InternalServerError, BACKOFF),
    ("502", openai.InternalServerError, BACKOFF),
    ("503", openai.InternalServerError, BACKOFF),
    ("504", openai.InternalServerError, BACKOFF),
    ("reset", openai.APIConnectionError, BACKOFF),
    ("lost", openai.APIConnectionError, BACKOFF),
    ("cut", openai.APIConnectionError, BACKOFF),
    ("malformed", ValueError, ()),
    ("empty", ValueError, ()),
    ("latency; seconds=5", openai.APITimeoutError, BACKOFF),
]


def in_place_of_sleeping(monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], Any]) -> None:
    """Let both official clients call ``sleep`` with the seconds that they would wait."""
    import openai._base_client as module

    async def sleep_too(seconds: float) -> None:
        sleep(seconds)

    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=sleep, time=module.time.time))
    monkeypatch.setattr(module, "anyio", SimpleNamespace(sleep=sleep_too))


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would have slept; it does not."""
    slept: list[float] = []
    in_place_of_sleeping(monkeypatch, slept.append)
    return slept


@pytest.fixture
def retrying(simulator: Simulator) -> Iterator[OpenAI]:
    """The official client with its own number of retries."""
    with OpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any") as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def _warm(simulator: Simulator) -> None:
    """The first answer of a process takes seconds, longer than the time limit of a test."""
    with OpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any") as client:
        client.chat.completions.create(**CHAT)


def within(waited: list[float], expected: tuple[tuple[float, float], ...]) -> bool:
    return len(waited) == len(expected) and all(
        least <= seconds <= most for seconds, (least, most) in zip(waited, expected, strict=True)
    )


def under(fault: str) -> dict[str, Any]:
    """Return the options of a call that a fault is to befall."""
    return {"extra_headers": {"x-kit-fault": fault}, "timeout": 0.1 if "latency" in fault else 60}


@pytest.mark.parametrize(("fault", "raised", "expected"), MATRIX)
def test_the_client(
    retrying: OpenAI, waited: list[float], fault: str, raised: type[Exception], expected: Any
):
    with pytest.raises(raised) as failure:
        retrying.chat.completions.create(**CHAT, **under(fault))
    assert within(waited, expected), waited
    if isinstance(failure.value, openai.APIStatusError):
        assert failure.value.status_code == (int(fault[:3]) if fault[0].isdigit() else 400)


@pytest.mark.parametrize(("fault", "raised", "expected"), MATRIX)
def test_the_asynchronous_client(
    simulator: Simulator, waited: list[float], fault: str, raised: type[Exception], expected: Any
):
    async def ask() -> None:
        async with AsyncOpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any") as client:
            await client.chat.completions.create(**CHAT, **under(fault))

    with pytest.raises(raised):
        asyncio.run(ask())
    assert within(waited, expected), waited


@pytest.mark.parametrize("fault", ["503; times=2", "reset; times=2", "429; times=1", "cut; times=2"])
def test_two_failures_are_survived(retrying: OpenAI, waited: list[float], fault: str):
    answer = retrying.chat.completions.create(**CHAT, **under(fault))
    assert answer.choices
    assert len(waited) == int(fault[-1])


def test_three_are_not(retrying: OpenAI, waited: list[float]):
    with pytest.raises(openai.InternalServerError):
        retrying.chat.completions.create(**CHAT, **under("503; times=3"))
    assert len(waited) == 2


@pytest.mark.parametrize("fault", ["503; times=1", "reset; times=1", "408; times=1"])
def test_a_client_without_retries_fails_at_once(retrying: OpenAI, waited: list[float], fault: str):
    with pytest.raises(openai.APIError):
        retrying.with_options(max_retries=0).chat.completions.create(**CHAT, **under(fault))
    assert waited == []


@pytest.mark.parametrize("fault", ["reset", "503", "429; retry-after-ms=5", "malformed", "empty"])
def test_a_stream_that_does_not_begin_is_retried_like_anything_else(
    retrying: OpenAI, waited: list[float], fault: str
):
    stream = retrying.chat.completions.create(**CHAT, stream=True, **under(f"{fault}; times=1"))
    events = list(stream)
    complete = bool(events) and events[-1].choices[0].finish_reason is not None
    assert len(waited) == (0 if fault in {"malformed", "empty"} else 1)
    assert complete == bool(waited)  # half a stream, even one that ends in good order, is never noticed


def test_a_stream_that_is_cut_in_the_middle_is_not_retried(retrying: OpenAI, waited: list[float]):
    stream = retrying.chat.completions.create(**CHAT, stream=True, **under("cut"))
    received = []
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        received.extend(stream)
    assert waited == []


def test_a_repeated_creation_creates_two_jobs(
    client: OpenAI, uploaded: Callable[..., str], waited: list[float]
):
    # The client sends no idempotency key: nobody can tell a repetition from a second wish.
    creating: Any = {"model": "gpt-4.1-mini", "training_file": uploaded()}
    for fault in ("lost; times=1", "500; after; times=1"):
        before = len(client.fine_tuning.jobs.list(limit=100).data)
        client.with_options(max_retries=2).fine_tuning.jobs.create(**creating, **under(fault))
        assert len(client.fine_tuning.jobs.list(limit=100).data) == before + 2
    with pytest.raises(openai.APIConnectionError):
        client.fine_tuning.jobs.create(**creating, **under("lost"))  # max_retries=0: one, and an error
    assert len(client.fine_tuning.jobs.list(limit=100).data) == 5


def test_a_creation_that_outlasts_the_client_takes_place(
    client: OpenAI, uploaded: Callable[..., str], waited: list[float]
):
    file = uploaded()
    with pytest.raises(openai.APITimeoutError):
        client.fine_tuning.jobs.create(
            model="gpt-4.1-mini", training_file=file, **under("latency; seconds=60")
        )
    for _ in range(1000):  # the server notices that the client has gone a moment after the client has
        if found := client.fine_tuning.jobs.list().data:
            break
    assert len(found) == 1


# Under a quota: what the client waits is enough, and hardly more than that.
WAITS = [7.143, 8.572, 8.571]
"""Seconds until the next request is let in, by hand from the rule in ``kit.simulator.circumstances.quotas``.

Seven requests a minute are a bucket of 7/6 that fills by 7/60 a second. One is taken: 1/6 is left, and the
rest is there after 50/7 s = 7142.9 ms. Full milliseconds are waited, so the next begin just above nothing.
"""


@pytest.fixture
def limited() -> Iterator[Simulator]:
    """A simulator for which no real time passes, with a deployment that is let in seven times a minute."""
    with serve(state=State(real_time=lambda: 0.0)) as running:
        running.state.quotas.set(CHAT["model"], Rates(requests=7, tokens=10**6))
        yield running


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch, limited: Simulator) -> list[float]:
    """What the client would have slept: instead, the simulator's clock moves by just that."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        limited.state.clock.advance(seconds)

    in_place_of_sleeping(monkeypatch, sleep)
    return slept


def test_the_client_waits_as_long_as_it_is_told_and_is_let_in(limited: Simulator, passing: list[float]):
    with OpenAI(base_url=f"{limited.url}/openai/v1/", api_key="any", max_retries=1) as client:
        for _ in range(4):
            assert client.chat.completions.create(**CHAT).choices
    assert passing == pytest.approx(WAITS, abs=1e-6)  # `retry-after-ms`: `Retry-After` has whole seconds


def test_the_asynchronous_client_does_so_too(limited: Simulator, passing: list[float]):
    async def ask() -> None:
        async with AsyncOpenAI(base_url=f"{limited.url}/openai/v1/", api_key="any", max_retries=1) as client:
            for _ in range(4):
                assert (await client.chat.completions.create(**CHAT)).choices

    asyncio.run(ask())
    assert passing == pytest.approx(WAITS, abs=1e-6)


def test_without_repetitions_the_refusal_is_raised(limited: Simulator, passing: list[float]):
    with OpenAI(base_url=f"{limited.url}/openai/v1/", api_key="any", max_retries=0) as client:
        client.chat.completions.create(**CHAT)
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(**CHAT)
    headers = refused.value.response.headers
    assert (headers["retry-after-ms"], headers["retry-after"]) == ("7143", "8")
    assert passing == []


# Azure's management clients: what they wait before each repetition, and with what they end. Three repetitions
# for a status, the first without backoff, then 1.6 s, 3.2 s (azure-core, RetryPolicy: 0.8 x 2^(n - 1)).
ARM = [
    ("429; retry-after=7", [7, 7, 7], 429),
    ("429; retry-after=7; times=3", [7, 7, 7], None),
    ("429-bare; times=2", [1.6], None),
    ("408", [1.6, 3.2], 408),
    ("500; times=2", [1.6], None),
    ("502", [1.6, 3.2], 502),
    ("503", [1.6, 3.2], 503),
    ("504; times=3", [1.6, 3.2], None),
    ("409", [], 409),
    ("400", [], 400),
    ("401", [], 401),
    ("403", [], 403),
    ("reset; times=2", [1.6], None),
]


class _Recorded(RequestsTransport):
    """The usual transport, which notes what it would sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def sleep(self, duration: float) -> None:
        self.slept.append(duration)


@pytest.fixture
def recorded(simulator: Simulator) -> Iterator[tuple[CognitiveServicesManagementClient, list[float]]]:
    transport = _Recorded()
    with CognitiveServicesManagementClient(
        object(),  # type: ignore[arg-type] # the policy below stands for a credential
        "00000000-0000-0000-0000-000000000000",
        base_url=simulator.url,
        authentication_policy=HeadersPolicy({"Authorization": "Bearer any"}),
        transport=transport,
    ) as client:
        yield client, transport.slept


@pytest.mark.parametrize(("fault", "slept", "status"), ARM)
def test_the_management_client(
    recorded: tuple[CognitiveServicesManagementClient, list[float]],
    fault: str,
    slept: list[float],
    status: int | None,
):
    client, waited = recorded
    asking = {"headers": {"x-kit-fault": fault}}
    if status is None:
        assert client.deployments.get("group", "account", "gpt-4.1-mini", **asking).name == "gpt-4.1-mini"
    else:
        with pytest.raises(HttpResponseError) as failure:
            client.deployments.get("group", "account", "gpt-4.1-mini", **asking)
        assert failure.value.status_code == status
    assert waited == pytest.approx(slept)


def test_the_management_client_repeats_what_can_be_repeated_without_harm(
    recorded: tuple[CognitiveServicesManagementClient, list[float]],
):
    # A PUT is idempotent: the repetition of one whose answer was lost finds the deployment under way.
    client, _ = recorded
    body = Deployment(
        sku=Sku(name="Standard", capacity=1),
        properties=DeploymentProperties(
            model=DeploymentModel(format="OpenAI", name="gpt-4o", version="2024-08-06")
        ),
    )
    with pytest.raises(HttpResponseError, match="RequestConflict"):
        client.deployments.begin_create_or_update(
            "group", "account", "twice", body, headers={"x-kit-fault": "lost; times=1"}
        )
    names = [found.name for found in client.deployments.list("group", "account")]
    assert names.count("twice") == 1
