"""The runner against the simulator of Azure: real HTTP, the real client, quotas and faults that the runner
knows nothing of."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI

from kit.evaluation.runner import Run, background, generate
from kit.simulator import State, serve
from kit.simulator.circumstances.quotas import Rates

DEPLOYMENT = "gpt-oss-120b"
PROMPTS = [[{"role": "user", "content": f"Is {n} a number? Answer yes or no."}] for n in range(60)]


class Service:
    """A simulator and a client of it; what was answered is counted at the simulator."""

    def __init__(self, state: State, url: str) -> None:
        self.state = state
        self.client = AsyncOpenAI(base_url=f"{url}/openai/v1/", api_key="any", max_retries=0)

    def ask_all(self, **options: Any) -> Run:
        async def ask(messages: Any, **parameters: Any) -> Any:
            create = self.client.chat.completions.with_raw_response.create
            return await create(messages=messages, **parameters)

        parameters = {"model": DEPLOYMENT, "temperature": 0, "max_tokens": 2}
        return generate(PROMPTS, ask, parameters=parameters, progress=False, **options)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with serve(state=State(scenario=request.param)) as server:
        made = Service(server.state, server.url)
        yield made
        background.call(made.client.close())


@pytest.mark.parametrize("service", ["happy"], indirect=True)
@pytest.mark.parametrize(
    "rates",
    [Rates(600, 10_000_000), Rates(10_000_000, 1_200)],
    ids=["requests per minute", "tokens per minute"],
)
def test_a_quota_that_nobody_declared_is_found_and_nothing_lost(service: Service, rates: Rates):
    service.state.quotas.set(DEPLOYMENT, rates)
    run = service.ask_all()
    assert run.complete
    assert [row.index for row in run] == list(range(len(PROMPTS)))


@pytest.mark.parametrize("service", ["flaky"], indirect=True)
def test_faults_of_the_service_leave_no_row_without_an_answer(service: Service, tmp_path):
    run = service.ask_all(journal=tmp_path / "answers.jsonl")
    assert run.complete
    assert run.summary.repeated + run.summary.refused > 0
    again = service.ask_all(journal=tmp_path / "answers.jsonl")
    assert again.summary.sent == 0
    assert again.texts == run.texts


@pytest.mark.parametrize("service", ["content-filter"], indirect=True)
def test_a_filtered_prompt_is_a_row_with_its_reason(service: Service):
    run = service.ask_all()
    filtered = [row for row in run if not row.ok]
    assert 0 < len(filtered) < len(PROMPTS)
    assert {row.status for row in filtered} == {400}
    assert all("content_filter" in row.error for row in filtered)
