"""Nothing is created twice, and the service itself says what is left."""

import pytest
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku

from kit import lab


def upload(client, path):
    return client.files.create(file=path, purpose="fine-tune")


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
        client.fine_tuning.jobs.create(
            model="gpt-oss-20b", training_file=uploaded.id, extra_body={"trainingType": "GlobalStandard"}
        )
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.once("job", uploaded.id, create=lost)
    lab.once("job", uploaded.id, create=lambda: pytest.fail("created twice"))
    assert len(client.fine_tuning.jobs.list().data) == 1


def test_the_service_is_asked_what_is_left(running, client, training_file):
    uploaded = lab.once("file", training_file, create=lambda: upload(client, training_file))
    place = (running.connection.resource_group, running.connection.account)
    model = DeploymentModel(format="OpenAI-OSS", name="gpt-oss-120b", version="1")
    wanted = Deployment(
        sku=Sku(name="GlobalStandard", capacity=1), properties=DeploymentProperties(model=model)
    )
    lab.once(
        "deployment",
        "mine",
        create=lambda: running.management.deployments.begin_create_or_update(*place, "mine", wanted).result(),
    )
    assert {row[0] for row in lab.remaining().rows} == {"file", "deployment"}
    assert lab.created("deployment") == ["mine"]
    running.management.deployments.begin_delete(*place, "mine").result()
    assert [row[2] for row in lab.remaining().rows] == [uploaded.id]
    client.files.delete(uploaded.id)
    assert lab.remaining().rows == []
    assert lab.created("file") == []
