"""The first and the last cell."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from kit import i18n, lab, settings
from kit.azure.ledger import Entry
from kit.errors import SettingsError, UnknownLocaleError, UsageError
from kit.lab import session


@pytest.fixture(autouse=True)
def _ended():
    yield
    session.end()


def test_starting_chooses_the_language_and_says_that_nothing_costs_money(locale, capsys):
    lab.start("fine-tune", {"locale": locale})
    assert i18n.current() == locale
    assert i18n.own_name(locale) in capsys.readouterr().out


def test_starting_again_replaces_the_simulator_and_finishing_stops_it():
    lab.start("fine-tune", {})
    first = session.session().connection.endpoint
    lab.start("fine-tune", {})
    second = session.session().connection.endpoint
    lab.finish()
    for address in (first, second):
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(f"{address}/simulator/status")


def test_the_simulators_key_is_not_shown():
    lab.start("fine-tune", {})
    running = session.session()
    assert running.connection.api_key not in repr(running)


def test_the_day_is_the_simulators_own():
    lab.start("fine-tune", {})
    assert session.session().today().isoformat() == "2026-11-02"  # the first day of its calendar


def test_an_unknown_backend_and_an_unknown_locale_are_refused():
    with pytest.raises(UsageError, match="simulator, azure"):
        lab.start("fine-tune", {"backend": "gcp"})
    with pytest.raises(UnknownLocaleError, match="zh-TW"):
        lab.start("fine-tune", {"locale": "zh-TW"})


def test_a_models_file_is_in_force_while_the_lab_runs_and_not_after_a_failed_start(monkeypatch, tmp_path):
    """Else the next start would take the learner's file for what the environment had said before."""
    monkeypatch.setenv("KIT_MODELS", "before.toml")
    with pytest.raises(UsageError, match="simulator, azure"):
        lab.start("fine-tune", {"backend": "gcp", "models_file": "mine.toml"})
    assert settings.variable("KIT_MODELS") == "before.toml"
    mine = tmp_path / "mine.toml"
    mine.write_bytes((Path(settings.__file__).parent / "azure" / "models.toml").read_bytes())
    lab.start("fine-tune", {"models_file": str(mine)})
    assert settings.variable("KIT_MODELS") == str(mine)
    lab.finish()
    assert settings.variable("KIT_MODELS") == "before.toml"


def test_the_key_that_kit_serve_proposes_stops_no_lab(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "simulator")
    lab.start("fine-tune", {"backend": "simulator"})


def test_a_secret_is_refused_under_the_name_of_its_parameter(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "otter-91")
    with pytest.raises(UsageError, match="The parameter “suffix”") as caught:
        lab.start("fine-tune", {"suffix": "otter-91"})
    assert "otter-91" not in str(caught.value)
    lab.start("fine-tune", {"token": "word"})  # a later cell's name, not a credential


def test_azure_without_its_settings_names_what_is_missing(monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    with pytest.raises(SettingsError, match="AZURE_OPENAI_ENDPOINT"):
        lab.start("fine-tune", {"backend": "azure"})


def test_on_azure_the_ledger_outlives_the_notebook(monkeypatch, tmp_path, simulator, capsys):
    """The path of a real subscription, with a simulator on this machine at the other end."""
    for name, value in {
        "KIT_HOME": str(tmp_path),
        "AZURE_OPENAI_ENDPOINT": simulator.url,
        "AZURE_OPENAI_API_KEY": "any",
    }.items():
        monkeypatch.setenv(name, value)
    lab.start("fine-tune", {"backend": "azure"})
    assert f"the simulator of Azure at {simulator.url}. It is free." in capsys.readouterr().out
    lab.connect()
    session.session().ledger.begin(Entry("file", "f", "train.jsonl"))
    session.end()
    lab.start("fine-tune", {"backend": "azure"})
    assert session.session().ledger.find("file", "f") is not None
