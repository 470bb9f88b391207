"""The dates are those of Microsoft's schedule of 2026-07-07; see kit/azure/models.toml for the pages."""

import datetime

import pytest

from kit import i18n
from kit.azure import models
from kit.azure.models import Status
from kit.errors import ModelError, UsageError

TODAY = datetime.date(2026, 11, 21)
DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize("model", models.table().values(), ids=lambda model: model.name)
def test_every_row_names_sources_and_days(model):
    assert model.source.url.startswith("https://")
    assert datetime.date(2026, 1, 1) < model.source.as_of <= TODAY
    for group in (model.pricing, model.retirement):
        assert group.source.url.startswith("https://")
        assert group.source.as_of > datetime.date(2026, 1, 1)
    assert set(model.methods) <= {"supervised", "preference", "reinforcement"}
    assert set(model.pricing.training) <= set(model.training_types)
    assert set(model.pricing.hosting) <= set(model.deployment_types)
    assert not model.compare_with or models.find(model.compare_with).base_answers(TODAY)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("GPT-4o-Mini", "gpt-4o-mini"),
        ("gpt-4.1-2025-04-14.ft-0123456789abcdef", "gpt-4.1"),
        ("Qwen-32B", "Qwen3-32B"),
        ("Ministral-3B-2411", "Ministral-3B"),
    ],
)
def test_find_knows_the_usual_spellings(spelling, name):
    assert models.find(spelling).name == name


def test_find_names_the_nearest():
    with pytest.raises(ModelError, match=r"gpt-4\.1-mini"):
        models.find("gpt41-mini")
    with pytest.raises(ModelError, match="gpt-oss-20b"):
        models.find("")


def test_identifier_is_what_a_job_takes():
    assert models.find("gpt-4o").identifier == "gpt-4o-2024-08-06"
    assert models.find("Ministral-3B").identifier == "Ministral-3B"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-10-13", Status.AVAILABLE),
        ("2026-10-14", Status.EXISTING_CUSTOMERS),
        ("2027-04-13", Status.EXISTING_CUSTOMERS),
        ("2027-04-14", Status.DEPLOYMENTS_ONLY),
        ("2027-10-13", Status.DEPLOYMENTS_ONLY),
        ("2027-10-14", Status.RETIRED),
    ],
)
def test_status_changes_on_the_announced_days(day, expected):
    model = models.find("gpt-4.1")
    assert model.status(datetime.date.fromisoformat(day)) == expected
    assert model.base_answers(datetime.date.fromisoformat(day)) == (expected == Status.AVAILABLE)


def test_a_retired_model_is_refused_with_a_live_one():
    with pytest.raises(ModelError, match=r"(?s)Since October 1, 2026.*gpt-4o-mini.*gpt-oss-20b"):
        models.find("gpt-4o-mini").require_tunable(TODAY)
    models.find("gpt-4o-mini").require_tunable(TODAY, new_customer=False)
    with pytest.raises(ModelError, match="can no longer"):
        models.find("gpt-4o-mini").require_tunable(datetime.date(2027, 4, 1), new_customer=False)


def test_the_day_is_written_as_the_language_writes_days():
    i18n.use("es")
    with pytest.raises(ModelError, match="1 de octubre de 2026"):
        models.find("gpt-4o-mini").require_tunable(TODAY)


def test_a_missing_method_and_training_type_are_refused():
    with pytest.raises(ModelError, match="“supervised”, only by: reinforcement"):
        models.find("o4-mini").require_tunable(datetime.date(2026, 1, 1))
    with pytest.raises(ModelError, match="“developerTier”, only: GlobalStandard"):
        models.find("gpt-oss-20b").require_tunable(TODAY, training_type="developerTier")


def test_the_alternative_is_itself_tunable():
    for method in ("supervised", "preference"):
        other = models.alternative(TODAY, method)
        if other:
            other.require_tunable(TODAY, method)
            assert other.deployment_types
    assert models.alternative(TODAY) is models.find("gpt-oss-20b")


def test_a_refusal_without_alternative_gives_none():
    with pytest.raises(ModelError) as caught:
        models.find("gpt-4.1").require_tunable(datetime.date(2027, 5, 1), "preference")
    assert caught.value.advice == ""


ROW = """
[[model]]
name = "my-model"
provider = "me"
methods = ["supervised"]
encoding = "o200k_base"
source = { url = "https://example.org/models", as_of = 2026-11-01 }
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return the path of a learner's own table, which the environment names."""
    path = tmp_path / "mine.toml"
    monkeypatch.setenv("KIT_MODELS", str(path))
    return path


def test_a_learner_adds_and_replaces_rows_by_file(own, monkeypatch):
    own.write_text(ROW + ROW.replace("my-model", "gpt-4o"), encoding="utf-8")
    rows = models.table()
    assert list(rows)[:2] == ["my-model", "gpt-4o"]
    assert "gpt-oss-20b" in rows
    assert rows["gpt-4o"].provider == "me"
    assert models.find("my-model").pricing.training == {}
    monkeypatch.delenv("KIT_MODELS")
    assert models.find("gpt-4o").provider == "OpenAI"
    with pytest.raises(ModelError):
        models.find("my-model")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[[model]", "cannot be read"),
        (ROW.replace("encoding", "encodign"), "encodign, encoding"),
        ('[[model]]\nprovider = "me"', "name"),
        (ROW.replace('source = { url = "https://example.org/models", as_of = 2026-11-01 }', ""), "support"),
        (ROW + "pricing = { trainning = {} }", "trainning"),
        ("model = 3", "not complete"),
    ],
)
def test_a_bad_table_file_is_named(own, content, expected):
    own.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=expected) as caught:
        models.table()
    assert str(own) in str(caught.value)


@pytest.mark.usefixtures("own")
def test_a_missing_table_file_is_named():
    with pytest.raises(UsageError, match=r"mine\.toml"):
        models.find("gpt-oss-20b")
