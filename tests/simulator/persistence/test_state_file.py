"""The state file: what a restart brings back, and every way in which a file is refused."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit.errors import StateFileError
from kit.simulator.files.uploads import LARGEST_UPLOAD
from kit.simulator.learner import storage
from kit.simulator.persistence.state_file import FORMAT, StateFile
from tests.simulator.persistence.lasting import (
    BEARER,
    DEPLOYMENTS,
    advance,
    ask,
    create_job,
    deploy,
    everything,
    running,
    start_upload,
    upload,
)


def test_a_restart_changes_nothing_that_a_client_sees(path: Path, samples: Any):
    with running(path) as (http, _):
        file = upload(http, samples.english)
        first = create_job(http, "gpt-4.1-mini", file, suffix="lamps", metadata={"author": "me\ud800"})
        advance(http, 5000)
        tuned = http.get(f"/openai/v1/fine_tuning/jobs/{first}").json()["fine_tuned_model"]
        second = create_job(http, tuned, file)
        operation = deploy(http, "keeper", tuned).headers["azure-asyncoperation"]
        advance(http, 200)
        for verb in ("pause", "resume"):
            http.get(f"/openai/v1/fine_tuning/jobs/{second}")
            assert http.post(f"/openai/v1/fine_tuning/jobs/{second}/{verb}").status_code == 200
            advance(http, 100)
        cancelled = create_job(http, "gpt-4o-mini", file)
        assert http.post(f"/openai/v1/fine_tuning/jobs/{cancelled}/cancel").status_code == 200
        http.delete(f"{DEPLOYMENTS}/gpt-4o", headers=BEARER)
        before, answer = everything(http), ask(http, "keeper")
    with running(path, seed=7) as (http, server):
        assert everything(http) == before
        again = ask(http, "keeper")
        assert again["choices"] == answer["choices"]
        assert again["id"] != answer["id"]  # an identifier is never given twice
        address = operation.split("/subscriptions")[1]
        assert http.get(f"/subscriptions{address}", headers=BEARER).json()["status"] == "Succeeded"
        assert server.state.seed == 105  # the file's, not the one asked for
        advance(http, 5000)
        done = http.get(f"/openai/v1/fine_tuning/jobs/{second}").json()
        assert done["status"] == "succeeded"


def test_a_training_that_was_cut_off_is_done_again(path: Path, samples: Any):
    """The clock has not reached the job's start, so nobody has waited for its training."""

    def outcome(http: httpx2.Client) -> Any:
        advance(http, 5000)
        return http.get(f"/openai/v1/fine_tuning/jobs/{job}/checkpoints").json()

    with running(path) as (http, _):
        job = create_job(http, "gpt-4.1-mini", upload(http, samples.chinese))
    with running(path) as (http, _):
        interrupted = outcome(http)
    with running(path.with_name("undisturbed")) as (http, _):
        assert create_job(http, "gpt-4.1-mini", upload(http, samples.chinese)) == job
        assert outcome(http) == interrupted
    assert interrupted["data"]


def test_a_model_of_another_version_is_trained_again_if_its_file_is_there(
    path: Path, samples: Any, monkeypatch: pytest.MonkeyPatch
):
    def answer(http: httpx2.Client) -> httpx2.Response:
        question = [{"role": "user", "content": "Is lamp 3 lit?"}]
        body = {"model": "lamps", "messages": question, "temperature": 0, "max_tokens": 9}
        return http.post("/openai/v1/chat/completions", json=body)

    with running(path) as (http, _):
        file = upload(http, samples.english)
        job = create_job(http, "gpt-4.1-mini", file)
        advance(http, 5000)
        tuned = http.get(f"/openai/v1/fine_tuning/jobs/{job}").json()["fine_tuned_model"]
        deploy(http, "lamps", tuned)
        advance(http, 500)
        first = answer(http).json()["choices"]
    monkeypatch.setattr(storage, "_FORMAT", 999)
    with running(path) as (http, _):
        assert answer(http).json()["choices"] == first
        http.delete(f"/openai/v1/files/{file}")
    with running(path) as (http, _):
        refused = answer(http)
        assert refused.status_code == 410, refused.text
        assert "training file has been deleted" in refused.json()["error"]["message"]


def test_an_upload_goes_on_after_a_restart(path: Path, samples: Any):
    content = samples.english
    with running(path) as (http, _):
        address, parts = start_upload(http, [content[:500], content[500:]])
        given_up, _ids = start_upload(http, [b"given up"])
        assert http.post(f"{given_up}/cancel").status_code == 200
    with running(path) as (http, _):
        done = http.post(f"{address}/complete", json={"part_ids": parts})
        assert done.status_code == 200, done.text
        file = done.json()["file"]["id"]
        advance(http, 10)
        before = everything(http)
        assert before[file] == content.decode()
        assert http.post(f"{given_up}/complete", json={"part_ids": _ids}).status_code == 400
    with running(path) as (http, _):
        assert everything(http) == before
        assert http.post(f"{address}/cancel").json()["error"]["message"] == (
            "The upload has ended as 'completed'."
        )


