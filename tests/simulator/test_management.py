"""Deployments through the official management client, against Azure Resource Manager's protocol."""

from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import HeadersPolicy
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku
from openai import OpenAI

from kit.simulator import Simulator

ACCOUNT = ("group", "account")
PATH = (
    "/subscriptions/s/resourceGroups/group/providers/Microsoft.CognitiveServices/accounts/account/deployments"
)
BEARER = {"Authorization": "Bearer any"}
HELLO: Any = [{"role": "user", "content": "Hello"}]


def body(model: str, version: str | None = None) -> Deployment:
    source = DeploymentModel(format="OpenAI", name=model, version=version)
    return Deployment(
        sku=Sku(name="GlobalStandard", capacity=10),
        properties=DeploymentProperties(model=source),
        tags={"a": "b"},
    )


def test_a_deployment_is_created_step_by_step(
    http: httpx2.Client, client: OpenAI, advance: Callable[[float], int]
):
    """Protocol: Azure Resource Manager, "Track asynchronous Azure operations"."""
    wanted = {
        "sku": {"name": "Standard"},
        "properties": {"model": {"name": "gpt-4o", "version": "2024-08-06"}},
    }
    created = http.put(f"{PATH}/mine?api-version=2025-09-01", json=wanted, headers=BEARER)
    assert created.status_code == 201
    assert created.json()["properties"]["provisioningState"] == "Creating"
    assert created.json()["id"] == f"{PATH}/mine"
    operation = created.headers["azure-asyncoperation"]
    assert operation.startswith(str(http.base_url).rstrip("/"))
    advance(179)
    assert http.get(operation, headers=BEARER).json()["status"] == "InProgress"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="mine", messages=HELLO)
    assert unknown.value.code == "DeploymentNotFound"
    advance(1)
    done = http.get(operation, headers=BEARER).json()
    assert (done["status"], done["startTime"], done["endTime"]) == (
        "Succeeded",
        "2026-11-02T09:00:00Z",
        "2026-11-02T09:03:00Z",
    )
    assert http.get(f"{PATH}/mine", headers=BEARER).json()["properties"]["provisioningState"] == "Succeeded"
    assert client.chat.completions.create(model="mine", messages=HELLO).model == "gpt-4o-2024-08-06"


def test_the_official_client_creates_reads_lists_and_deletes(
    management: CognitiveServicesManagementClient, client: OpenAI, http: httpx2.Client
):
    before = http.get("/simulator/status").json()["now"]
    deployments = management.deployments
    made = deployments.begin_create_or_update(*ACCOUNT, "mine", body("gpt-4.1", "2025-04-14")).result()
    assert (
        http.get("/simulator/status").json()["now"] - before == 180
    )  # the poller's own waiting passed the time
    found = deployments.get(*ACCOUNT, "mine")
    assert made.name == found.name == "mine"
    assert (found.sku.name, found.sku.capacity, found.tags) == ("GlobalStandard", 10, {"a": "b"})
    assert (found.properties.provisioning_state, found.properties.model.name) == ("Succeeded", "gpt-4.1")
    assert "mine" in [each.name for each in deployments.list(*ACCOUNT)]
    deployments.begin_delete(*ACCOUNT, "mine").result()
    with pytest.raises(ResourceNotFoundError) as gone:
        deployments.get(*ACCOUNT, "mine")
    assert gone.value.error.code == "ResourceNotFound"
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="mine", messages=HELLO)
    deployments.begin_delete(*ACCOUNT, "mine").result()  # deleting nothing is no error


def test_a_new_simulator_answers_for_base_models(management: CognitiveServicesManagementClient):
    names = {each.name for each in management.deployments.list(*ACCOUNT)}
    writing = {
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-4o-mini",
        "gpt-4o",
        "gpt-oss-20b",
        "gpt-oss-120b",
    }
    assert names == writing | {f"text-embedding-{which}" for which in ("3-small", "3-large", "ada-002")}


