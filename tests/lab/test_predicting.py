"""Asking many things from a notebook: prices, the budget, the journal, and a tuned model on the side."""

import dataclasses
import json

import pytest
from openai import AsyncOpenAI

from kit import lab
from kit.azure.models import find
from kit.errors import ModelError
from kit.evaluation.runner import background

PROMPTS = [[{"role": "user", "content": f"Is {n} a number? Answer yes or no."}] for n in range(12)]
SETTINGS = {"model": "gpt-oss-120b", "max_tokens": 4, "temperature": 0}
JUDGE = "gpt-oss-120b"


@pytest.fixture
def ask(running):
    client = AsyncOpenAI(
        base_url=running.connection.base_url, api_key=running.connection.api_key, max_retries=0
    )

    async def ask(messages, **parameters):
        return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

    yield ask
    background.call(client.close())  # on the loop that its connections were made on


def test_every_prompt_gets_a_row_in_order_and_is_paid_once(running, ask):
    judge = lab.chat_model(JUDGE)
    run = lab.predict(PROMPTS, ask, model=judge, parameters=SETTINGS)
    assert [row.index for row in run] == list(range(len(PROMPTS)))
    assert all(row.ok for row in run)
    price = judge.pricing
    used = sum(row.prompt_tokens * price.input + row.completion_tokens * price.output for row in run)
    assert running.budget.spent == pytest.approx(used / 1_000_000)
    again = lab.predict(PROMPTS, ask, model=judge, parameters=SETTINGS)
    assert again.summary.sent == 0
    assert again.texts == run.texts
    assert running.budget.spent == pytest.approx(used / 1_000_000)


def test_the_budget_stops_a_run_before_it_is_overdrawn(running, ask):
    running.budget.cap = 0.00001
    run = lab.predict(PROMPTS, ask, model=lab.chat_model(JUDGE), parameters=SETTINGS)
    assert run.summary.stopped == "cost"
    assert 0 < run.summary.answered < len(PROMPTS)
    assert running.budget.spent <= running.budget.cap


def test_a_forecast_sends_nothing(running):
    shown = lab.forecast(PROMPTS, model=lab.chat_model(JUDGE), parameters=SETTINGS, rpm=6, tpm=1000)
    assert shown.rows[0][1] == str(len(PROMPTS))
    assert shown.rows[2][1] == str(4 * len(PROMPTS))
    assert running.budget.spent == 0


def test_a_retired_model_is_refused_and_a_live_one_named(running):
    with pytest.raises(ModelError, match="gpt-4o"):
        lab.chat_model("gpt-4o")


def test_parameters_that_a_model_rejects_are_left_out_and_named(running, capsys):
    reasoning = find("o4-mini")  # rejects temperature, logprobs and max_tokens: Azure documentation, 2026
    kept = lab.accepted(reasoning, temperature=0, max_tokens=5, logprobs=True)
    assert kept == {"max_completion_tokens": 5}
    assert "temperature" in capsys.readouterr().out
    assert lab.accepted(lab.chat_model(JUDGE), temperature=0, max_tokens=5) == {
        "temperature": 0,
        "max_tokens": 5,
    }


def test_a_tuned_contender_is_made_once_and_cleaned_up(running, training_file, capsys):
    rows = [json.loads(line)["messages"] for line in training_file.read_text(encoding="utf-8").splitlines()]
    assert lab.tuned_model("colours", rows) == "colours"
    assert lab.tuned_model("colours", rows) == "colours"
    assert len(lab.created("job")) == 1
    assert lab.created("deployment") == ["colours"]
    lab.clean_up()
    assert lab.remaining().rows == []


def test_on_azure_nothing_is_trained_on_the_side(running, monkeypatch, capsys):
    monkeypatch.setattr(running, "place", dataclasses.replace(running.connection, simulated=False))
    assert lab.tuned_model("colours", []) == ""
    assert "costs money" in capsys.readouterr().out
