"""Asking many things from a notebook: prices, the budget, the journal, and a tuned model on the side."""

import _thread
import dataclasses
import json
import signal
import subprocess
import sys

import pytest
from openai import AsyncOpenAI

from kit import lab
from kit.azure.ledger import Ledger
from kit.azure.models import find
from kit.errors import ModelError, UsageError
from kit.evaluation.runner import Price, background, estimate
from kit.simulator import serve

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


def test_a_batch_is_waited_for_on_the_simulators_clock_and_costs_half(running, client):
    judge = lab.chat_model(JUDGE)
    run = lab.predict(PROMPTS, client, model=judge, parameters=SETTINGS, mode="batch")
    assert [row.ok for row in run] == [True] * len(PROMPTS)
    price = judge.pricing
    used = sum(row.prompt_tokens * price.input + row.completion_tokens * price.output for row in run)
    # “50% less cost than global standard”: https://learn.microsoft.com/azure/foundry/openai/how-to/batch
    assert run.summary.cost == pytest.approx(used / 1e6 / 2)
    assert running.budget.spent == pytest.approx(used / 1e6 / 2)


def test_a_batch_that_was_not_waited_for_is_in_the_books_once(running, client):
    judge = lab.chat_model(JUDGE)

    def gone(seconds):
        raise KeyboardInterrupt

    running.budget.cap = 1.0
    batch = {"model": judge, "parameters": SETTINGS, "mode": "batch"}
    with pytest.raises(KeyboardInterrupt):
        lab.predict(PROMPTS, client, sleep=gone, **batch)
    assert running.budget.spent == pytest.approx(worst() / 2)
    run = lab.predict(PROMPTS, client, **batch)
    assert (run.complete, run.summary.sent) == (True, 0)
    assert running.budget.spent == pytest.approx(billed(run) / 2)


def test_the_budget_stops_a_run_before_it_is_overdrawn(running, ask):
    running.budget.cap = 0.00001
    run = lab.predict(PROMPTS, ask, model=lab.chat_model(JUDGE), parameters=SETTINGS)
    assert run.summary.stopped == "cost"
    assert 0 < run.summary.answered < len(PROMPTS)
    assert running.budget.spent <= running.budget.cap


def worst(prompts=PROMPTS):
    """Return what asking costs at most, in US dollars."""
    prices = find(JUDGE).pricing
    price = Price(prices.input, prices.output)
    return estimate(prompts, parameters=SETTINGS, price=price, encoding="o200k_harmony").cost


def billed(run):
    """Return what the service's own figures of usage come to, in US dollars."""
    prices = find(JUDGE).pricing
    tokens = [(row.prompt_tokens, row.completion_tokens) for row in run if row.ok]
    return sum(sent * prices.input + written * prices.output for sent, written in tokens) / 1e6


@pytest.mark.parametrize(("cents", "answered"), [(0, 1), (-1e-5, 0), (None, 0)])
def test_one_request_at_the_edge_of_the_budget(running, ask, cents, answered):
    """Exactly its worst case is left, a ten-millionth of a dollar less, and nothing at all."""
    running.budget.cap = 0.0 if cents is None else worst(PROMPTS[:1]) + cents / 100
    run = lab.predict(PROMPTS[:1], ask, model=lab.chat_model(JUDGE), parameters=SETTINGS)
    assert (run.summary.answered, run.summary.stopped) == (answered, "" if answered else "cost")
    assert running.budget.spent == pytest.approx(billed(run))


def test_the_budget_is_reached_with_requests_in_flight(running, ask):
    """What is under way comes back and is kept; a larger budget asks the rest, and nothing is paid twice."""
    under_way, most, sent = set(), [0], []

    async def counted(messages, **parameters):
        question = messages[-1]["content"]
        sent.append(question)
        under_way.add(question)
        most[0] = max(most[0], len(under_way))
        try:
            return await ask(messages, **parameters)
        finally:
            under_way.discard(question)

    judge = lab.chat_model(JUDGE)
    running.budget.cap = worst(PROMPTS[:6])
    first = lab.predict(PROMPTS, counted, model=judge, parameters=SETTINGS)
    assert most[0] > 1
    assert first.summary.stopped == "cost"
    assert first.summary.answered == len(sent) < len(PROMPTS)
    assert running.budget.spent == pytest.approx(billed(first))
    assert running.budget.spent <= running.budget.cap
    running.budget.cap = 1.0
    second = lab.predict(PROMPTS, counted, model=judge, parameters=SETTINGS)
    assert second.complete
    assert sorted(sent) == sorted(prompt[-1]["content"] for prompt in PROMPTS)
    assert running.budget.spent == pytest.approx(billed(second))


