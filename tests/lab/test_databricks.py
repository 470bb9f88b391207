"""Parameters from widgets, settings from a secret scope, ledgers in a volume."""

import runpy
from pathlib import Path

import pytest

from kit import i18n, lab, settings
from kit.azure.ledger import Entry, Ledger
from kit.errors import SettingsError, UsageError
from kit.lab import databricks, session

STAND_IN = runpy.run_path(str(Path(__file__).parents[1] / "databricks" / "stand_in.py"))
KEY = "planted-secret-0123456789"


def notebook(widgets, scopes=None, **parameters):
    """Return a notebook's names after its parameters cell."""
    defaults = {"locale": "en", "n_epochs": 3, "budget": 5.0, "existing_customer": False, "suffix": "brisa"}
    return {**defaults, **parameters, "dbutils": STAND_IN["Dbutils"](widgets, scopes or {})}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("n_epochs", "5", 5),
        ("budget", "2", 2.0),
        ("budget", "-1", -1.0),
        ("existing_customer", "true", True),
        ("existing_customer", "False", False),
        ("suffix", "42", "42"),
        ("suffix", "", ""),
        ("locale", "pt", "pt"),
    ],
)
def test_a_widget_sets_the_parameter_of_its_name_in_its_type(name, text, value):
    names = notebook({name: text, "unrelated": "1"})
    assert databricks.take_widgets(names) == [name]
    assert names[name] == value
    assert type(names[name]) is type(value)
    assert "unrelated" not in names


@pytest.mark.parametrize(("name", "text"), [("n_epochs", "many"), ("n_epochs", "2.5"), ("budget", "[]")])
def test_a_value_of_the_wrong_type_is_refused_and_changes_nothing(name, text):
    names = notebook({name: text, "suffix": "other"})
    with pytest.raises(UsageError, match=name):
        databricks.take_widgets(names)
    assert names["suffix"] == "brisa"


def test_a_secret_in_a_widget_is_refused_and_not_repeated(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    with pytest.raises(UsageError) as caught:
        databricks.take_widgets(notebook({"suffix": KEY}))
    assert KEY not in str(caught.value)


def test_the_place_of_the_volume_can_be_set_for_every_lab():
    names = notebook({"catalog": "team", "schema": "labs"})
    assert databricks.take_widgets(names) == ["catalog", "schema"]
    assert (names["catalog"], names["schema"]) == ("team", "labs")


def test_without_dbutils_parameters_stay_as_papermill_left_them():
    names = {"n_epochs": 5}
    assert databricks.take_widgets(names) == []
    assert names == {"n_epochs": 5}


def test_other_failures_of_a_widget_are_not_taken_for_its_absence():
    class Broken:
        def get(self, name):
            raise RuntimeError("the connection to the driver is lost")

    names = notebook({})
    names["dbutils"].widgets = Broken()
    with pytest.raises(RuntimeError, match="connection"):
        databricks.take_widgets(names)


def test_starting_speaks_the_language_of_the_widget_and_says_what_was_set(capsys):
    lab.start("fine-tune", notebook({"locale": "es", "n_epochs": "5"}))
    session.end()
    assert i18n.current() == "es"
    assert "locale" in capsys.readouterr().out


def test_a_scope_stands_for_environment_variables():
    names = notebook(
        {}, {"class": {"azure-openai-api-key": KEY, "azure-openai-endpoint": "https://a", "x": "y"}}
    )
    assert databricks.read_scope(names) == {}
    found = databricks.read_scope({**names, "secret_scope": "class"})
    assert found == {"AZURE_OPENAI_API_KEY": KEY, "AZURE_OPENAI_ENDPOINT": "https://a"}
    assert KEY in settings.known_secrets().values()
    with pytest.raises(SettingsError, match="other"):
        databricks.read_scope({**names, "secret_scope": "other"})


class Spark:
    """Answers the one question and takes the one statement that do not need Spark to run."""

    def __init__(self, volumes):
        self._volumes = STAND_IN["Spark"](self, volumes)

    def sql(self, query):
        return self._volumes.sql(query) if query.startswith("CREATE") else self

    def createDataFrame(self, *_arguments):  # noqa: N802
        return self

    def first(self):
        return ["ana@example.com"]


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    monkeypatch.setenv("KIT_LEARNER", "")
    monkeypatch.setenv("KIT_HOME", "")
    monkeypatch.setattr(settings, "_VOLUMES", tmp_path / "Volumes")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "local"))
    (tmp_path / "Volumes/team/labs").mkdir(parents=True)
    return Spark(tmp_path / "Volumes")


def test_ledgers_lie_in_a_volume_under_the_name_of_the_person(cluster, tmp_path):
    databricks.keep_in_volume({"spark": cluster, "catalog": "team", "schema": "labs"})
    assert settings.work_folder() == tmp_path / "Volumes/team/labs/llm_labs/kit"
    assert settings.learner() == "ana@example.com"


def test_a_volume_that_cannot_be_created_is_explained(cluster):
    with pytest.raises(SettingsError, match=r"team\.other\.llm_labs"):
        databricks.keep_in_volume({"spark": cluster, "catalog": "team", "schema": "other"})


def test_the_folder_for_results_is_a_volume_that_is_there(cluster, tmp_path):
    lab.start("fine-tune", {"spark": cluster})
    folder = lab.volume("team", "labs")
    assert folder == tmp_path / "Volumes/team/labs/llm_labs"
    assert folder.is_dir()
    with pytest.raises(SettingsError, match=r"team\.other\.llm_labs"):
        lab.volume("team", "other")
    session.end()


def test_no_lock_and_no_journal_lie_in_a_volume(cluster, tmp_path):
    path = settings.volumes_folder() / "team/labs/llm_labs/kit/ledger/ana/fine-tune.json"
    ledger = Ledger(path)
    with ledger.held():
        ledger.begin(Entry("file", "f", "train.jsonl"))
    running = session.Session("fine-tune", None, ledger)
    assert running.answers.is_relative_to(tmp_path / "local")
    assert running.shared_answers == path.with_suffix(".answers")
    assert [found.name for found in path.parent.iterdir()] == ["fine-tune.json"]
