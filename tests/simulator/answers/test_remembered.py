"""Answers in memory: they are repeated where they would come out the same, and nowhere else."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from kit.simulator import Simulator
from kit.simulator.answers.remembered import Remembered
from kit.simulator.circumstances.quotas import Rates

QUESTION = [{"role": "user", "content": "Where is my parcel?"}]


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prompts for which a model has worked."""
    from kit.simulator.answers import generation

    seen: list[str] = []
    answer: Callable[..., Any] = generation._answer

    def noted(model: Any, task: Any, seed: int) -> Any:
        seen.append(task.messages[-1]["content"])
        return answer(model, task, seed)

    monkeypatch.setattr(generation, "_answer", noted)
    return seen


def ask(http: httpx2.Client, **options: Any) -> dict[str, Any]:
    body = {"model": "gpt-4.1-mini", "messages": QUESTION, **options}
    answer = http.post("/openai/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("options", [{"temperature": 0}, {"seed": 5}, {"seed": 5, "n": 2, "logprobs": True}])
def test_an_answer_that_would_be_the_same_is_repeated_under_a_new_name(
    http: httpx2.Client, worked: list[str], options: dict[str, Any]
):
    first, second = ask(http, **options), ask(http, **options)
    assert len(worked) == options.get("n", 1)
    assert first.pop("id") != second.pop("id")
    assert first == second


def test_sampling_without_a_seed_samples_each_time(http: httpx2.Client, worked: list[str]):
    ask(http), ask(http)
    assert len(worked) == 2


def test_models_and_requests_are_told_apart(http: httpx2.Client, server: Simulator, worked: list[str]):
    ask(http, temperature=0)
    ask(http, temperature=0, max_tokens=1)
    for deployment in ("gpt-4o", "gpt-4.1"):  # the same body, and the deployment in the address
        path = f"/openai/deployments/{deployment}/chat/completions?api-version=2024-10-21"
        answer = http.post(path, json={"messages": QUESTION, "temperature": 0})
        assert answer.json()["model"].startswith(deployment)
    assert len(worked) == 4


def test_a_repeated_answer_is_stored_and_costs_like_the_first(http: httpx2.Client, server: Simulator):
    answers = [ask(http, temperature=0, store=True) for _ in range(2)]
    stored = [http.get(f"/openai/v1/chat/completions/{answer['id']}").json() for answer in answers]
    assert [one["choices"] for one in stored] == [answer["choices"] for answer in answers]
    server.state.quotas.set("gpt-4.1-mini", Rates(requests=1, tokens=1e9))
    body = {"model": "gpt-4.1-mini", "messages": QUESTION, "temperature": 0, "store": True}
    statuses = [http.post("/openai/v1/chat/completions", json=body).status_code for _ in range(2)]
    assert statuses == [200, 429]


def test_what_was_not_used_for_longest_is_forgotten():
    answers: Remembered[int] = Remembered(most=2)
    answers.put("a", b"1", 1)
    answers.put("a", b"2", 2)
    assert answers.get("a", b"1") == 1
    answers.put("a", b"3", 3)
    assert [answers.get("a", body) for body in (b"1", b"2", b"3")] == [1, None, 3]
    answers.put("a", b"x" * 20_000, 4)
    assert answers.get("a", b"x" * 20_000) is None
    assert answers.get("b", b"1") is None


def test_large_answers_are_not_remembered(http: httpx2.Client, worked: list[str]):
    options = {"temperature": 0, "n": 8, "logprobs": True, "top_logprobs": 20}
    first, second = ask(http, **options), ask(http, **options)
    assert len(worked) == 16
    assert first["choices"] == second["choices"]


def test_another_tokenizer_does_not_pass_for_the_one_that_counts():
    """Loading a tokenizer takes half a second, which the event loop must not wait for."""
    code = (
        "from kit.simulator.answers import prompt_tokens; from kit.tokens import encoding\n"
        "prompt = [{'role': 'user', 'content': 'Hi'}]\n"
        "encoding('cl100k_base')\n"
        "assert not prompt_tokens.is_quick(prompt)\n"
        "prompt_tokens.count(prompt)\n"
        "assert prompt_tokens.is_quick(prompt)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
