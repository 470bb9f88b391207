"""Waiting on the simulator's clock: to success, and to a failure that says why."""

import pytest

from kit import lab
from kit.errors import JobFailedError


@pytest.fixture
def job(client, training_file):
    uploaded = lab.wait(
        client.files.retrieve, client.files.create(file=training_file, purpose="fine-tune").id
    )
    return client.fine_tuning.jobs.create(
        model="gpt-oss-20b", training_file=uploaded.id, extra_body={"trainingType": "GlobalStandard"}
    )


def test_a_file_is_processed_when_the_wait_ends(client, training_file):
    uploaded = client.files.create(file=training_file, purpose="fine-tune")
    assert uploaded.status != "processed"
    assert lab.wait(client.files.retrieve, uploaded.id).status == "processed"


def test_a_job_is_followed_to_its_model_and_its_leavings_are_noted(client, job, capsys):
    done = lab.watch_job(client, job.id)
    assert done.status == "succeeded"
    checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id).data
    names = {done.fine_tuned_model, *(each.fine_tuned_model_checkpoint for each in checkpoints)}
    assert set(lab.created("model")) == names
    assert lab.created("file") == done.result_files
    shown = capsys.readouterr().out
    assert "Job started." in shown
    assert "succeeded" in shown


def test_a_cancelled_job_is_an_error_with_an_advice(client, job):
    client.fine_tuning.jobs.cancel(job.id)
    with pytest.raises(JobFailedError, match="cancelled"):
        lab.watch_job(client, job.id)
