"""Permissions and copies of checkpoints.

Forms: OpenAI API reference, "Checkpoint permissions"; public document of the v1 data plane,
"CopyModelResponse".
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from kit.simulator import serve

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/{}"
PREVIEW = {"aoai-copy-ft-checkpoints": "preview"}


@pytest.fixture
def checkpoints(client: OpenAI, tuned: Callable[..., Any]) -> list[Any]:
    """The checkpoints of a job that has ended, newest first."""
    return client.fine_tuning.jobs.checkpoints.list(tuned().id).data


def test_projects_are_let_in_and_shut_out(client: OpenAI, checkpoints: list[Any]):
    permissions = client.fine_tuning.checkpoints.permissions
    name = checkpoints[0].fine_tuned_model_checkpoint
    created = permissions.create(name, project_ids=["proj_a", "proj_b", "proj_a"])
    assert [each.project_id for each in created] == ["proj_a", "proj_b"]
    assert all(re.fullmatch("cp_[0-9a-f]{24}", each.id) for each in created)
    assert {each.object for each in created} == {"checkpoint.permission"}
    again = permissions.create(name, project_ids=["proj_b", "proj_c"]).data
    assert again[0].id == created.data[1].id  # a project has one permission, not two
    listed = list(permissions.list(name, limit=1))  # the client turns the pages
    assert [each.project_id for each in listed] == ["proj_c", "proj_b", "proj_a"]
    oldest = permissions.list(name, order="ascending").data
    assert [each.project_id for each in oldest] == ["proj_a", "proj_b", "proj_c"]
    assert [each.id for each in permissions.list(name, project_id="proj_c")] == [again[1].id]
    gone = permissions.delete(again[1].id, fine_tuned_model_checkpoint=name)
    assert (gone.id, gone.deleted, gone.object) == (again[1].id, True, "checkpoint.permission")
    assert len(permissions.list(name).data) == 2
    with pytest.raises(openai.NotFoundError):
        permissions.delete(again[1].id, fine_tuned_model_checkpoint=name)


def test_a_checkpoint_has_its_permissions_under_both_of_its_names(client: OpenAI, checkpoints: list[Any]):
    permissions = client.fine_tuning.checkpoints.permissions
    older = checkpoints[-1]
    permissions.create(older.id, project_ids=["proj_a"])
    assert len(permissions.list(older.fine_tuned_model_checkpoint).data) == 1
    assert permissions.list(checkpoints[0].id).data == []


def test_what_does_not_exist_has_no_permissions(client: OpenAI):
    permissions = client.fine_tuning.checkpoints.permissions
    for request in (
        lambda: permissions.create("gpt-4o", project_ids=["proj_a"]),
        lambda: permissions.list("ftchkpt-0"),
        lambda: permissions.delete("cp_0", fine_tuned_model_checkpoint="ftchkpt-0"),
    ):
        with pytest.raises(openai.NotFoundError):
            request()


@pytest.mark.parametrize("projects", [[], [""], "proj_a", None])
def test_projects_must_be_named(http: httpx2.Client, projects: Any):
    answer = http.post(
        "/openai/v1/fine_tuning/checkpoints/ftchkpt-0/permissions", json={"project_ids": projects}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith("project_ids")


def copy_address(checkpoint: Any, name: str) -> str:
    return f"/openai/v1/fine_tuning/jobs/{checkpoint.fine_tuning_job_id}/checkpoints/{name}/copy"


def test_a_checkpoint_is_copied_to_other_resources(
    http: httpx2.Client, checkpoints: list[Any], advance: Callable[[float], int]
):
    checkpoint = checkpoints[0]
    address = copy_address(checkpoint, checkpoint.id)
    wanted = {"destinationResourceId": ACCOUNT.format("one"), "region": "northcentralus"}
    head = {
        "checkpointedModelName": checkpoint.fine_tuned_model_checkpoint,
        "fineTuningJobId": checkpoint.fine_tuning_job_id,
    }
    assert http.get(address, headers=PREVIEW).json() == {**head, "copiedAccountDetails": []}
    begun = http.post(address, json=wanted, headers=PREVIEW)
    assert begun.status_code == 200
    assert begun.json() == {**head, "copiedAccountDetails": [{**wanted, "status": "InProgress"}]}
    advance(299)
    other = {"destinationResourceId": ACCOUNT.format("two"), "region": "eastus2"}
    http.post(address, json=other, headers=PREVIEW)
    advance(1)
    by_name = copy_address(checkpoint, checkpoint.fine_tuned_model_checkpoint)
    details = http.get(by_name, headers=PREVIEW).json()["copiedAccountDetails"]
    assert details == [{**wanted, "status": "Completed"}, {**other, "status": "InProgress"}]


@pytest.mark.parametrize(
    ("change", "headers", "said"),
    [
        ({}, {}, "aoai-copy-ft-checkpoints: preview"),
        ({}, {"aoai-copy-ft-checkpoints": "yes"}, "aoai-copy-ft-checkpoints: preview"),
        ({"destinationResourceId": "my account"}, PREVIEW, "destination resource was not found"),
        ({"destinationResourceId": None}, PREVIEW, "destinationResourceId"),
        ({"region": 3}, PREVIEW, "region"),
    ],
)
def test_a_copy_that_makes_no_sense_is_refused(
    http: httpx2.Client, checkpoints: list[Any], change: Any, headers: Any, said: str
):
    wanted = {"destinationResourceId": ACCOUNT.format("one"), "region": "eastus2", **change}
    answer = http.post(copy_address(checkpoints[0], checkpoints[0].id), json=wanted, headers=headers)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_what_does_not_exist_cannot_be_copied(http: httpx2.Client, checkpoints: list[Any]):
    wanted = {"destinationResourceId": ACCOUNT.format("one"), "region": "eastus2"}
    nothing = copy_address(checkpoints[0], "ftchkpt-0")
    nowhere = "/openai/v1/fine_tuning/jobs/ftjob-0/checkpoints/ftchkpt-0/copy"
    for address in (nothing, nowhere):
        assert http.post(address, json=wanted, headers=PREVIEW).status_code == 404
        assert http.get(address, headers=PREVIEW).status_code == 404


@contextlib.contextmanager
def running(path: Path) -> Iterator[httpx2.Client]:
    with (
        serve(state_file=path) as server,
        httpx2.Client(base_url=server.url, headers={"api-key": "any"}, timeout=60) as http,
    ):
        yield http


def test_permissions_and_copies_survive_a_restart(tmp_path: Path, samples: Any):
    path = tmp_path / "simulator.state"

    def seen(http: httpx2.Client) -> list[Any]:
        names = [each["id"] for each in http.get(f"{job}/checkpoints").json()["data"]]
        addresses = [f"/openai/v1/fine_tuning/checkpoints/{name}/permissions" for name in names]
        return [http.get(address).json() for address in addresses] + [
            http.get(f"{job}/checkpoints/{name}/copy", headers=PREVIEW).json() for name in names
        ]

    with running(path) as http:
        form = {"file": ("lamps.jsonl", samples.english)}
        file = http.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"}).json()["id"]
        body = {"model": "gpt-4.1-mini", "training_file": file}
        created = http.post("/openai/v1/fine_tuning/jobs", json=body).json()["id"]
        job = f"/openai/v1/fine_tuning/jobs/{created}"
        http.post("/simulator/clock", json={"advance_seconds": 5000})
        name = http.get(f"{job}/checkpoints").json()["data"][0]["id"]
        permissions = f"/openai/v1/fine_tuning/checkpoints/{name}/permissions"
        granted = http.post(permissions, json={"project_ids": ["proj_a", "proj_b"]}).json()["data"]
        assert http.delete(f"{permissions}/{granted[0]['id']}").status_code == 200
        wanted = {"destinationResourceId": ACCOUNT.format("one"), "region": "eastus2"}
        assert http.post(f"{job}/checkpoints/{name}/copy", json=wanted, headers=PREVIEW).status_code == 200
        before = seen(http)
    with running(path) as http:
        assert seen(http) == before
    assert [each["project_id"] for each in before[0]["data"]] == ["proj_b"]
    assert before[-3]["copiedAccountDetails"][0]["status"] == "InProgress"


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        ("application/json", 200),
        ("text/html, application/*; q=0.8", 200),
        ("*/*", 200),
        ("text/html", 406),
        ("nonsense", 406),
    ],
)
def test_a_copy_is_told_as_json_or_not_at_all(
    http: httpx2.Client, checkpoints: list[Any], accepted: str, status: int
):
    address = copy_address(checkpoints[0], checkpoints[0].id)
    assert http.get(address, headers={**PREVIEW, "Accept": accepted}).status_code == status
