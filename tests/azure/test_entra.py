"""Without a key: both official clients, on a simulator that lets in nobody but the owners of known tokens."""

import asyncio
import pickle
import time

import azure.identity
import openai
import pytest
from azure.core.credentials import AccessToken

from kit.azure.client import Connection
from kit.simulator import serve

TOKENS = ["first-token", "second-token", "third-token"]


class _Credential:
    """A credential whose tokens have ended as soon as they are handed out."""

    def __init__(self, handed_out):
        self._handed_out = handed_out

    def get_token(self, scope, **_options):
        token = TOKENS[len(self._handed_out)]
        self._handed_out.append((scope, token))
        return AccessToken(token, int(time.time()))


@pytest.fixture
def handed_out(monkeypatch):
    """What Entra ID has handed out: scopes and tokens."""
    found = []
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", lambda: _Credential(found))
    return found


@pytest.fixture
def address():
    """The arguments that a notebook gives to both clients."""
    with serve(keys=TOKENS) as server:
        connection = Connection(server.url, "subscription", "group", "account")
        yield {"base_url": connection.base_url, "api_key": connection.api_key}


def test_each_request_of_the_client_has_a_token_that_is_valid_then(handed_out, address):
    with openai.OpenAI(**address) as client:
        assert not handed_out  # not before it is needed
        assert client.files.list().data == []
        assert client.with_options(max_retries=0).files.list().data == []
    assert handed_out == [("https://ai.azure.com/.default", token) for token in TOKENS[:2]]


def test_so_has_each_of_the_asynchronous_client_with_the_same_arguments(handed_out, address):
    async def twice():
        async with openai.AsyncOpenAI(**address, max_retries=0) as client:
            return [(await client.files.list()).data for _ in range(2)]

    assert asyncio.run(twice()) == [[], []]
    assert [token for _scope, token in handed_out] == TOKENS[:2]


def test_a_worker_elsewhere_signs_in_by_itself(handed_out, address):
    assert f"{address['api_key']}" == TOKENS[0]
    sent = pickle.dumps(address)
    assert TOKENS[0].encode() not in sent
    with openai.OpenAI(**pickle.loads(sent)) as client:
        assert client.files.list().data == []
    assert len(handed_out) == 2


def test_no_token_shows(handed_out, address):
    assert "entra-id-token" in f"{address}"
    assert str(address["api_key"]) == "entra-id-token"
    assert not handed_out
