"""Requests and tokens per minute: what is let through, what clients are told, and on which clock."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from kit.errors import UsageError
from kit.simulator import Simulator, State, create_app, serve
from kit.simulator.circumstances.quotas import Rates, renewals

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
# "Hello" is one token of o200k_base, as is "user"; the rest is the overhead of messages and reply.
PROMPT = 8


class Stopwatch:
    """Real time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def throttled(stopwatch: Stopwatch) -> Iterator[Simulator]:
    """A simulator whose deployments have the quota of their capacity, 10 units: 60 requests a minute."""
    with serve(state=State(scenario="throttled", real_time=stopwatch)) as server:
        yield server


@pytest.fixture
def ask(throttled: Simulator) -> Iterator[Callable[..., httpx2.Response]]:
    """Send one chat request; options replace fields of its body."""
    with httpx2.Client(base_url=throttled.url, headers={"api-key": "any"}, timeout=60) as http:

        def send(path: str = "/openai/v1/chat/completions", **options: Any) -> httpx2.Response:
            return http.post(path, json={**CHAT, **options})

        yield send


def limits(answer: httpx2.Response) -> dict[str, str]:
    return {
        name.removeprefix("x-ratelimit-"): value
        for name, value in answer.headers.items()
        if name.startswith("x-ratelimit-")
    }


def test_the_burst_is_ten_seconds_of_requests_and_then_they_come_one_a_second(
    ask: Callable[..., httpx2.Response], stopwatch: Stopwatch
):
    # Capacity 10: 10 x 1 request per 10 s, 10 x 1,000 tokens per minute (Foundry, "Manage quota").
    assert [ask().status_code for _ in range(11)] == [200] * 10 + [429]
    stopwatch.seconds += 0.9
    assert ask().status_code == 429
    stopwatch.seconds += 0.1
    assert [ask().status_code for _ in range(2)] == [200, 429]
    stopwatch.seconds += 3600  # however long nobody asks, no more than the burst gathers
    assert [ask().status_code for _ in range(11)] == [200] * 10 + [429]


def test_every_answer_tells_what_is_left(ask: Callable[..., httpx2.Response], stopwatch: Stopwatch):
    first = limits(ask(n=3))
    assert first == {
        "limit-requests": "60",
        "remaining-requests": "9",
        "reset-requests": "1",
        "limit-tokens": "10000",
        "remaining-tokens": str(10_000 - PROMPT - 3 * 5),
        "reset-tokens": "1",
    }
    stopwatch.seconds += 0.5
    second = limits(ask(stream=True))
    assert second["remaining-requests"] == "8"
    assert second["remaining-tokens"] == str(10_000 - PROMPT - 5)  # half a second brought 83 tokens


def test_a_refusal_says_when_to_come_again(ask: Callable[..., httpx2.Response], stopwatch: Stopwatch):
    ask(max_tokens=9_900)
    stopwatch.seconds += 0.25
    refused = ask(max_tokens=1_000)
    # Missing: 1,008 asked for, 92 + 41.67 there, at 166.67 a second.
    missing = 1_000 + PROMPT - (100 - PROMPT) - 10_000 / 60 * 0.25
    assert refused.status_code == 429
    assert int(refused.headers["retry-after-ms"]) == pytest.approx(missing / (10_000 / 60) * 1000, abs=1)
    assert refused.headers["retry-after"] == "6"
    assert refused.json()["error"]["code"] == "429"
    # Wording: Azure OpenAI service, November 2025.
    assert refused.json()["error"]["message"] == (
        "Your requests to gpt-4o-mini for gpt-4o-mini in Sweden Central have exceeded the token rate limit "
        "for your current OpenAI S0 pricing tier. This request was for ChatCompletions_Create under Azure "
        "OpenAI API version v1. Please retry after 6 seconds. To increase your default rate limit, visit: "
        "https://aka.ms/oai/quotaincrease."
    )
    assert limits(refused)["remaining-tokens"] == "133"
    stopwatch.seconds += int(refused.headers["retry-after-ms"]) / 1000
    assert ask(max_tokens=1_000).status_code == 200


def test_a_refused_request_counts_for_nothing(ask: Callable[..., httpx2.Response]):
    before = limits(ask())
    assert ask(max_tokens=20_000).status_code == 429
    after = limits(ask())
    assert int(before["remaining-requests"]) - int(after["remaining-requests"]) == 1


def test_a_request_larger_than_the_quota_is_told_to_wait_for_a_day(ask: Callable[..., httpx2.Response]):
    refused = ask(max_tokens=20_000)
    assert refused.headers["retry-after"] == "86400"
    assert refused.headers["retry-after-ms"] == "86400000"


def test_the_legacy_address_counts_into_the_same_quota(ask: Callable[..., httpx2.Response]):
    path = "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2025-04-01-preview"
    for _ in range(10):
        ask(path)
    refused = ask()
    assert refused.status_code == 429
    assert "call rate limit" in refused.json()["error"]["message"]
    assert "API version 2025-04-01-preview." in ask(path).json()["error"]["message"]


