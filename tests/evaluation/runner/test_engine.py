"""The engine in virtual time: what it sends, keeps, repeats, gives up, and when it stops."""

import asyncio
import json

import pytest

from kit.errors import ServiceError, UsageError
from kit.evaluation.runner.caps import Caps, Price
from kit.evaluation.runner.engine import Limits


def numbered(n, start=0):
    return [f"prompt {i:05d}" for i in range(start, start + n)]


class Scripted:
    """A service that does for each prompt what a list says: a number is a status, None an answer."""

    def __init__(self, response, refusal, script, default=()):
        self.response, self.refusal = response, refusal
        self.script = {prompt: list(steps) for prompt, steps in script.items()}
        self.default = list(default)
        self.sent = []

    async def __call__(self, *, messages, **parameters):
        text = messages[-1]["content"]
        self.sent.append((asyncio.get_running_loop().time(), text))
        await asyncio.sleep(0.1)
        steps = self.script.get(text, self.default)
        step = steps.pop(0) if steps else None
        if step is None:
            return self.response(text.upper(), {}, 10)
        if isinstance(step, BaseException):
            raise step
        status, headers = step if isinstance(step, tuple) else (step, {})
        raise self.refusal(status, headers, message=f"status {status}")


@pytest.fixture
def scripted(response, refusal):
    return lambda script=None, default=(): Scripted(response, refusal, script or {}, default)


def test_every_prompt_is_answered_once_and_equal_ones_are_asked_once(run, service):
    asked = service()
    engine = run([*numbered(50), *numbered(50)], asked)
    assert sorted(asked.sent) == numbered(50)
    assert (engine.counts.answered, engine.counts.duplicates, engine.counts.read) == (50, 50, 100)
    assert [engine.records[key]["text"] for key in engine.keys] == [t.upper() for t in numbered(50)] * 2


def test_a_second_run_sends_only_what_is_new(run, service):
    run(numbered(30), service())
    asked = service()
    engine = run(numbered(40), asked)
    assert sorted(asked.sent) == numbered(10, start=30)
    assert engine.counts.known == 30


def test_another_parameter_is_another_request(run, service):
    run(numbered(5), service(), max_tokens=10)
    asked = service()
    run(numbered(5), asked, max_tokens=11)
    assert len(asked.sent) == 5


def test_what_the_service_refuses_for_good_is_a_row_and_is_not_asked_again(run, scripted):
    asked = scripted({"prompt 00001": [400]})
    engine = run(numbered(3), asked)
    row = engine.records[engine.keys[1]]
    assert (row["status"], "status 400" in row["error"]) == (400, True)
    assert [text for _, text in asked.sent] == numbered(3)
    again = scripted()
    run(numbered(3), again)
    assert not again.sent


@pytest.mark.parametrize("trouble", [408, 409, 500, 503, ConnectionResetError("gone"), TimeoutError()])
def test_trouble_that_may_pass_is_tried_again(run, scripted, trouble):
    asked = scripted({"prompt 00001": [trouble, trouble]})
    engine = run(numbered(3), asked)
    assert engine.counts.answered == 3
    assert [text for _, text in asked.sent].count("prompt 00001") == 3
    assert engine.counts.repeated == 2


def test_a_request_that_hangs_is_tried_again(run, service):
    class HangsOnce(service):
        async def __call__(self, *, messages, **parameters):
            if messages[-1]["content"] not in self.sent:
                self.sent.append(messages[-1]["content"])
                await asyncio.sleep(1e6)
            return await super().__call__(messages=messages, **parameters)

    engine = run(numbered(2), HangsOnce(), limits=Limits(timeout=30))
    assert engine.counts.answered == 2
    assert 30 < engine.counts.seconds < 65  # the timeout, a backoff of at most half a second, and the answer


