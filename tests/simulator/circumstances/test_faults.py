"""Faults by rule and by scenario, and those that change the course of an operation."""

from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku
from openai import OpenAI

from kit.simulator import Simulator, State, serve
from kit.simulator.circumstances.faults import Faults, kinds, rule_from
from kit.simulator.circumstances.scenarios import SUMMARIES, scenarios

HELLO: Any = [{"role": "user", "content": "Hello"}]


def under(fault: str) -> dict[str, Any]:
    return {"extra_headers": {"x-kit-fault": fault}}


@pytest.fixture
def create(client: OpenAI, uploaded: Callable[..., str]) -> Callable[..., Any]:
    def job(fault: str, **options: Any) -> Any:
        return client.fine_tuning.jobs.create(
            model="gpt-4.1-mini", training_file=uploaded(), **under(fault), **options
        )

    return job


def put(management: CognitiveServicesManagementClient, fault: str, sku: str = "Standard") -> Any:
    model = DeploymentModel(format="OpenAI", name="gpt-4o", version="2024-08-06")
    body = Deployment(sku=Sku(name=sku, capacity=1), properties=DeploymentProperties(model=model))
    return management.deployments.begin_create_or_update(
        "group", "account", "mine", body, headers={"x-kit-fault": fault}
    )


def test_every_scenario_is_described_and_can_be_played():
    assert set(SUMMARIES) == set(scenarios())
    for name in scenarios():
        assert State(scenario=name).circumstances.scenario.name == name


def test_a_rule_befalls_one_deployment_only(http: httpx2.Client, client: OpenAI):
    http.post("/simulator/faults", json={"fault": "503", "deployment": "gpt-4o"})
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="gpt-4o", messages=HELLO, max_tokens=2)
    client.chat.completions.create(model="gpt-4.1-mini", messages=HELLO, max_tokens=2)
    legacy = "/openai/deployments/gpt-4o/chat/completions?api-version=1"
    assert http.post(legacy, json={"messages": HELLO}).status_code == 503


def test_a_rule_ends_after_its_times(http: httpx2.Client):
    http.post("/simulator/faults", json={"fault": "503", "on": "GET */models", "times": 2})
    assert [http.get("/openai/v1/models").status_code for _ in range(3)] == [503, 503, 200]
    assert http.get("/simulator/faults").json() == {"faults": []}


def test_a_share_is_seeded():
    def struck() -> list[int]:
        faults = State(seed=3).faults
        faults.rules.append(rule_from({"fault": "503", "share": 0.3}))
        return [len(faults.befall("GET", "/x", {}, None)) for _ in range(1000)]

    assert struck() == struck()
    assert sum(struck()) == pytest.approx(300, abs=60)  # four standard deviations of a binomial


