"""``kit serve --state``, killed again and again while clients work: nothing that was acknowledged is lost.

Four clients upload, at once or in parts, train, deploy, delete and move the clock. After a seeded number of
requests, and a seeded few milliseconds, the process is killed with SIGKILL, wherever it is. The clients know
what was acknowledged and what was under way; after the restart the former must be there, equal, and of the
latter all or nothing.
"""

import contextlib
import csv
import io
import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit.simulator import serve
from tests.serving import served

DEPLOYMENTS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a/deployments"
BASE = "gpt-4.1-mini"
CLIENTS = 4
SEED = 1
QUESTION = {"model": BASE, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
LINE = {"method": "POST", "url": "/v1/chat/completions", "body": QUESTION}
BATCH = "".join(json.dumps({"custom_id": name, **LINE}) + "\n" for name in ("one", "two")).encode()
UNCHANGING = ("id", "created_at", "endpoint", "input_file_id", "completion_window")
LONGEST_TRAINING = 10_000  # bytes
END = 20_000  # virtual seconds after which every job has ended
LOST = (httpx2.TransportError,)


@dataclass
class Known:
    """What the clients know. A name in ``doubt`` was in a request that got no answer."""

    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    doubt: set[str] = field(default_factory=set)
    cut_off: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    now: int = 0


@contextlib.contextmanager
def lasting(state: Path) -> Iterator[tuple["subprocess.Popen[str]", httpx2.Client]]:
    headers = {"api-key": "any", "authorization": "Bearer any"}
    with (
        served("--state", str(state)) as (process, url, _said),
        httpx2.Client(base_url=url, headers=headers, timeout=120) as http,
    ):
        yield process, http


class Worker:
    """One client. Each method is one kind of request and notes what its answer says."""

    def __init__(self, http: httpx2.Client, known: Known, contents: list[bytes], name: str) -> None:
        self.http, self.known, self.contents = http, known, contents
        self.random = random.Random(name)
        self.name = name
        self.mine: list[str] = []  # files that no other client deletes
        self.deployed: list[str] = []

    def upload(self) -> None:
        content = self.random.choice(self.contents)
        form = {"file": (f"{self.name}.jsonl", content)}
        answer = self.http.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"})
        self.known.files[answer.json()["id"]] = content
        self.mine.append(answer.json()["id"])

    def upload_in_parts(self) -> None:
        content = self.random.choice(self.contents)
        asked = {"filename": f"{self.name}.jsonl", "purpose": "fine-tune", "mime_type": "application/jsonl"}
        answer = self.http.post("/openai/v1/uploads", json={**asked, "bytes": len(content)})
        address = f"/openai/v1/uploads/{answer.json()['id']}"
        half = len(content) // 2
        parts = [
            self.http.post(f"{address}/parts", files={"data": ("blob", part)}).json()["id"]
            for part in (content[:half], content[half:])
        ]
        done = self.http.post(f"{address}/complete", json={"part_ids": parts})
        assert done.status_code == 200, done.text
        self.known.files[done.json()["file"]["id"]] = content
        self.mine.append(done.json()["file"]["id"])

    def delete_file(self) -> None:
        if not self.mine:
            return
        file = self.mine.pop(0)
        self.known.doubt.add(file)
        assert self.http.delete(f"/openai/v1/files/{file}").json()["deleted"]
        self._is_gone(file)

    def train(self) -> None:
        short = [file for file in self.mine if len(self.known.files[file]) <= LONGEST_TRAINING]
        if not short:
            return
        options = {"n_epochs": 1}
        body = {"model": BASE, "training_file": short[-1], "seed": SEED}
        answer = self.http.post("/openai/v1/fine_tuning/jobs", json={**body, "hyperparameters": options})
        assert answer.status_code == 200, answer.text
        self.known.jobs[answer.json()["id"]] = answer.json()

    def look(self) -> None:
        for job in [job for job, seen in list(self.known.jobs.items()) if seen["status"] != "succeeded"][:2]:
            self.known.jobs[job] = self.http.get(f"/openai/v1/fine_tuning/jobs/{job}").json()

    def batch(self) -> None:
        form = {"file": ("batch.jsonl", BATCH)}
        file = self.http.post("/openai/v1/files", files=form, data={"purpose": "batch"}).json()["id"]
        body = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        answer = self.http.post("/openai/v1/batches", json=body)
        assert answer.status_code == 200, answer.text
        self.known.batches[answer.json()["id"]] = answer.json()

    def deploy(self) -> None:
        tuned = [seen["fine_tuned_model"] for seen in list(self.known.jobs.values())]
        model = self.random.choice([name for name in tuned if name] or [BASE])
        name = f"{self.name}-{self.random.randrange(10**9)}"
        body = {
            "sku": {"name": "Standard", "capacity": 1},
            "properties": {"model": {"format": "OpenAI", "name": model}},
        }
        answer = self.http.put(f"{DEPLOYMENTS}/{name}", json=body)
        assert answer.status_code == 201, answer.text
        self.known.deployments[name] = model
        self.deployed.append(name)

    def delete_deployment(self) -> None:
        if not self.deployed:
            return
        name = self.deployed.pop(0)
        self.known.doubt.add(name)
        assert self.http.delete(f"{DEPLOYMENTS}/{name}").status_code == 202
        self._is_gone(name)

    def advance(self) -> None:
        body = {"advance_seconds": self.random.choice([1, 50, 400])}
        now = self.http.post("/simulator/clock", json=body).json()["now"]
        self.known.now = max(self.known.now, now)

    def _is_gone(self, name: str) -> None:
        self.known.gone.add(name)
        self.known.files.pop(name, None)
        self.known.deployments.pop(name, None)

    def work(self, before_each: Any) -> None:
        """Ask until the server is gone."""
        kinds = [self.upload, self.upload_in_parts, self.delete_file, self.train, self.look, self.deploy]
        kinds += [self.batch, self.delete_deployment, self.advance]
        while True:
            kind = self.random.choice(kinds)
            before_each()
            try:
                kind()
            except LOST:
                self.known.cut_off[kind.__name__] += 1
                return
            self.known.answered[kind.__name__] += 1


def work_until_killed(
    process: "subprocess.Popen[str]", http: httpx2.Client, known: Known, contents: list[bytes], name: str
) -> None:
    chance = random.Random(name)
    left, delay = chance.randrange(4, chance.choice([20, 60, 150])), chance.random() * 0.03
    first = Worker(http, known, contents[:1], name)
    first.upload()
    first.train()  # so that one is always under way
    lock = threading.Lock()
    problems: list[BaseException] = []

    def count() -> None:
        nonlocal left
        with lock:
            left -= 1
            if left == 0:
                threading.Timer(delay, process.kill).start()

    def work(number: int) -> None:
        try:
            Worker(http, known, contents, f"{name}-{number}").work(count)
        except BaseException as problem:
            problems.append(problem)
            process.kill()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    process.wait()
    if problems:
        raise problems[0]


def check(http: httpx2.Client, known: Known, contents: list[bytes]) -> None:
    """Compare what the server holds with what the clients know."""
    assert http.post("/simulator/clock", json={"advance_seconds": 0}).json()["now"] >= known.now
    listed = http.get("/openai/v1/files").json()["data"]
    files = {file["id"]: file for file in listed if file["purpose"] == "fine-tune"}
    assert not known.gone & set(files)
    assert set(known.files) - known.doubt <= set(files)
    for file in files:
        content = http.get(f"/openai/v1/files/{file}/content").read()
        assert content == known.files.get(file, content)
        assert content in contents  # also of an upload that was not acknowledged: all or nothing
        known.files[file] = content
    jobs = {job["id"]: job for job in all_jobs(http)}
    assert set(known.jobs) <= set(jobs)
    for job, seen in known.jobs.items():
        now = jobs[job]
        if seen["status"] == "succeeded":
            assert now == seen
        for name in ("created_at", "seed", "model", "training_file", "metadata"):
            assert now[name] == seen[name]
    known.jobs.update(jobs)
    for batch, seen in known.batches.items():
        now = http.get(f"/openai/v1/batches/{batch}").json()
        assert [now[name] for name in UNCHANGING] == [seen[name] for name in UNCHANGING]
    found = {one["name"]: one for one in http.get(DEPLOYMENTS).json()["value"]}
    present = {name for name, one in found.items() if one["properties"]["provisioningState"] != "Deleting"}
    assert not known.gone & present
    assert set(known.deployments) - known.doubt <= present
    for name in set(known.deployments) & present:
        assert found[name]["properties"]["model"]["name"] == known.deployments[name]
    for name in known.doubt - present - set(files):  # deleted, though nobody was told
        known.files.pop(name, None)
        known.deployments.pop(name, None)
    known.doubt.clear()


def all_jobs(http: httpx2.Client) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = []
    while True:
        after = {"after": jobs[-1]["id"]} if jobs else {}
        page = http.get("/openai/v1/fine_tuning/jobs", params={"limit": 100, **after}).json()
        jobs += page["data"]
        if not page["has_more"]:
            return jobs


def losses(http: httpx2.Client, job: dict[str, Any]) -> list[float]:
    text = http.get(f"/openai/v1/files/{job['result_files'][0]}/content").text
    return [float(row["train_loss"]) for row in csv.DictReader(io.StringIO(text))]


def undisturbed(content: bytes) -> list[float]:
    """Return the curve of a training that nobody interrupted, in this process."""
    with serve() as server, httpx2.Client(base_url=server.url, headers={"api-key": "any"}) as http:
        form = {"file": ("a.jsonl", content)}
        file = http.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"}).json()["id"]
        body = {"model": BASE, "training_file": file, "seed": SEED, "hyperparameters": {"n_epochs": 1}}
        job = http.post("/openai/v1/fine_tuning/jobs", json=body, timeout=120).json()["id"]
        http.post("/simulator/clock", json={"advance_seconds": END})
        return losses(http, http.get(f"/openai/v1/fine_tuning/jobs/{job}", timeout=120).json())


@pytest.mark.parametrize("kills", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost(kills: int, tmp_path: Path, samples: Any):
    contents = [samples.english, samples.chinese, samples.english * 300]  # the last is half a megabyte
    content_of: dict[str, bytes] = {}
    state, known = tmp_path / "simulator.state", Known()
    for number in range(kills):
        with lasting(state) as (process, http):
            check(http, known, contents)
            content_of |= known.files
            work_until_killed(process, http, known, contents, f"kill {number}")
            content_of |= known.files
    with lasting(state) as (_, http):
        check(http, known, contents)
        http.post("/simulator/clock", json={"advance_seconds": END})
        expected = {content: undisturbed(content) for content in contents[:2]}
        ended = 0
        for job in all_jobs(http):
            content = content_of.get(job["training_file"])
            if content in contents[:2]:
                assert job["status"] == "succeeded", job
                # A process adds its floats in an order of its own: the eleventh digit differs.
                assert losses(http, job) == pytest.approx(expected[content], rel=1e-6)
                ended += 1
        for batch in known.batches:
            done = http.get(f"/openai/v1/batches/{batch}").json()
            assert (done["status"], done["request_counts"]["completed"]) == ("completed", 2), done
            output = http.get(f"/openai/v1/files/{done['output_file_id']}/content").text.splitlines()
            assert [json.loads(line)["custom_id"] for line in output] == ["one", "two"]
    assert ended
    assert known.cut_off.total() == kills * CLIENTS  # each was in the middle of something each time
