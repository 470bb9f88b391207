"""`kit resources` and `kit cleanup` on a simulator, after a lab that was left without its last step."""

import datetime
import json

import pytest
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku
from click.testing import CliRunner

from kit import lab
from kit.azure import cleanup
from kit.azure.inventory import Hosting
from kit.azure.transport import advance_clock
from kit.cli import main
from kit.lab import session
from kit.simulator import serve
from kit.simulator.circumstances.faults import rule_from

KEY = "velvet-otter-91"
ACCOUNT = ("simulated-group", "simulated-account")


def kit(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def server(monkeypatch, tmp_path):
    with serve(keys=(KEY,)) as running:
        monkeypatch.setenv("KIT_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("KIT_SIMULATOR_URL", running.url)
        monkeypatch.setenv("KIT_SIMULATOR_KEY", KEY)
        monkeypatch.setenv("KIT_LEARNER", "ana")
        yield running


@pytest.fixture
def leavings(server, tmp_path, capsys):
    """Two files, a job that still runs, a job that is done, its model, and the deployment of that."""
    paths = []
    for number in (1, 2):
        path = tmp_path / f"train-{number}.jsonl"
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"Q{n}"},
                    {"role": "assistant", "content": f"A{n * number}"},
                ]
            }
            for n in range(12)
        ]
        path.write_text("\n".join(map(json.dumps, rows)))
        paths.append(path)
    lab.start("fine-tune", {"budget": 5.0})
    client, management = session.session().openai, session.session().management

    def upload(path):
        return client.files.create(file=(lab.marked(path), path.read_bytes()), purpose="fine-tune")

    def submit(file):
        options = {"hyperparameters": {"n_epochs": 1}, "extra_body": {"trainingType": "GlobalStandard"}}
        return client.fine_tuning.jobs.create(model="gpt-oss-20b", training_file=file.id, **options)

    files = [lab.once("file", path, create=lambda path=path: upload(path)) for path in paths]
    for file in files:
        lab.wait(client.files.retrieve, file.id)
    done = lab.once("job", files[0].id, create=lambda: submit(files[0]))
    done = lab.watch_job(client, done.id)
    model = DeploymentModel(format="OpenAI-OSS", name=done.fine_tuned_model, version="1")
    wanted = Deployment(
        sku=Sku(name="GlobalStandard", capacity=1),
        properties=DeploymentProperties(model=model),
        tags=lab.tags(),
    )
    lab.once(
        "deployment",
        "mine",
        model.name,
        create=lambda: management.deployments.begin_create_or_update(*ACCOUNT, "mine", wanted).result(),
    )
    running = lab.once("job", files[1].id, create=lambda: submit(files[1]))
    session.end()
    capsys.readouterr()
    return running.id


def test_with_nothing_created_there_is_nothing(server):
    assert kit("resources").exit_code == 0
    assert "Nothing" in kit("resources").output
    assert kit("cleanup").exit_code == 0


def test_everything_is_listed_with_what_hosting_costs(server, leavings):
    advance_clock(server.url, 36 * 3600, KEY)
    result = kit("resources")
    assert result.exit_code == 0, result.output
    for kind, count in (("file", 4), ("model", 1), ("deployment", 1)):
        assert sum(line[2:].startswith(kind) for line in result.output.splitlines()) >= count, result.output
    # 0.30 dollars an hour (kit/azure/models.toml); 36 hours and some minutes
    assert "hosted for 36" in result.output
    assert "$10.8" in result.output
    assert KEY not in result.output


