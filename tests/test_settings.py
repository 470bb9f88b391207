"""Settings from a file ``.env``."""

import os

from kit import settings


def test_a_file_fills_what_the_environment_leaves_open(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(
        'KIT_LEARNER="ana"\nAZURE_OPENAI_API_KEY=velvet-otter-91 # comment\nKIT_LOCALE=zh\n'
        "PYTHONPATH=/evil\nAZURE_X=\n"
    )
    folder = tmp_path / "labs" / "en"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "environ", {"KIT_LOCALE": "en"})
    settings.read_env_file()
    assert os.environ == {"KIT_LOCALE": "en", "KIT_LEARNER": "ana", "AZURE_OPENAI_API_KEY": "velvet-otter-91"}
    assert settings.known_secrets()["AZURE_OPENAI_API_KEY"] == "velvet-otter-91"


def test_without_a_file_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    settings.read_env_file()
    assert dict(os.environ) == before


def test_a_childs_places_are_those_that_are_seen_from_here(tmp_path, monkeypatch):
    """Else a kernel, which works in its notebook's folder, keeps its ledger where no command looks for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KIT_HOME", "home")
    monkeypatch.setenv("KIT_MODELS", "mine.toml")
    with settings.child_environment():
        assert os.environ["KIT_HOME"] == str(tmp_path / "home")
        assert os.environ["KIT_MODELS"] == str(tmp_path / "mine.toml")
    assert (os.environ["KIT_HOME"], os.environ["KIT_MODELS"]) == ("home", "mine.toml")


def test_a_remembered_secret_is_known():
    assert settings.remember_secret("scope/key", "amber-heron-17") == "amber-heron-17"
    assert settings.known_secrets()["scope/key"] == "amber-heron-17"
    settings._remembered.clear()


def test_the_learner_is_the_user_unless_named(monkeypatch):
    monkeypatch.setenv("KIT_LEARNER", "ana")
    assert settings.learner() == "ana"
    monkeypatch.delenv("KIT_LEARNER")
    assert settings.learner() != "ana"


def test_the_word_that_a_simulator_takes_for_a_key_is_no_secret(monkeypatch):
    """`kit serve` tells people to set it; a lab with `backend="simulator"` must start all the same."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "simulator")
    assert "simulator" not in settings.known_secrets().values()
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "simulators")
    assert "simulators" in settings.known_secrets().values()
