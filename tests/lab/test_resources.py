"""Nothing is created twice, and the service itself says what is left."""

import openai
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku

from kit import lab
from kit.errors import JobFailedError, ServiceError


def upload(client, path, **options):
    return client.files.create(file=path, purpose="fine-tune", **options)


def submit(client, file_id, **options):
    place = {"extra_body": {"trainingType": "GlobalStandard"}}
    return client.fine_tuning.jobs.create(model="gpt-oss-20b", training_file=file_id, **place, **options)


def deploy(running, name, *, model="gpt-oss-120b", tags=None, **options):
    place = (running.connection.resource_group, running.connection.account)
    source = DeploymentModel(format="OpenAI-OSS", name=model)
    sku = Sku(name="GlobalStandard", capacity=1)
    wanted = Deployment(sku=sku, properties=DeploymentProperties(model=source), tags=tags)
    return running.management.deployments.begin_create_or_update(*place, name, wanted, **options).result()


def deployments(running):
    """Return what is deployed beside what a simulator holds from the beginning."""
    place = (running.connection.resource_group, running.connection.account)
    return [each.name for each in running.management.deployments.list(*place) if each.name.startswith("mine")]


def test_running_a_cell_twice_uploads_once(client, training_file, capsys):
    first = lab.once("file", training_file, create=lambda: upload(client, training_file))
    second = lab.once("file", training_file, create=lambda: pytest.fail("created twice"))
    assert first.id == second.id
    assert len(client.files.list().data) == 1
    assert "train.jsonl" in capsys.readouterr().out


def test_a_changed_file_is_another_file(client, training_file):
    lab.once("file", training_file, create=lambda: upload(client, training_file))
    with training_file.open("a") as file:
        file.write("\n")
    lab.once("file", training_file, create=lambda: upload(client, training_file))
    assert len(client.files.list().data) == 2


def test_what_was_deleted_behind_the_ledger_is_created_again(client, training_file):
    first = lab.once("file", training_file, create=lambda: upload(client, training_file))
    client.files.delete(first.id)
    second = lab.once("file", training_file, create=lambda: upload(client, training_file))
    assert second.id != first.id


def test_an_upload_whose_answer_was_lost_is_found_by_name_and_size(client, training_file):
    """The worst moment to be interrupted: the service has the file, the notebook has no id."""

    def lost():
        upload(client, training_file)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.once("file", training_file, create=lost)
    found = lab.once("file", training_file, create=lambda: pytest.fail("created twice"))
    assert [file.id for file in client.files.list().data] == [found.id]


def test_a_job_whose_answer_was_lost_is_found_by_its_training_file(client, training_file):
    uploaded = lab.wait(client.files.retrieve, upload(client, training_file).id)

    def lost():
        submit(client, uploaded.id)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.once("job", uploaded.id, create=lost)
    lab.once("job", uploaded.id, create=lambda: pytest.fail("created twice"))
    assert len(client.fine_tuning.jobs.list().data) == 1


# What can happen to an answer on its way, in the words of kit/simulator/circumstances/faults.toml.
LOST = ["lost", "cut", "malformed", "empty", "503; after", "408; after", "429; after"]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("kind", ["file", "job", "deployment"])
def test_a_creation_whose_answer_is_lost_is_found_and_not_repeated(
    running, client, training_file, fault, kind
):
    """The connection is cut after the service has done its work: one call, one resource."""
    once_lost = {"x-kit-fault": f"{fault}; times=1"}
    creator = client.with_options(max_retries=0)
    calls = []

    def create():
        calls.append(kind)
        assert len(calls) == 1, "created twice"
        if kind == "file":
            return upload(creator, training_file, extra_headers=once_lost)
        if kind == "job":
            return submit(creator, source.id, extra_headers=once_lost)
        return deploy(running, "mine", headers=once_lost)

    if kind == "file":
        found = lab.once("file", training_file, create=create)
        assert [file.id for file in client.files.list().data] == [found.id]
    elif kind == "job":
        source = lab.wait(client.files.retrieve, upload(client, training_file).id)
        found = lab.once("job", source.id, create=create)
        assert [job.id for job in client.fine_tuning.jobs.list().data] == [found.id]
    else:
        found = lab.once("deployment", "mine", "gpt-oss-120b", create=create)
        assert found.properties.provisioning_state == "Succeeded"
        assert deployments(running) == ["mine"]
    [entry] = [entry for entry in running.ledger if entry.kind == kind]
    assert (entry.state, entry.id) == ("created", found.name if kind == "deployment" else found.id)


def test_a_creation_that_never_arrived_is_tried_again(running, client, training_file):
    creator, calls = client.with_options(max_retries=0), []

    def create():
        calls.append(1)
        faults = {"x-kit-fault": "reset"} if len(calls) < 4 else {}
        return upload(creator, training_file, extra_headers=faults)

    before = running.service.now()
    lab.once("file", training_file, create=create)
    assert len(calls) == 4
    assert len(client.files.list().data) == 1
    assert (
        running.service.now() - before
    ).total_seconds() >= 10 + 20 + 40  # the pauses, on the service's clock


