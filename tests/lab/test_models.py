"""Choosing a model: the dead and the unfit are refused with a live one's name, a learner's own row is taken.

The simulator's calendar begins on 2026-11-02; the dates are those of kit/azure/models.toml.
"""

import pytest

from kit import lab
from kit.errors import ModelError, UsageError
from kit.lab import session
from kit.lab.models import price

ROW = """
[[model]]
name = "my-model"
provider = "me"
methods = ["supervised"]
training_types = ["GlobalStandard"]
encoding = "cl100k_base"
source = { url = "https://example.org/models", as_of = 2026-11-01 }
[model.pricing]
training = { GlobalStandard = 2.0 }
"""


@pytest.mark.parametrize(
    ("name", "training_type", "words"),
    [
        ("gpt-4o-mini", "GlobalStandard", ["Since October 1, 2026", "only by those who did it before"]),
        ("gpt-4.1-2025-04-14", "Standard", ["Since October 14, 2026"]),
        ("o4-mini", "GlobalStandard", ["“supervised”", "reinforcement"]),
        ("gpt-oss-20b", "developerTier", ["“developerTier”", "GlobalStandard, DataZoneStandard"]),
    ],
)
def test_a_dead_or_unfit_model_is_refused_and_a_live_one_named(running, name, training_type, words):
    with pytest.raises(ModelError) as refused:
        lab.base_model(name, training_type)
    assert all(word in refused.value.message_text() for word in words), str(refused.value)
    assert "gpt-oss-20b" in refused.value.advice_text()


def test_an_unknown_model_is_answered_with_the_nearest_and_the_way_to_add_one(running):
    with pytest.raises(ModelError, match=r"(?s)gpt-oss-20b.*KIT_MODELS"):
        lab.base_model("gpt-oss-2b")


def test_who_has_trained_a_model_before_may_go_on(running):
    assert lab.base_model("gpt-4o-mini", "GlobalStandard", existing_customer=True).name == "gpt-4o-mini"


def test_a_retired_model_is_refused_to_everybody(running):
    running.service.sleep(200 * 24 * 3600)  # until 2027-05-21, after the end of 2027-04-01
    with pytest.raises(ModelError, match="can no longer be fine-tuned"):
        lab.base_model("gpt-4o-mini", "GlobalStandard", existing_customer=True)


def test_the_facts_of_a_model_are_shown(running, capsys):
    lab.base_model("gpt-4.1", "Standard", existing_customer=True)
    shown = capsys.readouterr().out
    for words in ("o200k_base", "65,536 tokens", "$25.00", "$1.70", "October 14, 2026", "July 31, 2026"):
        assert words in shown, shown


def test_a_model_with_a_tokenizer_of_its_own_is_counted_with_another_and_that_is_said(running, capsys):
    base = lab.base_model("Ministral-3B", "GlobalStandard")
    assert base.encoding == "o200k_base"
    assert (
        "Ministral-3B has a tokenizer of its own; tokens are counted with o200k_base"
        in capsys.readouterr().out
    )
    conversation = [
        {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Bye"}]}
    ]
    assert lab.count_tokens(conversation, "Ministral-3B") == lab.count_tokens(conversation, "gpt-4o")


def test_a_learner_adds_a_model_with_a_file_for_as_long_as_the_parameter_names_it(tmp_path, capsys):
    path = tmp_path / "mine.toml"
    path.write_text(ROW, encoding="utf-8")
    lab.start("fine-tune", {"models_file": str(path)})
    base = lab.base_model("my-model", "GlobalStandard")
    assert lab.estimate(base, 1_000_000, 2, "GlobalStandard").training == 4.0
    lab.start("fine-tune", {"models_file": ""})
    with pytest.raises(ModelError, match="my-model"):
        lab.base_model("my-model", "GlobalStandard")
    session.end()


def test_a_file_that_is_no_table_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[[model]", encoding="utf-8")
    lab.start("fine-tune", {"models_file": str(path)})
    with pytest.raises(UsageError, match=r"mine\.toml cannot be read"):
        lab.base_model("gpt-oss-20b", "GlobalStandard")
    session.end()


def test_a_model_is_compared_with_its_base_or_with_the_relative_that_is_offered(running):
    assert lab.comparison_model(lab.base_model("gpt-oss-20b", "GlobalStandard")).name == "gpt-oss-120b"
    assert (
        lab.comparison_model(lab.base_model("Llama-3.3-70B-Instruct", "GlobalStandard")).name
        == "Llama-3.3-70B-Instruct"
    )


def test_prices_below_a_cent_have_more_digits_and_unknown_ones_are_said():
    assert [price(amount) for amount in (0, 3.6, 0.0123)] == ["$0.00", "$3.60", "$0.0123"]
    assert "pricing page" in price(None)