def test_deployments_do_not_share(ask: Callable[..., httpx2.Response]):
    while ask().status_code == 200:
        pass
    assert ask(model="gpt-4o").status_code == 200


def test_telling_the_virtual_clock_is_as_good_as_waiting(
    throttled: Simulator, ask: Callable[..., httpx2.Response]
):
    while ask().status_code == 200:
        pass
    move = {"advance_seconds": 2}
    httpx2.post(f"{throttled.url}/simulator/clock", json=move, headers={"api-key": "any"})
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]


def test_the_pace_of_the_virtual_clock_does_not_fill_buckets(stopwatch: Stopwatch):
    state = State(scenario="throttled", pace=3600, real_time=stopwatch)
    deployment = state.deployments.answering("gpt-4o-mini")
    for _ in range(10):
        state.quotas.admit(deployment, 1, "ChatCompletions_Create")
    stopwatch.seconds += 0.5  # half an hour on the virtual clock
    assert state.quotas.left(deployment)[0] == pytest.approx(0.5)


def test_the_official_client_waits_as_told_and_succeeds(
    throttled: Simulator, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
):
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        stopwatch.seconds += seconds

    with OpenAI(base_url=f"{throttled.url}/openai/v1/", api_key="any") as client:
        for _ in range(10):
            client.chat.completions.create(**CHAT)  # type: ignore[call-overload]
        monkeypatch.setattr("openai._base_client.time.sleep", sleep)
        client.chat.completions.create(**CHAT)  # type: ignore[call-overload]
    assert waited == [pytest.approx(1, abs=0.002)]


def test_by_default_no_quota_is_in_the_way(server: Simulator, client: OpenAI):
    deployment = server.state.deployments.answering("gpt-4.1-mini")
    for _ in range(5_000):  # far more a second than the server answers
        server.state.quotas.admit(deployment, 4_000, "ChatCompletions_Create")
    answer = client.chat.completions.with_raw_response.create(**CHAT)
    assert int(answer.headers["x-ratelimit-remaining-requests"]) > 100_000


def test_rates_of_its_own_win_and_can_be_taken_away(stopwatch: Stopwatch):
    state = State(real_time=stopwatch)
    deployment = state.deployments.answering("gpt-4o-mini")
    state.quotas.set("gpt-4o-mini", Rates(requests=6, tokens=100))
    state.quotas.admit(deployment, 100, "Embeddings_Create")
    with pytest.raises(Exception, match="Embeddings_Create") as refused:
        state.quotas.admit(deployment, 1, "Embeddings_Create")
    assert refused.value.headers["Retry-After"] == "10"  # type: ignore[attr-defined]
    state.quotas.set("gpt-4o-mini", None)
    state.quotas.admit(deployment, 10_000, "Embeddings_Create")


def test_a_deployment_without_any_quota_refuses_for_ever():
    state = State()
    state.quotas.set("gpt-4o-mini", Rates(requests=0, tokens=0))
    deployment = state.deployments.answering("gpt-4o-mini")
    state.quotas.set("gpt-4o-mini", Rates(requests=60, tokens=0))
    with pytest.raises(Exception, match="86400 seconds"):
        state.quotas.admit(deployment, 10, "ChatCompletions_Create")


def test_the_capacity_brings_rates_as_azure_resource_manager_shows_them():
    # Foundry, "Manage quota", table of ratios: chat models 6 RPM and 1,000 TPM a unit, o4-mini 1 RPM.
    state = State(scenario="throttled")
    state.deployments.put("small", {"name": "gpt-4o-mini"}, {"name": "Standard", "capacity": 1}, {})
    state.deployments.put("thinker", {"name": "o4-mini"}, {"name": "Standard", "capacity": 30}, {})
    small, thinker = state.deployments.find("small"), state.deployments.find("thinker")
    assert small is not None
    assert thinker is not None
    assert renewals(state.quotas.rates(small)) == [
        {"key": "request", "renewalPeriod": 10, "count": 1},
        {"key": "token", "renewalPeriod": 60, "count": 1000},
    ]
    assert state.quotas.rates(thinker) == Rates(requests=30, tokens=30_000)


def test_a_changed_capacity_changes_the_quota(stopwatch: Stopwatch):
    state = State(scenario="throttled", real_time=stopwatch)
    deployment = state.deployments.answering("gpt-4o-mini")
    assert state.quotas.left(deployment) == pytest.approx((10, 10_000))
    deployment.sku = {"name": "GlobalStandard", "capacity": 2}
    assert state.quotas.left(deployment) == pytest.approx((2, 2_000))


def test_an_unknown_scenario_is_told():
    with pytest.raises(UsageError, match="happy"):
        create_app(State(scenario="none"))


def test_a_client_that_may_not_retry_sees_a_rate_limit_error(throttled: Simulator):
    with OpenAI(base_url=f"{throttled.url}/openai/v1/", api_key="any", max_retries=0) as client:
        for _ in range(10):
            client.chat.completions.create(**CHAT)  # type: ignore[call-overload]
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(**CHAT)  # type: ignore[call-overload]
        assert refused.value.code == "429"
