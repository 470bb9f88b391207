"""What is not Azure: status, clock, scenario, faults and quotas over HTTP."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from openai import OpenAI, RateLimitError

from kit.simulator import Simulator, serve
from kit.simulator.clock import START, VirtualClock
from kit.simulator.timeline import Timeline


def test_the_status_counts_and_names(http: httpx2.Client, tuned: Callable[..., Any]):
    empty = http.get("/simulator/status").json()
    assert (empty["files"], empty["jobs"]) == ({"count": 0, "names": []},) * 2
    assert empty["deployments"]["count"] == len(empty["deployments"]["names"])
    assert "gpt-4o" in empty["deployments"]["names"]
    job = tuned()
    status = http.get("/simulator/status").json()
    assert status["jobs"] == {"count": 1, "names": [job.id]}
    assert status["files"]["names"] == [job.training_file, job.result_files[0]]


def test_the_clock_moves_when_it_is_told(http: httpx2.Client, advance: Callable[[float], int]):
    start = int(datetime(2026, 11, 2, 9, tzinfo=UTC).timestamp())
    assert http.get("/simulator/status").json()["now"] == start
    assert advance(0) == start
    assert advance(90.5) == start + 90
    assert advance(0.5) == start + 91
    assert http.get("/simulator/status").json()["now"] == start + 91


@pytest.mark.parametrize("value", ["-1", '"1"', "null", "true", "1e99", "NaN"])
def test_the_clock_does_not_move_otherwise(http: httpx2.Client, value: str):
    body = f'{{"advance_seconds": {value}}}'
    before = http.get("/simulator/status").json()["now"]
    kind = {"Content-Type": "application/json"}
    assert http.post("/simulator/clock", content=body, headers=kind).status_code == 400
    assert http.get("/simulator/status").json()["now"] == before


def test_a_paced_clock_moves_by_itself():
    real = 50.0
    clock = VirtualClock(pace=60, real_time=lambda: real)
    assert clock.now == START
    real = 52.0
    assert clock.now == START + 120
    assert clock.advance(5) == START + 125
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)


def test_a_timeline_keeps_order_and_moments():
    happened: list[tuple[str, float]] = []
    timeline = Timeline()
    timeline.at(20, lambda moment: happened.append(("late", moment)))
    timeline.at(10, lambda moment: happened.append(("early", moment)))
    timeline.at(10, lambda moment: timeline.at(15, lambda then: happened.append(("added", then))))
    timeline.at(30, lambda moment: happened.append(("never", moment)))
    timeline.catch_up(9)
    assert happened == []
    timeline.catch_up(25)
    assert happened == [("early", 10), ("added", 15), ("late", 20)]
    assert [moment for moment, _ in timeline.take_all()] == [30]
    timeline.catch_up(100)
    assert len(happened) == 3


KEYED = [  # everything under /simulator, with a body that would be accepted
    ("GET", "/simulator/status", None),
    ("POST", "/simulator/clock", {"advance_seconds": 1}),
    ("PUT", "/simulator/scenario", {"name": "flaky"}),
    ("GET", "/simulator/faults", None),
    ("POST", "/simulator/faults", {"fault": "503"}),
    ("DELETE", "/simulator/faults", None),
    ("PUT", "/simulator/quotas/gpt-4o", {"requests_per_minute": 6, "tokens_per_minute": 10}),
    ("DELETE", "/simulator/quotas/gpt-4o", None),
]


@pytest.fixture(scope="module")
def locked() -> Iterator[Simulator]:
    with serve(keys=("open-sesame",)) as server:
        yield server


@pytest.mark.parametrize(("method", "path", "body"), KEYED)
def test_a_simulator_with_keys_is_controlled_with_one_of_them_only(
    locked: Simulator, method: str, path: str, body: Any
):
    url = locked.url + path
    for headers in ({}, {"api-key": "wrong"}, {"Authorization": "Bearer wrong"}):
        assert httpx2.request(method, url, json=body, headers=headers).status_code == 401
    for headers in ({"api-key": "open-sesame"}, {"Authorization": "Bearer open-sesame"}):
        assert httpx2.request(method, url, json=body, headers=headers).status_code in {200, 201, 204}


@pytest.mark.parametrize(("method", "path", "body"), KEYED)
def test_a_web_page_cannot_control_it_behind_the_back_of_its_reader(
    http: httpx2.Client, method: str, path: str, body: Any
):
    # Without asking first, a browser sends these types of content to any address (Fetch standard, CORS).
    if body is not None:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            answer = http.request(method, path, content=json.dumps(body), headers={"Content-Type": kind})
            assert answer.status_code == 400, kind


def test_a_scenario_is_changed_while_it_runs(http: httpx2.Client, client: OpenAI):
    status = http.get("/simulator/status").json()
    assert status["scenario"] == "happy"
    assert set(status["scenarios"]) >= {"throttled", "flaky", "failed-job", "slow", "retired"}
    assert http.put("/simulator/scenario", json={"name": "nothing"}).status_code == 400
    assert http.put("/simulator/scenario", json={"name": "throttled"}).status_code == 200
    answer = client.chat.completions.with_raw_response.create(
        model="gpt-4o", messages=[{"role": "user", "content": "Hello"}], max_tokens=5
    )
    assert answer.headers["x-ratelimit-limit-requests"] == "60"
    http.put("/simulator/scenario", json={"name": "happy"})
    assert http.get("/simulator/status").json()["quotas"]["gpt-4o"]["requests_per_minute"] > 10**6


def test_a_quota_is_set_and_taken_away(http: httpx2.Client, client: OpenAI):
    path = "/simulator/quotas/gpt-4o"
    assert http.put(path, json={"requests_per_minute": 6, "tokens_per_minute": 1000}).status_code == 200
    ask: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
    client.chat.completions.create(**ask)
    with pytest.raises(RateLimitError):
        client.chat.completions.create(**ask)
    assert http.delete(path).status_code == 204
    client.chat.completions.create(**ask)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests_per_minute": 6},
        {"requests_per_minute": "6", "tokens_per_minute": 1},
        {"requests_per_minute": True, "tokens_per_minute": 1},
        {"requests_per_minute": -1, "tokens_per_minute": 1},
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(http: httpx2.Client, body: Any):
    assert http.put("/simulator/quotas/gpt-4o", json=body).status_code == 400


def test_the_quota_of_nothing_is_refused(http: httpx2.Client):
    body = {"requests_per_minute": 6, "tokens_per_minute": 1}
    assert http.put("/simulator/quotas/nothing", json=body).status_code == 404


def test_faults_are_listed_added_and_taken_away(http: httpx2.Client):
    rule = {"fault": "503; retry-after=2", "on": "GET *", "deployment": None, "share": 0.5, "times": 3}
    added = http.post("/simulator/faults", json={key: value for key, value in rule.items() if value})
    assert (added.status_code, added.json()) == (201, rule)
    assert http.get("/simulator/faults").json() == {"faults": [rule]}
    assert http.delete("/simulator/faults").status_code == 204
    assert http.get("/simulator/status").json()["faults"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fault": "no-such-fault"},
        {"fault": "503; colour=red"},
        {"fault": "503; times=many"},
        {"fault": 503},
        {"fault": "503", "share": 2},
        {"fault": "503", "share": True},
        {"fault": "503", "times": 0},
        {"fault": "503", "times": 1.5},
        {"fault": "503", "on": 1},
        {"fault": "503", "deployment": []},
        {"fault": "503", "frequency": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(http: httpx2.Client, body: Any):
    answer = http.post("/simulator/faults", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "UnknownFault")


def test_rules_do_not_grow_without_end(http: httpx2.Client):
    statuses = [http.post("/simulator/faults", json={"fault": "job-fails"}).status_code for _ in range(101)]
    assert statuses == [201] * 100 + [400]