def test_a_row_is_given_up_at_its_deadline_and_asked_again_next_time(run, scripted):
    asked = scripted({"prompt 00000": [500] * 10_000})
    engine = run(numbered(3), asked, limits=Limits(deadline=120))
    assert engine.counts.answered == 2
    assert engine.counts.failed == 1
    assert engine.failures[engine.keys[0]].status == 500
    assert engine.counts.seconds <= 120 + 1
    again = scripted()
    run(numbered(3), again)
    assert [text for _, text in again.sent] == ["prompt 00000"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_service_that_lets_nobody_in_stops_everything(run, scripted, status):
    asked = scripted(default=[status] * 10_000)
    with pytest.raises(ServiceError, match=str(status)):
        run(numbered(1000), asked)
    assert len(asked.sent) <= 8  # those under way at the first answer, in a run that knows no quota


def test_a_refused_credential_is_not_quoted(run, refusal):
    async def ask(**request):
        raise refusal(401, message="key sk-secret is wrong", code="invalid_api_key")

    with pytest.raises(ServiceError) as caught:
        run(numbered(1), ask)
    assert "sk-secret" not in str(caught.value)


def test_a_credential_that_ends_midway_stops_the_run_and_keeps_the_answers(run, scripted):
    asked = scripted({text: [401] for text in numbered(900, start=100)})
    engine = run(numbered(1000), asked, rpm=6000)
    assert engine.stopped == "service"
    assert engine.counts.answered == 100
    again = scripted()
    assert run(numbered(1000), again).counts.answered == 900


def test_a_mistake_in_the_callers_function_is_told_at_once(run):
    async def ask(messages):
        raise AssertionError("never called with max_tokens")

    with pytest.raises(UsageError, match="max_tokens"):
        run(numbered(100), ask)


def test_one_odd_response_is_only_a_row(run, scripted):
    asked = scripted({"prompt 00004": [KeyError("choices")]})
    engine = run(numbered(5), asked, rpm=60)
    assert engine.counts.answered == 4
    assert "choices" in engine.failures[engine.keys[4]].reason


def test_an_absurd_wait_is_bounded_and_reported(run, scripted):
    asked = scripted({"prompt 00000": [(429, {"retry-after": "86400"})]})
    engine = run(numbered(3), asked)
    assert engine.counts.answered == 3
    assert engine.counts.longest_wait_asked == 86_400
    assert 60 < engine.counts.seconds < 62


def test_a_request_larger_than_the_quota_is_given_up_and_holds_nobody_back(run, scripted):
    headers = {"retry-after": "86400", "x-ratelimit-limit-tokens": "15", "x-ratelimit-remaining-tokens": "15"}
    asked = scripted({"prompt 00000": [(429, headers)]})  # 12 + 10 tokens of 15 a minute
    engine = run(numbered(3), asked)
    assert engine.counts.answered == 2
    assert engine.failures[engine.keys[0]].status == 429
    assert engine.counts.seconds < 2


def test_one_refusal_pauses_everybody(run, scripted):
    asked = scripted({"prompt 00010": [(429, {"retry-after-ms": "7000"})]})
    run(numbered(40), asked, rpm=600)
    refused = next(at for at, text in asked.sent if text == "prompt 00010") + 0.1
    assert not [at for at, _ in asked.sent if refused < at < refused + 7]
    assert len(asked.sent) == 41


def test_the_cap_on_the_cost_is_never_passed(run, service):
    price = Price(input=1.0, output=2.0)
    asked = service()
    # A request costs at most 12 + 2 x 10 = 32 millionths of a dollar; the service bills 21 + 2 x 1 = 23.
    engine = run(numbered(100), asked, caps=Caps(cost=1000e-6), price=price)
    assert engine.stopped == "cost"
    assert engine.spending.cost <= 1000e-6
    assert len(asked.sent) == 43  # (1000 - 32) // 23 + 1: one more could have broken it
    assert run(numbered(100), service(), price=price).counts.answered == 57


@pytest.mark.parametrize(
    ("cap", "sent"),
    [(0.0, 0), (31.99e-6, 0), (32e-6, 1), (63.99e-6, 2), (10 * 32e-6, 13), (100 * 23e-6 + 9e-6, 100)],
)
def test_the_cap_on_the_cost_at_its_edge(run, service, cap, sent):
    """One after the other, each costing at most 32 millionths and billed at 23: n + 1 need 23 n + 32.

    Of 320 millionths, 12 leave 44, 13 leave 21; of 2309, 99 leave 32, which is just enough for the last.
    """
    asked = service()
    engine = run(
        numbered(100), asked, caps=Caps(cost=cap), price=Price(1.0, 2.0), limits=Limits(most_concurrent=1)
    )
    assert len(asked.sent) == sent
    assert engine.stopped == ("" if sent == 100 else "cost")
    assert engine.spending.cost <= cap + 1e-12


@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
def test_the_cap_is_reached_with_requests_in_flight_and_their_answers_are_kept(run, service, share):
    asked = service(latency=5.0)
    cap = share * 100 * 32e-6
    engine = run(numbered(100), asked, caps=Caps(cost=cap), price=Price(1.0, 2.0))
    assert asked.most_in_flight > 1
    assert engine.stopped == "cost"
    assert engine.counts.answered == len(asked.sent) == len(engine.records)
    assert engine.spending.cost <= cap
    assert cap - engine.spending.cost < 32e-6  # not even one more would have fitted
    assert engine.spending.at_most == pytest.approx(engine.spending.cost)  # nothing is promised any more


def test_what_the_content_filter_stops_counts_for_the_cap(run, scripted):
    class FilteredError(Exception):
        status_code, code, body = 400, "content_filter", {"message": "The response was filtered"}

    asked = scripted(default=[FilteredError()] * 1000)
    engine = run(numbered(100), asked, caps=Caps(cost=330e-6), price=Price(1.0, 2.0))
    assert len(asked.sent) == 10  # ten times 32 millionths
    assert engine.spending.uncertain_cost == pytest.approx(320e-6)


def test_the_caps_on_tokens_items_and_time(run, service):
    assert run(numbered(100), service(), caps=Caps(tokens=400), journal="a").spending.prompt_tokens <= 400
    assert run(numbered(100), service(), caps=Caps(items=7), journal="b").counts.answered == 7
    slow = run(numbered(100), service(rpm=60), rpm=60, caps=Caps(seconds=10), journal="c")
    assert slow.stopped == "seconds"
    assert 10 <= slow.counts.seconds < 11
    assert 9 <= slow.counts.answered <= 11


def test_requests_that_broke_off_count_for_the_cap(run, scripted):
    asked = scripted(default=[TimeoutError()] * 10_000)
    engine = run(numbered(100), asked, caps=Caps(cost=330e-6), price=Price(1.0, 2.0))
    assert len(asked.sent) == 10  # ten times 32 millionths
    assert engine.spending.cost == 0


def test_a_generator_is_read_only_as_fast_as_it_is_sent(run, service):
    ahead = []
    asked = service(rpm=600)

    def prompts():
        for i in range(2000):
            ahead.append(i - asked.answered)
            yield f"prompt {i:05d}"

    run(prompts(), asked, rpm=600)
    assert max(ahead) <= 64 + asked.most_in_flight + 1


def test_an_interrupt_ends_the_run_with_what_is_under_way(run, service):
    asked = service(rpm=600)

    def stop_later(engine):
        asyncio.get_running_loop().call_later(5, engine.stop, "interrupted")

    engine = run(numbered(1000), asked, rpm=600, before=stop_later)
    assert engine.stopped == "interrupted"
    assert engine.counts.answered == len(asked.sent) < 100
    assert engine.counts.seconds < 5.5


def test_a_full_disk_stops_the_run_with_its_own_error(run, service, monkeypatch, tmp_path):
    from kit.evaluation.runner.journal import Journal

    append = Journal.append

    def full(self, key, record):
        if len(self) == 5:
            raise OSError(28, "No space left on device")
        append(self, key, record)

    monkeypatch.setattr(Journal, "append", full)
    with pytest.raises(OSError, match="No space"):
        run(numbered(100), service(), rpm=600)
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 5
