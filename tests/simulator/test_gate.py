"""Who is let in, and what everybody is told who is not: keys, versions, sizes, unknown addresses."""

import socket
from pathlib import Path

import httpx2
import openai
import pytest
from openai import AzureOpenAI, OpenAI

from kit.errors import StateFileError
from kit.simulator import Simulator, serve

# Wording: Azure OpenAI service, October 2026.
DENIED = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource."
)


def test_only_configured_keys_open_the_door():
    with serve(keys=("first", "ключ")) as server:
        url = f"{server.url}/openai/v1/models"
        for headers, expected in [
            ({"api-key": "first"}, 200),
            ({"Authorization": "Bearer first"}, 200),
            ({"authorization": "bearer first"}, 200),
            ({"api-key": "ключ".encode()}, 200),
            ({"api-key": "wrong"}, 401),
            ({"api-key": "firs"}, 401),
            ({"api-key": ""}, 401),
            ({"Authorization": "Basic first"}, 401),
            ({"Authorization": "first"}, 401),
            ({}, 401),
        ]:
            answer = httpx2.get(url, headers=headers)
            assert answer.status_code == expected, headers
            if expected == 401:
                assert answer.json() == {"error": {"code": "401", "message": DENIED}}


def test_resources_are_managed_with_a_configured_key_only():
    with serve(keys=("first",)) as server:
        url = (
            f"{server.url}/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
        )
        for headers, expected in [
            ({"Authorization": "Bearer first"}, 200),
            ({"Authorization": "Bearer other"}, 401),
            ({"Authorization": "Basic first"}, 401),
            ({"api-key": "first"}, 401),
            ({}, 401),
        ]:
            assert httpx2.get(url, headers=headers).status_code == expected, headers


def test_the_official_clients_show_a_wrong_key_as_such():
    with serve(keys=("first",)) as server:
        version = "2025-04-01-preview"
        with (
            OpenAI(base_url=f"{server.url}/openai/v1/", api_key="wrong") as v1,
            AzureOpenAI(azure_endpoint=server.url, api_version=version, api_key="wrong") as legacy,
        ):
            for client in (v1, legacy):
                with pytest.raises(openai.AuthenticationError) as refused:
                    client.files.list()
                assert refused.value.code == "401"


def test_any_key_will_do_on_loopback_but_one_there_must_be(server: Simulator):
    url = f"{server.url}/openai/v1/models"
    assert httpx2.get(url, headers={"api-key": "whatever"}).status_code == 200
    assert httpx2.get(url).status_code == 401


@pytest.mark.parametrize("query", ["", "?api-version=", "?version=1"])
def test_the_legacy_address_wants_a_version(http: httpx2.Client, query: str):
    answer = http.get(f"/openai/files{query}")
    assert answer.status_code == 400
    # Wording: Azure AI Foundry, 2026.
    assert answer.json() == {
        "error": {"code": "BadRequest", "message": "Missing required query parameter: api-version"}
    }
    assert http.get("/openai/files?api-version=2025-04-01-preview").status_code == 200


def test_the_v1_address_takes_no_dated_version(http: httpx2.Client):
    for version, expected in (("v1", 200), ("preview", 200), ("2024-10-21", 400), ("", 400), ("𝓥1", 400)):
        answer = http.get("/openai/v1/models", params={"api-version": version})
        assert answer.status_code == expected, version


@pytest.mark.parametrize(
    "path",
    [
        "/openai/v1/nothing",
        "/openai/v1/files/",
        "/openai/nothing?api-version=1",
        "/nothing",
        "/subscriptions/s/x",
    ],
)
def test_an_unknown_address_is_told_in_the_words_of_the_service(http: httpx2.Client, path: str):
    answer = http.get(path, headers={"Authorization": "Bearer any"})
    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": "404", "message": "Resource not found"}}


def test_a_wrong_method_is_told_in_the_same_envelope(http: httpx2.Client):
    answer = http.put("/openai/v1/files", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "405")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: Simulator):
    for path, length in [("/openai/v1/chat/completions", 2**24 + 1), ("/openai/v1/files", 2**29 + 2**17)]:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\napi-key: k\r\nContent-Length: {length}\r\n\r\n"
        assert _first_line(server, head.encode()).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_say_its_length_is_limited_too(server: Simulator):
    head = b"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\napi-key: k\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    assert b" 413 " in _first_line(server, head + chunk * 17)


def _first_line(server: Simulator, request: bytes) -> bytes:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            return answer.readline().rstrip()


def test_every_answer_has_a_name_of_its_own(http: httpx2.Client):
    names = {http.get("/openai/v1/models").headers["x-request-id"] for _ in range(3)}
    assert len(names) == 3


def test_a_mistake_of_the_simulator_is_an_answer_like_any_other(
    server: Simulator,
    http: httpx2.Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    def broken() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(server.state.files, "all", broken)
    answer = http.get("/openai/v1/files")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "InternalServerError")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == answer.headers["apim-request-id"]
    http.get(
        "/openai/v1/models"
    )  # a request is noted after its answer: once another has been answered, it is
    statuses = [each.status for each in server.state.recent if each.path == "/openai/v1/files"]
    assert statuses == [500]
    assert "RuntimeError: secret" in caplog.text


def test_where_a_state_file_fails_amid_an_answer_the_answer_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with serve(state_file=tmp_path / "simulator.state") as server:
        sent = 0
        acknowledged = server.state.journal.acknowledged

        async def acknowledge() -> None:
            nonlocal sent
            sent += 1
            if sent == 2:  # the head has been sent
                raise StateFileError("The disk is full.")
            await acknowledged()

        monkeypatch.setattr(server.state.journal, "acknowledged", acknowledge)
        with httpx2.Client(base_url=server.url, headers={"api-key": "any"}) as http:
            with pytest.raises(httpx2.RemoteProtocolError):
                http.get("/openai/v1/files")
            answer = http.get("/openai/v1/files")
            assert answer.json()["data"] == []


def test_where_a_state_file_fails_the_answer_has_a_name_too(tmp_path: Path):
    with (
        serve(state_file=tmp_path / "simulator.state", seed=2**70) as server,
        httpx2.Client(base_url=server.url, headers={"api-key": "any"}) as http,
    ):
        for answer in (
            http.post("/simulator/clock", json={"advance_seconds": 1}),
            http.get("/openai/v1/files"),
        ):
            assert answer.status_code == 503
            assert answer.headers["x-request-id"]
