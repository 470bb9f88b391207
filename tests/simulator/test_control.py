"""What is not Azure: the page, the status, the virtual clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from kit.simulator.clock import START, VirtualClock
from kit.simulator.timeline import Timeline


def test_the_page_says_what_this_is(http: httpx2.Client):
    page = http.get("/", headers={"Host": "<script>"})
    assert page.headers["content-type"].startswith("text/html")
    assert "not Azure" in page.text
    assert "<script>" not in page.text


def test_the_status_counts_and_names(http: httpx2.Client, tuned: Callable[..., Any]):
    empty = http.get("/simulator/status").json()
    assert (empty["files"], empty["jobs"]) == ({"count": 0, "names": []},) * 2
    assert empty["deployments"]["count"] == len(empty["deployments"]["names"]) == 9
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
    assert http.post("/simulator/clock", content=body).status_code == 400
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