def test_after_four_attempts_the_reason_is_told_and_the_next_run_looks_first(running, client, training_file):
    creator = client.with_options(max_retries=0)

    def create():
        return upload(creator, training_file, extra_headers={"x-kit-fault": "reset"})

    with pytest.raises(openai.APIConnectionError):
        lab.once("file", training_file, create=create)
    assert [entry.state for entry in running.ledger] == ["creating"]
    mine = upload(client, training_file)
    assert lab.once("file", training_file, create=lambda: pytest.fail("created twice")).id == mine.id


def test_a_plain_refusal_is_not_tried_again(running, client, training_file):
    calls = []

    def create():
        calls.append(1)
        return submit(client, "file-missing")

    with pytest.raises(openai.NotFoundError):
        lab.once("job", "file-missing", create=create)

    def forbid():
        calls.append(1)
        return deploy(running, "mine", headers={"x-kit-fault": "insufficient-quota"})

    with pytest.raises(HttpResponseError, match="quota"):
        lab.once("deployment", "mine", create=forbid)
    with pytest.raises(ZeroDivisionError):
        lab.once("file", training_file, create=lambda: calls.append(1) or 1 / 0)
    assert len(calls) == 3


def test_a_deployment_that_is_somebody_elses_is_left_alone(running):
    deploy(running, "mine")
    with pytest.raises(ServiceError, match=r"“mine”.*not this lab"):
        lab.once("deployment", "mine", "gpt-oss-120b", create=lambda: pytest.fail("replaced"))


def test_a_deployment_with_the_labs_mark_is_its_own_even_without_a_ledger(running):
    deploy(running, "mine", tags=lab.tags())
    found = lab.once("deployment", "mine", "gpt-oss-120b", create=lambda: pytest.fail("created twice"))
    assert found.name == "mine"


def test_a_deployment_of_another_model_is_changed_and_listed_once(running):
    lab.once("deployment", "mine", "gpt-oss-120b", create=lambda: deploy(running, "mine"))
    changed = lab.once(
        "deployment", "mine", "gpt-oss-20b", create=lambda: deploy(running, "mine", model="gpt-oss-20b")
    )
    assert changed.properties.model.name == "gpt-oss-20b"
    assert deployments(running) == ["mine"]
    assert lab.created("deployment") == ["mine"]
    assert [row[0] for row in lab.remaining().rows] == ["deployment"]


def test_a_deployment_that_failed_is_made_again(running):
    broken = {"x-kit-fault": "provisioning-fails"}
    with pytest.raises(HttpResponseError):
        lab.once("deployment", "mine", "gpt-oss-120b", create=lambda: deploy(running, "mine", headers=broken))
    found = lab.once("deployment", "mine", "gpt-oss-120b", create=lambda: deploy(running, "mine"))
    assert found.properties.provisioning_state == "Succeeded"
    assert deployments(running) == ["mine"]


def test_a_deployment_that_vanishes_while_it_is_waited_for_is_made_again(running, monkeypatch):
    deployments_of = running.management.deployments
    place = (running.connection.resource_group, running.connection.account, "mine")
    source = DeploymentModel(format="OpenAI-OSS", name="gpt-oss-120b")
    wanted = Deployment(
        sku=Sku(name="GlobalStandard", capacity=1),
        properties=DeploymentProperties(model=source),
        tags=lab.tags(),
    )
    begun = deployments_of.begin_create_or_update(*place, wanted, polling=False).result()
    assert begun.properties.provisioning_state == "Creating"
    monkeypatch.setattr(running, "sleep", lambda _seconds: deployments_of.begin_delete(*place).result())
    found = lab.once("deployment", "mine", "gpt-oss-120b", create=lambda: deploy(running, "mine"))
    assert found.properties.provisioning_state == "Succeeded"


def test_a_failed_job_costs_nothing_and_is_made_again_within_the_same_budget(running, client, training_file):
    running.cap = 1.0
    source = lab.wait(client.files.retrieve, upload(client, training_file).id)
    fails = {"x-kit-fault": "job-fails"}
    first = lab.once(
        "job", source.id, create=lambda: submit(client, source.id, extra_headers=fails), cost=1.0
    )
    assert running.budget.remaining == 0
    with pytest.raises(JobFailedError, match="internal error"):
        lab.watch_job(client, first.id)
    assert running.budget.remaining == 1.0
    second = lab.once("job", source.id, create=lambda: submit(client, source.id), cost=1.0)
    assert lab.watch_job(client, second.id).status == "succeeded"
    assert running.budget.spent == 1.0


def test_the_service_is_asked_what_is_left(running, client, training_file):
    uploaded = lab.once("file", training_file, create=lambda: upload(client, training_file))
    place = (running.connection.resource_group, running.connection.account)
    lab.once("deployment", "mine", create=lambda: deploy(running, "mine"))
    assert {row[0] for row in lab.remaining().rows} == {"file", "deployment"}
    assert lab.created("deployment") == ["mine"]
    running.management.deployments.begin_delete(*place, "mine").result()
    assert [row[2] for row in lab.remaining().rows] == [uploaded.id]
    client.files.delete(uploaded.id)
    assert lab.remaining().rows == []
    assert lab.created("file") == []
