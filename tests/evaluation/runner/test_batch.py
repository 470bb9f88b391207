"""Batch mode against the simulator's Batch API, with the real client; the virtual clock does the waiting."""

import openai
import pytest

from kit.errors import ServiceError, UsageError
from kit.evaluation.runner import Caps, Price, generate
from kit.simulator import serve

PARAMETERS = {"model": "gpt-4o", "max_tokens": 5, "temperature": 0}
PROMPTS = [f"Where is parcel {i}?" for i in range(20)]


class GoneError(Exception):
    """The program ended while it waited."""


@pytest.fixture
def server():
    with serve(port=0) as running:
        yield running


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as made:
        yield made


@pytest.fixture
def ask(server, client, tmp_path):
    def start(prompts, sleep=server.state.clock.advance, **options):
        chosen = {"parameters": PARAMETERS, "journal": tmp_path / "j.jsonl", "mode": "batch", **options}
        return generate(prompts, client, sleep=sleep, progress=False, **chosen)

    return start


def gone(seconds):
    raise GoneError


def leave(ask, prompts):
    with pytest.raises(GoneError):
        ask(prompts, sleep=gone)


def test_rows_come_in_order_and_equal_requests_are_sent_once(ask, client):
    run = ask([*PROMPTS, *PROMPTS[:3]], price=Price(1, 2))
    assert run.complete
    assert (run.summary.sent, run.summary.duplicates, run.texts[20:]) == (20, 3, run.texts[:3])
    tokens = sum(row.prompt_tokens for row in run[:20]), sum(row.completion_tokens for row in run[:20])
    assert run.summary.cost == pytest.approx((tokens[0] + 2 * tokens[1]) / 1e6)
    assert (ask(PROMPTS).summary.known, len(list(client.batches.list()))) == (20, 1)


def test_a_program_that_ended_waits_for_the_same_batch(ask, client):
    leave(ask, PROMPTS[:5])
    run = ask(PROMPTS[:6])
    assert (run.complete, run.summary.sent) == (True, 1)
    assert len(list(client.batches.list())) == 2


def test_a_batch_whose_identifier_was_not_written_down_is_found_again(ask, client, tmp_path):
    leave(ask, PROMPTS[:5])
    orders = tmp_path / "j.jsonl.batches"
    intent = orders.read_text().split("\n")[1]
    orders.write_text(intent + "\n" + intent[:30])
    assert ask(PROMPTS[:5]).complete
    assert len(list(client.batches.list())) == 1


def test_an_order_that_never_arrived_is_given_again(ask, client, tmp_path):
    leave(ask, PROMPTS[:5])
    orders = tmp_path / "j.jsonl.batches"
    orders.write_text(orders.read_text().split("\n")[1].replace('"mark": "', '"mark": "other-') + "\n")
    assert ask(PROMPTS[:5]).complete
    assert len(list(client.batches.list())) == 2


def test_an_order_whose_answer_is_lost_is_given_once(ask, client, server):
    rule = {"fault": "lost", "on": "POST */batches", "times": 1}
    client.post(f"{server.url}/simulator/faults", body=rule, cast_to=object)
    run = ask(PROMPTS[:5])
    assert (run.complete, run.summary.sent) == (True, 5)
    assert len(list(client.batches.list())) == 1


def test_an_order_that_is_refused_is_not_repeated_either(ask, client, server):
    rule = {"fault": "503", "on": "POST */batches", "times": 1}
    client.post(f"{server.url}/simulator/faults", body=rule, cast_to=object)
    with pytest.raises(openai.InternalServerError):
        ask(PROMPTS[:5])
    assert ask(PROMPTS[:5]).complete
    assert len(list(client.batches.list())) == 1


def test_what_was_set_aside_for_a_batch_is_given_back_when_it_has_ended(ask):
    wrong = {"messages": [{"role": "user", "content": "x"}], "temperature": 17}
    accounts = []
    run = ask([*PROMPTS[:3], wrong], price=Price(1, 2), accounts=accounts)
    [account] = accounts
    assert 0 < run.summary.cost == account.at_most
    assert list(account.orders.values()) == pytest.approx([run.summary.cost])


def test_a_batch_costs_at_most_its_worst_case_until_it_has_ended(ask):
    accounts = []
    price = {"price": Price(1, 2), "accounts": accounts}
    with pytest.raises(GoneError):
        ask(PROMPTS[:5], sleep=gone, **price)
    run = ask(PROMPTS[:6], **price)
    first, second = (account.orders for account in accounts)
    [mark] = first
    assert first[mark] == accounts[0].at_most
    assert second[mark] == pytest.approx(
        sum(each.prompt_tokens + 2 * each.completion_tokens for each in run[:5]) / 1e6
    )
    assert sum(second.values()) == pytest.approx(run.summary.cost)


def test_refused_rows_caps_and_batches(ask):
    wrong = {"messages": [{"role": "user", "content": "x"}], "temperature": 17}
    assert [(row.ok, row.status) for row in ask([PROMPTS[0], wrong])] == [(True, None), (False, 400)]
    capped = ask(PROMPTS[5:15], caps=Caps(items=4))
    assert (capped.summary.answered, capped.summary.left, capped.summary.stopped) == (4, 6, "items")
    with pytest.raises(ServiceError, match="same deployment"):
        ask([{"messages": [{"role": "user", "content": "x"}], "model": name} for name in "ab"])


def test_without_a_journal_nothing_is_ordered(ask, client):
    with pytest.raises(UsageError, match="journal"):
        ask(PROMPTS, journal=None)
    assert not list(client.batches.list())