@pytest.mark.parametrize(
    ("model", "version"), [("gpt-9", "1"), ("gpt-4.1", "1999-01-01"), ("gpt-4o.ft-0", "1"), ("", None)]
)
def test_a_model_that_does_not_exist_cannot_be_deployed(
    management: CognitiveServicesManagementClient, model: str, version: str | None
):
    with pytest.raises(HttpResponseError) as refused:
        management.deployments.begin_create_or_update(*ACCOUNT, "mine", body(model, version))
    assert (refused.value.status_code, refused.value.error.code) == (400, "DeploymentModelNotSupported")


def test_a_deployment_can_be_given_another_model(
    management: CognitiveServicesManagementClient, client: OpenAI, advance: Callable[[float], int]
):
    put = management.deployments.begin_create_or_update
    put(*ACCOUNT, "mine", body("gpt-4o")).result()
    poller = put(*ACCOUNT, "mine", body("gpt-4.1"), polling=False)
    assert poller.result().properties.provisioning_state == "Accepted"
    with pytest.raises(HttpResponseError) as conflict:
        put(*ACCOUNT, "mine", body("gpt-4o"))
    assert (conflict.value.status_code, conflict.value.error.code) == (409, "RequestConflict")
    advance(180)
    assert client.chat.completions.create(model="mine", messages=HELLO).model == "gpt-4.1-2025-04-14"


def test_a_model_in_use_cannot_be_deleted(
    client: OpenAI,
    management: CognitiveServicesManagementClient,
    tuned: Callable[..., Any],
    deployed: Callable[[str, str], None],
):
    model = tuned().fine_tuned_model
    deployed(model, "mine")
    with pytest.raises(openai.BadRequestError):
        client.models.delete(model)
    management.deployments.begin_delete(*ACCOUNT, "mine").result()
    assert client.models.delete(model).deleted
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve(model)


def test_the_account_and_its_models_can_be_asked_for(
    management: CognitiveServicesManagementClient, server: Simulator
):
    account = management.accounts.get(*ACCOUNT)
    assert account.properties.endpoint == f"{server.url}/"
    assert account.name == "account"
    names = {model.name for model in management.accounts.list_models(*ACCOUNT)}
    assert {"gpt-4.1-mini", "o4-mini"} <= names
    assert names == {each.model.name for each in management.models.list("swedencentral")}


def test_a_request_without_a_token_is_refused(server: Simulator):
    with (
        CognitiveServicesManagementClient(
            object(), "s", base_url=server.url, authentication_policy=HeadersPolicy()
        ) as stranger,
        pytest.raises(ClientAuthenticationError),
    ):
        stranger.deployments.get(*ACCOUNT, "gpt-4o")


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"properties": []},
        {"properties": {"model": "gpt-4o"}},
        {"properties": {"model": {"name": "gpt-4o"}}, "sku": {"capacity": 0}},
        {"properties": {"model": {"name": "gpt-4o"}}, "sku": {"name": 3}},
    ],
)
def test_a_body_that_makes_no_sense_is_refused(http: httpx2.Client, wanted: dict[str, Any]):
    answer = http.put(f"{PATH}/mine", json=wanted, headers=BEARER)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message"}


@pytest.mark.parametrize("subscription", ["%E7%81%AF%E5%A1%94", "a%0Db", "a%20b%22"])
def test_a_strange_subscription_does_no_harm_to_headers(http: httpx2.Client, subscription: str):
    path = PATH.replace("/s/", f"/{subscription}/")
    wanted = {"properties": {"model": {"name": "gpt-4o"}}}
    answer = http.put(f"{path}/mine", json=wanted, headers=BEARER)
    assert answer.status_code == 201
    assert http.get(answer.headers["azure-asyncoperation"], headers=BEARER).json()["status"] == "InProgress"


def test_an_unknown_operation_is_not_found(http: httpx2.Client):
    path = "/subscriptions/s/providers/Microsoft.CognitiveServices/locations/x/operationResults/y"
    answer = http.get(path, headers=BEARER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")
