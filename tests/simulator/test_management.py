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

from kit.simulator import Simulator, serve, serve_class

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
    found = {each.name: each.properties.capabilities for each in management.deployments.list(*ACCOUNT)}
    writing = {
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-4o-mini",
        "gpt-4o",
        "gpt-oss-20b",
        "gpt-oss-120b",
    }
    embedding = {f"text-embedding-{which}" for which in ("3-small", "3-large", "ada-002")}
    assert {name: str(able) for name, able in found.items()} == (
        dict.fromkeys(writing, "{'chatCompletion': 'true'}")
        | dict.fromkeys(embedding, "{'embeddings': 'true'}")
    )


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


def test_accounts_are_listed(management: CognitiveServicesManagementClient, server: Simulator):
    (found,) = management.accounts.list()
    assert found.id == (
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/simulated-group"
        "/providers/Microsoft.CognitiveServices/accounts/simulated-account"
    )
    assert (found.kind, found.location, found.sku.name) == ("OpenAI", "swedencentral", "S0")
    assert found.properties.endpoint == f"{server.url}/"
    (same,) = management.accounts.list_by_resource_group("group")
    assert (same.name, "/resourceGroups/group/" in same.id) == (found.name, True)
    assert management.accounts.get("simulated-group", found.name).id == found.id
    (sku,) = management.accounts.list_skus(*ACCOUNT).value
    assert (sku.sku.name, sku.resource_type) == ("S0", found.type)


def test_the_keys_that_are_told_let_one_in(management: CognitiveServicesManagementClient, server: Simulator):
    keys = management.accounts.list_keys(*ACCOUNT)
    for key in (keys.key1, keys.key2):
        with OpenAI(base_url=f"{server.url}/openai/v1/", api_key=key) as client:
            assert client.models.list().data


def test_nobody_is_told_the_key_of_another():
    path = PATH.replace("deployments", "listKeys")
    with serve(keys=("mine", "yours")) as server, httpx2.Client(base_url=server.url) as http:
        told = http.post(path, headers={"Authorization": "Bearer mine"}).json()
        assert told == {"key1": "mine", "key2": "mine"}
        assert http.post(path, headers={"Authorization": "Bearer other"}).status_code == 401


def test_a_learner_of_a_class_is_told_the_key_to_the_same_resource():
    path = PATH.replace("deployments", "listKeys")
    with serve_class() as url, httpx2.Client(base_url=url, headers={"authorization": "Bearer ada"}) as http:
        seed = http.get("/simulator/status").json()["seed"]
        for key in http.post(path).json().values():
            assert http.get("/simulator/status", headers={"api-key": key}).json()["seed"] == seed


def usage(management: CognitiveServicesManagementClient, name: str) -> tuple[float, float]:
    found = {each.name.value: each for each in management.usages.list("swedencentral")}
    assert found[name].unit == "Count"
    return found[name].current_value, found[name].limit


def test_the_quota_is_used_up_by_capacity(
    management: CognitiveServicesManagementClient, tuned: Callable[..., Any]
):
    """Names: `az cognitiveservices usage list`, as quoted in Microsoft Foundry's documentation of quotas."""
    assert usage(management, "OpenAI.GlobalStandard.gpt-4o") == (10, 1000)  # the deployment there is
    assert usage(management, "OpenAI.Standard.gpt-4o") == (0, 1000)
    assert usage(management, "AIServices.GlobalStandard.gpt-oss-120b") == (120, 1000)
    for capacity in (600, 400):  # a changed deployment gives back what it had
        wanted = body("gpt-4o")
        wanted.sku.capacity = capacity
        management.deployments.begin_create_or_update(*ACCOUNT, "mine", wanted).result()
    assert usage(management, "OpenAI.GlobalStandard.gpt-4o") == (410, 1000)
    wanted.sku.capacity = 591
    with pytest.raises(HttpResponseError) as refused:
        management.deployments.begin_create_or_update(*ACCOUNT, "other", wanted)
    assert refused.value.error.code == "InsufficientQuota"
    assert "require 591 new capacity in quota Tokens Per Minute (thousands) - gpt-4o - GlobalStandard" in str(
        refused.value
    )
    assert "available capacity 590. The current quota usage is 410 and the quota limit is 1000" in str(
        refused.value
    )
    model = body(tuned().fine_tuned_model)
    management.deployments.begin_create_or_update(*ACCOUNT, "keeper", model).result()
    assert usage(management, "OpenAI.GlobalStandard.gpt-4.1-mini") == (20, 1000)
    management.deployments.begin_delete(*ACCOUNT, "mine").result()
    assert usage(management, "OpenAI.GlobalStandard.gpt-4o") == (10, 1000)
    (first, *_) = management.accounts.list_models(*ACCOUNT)
    assert first.skus[0].usage_name == f"OpenAI.Standard.{first.name}"


def test_where_no_capacity_is_left_the_quota_says_so(
    management: CognitiveServicesManagementClient, http: httpx2.Client
):
    http.put("/simulator/scenario", json={"name": "no-capacity"})
    assert usage(management, "OpenAI.GlobalStandard.gpt-4o") == (10, 10)
    assert usage(management, "OpenAI.Standard.gpt-4.1") == (0, 0)
    with pytest.raises(HttpResponseError, match="InsufficientQuota"):
        management.deployments.begin_create_or_update(*ACCOUNT, "mine", body("gpt-4o"))


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
        {"properties": {"model": {"name": "gpt-4o"}}, "sku": {"name": "Nonsense"}},
        {"properties": {"model": {"name": "gpt-4o"}}, "sku": {"capacity": 10**400}},
        {"properties": {"model": {"name": "gpt-4o"}}, "sku": {"capacity": 1.5}},
    ],
)
def test_a_body_that_makes_no_sense_is_refused(http: httpx2.Client, wanted: dict[str, Any]):
    answer = http.put(f"{PATH}/mine", json=wanted, headers=BEARER)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message"}
    assert http.get(f"{PATH}/mine", headers=BEARER).status_code == 404


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
