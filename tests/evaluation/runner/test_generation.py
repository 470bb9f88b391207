"""The call as a notebook makes it: the real client over real HTTP, in scripts, loops, kernels and kills."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbclient import NotebookClient
from openai import AsyncOpenAI

from kit import i18n
from kit.errors import UsageError
from kit.evaluation.runner import Caps, Price, background, estimate, generate
from kit.evaluation.runner.results import Summary

PARAMETERS = {"model": "gpt-4.1-mini", "temperature": 0, "max_tokens": 8}
PROMPTS = [f"Is number {i} a good one?" for i in range(40)]

ASK = """
from openai import AsyncOpenAI

client = AsyncOpenAI(base_url={url!r}, api_key="any", max_retries=0)

async def ask(messages, **parameters):
    return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)
"""


@pytest.fixture
def ask(simulator):
    client = AsyncOpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any", max_retries=0)

    async def send(messages, **parameters):
        return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

    yield send
    background.call(client.close())


def test_rows_come_in_order_with_texts_tokens_and_probabilities(ask, tmp_path):
    run = generate(
        PROMPTS,
        ask,
        parameters={**PARAMETERS, "logprobs": True, "top_logprobs": 3},
        journal=tmp_path / "answers.jsonl",
        price=Price(0.4, 1.6),
        progress=False,
    )
    assert run.complete
    assert [row.index for row in run] == list(range(40))
    assert all(row.text == "".join(row.tokens) for row in run)
    assert all(len(row.logprobs) == row.completion_tokens == len(row.top_logprobs) for row in run)
    assert run[-1].key == run[39].key
    assert len(run[5:8]) == 3
    tokens = (sum(row.prompt_tokens for row in run), sum(row.completion_tokens for row in run))
    assert run.summary.cost == pytest.approx((tokens[0] * 0.4 + tokens[1] * 1.6) / 1e6)
    assert list(run.frame()["text"]) == run.texts


def test_the_estimate_is_the_worst_case(ask, tmp_path):
    options = {"parameters": PARAMETERS, "price": Price(0.4, 1.6)}
    told = estimate([*PROMPTS, *PROMPTS], rpm=600, **options)
    run = generate(PROMPTS, ask, journal=tmp_path / "j.jsonl", progress=False, **options)
    assert (told.prompts, told.requests, told.seconds) == (80, 40, 4.0)
    assert told.prompt_tokens == run.summary.prompt_tokens  # the service counts them as the kit does
    assert run.summary.cost <= told.cost
    assert told.cost == pytest.approx((told.prompt_tokens * 0.4 + 40 * 8 * 1.6) / 1e6)
    assert estimate(PROMPTS, journal=tmp_path / "j.jsonl", **options).requests == 0


def test_conversations_and_parameters_of_their_own(ask):
    prompts = [
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1},
    ]
    run = generate(prompts, ask, parameters=PARAMETERS, progress=False)
    assert [row.ok for row in run] == [True, True]
    assert run[1].completion_tokens == 1


def test_it_runs_inside_a_running_loop(ask):
    async def cell():
        return generate(PROMPTS[:3], ask, parameters=PARAMETERS, progress=False)

    assert asyncio.run(cell()).complete
    assert generate(PROMPTS[:3], ask, parameters=PARAMETERS, progress=False).complete  # same connections


def test_a_function_that_connects(simulator):
    clients = []

    def connect():
        clients.append(AsyncOpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any", max_retries=0))
        return clients[0].chat.completions.with_raw_response.create

    assert generate(PROMPTS[:3], connect, parameters=PARAMETERS, progress=False).complete
    background.call(clients[0].close())


def test_a_refused_row_stands_in_its_place(ask):
    prompts = [PROMPTS[0], {"messages": [{"role": "user", "content": "x"}], "temperature": 17}, PROMPTS[1]]
    run = generate(prompts, ask, parameters=PARAMETERS, progress=False)
    assert [row.ok for row in run] == [True, False, True]
    assert run.failures[0].status == 400
    assert run.summary.failed == 1
    assert not run.complete


def test_a_capped_run_says_what_is_left_and_goes_on(ask, tmp_path):
    options = {"parameters": PARAMETERS, "journal": tmp_path / "j.jsonl", "progress": False}
    run = generate(PROMPTS, ask, caps=Caps(items=15), **options)
    assert (run.summary.stopped, run.summary.answered, run.summary.left) == ("items", 15, 25)
    assert [row.error for row in run if not row.ok] == ["not sent"] * 25
    assert "25" in repr(run)
    rest = generate(iter(PROMPTS), ask, **options)
    assert (rest.complete, rest.summary.sent) == (True, 25)


def test_retries_of_the_client_itself_are_reported(quota_service):
    service = quota_service(rpm=600)
    client = AsyncOpenAI(base_url=f"{service.url}/v1", api_key="any", max_retries=5)

    async def send(messages, **parameters):
        await client.chat.completions.create(messages=messages, **parameters)  # takes from the quota
        return await client.chat.completions.with_raw_response.create(messages=messages, **parameters)

    run = generate(PROMPTS[:20], send, parameters=PARAMETERS, rpm=6000, progress=False)
    background.call(client.close())
    assert run.complete
    assert run.summary.hidden_retries > 0
    assert "max_retries=0" in str(run.summary)


@pytest.mark.parametrize(
    ("prompts", "parameters", "caps", "said"),
    [
        (["a"], {"n": 2}, None, "“n”"),
        (["a"], {"stream": True}, None, "“stream”"),
        ([17], {}, None, "not int"),
        ([{"content": "a"}], {}, None, "“messages”"),
        (["a"], {"seed": object()}, None, "JSON"),
        (["a"], {}, Caps(cost=1), "price"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(prompts, parameters, caps, said):
    async def never(**request):
        raise AssertionError

    with pytest.raises(UsageError, match=said):
        generate(prompts, never, parameters=parameters, caps=caps, progress=False)


def test_unknown_combinations_are_refused():
    with pytest.raises(UsageError, match="spark"):
        generate([], None, parameters={}, mode="batch", engine="spark")


def notebook(url, journal, rpm):
    code = (
        ASK.format(url=url),
        "from kit.evaluation.runner import generate",
        f"run = generate([f'prompt {{i:05d}}' for i in range(60)], ask, rpm={rpm},\n"
        f"               journal={str(journal)!r}, parameters={{'model': 'm', 'max_tokens': 5}})\nrun",
    )
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in code])


def test_progress_in_a_notebook_is_one_small_output(quota_service, tmp_path):
    service = quota_service(rpm=1200)
    book = notebook(f"{service.url}/v1", tmp_path / "j.jsonl", 1200)
    NotebookClient(book, timeout=120, shutdown_kernel="immediate").execute()
    outputs = book.cells[-1].outputs
    assert [each.output_type for each in outputs] == ["display_data", "execute_result"]
    assert outputs[0].data["text/plain"].startswith("60 / 60 · ")
    assert "60 of 60 prompts answered" in outputs[1].data["text/plain"]
    assert len(json.dumps(outputs)) < 2000


def test_an_interrupted_kernel_leaves_a_journal_to_go_on_from(quota_service, tmp_path):
    service = quota_service(rpm=600)
    journal = tmp_path / "j.jsonl"
    book = notebook(f"{service.url}/v1", journal, 600)
    client = NotebookClient(book, timeout=120, allow_errors=True, shutdown_kernel="immediate")

    async def interrupt():
        while not journal.exists() or journal.stat().st_size < 1000:
            await asyncio.sleep(0.05)
        await client.km.interrupt_kernel()

    async def both():
        await asyncio.gather(client.async_execute(), interrupt())

    asyncio.run(both())
    assert book.cells[-1].outputs[-1].ename == "KeyboardInterrupt"
    answered = len(journal.read_text().splitlines())
    assert 0 < answered < 60
    paid = service.stats()["paid"]
    assert sum(paid.values()) == answered  # what was under way came back, too
    NotebookClient(notebook(f"{service.url}/v1", journal, 600), timeout=120).execute()
    assert sorted(service.stats()["paid"].values()) == [1] * 60


SCRIPT = (
    ASK
    + """