def test_a_dry_run_shows_and_keeps(server, leavings):
    result = kit("cleanup", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "would be deleted: deployment mine" in result.output
    assert f"would be deleted: job {leavings}" in result.output
    assert [each.name for each in server.state.deployments.all() if each.name == "mine"]


def test_cleaning_up_deletes_in_order_and_proves_it(server, leavings):
    result = kit("cleanup")
    assert result.exit_code == 0, result.output
    order = [line.split()[2] for line in result.output.splitlines() if line.startswith("✓ deleted")]
    assert order == sorted(order, key=list(cleanup.ORDER).index)
    assert {"deployment", "model", "file"} <= set(order)
    assert f"cancelled: job {leavings}" in result.output
    assert server.state.files.all() == []
    assert [each for each in server.state.models.listing() if each["owned_by"] == "user"] == []
    assert "mine" not in {each.name for each in server.state.deployments.all()}
    assert kit("cleanup").exit_code == 0
    assert "Nothing" in kit("resources").output


def test_what_is_gone_already_is_no_fault(server, leavings):
    for file in server.state.files.all():
        server.state.files.delete(file.id)
    result = kit("cleanup")
    assert result.exit_code == 0, result.output
    assert "was gone: file" in result.output


def fault(server, name, on, **options):
    server.state.faults.rules.append(rule_from({"fault": name, "on": on, **options}))


@pytest.mark.parametrize(
    ("name", "on", "times"),
    [
        ("503", "DELETE */files/*", 4),  # three attempts of the client itself, and one more
        ("lost", "DELETE */models/*", 1),
        ("409", "DELETE */deployments/*", 2),
        ("reset", "DELETE */deployments/*", 1),
        ("429", "POST */cancel", 1),
    ],
)
def test_a_deletion_that_fails_in_passing_is_tried_again(server, leavings, name, on, times):
    fault(server, name, on, times=times)
    result = kit("cleanup")
    assert result.exit_code == 0, result.output
    assert server.state.faults.rules == []  # each fault has struck
    assert server.state.files.all() == []
    assert "mine" not in {each.name for each in server.state.deployments.all()}


def test_what_cannot_be_deleted_is_named_and_holds_up_nothing_else(server, leavings):
    fault(server, "400", "DELETE */deployments/*")
    result = kit("cleanup")
    assert result.exit_code == 1, result.output
    assert "could not be deleted: deployment mine (HttpResponseError)" in result.output
    assert "could not be deleted: model" in result.output  # it is deployed
    assert "Not everything is deleted" in result.output
    assert server.state.files.all() == []
    server.state.faults.rules.clear()
    assert kit("cleanup").exit_code == 0
    assert [each for each in server.state.models.listing() if each["owned_by"] == "user"] == []


def test_a_service_that_does_not_answer_is_no_proof(server, leavings):
    fault(server, "503", "GET */files/*")
    result = kit("cleanup")
    assert result.exit_code == 1, result.output
    assert "could not be asked (InternalServerError)" in result.output
    server.state.faults.rules.clear()
    assert kit("cleanup").exit_code == 0
    assert server.state.files.all() == []


def test_a_ledger_that_cannot_be_read_is_named_and_hides_no_other(server, leavings, tmp_path):
    [path] = (tmp_path / "home" / "ledger").glob("**/*.json")
    path.with_name("aaa.json").write_text("{")
    for command in ("resources", "cleanup"):
        result = kit(command)
        assert result.exit_code == 1, result.output
        assert "aaa.json cannot be read" in result.output
    assert server.state.files.all() == []
    stranger = path.parent.with_name("bo")
    stranger.mkdir()
    path.with_name("aaa.json").rename(stranger / "aaa.json")
    assert kit("cleanup").exit_code == 0


@pytest.mark.parametrize(
    ("hours", "per_hour", "long"),
    [(11.99, 1.7, False), (12.0, 1.7, True), (12.0, None, True), (1000.0, 0.0, False)],
)
def test_a_deployment_may_be_forgotten_after_half_a_day_unless_it_is_free(hours, per_hour, long):
    assert Hosting("mine", datetime.datetime(2026, 11, 2), hours, per_hour).long == long


def test_another_learner_and_another_lab_are_not_touched(server, leavings, monkeypatch):
    assert "Nothing" in kit("resources", "--lab", "evaluate").output
    monkeypatch.setenv("KIT_LEARNER", "bo")
    assert "deleted" not in kit("cleanup").output
    assert server.state.files.all()


def test_another_key_proves_nothing(server, leavings, monkeypatch):
    monkeypatch.setenv("KIT_SIMULATOR_KEY", "amber-heron-17")
    for command in ("resources", "cleanup"):
        result = kit(command)
        assert result.exit_code == 1, result.output
        assert "KIT_SIMULATOR_KEY" in result.output


def test_a_service_that_is_away_proves_nothing(server, leavings, monkeypatch, tmp_path):
    [path] = (tmp_path / "home" / "ledger").glob("**/*.json")
    content = path.read_text().replace(server.url, "http://127.0.0.1:9")
    path.write_text(content)
    for command in ("resources", "cleanup"):
        result = kit(command)
        assert result.exit_code == 1, result.output
        assert "could not be asked" in result.output


def test_the_next_run_warns_of_a_deployment_that_was_forgotten(server, leavings, capsys):
    advance_clock(server.url, datetime.timedelta(days=2).total_seconds(), KEY)
    lab.start("fine-tune", {})
    session.end()
    shown = capsys.readouterr().out
    assert "mine" in shown
    assert "$14" in shown  # 48 hours at 0.30