def test_an_interrupted_run_is_on_the_bill(running, ask):
    judge, sent = lab.chat_model(JUDGE), []
    # The first answer of a process can take longer than an interrupt grants to what is under way.
    running.openai.chat.completions.create(**SETTINGS, messages=[{"role": "user", "content": "Hello"}])

    async def interrupted(messages, **parameters):
        sent.append(messages)
        if len(sent) == 5:
            _thread.interrupt_main()
        return await ask(messages, **parameters)

    running.budget.cap = 1.0
    with pytest.raises(KeyboardInterrupt):
        lab.predict(PROMPTS, interrupted, model=judge, parameters=SETTINGS)
    known = lab.predict(PROMPTS, ask, model=judge, parameters=SETTINGS)
    asked_again = known.summary.cost
    assert known.summary.sent <= len(PROMPTS) - 5  # what was under way has come back and was kept
    assert running.budget.spent >= billed(known) - 1e-9  # every answer is paid, whichever run it is from
    assert running.budget.spent - asked_again <= worst()  # and no more than was under way is counted besides


def test_a_run_that_fails_by_itself_costs_nothing(running):
    async def broken(messages):
        raise AssertionError("never called with max_tokens")

    running.budget.cap = 1.0
    with pytest.raises(UsageError):
        lab.predict(PROMPTS, broken, model=lab.chat_model(JUDGE), parameters=SETTINGS)
    assert running.budget.spent == 0


def test_what_cannot_be_counted_may_take_all_that_is_left(running, ask):
    running.budget.cap = 1.0
    run = lab.predict(iter(PROMPTS), ask, model=lab.chat_model(JUDGE), parameters=SETTINGS)
    assert run.complete
    assert running.budget.spent == pytest.approx(billed(run))


def test_without_a_limit_the_bill_is_kept_all_the_same(running, ask):
    running.budget.cap = None
    run = lab.predict(PROMPTS, ask, model=lab.chat_model(JUDGE), parameters=SETTINGS)
    assert running.budget.spent == pytest.approx(billed(run))


KILLED = """
import os, signal, sys
from openai import AsyncOpenAI
from kit import lab

lab.start("evaluate", {"budget": 1.0})
connection = lab.connect()
client = AsyncOpenAI(base_url=connection.base_url, api_key=connection.api_key, max_retries=0)
sent = []

async def ask(messages, **parameters):
    sent.append(messages)
    if len(sent) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

prompts = [[{"role": "user", "content": f"Is {n} a number?"}] for n in range(12)]
settings = {"model": "gpt-oss-120b", "max_tokens": 4, "temperature": 0}
lab.predict(prompts, ask, model=lab.chat_model("gpt-oss-120b"), parameters=settings, max_concurrency=2)
"""


def test_a_killed_run_stays_in_the_books_with_its_worst_case(tmp_path, monkeypatch):
    with serve(keys=("velvet-otter-91",)) as server:
        for name, value in {
            "KIT_HOME": str(tmp_path),
            "KIT_SIMULATOR_URL": server.url,
            "KIT_SIMULATOR_KEY": "velvet-otter-91",
        }.items():
            monkeypatch.setenv(name, value)
        done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        [path] = tmp_path.glob("ledger/*/*.json")
        answers = path.with_suffix(".answers") / "answers.jsonl"
        assert len(answers.read_text().splitlines()) >= 3  # five were sent, at most two of them at a time
        reserved = Ledger(path).spent
        assert reserved == pytest.approx(
            1.5 * worst([[{"role": "user", "content": f"Is {n} a number?"}] for n in range(12)])
        )


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


def test_a_contender_whose_answers_are_lost_is_made_once(running, client, training_file):
    """The plumbing's own creations keep the rule, too: no retries by the client, and a look before each."""
    rows = [json.loads(line)["messages"] for line in training_file.read_text(encoding="utf-8").splitlines()]
    for on in ("POST */files", "POST */fine_tuning/jobs", "PUT */deployments/*"):
        rule = {"fault": "lost", "on": on, "times": 1}
        client.with_options(max_retries=0).post(
            f"{running.connection.endpoint}/simulator/faults", body=rule, cast_to=object
        )
    assert lab.tuned_model("colours", rows) == "colours"
    assert len(client.fine_tuning.jobs.list().data) == 1
    assert [file.purpose for file in client.files.list()].count("fine-tune") == 1
    assert lab.created("deployment") == ["colours"]


def test_a_contender_comes_from_another_model_where_the_usual_one_is_retired(
    running, client, training_file, capsys
):
    rows = [json.loads(line)["messages"] for line in training_file.read_text(encoding="utf-8").splitlines()]
    rule = {"fault": "retired; models=gpt-oss-20b"}
    client.post(f"{running.connection.endpoint}/simulator/faults", body=rule, cast_to=object)
    assert lab.tuned_model("colours", rows) == "colours"
    [job] = client.fine_tuning.jobs.list().data
    assert job.model == "Llama-3.3-70B-Instruct"  # the next row of the model table
    assert "'gpt-oss-20b' was retired" in capsys.readouterr().out


def test_on_azure_nothing_is_trained_on_the_side(running, monkeypatch, capsys):
    monkeypatch.setattr(running, "place", dataclasses.replace(running.connection, simulated=False))
    assert lab.tuned_model("colours", []) == ""
    assert "costs money" in capsys.readouterr().out