import sys
from kit.evaluation.runner import generate

prompts = [f"prompt {{i:05d}}" for i in range({n})]
run = generate(prompts, ask, parameters={{"model": "m", "max_tokens": 5}}, journal={journal!r}, rpm={rpm},
               max_concurrency=8, progress=False)
assert [row.text for row in run] == [text.upper() for text in prompts]
"""
)


@pytest.mark.parametrize(
    ("refused", "repeated", "hidden", "expected"),
    [
        (1, 0, 0, "Asked again: 1 time because of the quota, 0 times after a failure."),
        (1200, 1, 0, "Asked again: 1,200 times because of the quota, 1 time after a failure."),
        (0, 0, 1, "The client asked again by itself 1 time: create it with max_retries=0."),
        (0, 0, 2, "The client asked again by itself 2 times: create it with max_retries=0."),
    ],
)
def test_a_summary_counts_in_words_that_fit(refused, repeated, hidden, expected):
    summary = Summary(3, 3, 0, 0, refused=refused, repeated=repeated, hidden_retries=hidden)
    with i18n.speaking("en"):
        assert expected in str(summary).split("\n")


def killed_again_and_again(service, journal, *, n, kills, rpm, seed):
    """Start the script, kill it at a random moment, and so on; the last one may come to its end."""
    code = SCRIPT.format(url=f"{service.url}/v1", journal=str(journal), n=n, rpm=rpm)
    moments = random.Random(seed)
    goals = sorted(moments.sample(range(n // 50, n - n // 50), kills))
    for goal in goals:
        process = subprocess.Popen([sys.executable, "-c", code])
        while process.poll() is None:
            if journal.exists() and journal.read_bytes().count(b"\n") >= goal:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
            time.sleep(0.002)
        assert process.returncode == -signal.SIGKILL
    subprocess.run([sys.executable, "-c", code], check=True)
    answers = [json.loads(line)["key"] for line in journal.read_text().splitlines()]
    assert len(answers) == len(set(answers)) == n
    paid = service.stats()["paid"]
    assert len(paid) == n
    assert sum(paid.values()) - n <= 8 * kills  # at most the requests under way, each time


def test_three_kills_lose_nothing(quota_service, tmp_path):
    service = quota_service(rpm=6000, request_burst=10, latency=0.05)
    killed_again_and_again(service, tmp_path / "j.jsonl", n=200, kills=3, rpm=6000, seed=1)


@pytest.mark.slow
def test_twenty_kills_lose_nothing(quota_service, tmp_path):
    service = quota_service(rpm=6000, request_burst=10, latency=0.05)
    killed_again_and_again(service, tmp_path / "j.jsonl", n=2000, kills=20, rpm=6000, seed=2)