def test_a_refused_request_leaves_no_trace(path: Path, samples: Any):
    with running(path) as (http, _):
        assert create_job(http, "gpt-4.1-mini", upload(http, samples.english))
        before = everything(http)
        empty = {"file": ("lamps.jsonl", b"")}
        assert http.post("/openai/v1/files", files=empty, data={"purpose": "fine-tune"}).status_code == 400
        assert http.post("/openai/v1/fine_tuning/jobs", json={"model": "gpt-9"}).status_code == 400
        assert deploy(http, "keeper", "no-such-model").status_code == 400
        assert http.delete("/openai/v1/files/file-0").status_code == 404
    with running(path) as (http, _):
        assert everything(http) == before


def test_a_clock_with_a_pace_never_goes_back(path: Path):
    with running(path, pace=1000) as (http, _):
        advance(http, 5)
        seen = advance(http, 0)
    with running(path) as (http, _):
        assert advance(http, 0) >= seen


def test_a_second_server_on_the_same_file_is_refused(path: Path):
    with running(path), pytest.raises(StateFileError) as refused, running(path):
        pass
    assert "Another simulator" in str(refused.value)
    with running(path):  # the lock goes with its holder
        pass


def _foreign(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("create table diary (entry)")


def _newer(path: Path) -> None:
    StateFile(path).close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"pragma user_version={FORMAT + 1}")


def _no_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)


def _torn(path: Path) -> None:
    StateFile(path).close()
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_foreign, "another program"),
        (_newer, f"format {FORMAT + 1}"),
        (_no_database, "damaged"),
        (_torn, "damaged"),
        (_folder, "cannot be opened"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_and_left_alone(path: Path, spoil: Any, said: str):
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StateFileError) as refused, running(path):
        pass
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update blob set content = zeroblob(length(content))", "damaged"),
        ("update entry set arguments = replace(arguments, 'lamps', 'lumps')", "damaged"),
        ("delete from entry where command = 'file.upload'", "cannot be replayed"),
    ],
)
def test_damage_that_sqlite_does_not_see_is_told(path: Path, samples: Any, change: str, said: str):
    with running(path) as (http, _):
        create_job(http, "gpt-4.1-mini", upload(http, samples.english))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        assert database.execute(change).rowcount
    with pytest.raises(StateFileError) as refused, running(path):
        pass
    assert said in str(refused.value)


def test_an_empty_file_is_a_new_one(path: Path):
    path.touch()
    with running(path) as (http, _):
        assert http.get("/openai/v1/files").json()["data"] == []


def test_a_file_that_cannot_be_written_acknowledges_nothing(path: Path, samples: Any):
    with running(path) as (http, server):
        assert upload(http, samples.english)
        book: Any = server.state.journal._book
        book._file._database.execute("pragma max_page_count=1")  # a full disk, as SQLite sees it
        form = {"file": ("lamps.jsonl", samples.english * 100)}
        answer = http.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"})
        assert answer.status_code == 503
        assert http.get("/openai/v1/files").status_code == 503
    with running(path) as (http, _):
        assert len(http.get("/openai/v1/files").json()["data"]) == 1


def test_what_sqlite_cannot_take_at_all_is_told_instead_of_waited_for(path: Path, samples: Any):
    with running(path, seed=2**70) as (http, _):
        form = {"file": ("lamps.jsonl", samples.english)}
        answer = http.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"})
        assert answer.status_code == 503


def test_an_upload_of_the_largest_size_fits_in_a_row(path: Path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.getlimit(sqlite3.SQLITE_LIMIT_LENGTH) > LARGEST_UPLOAD + 2**20


def test_what_was_set_over_the_control_endpoint_outlives_a_restart(path: Path):
    quota = {"requests_per_minute": 6, "tokens_per_minute": 1000}
    rule = {"fault": "503; retry-after=2", "on": "POST *", "share": 0.5, "times": 3}
    with running(path) as (http, _):
        http.put("/simulator/scenario", json={"name": "flaky"})
        http.delete("/simulator/faults")
        http.post("/simulator/faults", json=rule)
        http.put("/simulator/quotas/gpt-4o", json=quota)
        http.put("/simulator/quotas/gpt-4.1", json=quota)
        http.delete("/simulator/quotas/gpt-4.1")
        before = http.get("/simulator/status").json()
    with running(path) as (http, _):
        after = http.get("/simulator/status").json()
    for what in ("scenario", "faults", "quotas"):
        assert after[what] == before[what]
    assert (after["scenario"], after["quotas"]["gpt-4o"]) == ("flaky", quota)
    assert after["quotas"]["gpt-4.1"] != quota
    assert [(each["on"], each["times"]) for each in after["faults"]] == [("POST *", 3)]


def test_a_scenario_of_the_start_stays_until_another_is_asked_for(path: Path):
    played = []
    for options in ({"scenario": "slow"}, {}, {"scenario": "throttled"}, {"scenario": "happy"}, {}):
        with running(path, **options) as (http, _):
            played.append(http.get("/simulator/status").json()["scenario"])
    assert played == ["slow", "slow", "throttled", "happy", "happy"]


def test_a_refused_setting_is_not_written_down(path: Path):
    with running(path) as (http, _):
        assert http.put("/simulator/scenario", json={"name": "nothing"}).status_code == 400
        assert http.post("/simulator/faults", json={"fault": "nothing"}).status_code == 400
        assert http.put("/simulator/quotas/nothing", json={"requests_per_minute": 1}).status_code == 400
    with running(path) as (http, _):
        assert http.get("/simulator/status").json()["faults"] == []
