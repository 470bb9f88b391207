"""What the services refuse, told as a sentence; the exceptions are real ones, raised by the real clients."""

import openai
import pytest
from azure.core.exceptions import ResourceNotFoundError

from kit.errors import KitError
from kit.lab import explaining
from kit.simulator import serve


def refused(call):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any class: the point is what explain makes of it
        call()
    return caught.value


def test_a_wrong_key_is_explained_without_repeating_anything(running):
    client = openai.OpenAI(base_url=running.connection.base_url, api_key="planted-wrong-key")
    error = refused(client.files.list)
    assert isinstance(error, openai.AuthenticationError)
    text = str(explaining.explain(error))
    assert "AZURE_OPENAI_API_KEY" in text
    assert "planted-wrong-key" not in text


def test_an_unknown_deployment_is_named_by_the_service(client):
    error = refused(
        lambda: client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "?"}])
    )
    assert isinstance(error, openai.NotFoundError)
    assert "deployment" in str(explaining.explain(error)).lower()


def test_a_bad_request_quotes_the_service(client, training_file):
    error = refused(lambda: client.fine_tuning.jobs.create(model="gpt-oss-20b", training_file="file-missing"))
    assert isinstance(error, openai.APIStatusError)
    explained = explaining.explain(error)
    assert isinstance(explained, KitError)
    assert explained.fields["detail"]
    assert "Traceback" not in str(explained)


def test_a_server_that_is_away_is_explained(running):
    client = openai.OpenAI(base_url="http://127.0.0.1:9/openai/v1/", api_key="x", max_retries=0)
    error = refused(client.files.list)
    assert isinstance(error, openai.APIConnectionError)
    assert "cannot be reached" in str(explaining.explain(error))


@pytest.mark.parametrize(
    ("fault", "happened", "helps"),
    [
        ("content-filter", "content filter stopped the question", "count the answer as a refusal"),
        ("429", "quota is used up for the moment", "Wait a minute"),
        ("400", "refused the request: The request is invalid", "Read its reason"),
        ("503", "temporarily unable", "run the cell again"),
        ("reset", "cannot be reached", "nothing is done twice"),
    ],
)
def test_each_kind_of_trouble_has_its_own_sentence_and_advice(client, fault, happened, helps):
    error = refused(
        lambda: client.with_options(max_retries=0).chat.completions.create(
            model="gpt-oss-20b",
            messages=[{"role": "user", "content": "?"}],
            extra_headers={"x-kit-fault": fault},
        )
    )
    explained = explaining.explain(error)
    assert happened in explained.message_text()
    assert helps in explained.advice_text()


def test_azure_resource_manager_is_quoted_too(running):
    place = (running.connection.resource_group, running.connection.account)
    error = refused(lambda: running.management.deployments.get(*place, "nobody"))
    assert isinstance(error, ResourceNotFoundError)
    assert "deployment was not found" in str(explaining.explain(error))


def test_a_key_that_the_teachers_simulator_refuses_is_explained_as_such(monkeypatch):
    """Advice about Azure's keys would send a learner of a class to a place that has nothing to do with it."""
    with serve(port=0, keys=("the-teachers-key-0001",)) as server:
        client = openai.OpenAI(base_url=f"{server.url}/openai/v1/", api_key="another", max_retries=0)
        with client, pytest.raises(openai.AuthenticationError) as failure:
            client.models.list()
        assert "AZURE_OPENAI_API_KEY" in explaining.explain(failure.value).advice
        monkeypatch.setenv("KIT_SIMULATOR_URL", server.url)
        assert "KIT_SIMULATOR_KEY" in explaining.explain(failure.value).advice
