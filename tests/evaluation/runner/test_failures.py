"""Exceptions of the real official client, raised over real HTTP, understood."""

import email.utils
import time

import openai
import pytest

from kit.evaluation.runner.failures import Kind, retry_after, understand


def raised(call):
    with pytest.raises(openai.APIError) as caught:
        call()
    return understand(caught.value)


@pytest.fixture
def client(simulator):
    with openai.OpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any", max_retries=0) as made:
        yield made


def chat(client, **options):
    return client.chat.completions.create(
        **({"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "hi"}]} | options)
    )


def test_a_deployment_that_is_not_there(client):
    failure = raised(lambda: chat(client, model="nowhere"))
    assert (failure.kind, failure.status) == (Kind.FATAL, 404)
    assert "deployment" in failure.reason


def test_a_request_that_is_wrong_in_itself(client):
    failure = raised(lambda: chat(client, temperature=17))
    assert (failure.kind, failure.status) == (Kind.FINAL, 400)


@pytest.mark.parametrize(
    ("fault", "kind", "billed"),
    [
        ("content-filter", Kind.FINAL, True),
        ("408", Kind.TRANSIENT, True),
        ("lost", Kind.TRANSIENT, True),
        ("400", Kind.FINAL, False),
        ("401", Kind.FATAL, False),
        ("429", Kind.LIMIT, False),
        ("503", Kind.TRANSIENT, False),
    ],
)
def test_what_may_be_on_the_bill_although_it_failed(client, fault, kind, billed):
    """Azure's page on costs: charged are a content filter's 400 and a 408, not a 401 and a 429."""
    failure = raised(lambda: chat(client, extra_headers={"x-kit-fault": fault}))
    assert (failure.kind, failure.uncertain) == (kind, billed)


def test_nobody_listens():
    with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="any", max_retries=0) as client:
        failure = raised(lambda: chat(client))
    assert (failure.kind, failure.status, failure.uncertain) == (Kind.TRANSIENT, None, False)


def test_a_mistake_of_the_caller():
    assert understand(TypeError("unexpected keyword")).kind is Kind.FAULT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "3"}, 3),
        ({"Retry-After": "86400"}, 86_400),
        ({"retry-after": "nonsense"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_date_to_wait_for():
    moment = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert retry_after({"retry-after": moment}) == pytest.approx(30, abs=2)


def test_an_account_without_money_is_not_asked_again(refusal):
    failure = understand(refusal(429, code="insufficient_quota", message="You exceeded your current quota"))
    assert failure.kind is Kind.FATAL
