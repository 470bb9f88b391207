"""Fine-tuning jobs: what is refused, and every way that a job's life can turn."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from kit.simulator import Simulator
from kit.simulator.fine_tuning.lifecycle import billed_hours, running_seconds

Advance = Callable[[float], int]
Uploaded = Callable[..., str]


def create(client: OpenAI, file: str, **options: Any) -> Any:
    return client.fine_tuning.jobs.create(**{"model": "gpt-4.1-mini", "training_file": file, **options})


def test_nine_examples_fail_the_job_and_say_so(
    client: OpenAI, uploaded: Uploaded, advance: Advance, samples: Any
):
    file = uploaded(b"".join(samples.english.splitlines(keepends=True)[:9]))
    assert client.files.retrieve(file).status == "processed"
    job = create(client, file)
    assert job.status == "pending"
    advance(120)
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "failed"
    assert (job.error.code, job.error.param) == ("invalidPayload", "training_file")
    assert "9 example(s)" in job.error.message
    newest = client.fine_tuning.jobs.list_events(job.id).data[0]
    assert newest.level == "error"
    assert job.error.message in newest.message
    assert (job.fine_tuned_model, job.result_files) == (None, [])


def test_a_file_that_turns_out_broken_fails_the_job(client: OpenAI, advance: Advance, samples: Any):
    """A job may be created before the import of its files has ended."""
    good = client.files.create(file=("good.jsonl", samples.english), purpose="fine-tune").id
    bad = client.files.create(file=("bad.jsonl", samples.english + b"{\n"), purpose="fine-tune").id
    job = create(client, good, validation_file=bad)
    advance(120)
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert (job.status, job.error.param) == ("failed", "validation_file")
    assert "line 13" in job.error.message


@pytest.mark.parametrize("model", ["gpt-9", "o4-mini", "gpt-4.1-mini-2024-01-01", ""])
def test_a_model_that_cannot_be_tuned_is_refused(client: OpenAI, uploaded: Uploaded, model: str):
    with pytest.raises(openai.BadRequestError) as refused:
        create(client, uploaded(), model=model)
    assert refused.value.code == "invalidPayload"
    if model:  # wording: Azure OpenAI service, 2026
        assert refused.value.body["message"] == "The specified base model does not support fine-tuning."


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"suffix": "x" * 19}, "suffix"),
        ({"suffix": "a/b"}, "suffix"),
        ({"suffix": ""}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"seed": "one"}, "seed"),
        ({"hyperparameters": {"n_epochs": 0}}, "n_epochs"),
        ({"hyperparameters": {"n_epochs": 1.5}}, "n_epochs"),
        ({"hyperparameters": {"n_epochs": 51}}, "n_epochs"),
        ({"hyperparameters": {"batch_size": "large"}}, "batch_size"),
        ({"hyperparameters": {"batch_size": 257}}, "batch_size"),
        ({"hyperparameters": {"learning_rate_multiplier": -2}}, "learning_rate_multiplier"),
        ({"hyperparameters": 3}, "hyperparameters"),
        ({"method": {"type": "dpo"}}, "method"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"extra_body": {"trainingType": "Cheap"}}, "trainingType"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(
    client: OpenAI, uploaded: Uploaded, options: dict[str, Any], param: str
):
    with pytest.raises(openai.BadRequestError) as refused:
        create(client, uploaded(), **options)
    assert (refused.value.code, refused.value.param) == ("invalidPayload", param)


@pytest.mark.parametrize("training_type", ["Standard", "GlobalStandard", "developerTier"])
def test_training_types_and_either_place_of_hyperparameters(
    client: OpenAI, uploaded: Uploaded, training_type: str
):
    chosen: Any = {"n_epochs": 2, "batch_size": 3, "learning_rate_multiplier": 0.5}
    old = create(client, uploaded(), hyperparameters=chosen, extra_body={"trainingType": training_type})
    new = create(client, uploaded(), method={"type": "supervised", "supervised": {"hyperparameters": chosen}})
    for job in (old, new):
        assert job.hyperparameters.to_dict() == chosen
        assert job.method.supervised.hyperparameters.to_dict() == chosen


def test_a_suffix_of_eighteen_characters_is_fine(client: OpenAI, uploaded: Uploaded, advance: Advance):
    job = create(client, uploaded(), suffix="x" * 18, metadata={"lab": "one"})
    assert (job.user_provided_suffix, job.metadata) == ("x" * 18, {"lab": "one"})
    advance(5000)
    assert client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model.endswith("-" + "x" * 18)


@pytest.mark.parametrize(
    ("notes", "code"),
    [
        ({str(n): "x" for n in range(17)}, "object_above_max_properties"),
        ({"x" * 65: "x"}, "string_above_max_length"),
        ({"x": "x" * 513}, "string_above_max_length"),
    ],
)
def test_notes_have_bounds(client: OpenAI, uploaded: Uploaded, notes: dict[str, str], code: str):
    with pytest.raises(openai.BadRequestError) as refused:
        create(client, uploaded(), metadata=notes)
    assert (refused.value.code, refused.value.param) == (code, "metadata")


@pytest.mark.parametrize("chosen", ["auto", -1, None])
def test_what_the_service_chooses_is_shown_as_such(client: OpenAI, uploaded: Uploaded, chosen: Any):
    names = ("n_epochs", "batch_size", "learning_rate_multiplier")
    job = create(client, uploaded(), hyperparameters=dict.fromkeys(names, chosen))
    assert job.hyperparameters.to_dict() == dict.fromkeys(names, -1)


def test_a_missing_file_is_told(client: OpenAI, uploaded: Uploaded):
    with pytest.raises(openai.NotFoundError):
        create(client, "file-0")
    with pytest.raises(openai.NotFoundError):
        create(client, uploaded(), validation_file="file-0")


def test_results_cannot_be_trained_on(client: OpenAI, tuned: Callable[..., Any]):
    with pytest.raises(openai.BadRequestError, match="fine-tune-results"):
        create(client, tuned().result_files[0])


@pytest.mark.parametrize("seconds", [0, 200])
def test_a_cancelled_job_stays_cancelled(
    client: OpenAI, uploaded: Uploaded, advance: Advance, seconds: float
):
    job = create(client, uploaded())
    advance(seconds)
    cancelled = client.fine_tuning.jobs.cancel(job.id)
    assert cancelled.status == "cancelled"
    assert cancelled.finished_at == cancelled.created_at + seconds
    events = client.fine_tuning.jobs.list_events(job.id, limit=500).data
    assert events[0].message == "Job cancelled."
    advance(5000)
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert (job.status, job.fine_tuned_model, job.estimated_finish) == ("cancelled", None, None)
    assert client.fine_tuning.jobs.list_events(job.id, limit=500).data == events
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.fine_tuning.jobs.cancel(job.id)


def test_a_paused_job_waits_and_then_goes_on(client: OpenAI, uploaded: Uploaded, advance: Advance):
    jobs = client.fine_tuning.jobs
    job = create(client, uploaded(), seed=1)
    with pytest.raises(openai.BadRequestError, match="pending"):
        jobs.pause(job.id)
    advance(300)
    expected_finish = jobs.retrieve(job.id).estimated_finish
    statuses = [jobs.pause(job.id).status]
    advance(59)
    statuses.append(jobs.retrieve(job.id).status)
    with pytest.raises(openai.BadRequestError, match="pausing"):
        jobs.resume(job.id)
    advance(1)
    statuses.append(jobs.retrieve(job.id).status)
    n_events = len(jobs.list_events(job.id, limit=500).data)
    advance(100_000)
    paused = jobs.retrieve(job.id)
    statuses.append(paused.status)
    assert paused.estimated_finish is None
    assert len(jobs.list_events(job.id, limit=500).data) == n_events
    statuses.append(jobs.resume(job.id).status)
    advance(60)
    running = jobs.retrieve(job.id)
    statuses.append(running.status)
    assert running.estimated_finish == expected_finish + 100_000 + 120
    advance(5000)
    statuses.append(jobs.retrieve(job.id).status)
    # Statuses: Microsoft Foundry, "Pause and resume a fine-tuning job", 2026.
    assert statuses == ["pausing", "pausing", "paused", "paused", "resuming", "running", "succeeded"]
    moments = [event.created_at for event in jobs.list_events(job.id, limit=500).data]
    assert moments == sorted(moments, reverse=True)


def test_a_paused_job_can_be_cancelled(client: OpenAI, uploaded: Uploaded, advance: Advance):
    job = create(client, uploaded())
    advance(300)
    client.fine_tuning.jobs.pause(job.id)
    advance(60)
    assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.fine_tuning.jobs.resume(job.id)


def test_pages_of_jobs_and_events_follow_each_other(
    client: OpenAI, uploaded: Uploaded, advance: Advance, tuned: Callable[..., Any]
):
    done = tuned()
    created = [done.id] + [create(client, uploaded()).id for _ in range(3)]
    first = client.fine_tuning.jobs.list(limit=3)
    assert ([job.id for job in first.data], first.has_more) == (created[:0:-1], True)
    assert [job.id for job in client.fine_tuning.jobs.list(limit=3)] == created[::-1]
    assert len(client.fine_tuning.jobs.list_events(done.id).data) == 20  # OpenAI API reference: the default
    one_page = client.fine_tuning.jobs.list_events(done.id, limit=500).data
    assert list(client.fine_tuning.jobs.list_events(done.id, limit=7)) == one_page
    checkpoints = client.fine_tuning.jobs.checkpoints
    assert len(list(checkpoints.list(done.id, limit=1))) == len(checkpoints.list(done.id).data)


def test_events_do_not_depend_on_how_often_a_client_looks(
    client: OpenAI, uploaded: Uploaded, advance: Advance
):
    """Two jobs of the same kind, one watched every ten virtual seconds: the same story."""
    watched = create(client, uploaded(), seed=1)
    for _ in range(100):
        advance(10)
        client.fine_tuning.jobs.retrieve(watched.id)
    advance(4000)
    unwatched = create(client, uploaded(), seed=1)
    advance(5000)
    stories = [
        [
            (event.message.split(":")[0], event.created_at - job.created_at)
            for event in client.fine_tuning.jobs.list_events(job.id, limit=500)
        ]
        for job in (watched, unwatched)
    ]
    assert stories[0] == stories[1]


def test_a_deleted_file_does_not_stop_its_job(client: OpenAI, uploaded: Uploaded, advance: Advance):
    file = uploaded()
    job = create(client, file)
    client.files.delete(file)
    advance(5000)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"


def test_the_results_file_appears_without_a_look_at_the_job(
    client: OpenAI, uploaded: Uploaded, advance: Advance
):
    create(client, uploaded())
    advance(5000)
    assert len(client.files.list(purpose="fine-tune-results").data) == 1


def test_the_legacy_address_does_the_same(server: Simulator, samples: Any):
    with AzureOpenAI(azure_endpoint=server.url, api_version="2025-04-01-preview", api_key="any") as client:
        file = client.files.create(file=("a.jsonl", samples.english), purpose="fine-tune")
        job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file.id)
        server.state.clock.advance(5000)
        assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
        assert client.fine_tuning.jobs.checkpoints.list(job.id).data


def test_the_real_work_stops_with_a_cancelled_job(
    client: OpenAI, uploaded: Uploaded, advance: Advance, samples: Any
):
    """Trainings run one after the other: a second job would have to wait for 60,000 steps of the first."""
    endless = create(client, uploaded(samples.english * 100), hyperparameters={"n_epochs": 50})
    client.fine_tuning.jobs.cancel(endless.id)
    job = create(client, uploaded(), hyperparameters={"n_epochs": 1})
    advance(5000)
    assert client.with_options(timeout=60).fine_tuning.jobs.retrieve(job.id).status == "succeeded"


@pytest.mark.parametrize(
    ("tokens", "seconds", "hours"),
    [(0, 600, 0.25), (5_000, 700, 0.25), (60_000, 1800, 0.5), (10**7, 3600, 1.0)],
)
def test_running_time_grows_with_tokens_within_an_hour(tokens: int, seconds: float, hours: float):
    assert running_seconds(tokens) == seconds
    assert billed_hours(seconds) == hours