def test_an_unknown_fault_in_a_header_is_told(http: httpx2.Client):
    answer = http.get("/openai/v1/models", headers={"x-kit-fault": "teapot"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "UnknownFault")


def test_a_stranger_can_cause_no_fault(server: Simulator):
    assert httpx2.get(f"{server.url}/openai/v1/models", headers={"x-kit-fault": "503"}).status_code == 401


def test_a_job_breaks_down_in_the_middle(client: OpenAI, create: Callable[..., Any], advance: Any):
    job = create("job-fails")
    advance(5000)
    failed = client.fine_tuning.jobs.retrieve(job.id)
    assert (failed.status, failed.fine_tuned_model) == ("failed", None)
    assert failed.error is not None
    assert "internal error" in failed.error.message
    messages = [event.message for event in client.fine_tuning.jobs.list_events(job.id).data]
    assert any(message.startswith("Step ") for message in messages)


def test_harmful_data_end_a_job_before_its_training(client: OpenAI, create: Callable[..., Any], advance: Any):
    job = create("job-harmful")
    advance(5000)
    failed = client.fine_tuning.jobs.retrieve(job.id)
    assert failed.error is not None
    # Wording: Microsoft Foundry, "Safety evaluation for fine-tuning", sample message.
    assert failed.error.message.startswith("The provided training data failed RAI checks for harm types: [")
    assert failed.trained_tokens is None


def test_a_job_waits_in_a_slow_queue(client: OpenAI, create: Callable[..., Any], advance: Any):
    job = create("slow-queue; seconds=9000")
    advance(8900)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "pending"
    advance(200)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "running"


def test_a_missing_training_type_is_refused_in_misleading_words(create: Callable[..., Any]):
    with pytest.raises(openai.BadRequestError, match="does not support fine-tuning"):
        create("training-type-required")
    assert create("training-type-required", extra_body={"trainingType": "Standard"}).id


def test_a_retired_model_is_neither_trained_nor_deployed(
    create: Callable[..., Any], management: CognitiveServicesManagementClient
):
    with pytest.raises(openai.BadRequestError, match="existing customers only"):
        create("retired")
    with pytest.raises(HttpResponseError, match="existing customers only"):
        put(management, "retired")


def test_a_model_without_an_end_can_be_retired_by_name(
    client: OpenAI, uploaded: Callable[..., str], management: CognitiveServicesManagementClient
):
    def job(model: str, fault: str) -> Any:
        return client.fine_tuning.jobs.create(model=model, training_file=uploaded(), **under(fault))

    with pytest.raises(openai.BadRequestError, match="'gpt-oss-20b' was retired on 2026-11-02") as refused:
        job("gpt-oss-20b", "retired; models=gpt-4o gpt-oss-20b")
    assert refused.value.code == "ModelDeprecated"
    with pytest.raises(HttpResponseError, match="'gpt-4o-2024-08-06' was retired on 2026-11-02"):
        put(management, "retired; models=gpt-4o gpt-oss-20b")
    assert job("Ministral-3B", "retired; models=gpt-4o gpt-oss-20b").id
    assert job("gpt-oss-20b", "retired").id


@pytest.mark.parametrize(
    ("fault", "code"),
    [("model-not-supported", "DeploymentModelNotSupported"), ("insufficient-quota", "InsufficientQuota")],
)
def test_a_deployment_is_refused(management: CognitiveServicesManagementClient, fault: str, code: str):
    with pytest.raises(HttpResponseError) as refused:
        put(management, fault)
    assert refused.value.error is not None
    assert refused.value.error.code == code


def test_provisioning_fails(management: CognitiveServicesManagementClient):
    with pytest.raises(HttpResponseError, match="could not be provisioned"):
        put(management, "provisioning-fails").result()
    found = management.deployments.get("group", "account", "mine")
    assert found.properties.provisioning_state == "Failed"
    assert put(management, "instant-provisioning").result().properties.provisioning_state == "Succeeded"


def test_a_deployment_is_there_at_once(http: httpx2.Client):
    path = (
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a/deployments/mine"
    )
    body = {"sku": {"name": "Standard", "capacity": 1}, "properties": {"model": {"name": "gpt-4o"}}}
    headers = {"Authorization": "Bearer any"}
    answer = http.put(path, json=body, headers={**headers, "x-kit-fault": "instant-provisioning"})
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (201, "Succeeded")
    assert "azure-asyncoperation" not in answer.headers
    other = http.put(f"{path}2", json=body, headers=headers)
    assert (other.status_code, other.json()["properties"]["provisioningState"]) == (201, "Creating")


def test_developer_deployments_live_for_a_day(management: CognitiveServicesManagementClient, advance: Any):
    put(management, "instant-provisioning", sku="DeveloperTier").result()
    advance(24 * 3600 - 1)
    assert management.deployments.get("group", "account", "mine")
    advance(1)
    with pytest.raises(HttpResponseError, match="not found"):
        management.deployments.get("group", "account", "mine")


def test_unused_deployments_of_tuned_models_are_deleted_after_fifteen_days(
    client: OpenAI, tuned: Any, deployed: Any, advance: Any
):
    deployed(tuned().fine_tuned_model, "mine")
    for days in (14, 14):  # in use, it stays
        advance(days * 86_400)
        client.chat.completions.create(model="mine", messages=HELLO, max_tokens=2)
    advance(15 * 86_400)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="mine", messages=HELLO, max_tokens=2)
    client.chat.completions.create(model="gpt-4o", messages=HELLO, max_tokens=2)  # a base model's stays


def test_what_is_remembered_of_attempts_is_bounded():
    faults = Faults(State().identifiers.source("x"))
    for number in range(10_050):
        faults.befall("GET", f"/{number}", {"x-kit-fault": "503; times=1"}, None)
    assert len(faults._attempts) == 10_000


def test_every_answer_of_a_fault_has_a_code_and_a_text():
    for kind in kinds().values():
        assert kind.stage in {"answer", "line", "operation"}
        assert bool(kind.status and kind.code and kind.message) == (kind.stage == "answer"), kind.name


@pytest.mark.parametrize(
    ("path", "field"), [("chat/completions", "messages"), ("completions", "prompt"), ("responses", "input")]
)
def test_a_fault_says_what_the_content_filter_itself_says(http: httpx2.Client, path: str, field: str):
    def refused(text: str, **headers: str) -> Any:
        asked = [{"role": "user", "content": text}] if field == "messages" else text
        body = {"model": "gpt-4o", field: asked}
        answer = http.post(f"/openai/v1/{path}", json=body, headers=headers)
        assert answer.status_code == 400
        return answer.json()

    real = refused("trigger-content-filter")
    assert refused("Hello", **{"x-kit-fault": "content-filter"}) == real
    http.put("/simulator/scenario", json={"name": "content-filter"})
    http.delete("/simulator/faults")
    for rule in scenarios()["content-filter"].faults:
        http.post("/simulator/faults", json={**rule, "share": 1})
    assert refused("Hello") == real


def test_a_fault_says_what_the_gate_itself_says():
    with serve(keys=("first",)) as server:
        told = [
            httpx2.get(f"{server.url}/openai/v1/models", headers=headers).json()
            for headers in ({"api-key": "other"}, {"api-key": "first", "x-kit-fault": "401"})
        ]
    assert told[0] == told[1]
