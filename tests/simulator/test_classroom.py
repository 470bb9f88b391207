"""One server for a class: who a request belongs to, and how learners come, go and come back."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, OpenAI

from kit.simulator import serve_class
from tests.serving import served

DEPLOYMENTS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a/deployments"
CHATS = 20


def http(url: str, key: str) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers={"api-key": key, "authorization": f"Bearer {key}"}, timeout=60)


def upload(client: httpx2.Client, content: bytes = b"{}") -> str:
    form = {"file": ("a.jsonl", content)}
    return str(client.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"}).json()["id"])


def files(client: httpx2.Client) -> list[str]:
    answer = client.get("/openai/v1/files")
    assert answer.status_code == 200, answer.text
    return [file["id"] for file in answer.json()["data"]]


def test_each_key_has_a_resource_of_its_own():
    with serve_class() as url, http(url, "ada") as ada, http(url, "grace") as grace:
        mine = upload(ada)
        assert files(ada) == [mine]
        assert files(grace) == []
        assert upload(grace) != mine
        assert grace.delete(f"/openai/v1/files/{mine}").status_code == 404
        body = {"sku": {"name": "Standard"}, "properties": {"model": {"format": "OpenAI", "name": "gpt-4o"}}}
        assert ada.put(f"{DEPLOYMENTS}/mine", json=body).status_code == 201
        assert grace.get(f"{DEPLOYMENTS}/mine").status_code == 404
        moments = [
            one.post("/simulator/clock", json={"advance_seconds": 60 * i})
            for i, one in enumerate((ada, grace))
        ]
        assert moments[1].json()["now"] - moments[0].json()["now"] == 60


def test_a_key_is_the_same_learner_in_every_place():
    with serve_class() as url:
        with http(url, "ada") as ada:
            upload(ada)
        with OpenAI(base_url=f"{url}/openai/v1", api_key="ada") as client:  # a bearer token
            assert len(client.files.list().data) == 1
        for headers in ({"api-key": "ada"}, {"authorization": "Bearer ada"}):
            assert httpx2.get(f"{url}/simulator/status", headers=headers).json()["files"]["count"] == 1
        page = httpx2.get(f"{url}/simulator/status", auth=("anybody", "ada"))  # a browser
        assert page.json()["files"]["count"] == 1


@pytest.mark.parametrize("path", ["/simulator/status", "/openai/v1/files", f"{DEPLOYMENTS}"])
@pytest.mark.parametrize(
    "headers", [{}, {"api-key": "eve"}, {"authorization": "Basic ***"}, {"authorization": "Basic YWRh"}]
)
def test_without_a_key_of_the_class_there_is_nothing(path: str, headers: dict[str, str]):
    with serve_class(keys=("ada", "grace")) as url:
        answer = httpx2.get(url + path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "401"
        page = httpx2.get(f"{url}/", headers=headers)
        assert page.headers["www-authenticate"].startswith("Basic ")
        assert "Simulator of Azure OpenAI" in page.text  # by which a lab knows what it has found
        assert httpx2.get(f"{url}/openai/v1/files", headers={"api-key": "grace"}).status_code == 200


def test_too_many_learners_are_refused_where_nobody_can_be_put_aside():
    with serve_class(most=2) as url:
        answers = [httpx2.get(f"{url}/openai/v1/files", headers={"api-key": key}) for key in "abca"]
        assert [answer.status_code for answer in answers] == [200, 200, 503, 200]


def test_learners_who_were_put_aside_or_whose_server_ended_find_everything_again(tmp_path: Path):
    state_file = tmp_path / "class.state"
    with serve_class(most=2, state_file=state_file) as url, contextlib.ExitStack() as clients:
        class_ = [clients.enter_context(http(url, f"key {number}")) for number in range(5)]
        uploaded = [[upload(learner, b"%d" % number)] for number, learner in enumerate(class_)]
        assert [files(learner) for learner in class_] == uploaded
        for learner in class_[:3]:
            learner.post("/simulator/clock", json={"advance_seconds": 100})
        again = [one[0] for one in uploaded]
        contents = [class_[i].get(f"/openai/v1/files/{again[i]}/content").text for i in range(5)]
        assert contents == ["0", "1", "2", "3", "4"]
    with serve_class(state_file=state_file) as url, contextlib.ExitStack() as clients:
        class_ = [clients.enter_context(http(url, f"key {number}")) for number in range(5)]
        assert [files(learner) for learner in class_] == uploaded
        moments = [learner.get("/simulator/status").json()["now"] for learner in class_]
        assert [moment - moments[-1] for moment in moments] == [100, 100, 100, 0, 0]
    assert b"key 1" not in state_file.read_bytes()


@contextlib.contextmanager
def class_process(*arguments: str) -> Iterator[str]:
    """Run ``kit serve --class`` as a process of its own; yield its address, and let it end by itself."""
    with served("--class", *arguments) as (process, url, _said):
        yield url
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 0


def training_file(marker: str) -> bytes:
    def record(number: int) -> str:
        texts = {"user": f"Is lamp {number} lit?", "assistant": f"Aye, lamp {number} is lit. {marker}"}
        return json.dumps({"messages": [{"role": role, "content": text} for role, text in texts.items()]})

    return "\n".join(record(number) for number in range(12)).encode()


async def learn(url: str, key: str) -> None:
    """Go the whole way of a lab, and meet nobody else's data on it.

    Azure Resource Manager is asked over plain HTTP: its official client has no light asynchronous transport,
    and two hundred of them, each with a thread, would measure the test and not the simulator.
    """
    marker = f"Yours, {key}."
    content = training_file(marker)
    headers = {"authorization": f"Bearer {key}"}
    async with (
        AsyncOpenAI(base_url=f"{url}/openai/v1", api_key=key, max_retries=0, timeout=600) as client,
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=600) as plain,
    ):

        async def advance(seconds: int) -> None:
            answer = await plain.post("/simulator/clock", json={"advance_seconds": seconds})
            assert answer.status_code == 200, answer.text

        file = await client.files.create(file=(f"{key}.jsonl", content), purpose="fine-tune")
        options: dict[str, Any] = {"model": "gpt-4.1-mini", "training_file": file.id, "suffix": key}
        job = await client.fine_tuning.jobs.create(**options, seed=1)
        await advance(5000)
        job = await client.fine_tuning.jobs.retrieve(job.id)
        assert job.status == "succeeded", job.error
        source = {"format": "OpenAI", "name": job.fine_tuned_model, "version": "1"}
        body = {"sku": {"name": "Standard", "capacity": 1000}, "properties": {"model": source}}
        assert (await plain.put(f"{DEPLOYMENTS}/tuned", json=body)).status_code == 201
        await advance(300)
        for number in range(CHATS):
            question: Any = [{"role": "user", "content": f"Is lamp {number} lit?"}]
            answer = await client.chat.completions.create(model="tuned", messages=question, temperature=0)
            assert answer.model == job.fine_tuned_model
            assert marker in (answer.choices[0].message.content or "")
        mine = [file async for file in client.files.list(purpose="fine-tune")]
        assert [one.id for one in mine] == [file.id]
        assert (await client.files.content(file.id)).content == content
        assert [one.id async for one in client.fine_tuning.jobs.list()] == [job.id]
        names = [one["name"] for one in (await plain.get(DEPLOYMENTS)).json()["value"]]
        assert [name for name in names if name == "tuned" or "keeper" in name] == ["tuned"]


@pytest.mark.parametrize("learners", [10, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lasting", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_class_works_at_the_same_time(learners: int, lasting: bool, tmp_path: Path):
    async def all_of_them(url: str) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(learners):
                group.create_task(learn(url, f"keeper-{number}"))

    options = ["--state", str(tmp_path / "class.state")] if lasting else []
    with class_process(*options) as url:
        begun = time.perf_counter()
        asyncio.run(all_of_them(url))
        took = time.perf_counter() - begun
    sys.stdout.write(f"{learners} learners, state file {lasting}: {took:.0f} s\n")
