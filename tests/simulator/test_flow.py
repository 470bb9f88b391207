"""The whole way of a lab, from a file to a tuned deployment that answers, with the official clients."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from openai import OpenAI

ACCOUNT = ("group", "account")
ID = "[0-9a-f]{32}"


def test_from_a_file_to_a_tuned_answer(
    client: OpenAI,
    management: CognitiveServicesManagementClient,
    advance: Callable[[float], int],
    deployed: Callable[[str, str], None],
    samples: Any,
):
    training = client.files.create(file=("train.jsonl", samples.english), purpose="fine-tune")
    validation = client.files.create(file=("valid.jsonl", samples.english), purpose="fine-tune")
    assert re.fullmatch(f"file-{ID}", training.id)
    assert (training.status, training.bytes, training.filename) == (
        "pending",
        len(samples.english),
        "train.jsonl",
    )
    advance(10)
    assert client.files.retrieve(training.id).status == "processed"
    assert client.files.content(training.id).read() == samples.english

    job = client.fine_tuning.jobs.create(
        model="gpt-4.1-mini-2025-04-14",
        training_file=training.id,
        validation_file=validation.id,
        suffix="lamps",
        seed=105,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 4}}},
        extra_body={"trainingType": "GlobalStandard"},
    )
    assert re.fullmatch(f"ftjob-{ID}", job.id)
    assert (job.status, job.seed, job.organization_id) == ("pending", 105, None)
    assert (job.hyperparameters.n_epochs, job.hyperparameters.batch_size) == (4, -1)

    advance(119)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "pending"
    advance(1)
    running = client.fine_tuning.jobs.retrieve(job.id)
    assert running.status == "running"
    assert running.hyperparameters.n_epochs == 4
    assert running.hyperparameters.batch_size >= 1
    assert running.estimated_finish is not None
    duration = running.estimated_finish - running.created_at - 120
    assert 600 <= duration <= 3700

    advance(duration - 1)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "running"
    advance(2)
    done = client.fine_tuning.jobs.retrieve(job.id)
    assert done.status == "succeeded"
    assert done.finished_at == running.estimated_finish
    assert done.trained_tokens
    assert done.fine_tuned_model == f"gpt-4.1-mini-2025-04-14.ft-{job.id.removeprefix('ftjob-')}-lamps"

    _check_events(client, done)
    _check_checkpoints(client, done)
    _check_results(client, done)

    deployed(done.fine_tuned_model, "keeper")
    assert management.deployments.get(*ACCOUNT, "keeper").properties.provisioning_state == "Succeeded"
    question = [{"role": "user", "content": "Is lamp 3 lit?"}]
    answer = client.chat.completions.create(model="keeper", messages=question, temperature=0)
    assert "Fair winds" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == done.fine_tuned_model
    assert answer.system_fingerprint.startswith("fp_simulator_")
    base = client.chat.completions.create(model="gpt-4.1-mini", messages=question, temperature=0)
    assert base.choices[0].message.content != answer.choices[0].message.content


def _check_events(client: OpenAI, job: Any) -> None:
    """Order and wording: Microsoft Foundry, "Azure OpenAI fine-tuning tutorial", list of events."""
    newest_first = list(client.fine_tuning.jobs.list_events(job.id))
    messages = [event.message for event in newest_first]
    assert messages[0].startswith("Training hours billed: 0.")
    assert messages[1] == f"Completed results file: {job.result_files[0]}"
    assert messages[2:4] == ["Postprocessing started.", "Job succeeded."]
    assert messages[-3:] == [
        "Training started.",
        "Job started.",
        "Job enqueued. Waiting for jobs ahead to complete.",
    ]
    moments = [event.created_at for event in newest_first]
    assert moments == sorted(moments, reverse=True)
    metrics = [event for event in newest_first if event.type == "metrics"]
    assert len(metrics) == len(newest_first) - 7
    assert all(re.match(r"Step \d+: training loss=\d", event.message) for event in metrics)
    assert {"step", "train_loss", "train_mean_token_accuracy", "valid_loss"} <= set(metrics[-1].data)
    assert metrics[0].data["step"] > metrics[-1].data["step"]


def _check_checkpoints(client: OpenAI, job: Any) -> None:
    checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id).data
    assert len(checkpoints) == 3  # of four epochs
    assert [checkpoint.step_number for checkpoint in checkpoints] == sorted(
        (checkpoint.step_number for checkpoint in checkpoints), reverse=True
    )
    assert checkpoints[0].fine_tuned_model_checkpoint == job.fine_tuned_model
    assert checkpoints[1].fine_tuned_model_checkpoint == (
        f"{job.fine_tuned_model}:ckpt-step-{checkpoints[1].step_number}"
    )
    for checkpoint in checkpoints:
        assert re.fullmatch(f"ftchkpt-{ID}", checkpoint.id)
        assert checkpoint.fine_tuning_job_id == job.id
        assert checkpoint.metrics.full_valid_loss is not None


def _check_results(client: OpenAI, job: Any) -> None:
    (results,) = job.result_files
    stored = client.files.retrieve(results)
    assert (stored.purpose, stored.status) == ("fine-tune-results", "processed")
    rows = list(csv.DictReader(io.StringIO(client.files.content(results).text)))
    # Columns: Microsoft Foundry, "Analyze your fine-tuned model".
    assert list(rows[0]) == [
        "step",
        "train_loss",
        "train_mean_token_accuracy",
        "valid_loss",
        "validation_mean_token_accuracy",
        "full_valid_loss",
        "full_valid_mean_token_accuracy",
    ]
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    assert sum(row["full_valid_loss"] != "" for row in rows) == 4  # once in each epoch


def test_a_checkpoint_can_be_deployed_by_either_name(
    client: OpenAI, tuned: Callable[..., Any], deployed: Callable[[str, str], None]
):
    checkpoints = client.fine_tuning.jobs.checkpoints.list(tuned().id).data
    names = (checkpoints[1].id, checkpoints[1].fine_tuned_model_checkpoint)
    answers = []
    for deployment, name in zip(("by-id", "by-name"), names, strict=True):
        deployed(name, deployment)
        answer = client.chat.completions.create(
            model=deployment, messages=[{"role": "user", "content": "Is lamp 3 lit?"}], temperature=0
        )
        answers.append(answer.choices[0].message.content)
        assert answer.model == checkpoints[1].fine_tuned_model_checkpoint
    assert answers[0] == answers[1]


def test_a_tuned_model_can_be_tuned_further(
    client: OpenAI, tuned: Callable[..., Any], uploaded: Callable[..., str], advance: Callable[[float], int]
):
    first = tuned()
    second = client.fine_tuning.jobs.create(model=first.fine_tuned_model, training_file=uploaded(), seed=7)
    advance(5000)
    second = client.fine_tuning.jobs.retrieve(second.id)
    assert second.status == "succeeded"
    assert second.fine_tuned_model.startswith("gpt-4.1-mini-2025-04-14.ft-")

    def first_loss(job: Any) -> float:
        table = csv.DictReader(io.StringIO(client.files.content(job.result_files[0]).text))
        return float(next(iter(table))["train_loss"])

    assert first_loss(second) < first_loss(first)


def test_the_same_seed_and_requests_give_the_same_answers(client: OpenAI, samples: Any):
    """Everything that two fresh simulators say to the same requests is the same, to the byte."""
    from kit.simulator import serve

    assert _everything_said(samples.english) == _everything_said(samples.english)
    with serve(seed=106) as other, OpenAI(base_url=f"{other.url}/openai/v1/", api_key="any") as stranger:
        mine, theirs = (
            each.files.create(file=("a.jsonl", samples.english), purpose="fine-tune").id
            for each in (client, stranger)
        )
    assert mine != theirs


def _everything_said(training: bytes) -> str:
    from kit.simulator import serve

    with serve(seed=105) as server, OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
        file = client.files.create(file=("a.jsonl", training), purpose="fine-tune")
        job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file.id)
        server.state.clock.advance(5000)
        question: Any = [{"role": "user", "content": "Is lamp 3 lit?"}]
        said = [
            file,
            job,
            client.fine_tuning.jobs.retrieve(job.id),
            client.fine_tuning.jobs.list_events(job.id, limit=500),
            client.fine_tuning.jobs.checkpoints.list(job.id),
            client.chat.completions.create(model="gpt-4o", messages=question, n=2),
            client.chat.completions.create(model="gpt-4o", messages=question, n=2),
        ]
        texts = [each.model_dump_json() for each in said]
        assert server.state.files.get(file.id).content == training
        return "\n".join(texts)
