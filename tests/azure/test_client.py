"""Connections: what the environment must say, and that no secret shows."""

import pytest
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel, DeploymentProperties, Sku

from kit.azure import client
from kit.azure.ledger import Place
from kit.azure.service import Service
from kit.errors import SettingsError
from kit.simulator import serve

ENVIRONMENT = {
    "AZURE_OPENAI_ENDPOINT": "https://brisa.openai.azure.com/openai/v1/",
    "AZURE_SUBSCRIPTION_ID": "11111111-1111-1111-1111-111111111111",
    "AZURE_RESOURCE_GROUP": "group",
    "AZURE_OPENAI_API_KEY": "planted-secret-0123456789",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_environment_describes_a_resource():
    connection = client.from_environment()
    assert connection.base_url == "https://brisa.openai.azure.com/openai/v1/"
    assert connection.account == "brisa"
    assert connection.api_key == ENVIRONMENT["AZURE_OPENAI_API_KEY"]
    assert not connection.simulated


@pytest.mark.usefixtures("environment")
def test_a_connection_does_not_show_its_key():
    assert ENVIRONMENT["AZURE_OPENAI_API_KEY"] not in repr(client.from_environment())


@pytest.mark.parametrize("name", ["AZURE_OPENAI_ENDPOINT", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP"])
def test_a_missing_variable_is_named(environment, name):
    environment.delenv(name)
    with pytest.raises(SettingsError, match=name):
        client.from_environment()


@pytest.mark.parametrize("endpoint", ["http://brisa.openai.azure.com", "brisa.openai.azure.com", "ftp://x"])
def test_a_key_is_never_sent_over_an_open_line(environment, endpoint):
    environment.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
    with pytest.raises(SettingsError, match="https://"):
        client.from_environment()


@pytest.mark.parametrize("key", ["", "velvet-otter-91"])
def test_both_ways_to_name_a_simulator_lead_to_one_connection_and_ledger(monkeypatch, key):
    with serve(keys=[key] if key else ()) as server:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{server.url}/openai/v1/")
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", key)
        by_endpoint = client.from_environment()
        place = Place("evaluate", "ana", by_endpoint.endpoint, simulated=True)
        assert client.of_place(place) == by_endpoint
        monkeypatch.delenv("AZURE_OPENAI_ENDPOINT")
        monkeypatch.setenv("KIT_SIMULATOR_URL", server.url)
        monkeypatch.setenv("KIT_SIMULATOR_KEY", key)
        assert client.running_simulator() == by_endpoint == client.of_place(place)
        with Service(by_endpoint).openai as answering:
            assert answering.files.list().data == []


def test_no_two_learners_share_a_folder():
    names = ["ana", "Ana", "ana maria", "ana_maria", "ana/maria", "", "_", "..", "_.", "a@b.org", "李雷"]
    folders = [client.ledger_folder(name) for name in names]
    assert len(set(folders)) == len(names)
    assert len({folder.parent for folder in folders}) == 1  # none leads elsewhere
    assert folders[0].name == "ana"


def test_the_management_client_loses_no_connection_when_it_asks_again():
    with serve() as simulator:
        arguments = client.simulated(simulator.url, "any").management()
        with CognitiveServicesManagementClient(**arguments) as management:
            wanted = Deployment(
                sku=Sku(name="GlobalStandard", capacity=1),
                properties=DeploymentProperties(model=DeploymentModel(format="OpenAI", name="gpt-4o")),
            )
            asking = {"headers": {"x-kit-fault": "503; times=1"}}
            management.deployments.begin_create_or_update("group", "account", "mine", wanted, **asking)
            pools = arguments["transport"].session.get_adapter(simulator.url).poolmanager.pools
            assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118 - no mapping
