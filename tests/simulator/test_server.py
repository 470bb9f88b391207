"""Starting and stopping."""

import logging
import socket
import threading

import httpx2
import pytest
from openai import OpenAI

from kit.errors import PortInUseError, UsageError
from kit.simulator import serve


def test_it_stops_cleanly_and_leaves_nothing_behind():
    before = set(threading.enumerate())
    with serve() as server:
        assert httpx2.get(server.url).status_code == 200
        port = int(server.url.rsplit(":", 1)[1])
    assert set(threading.enumerate()) <= before
    with socket.create_server(("127.0.0.1", port)):  # the port is free again
        pass
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.url)


def test_it_stops_in_the_middle_of_a_training():
    line = (
        '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there"}]}\n'
    )
    before = set(threading.enumerate())
    with serve() as server, OpenAI(base_url=f"{server.url}/openai/v1/", api_key="any") as client:
        file = client.files.create(file=("a.jsonl", line.encode() * 1200), purpose="fine-tune")
        client.fine_tuning.jobs.create(
            model="gpt-4o", training_file=file.id, hyperparameters={"n_epochs": 50}
        )
    assert set(threading.enumerate()) <= before


def test_a_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)) as refused, serve(port=port):
            pass
    assert refused.value.advice


def test_two_simulators_share_nothing():
    with serve() as one, serve() as other, httpx2.Client(headers={"api-key": "any"}) as http:
        upload = {"file": ("a.jsonl", b"{}")}
        http.post(f"{one.url}/openai/v1/files", files=upload, data={"purpose": "fine-tune"})
        http.post(f"{one.url}/simulator/clock", json={"advance_seconds": 60})
        statuses = [http.get(f"{each.url}/simulator/status").json() for each in (one, other)]
    assert [status["files"]["count"] for status in statuses] == [1, 0]
    assert statuses[0]["now"] - statuses[1]["now"] == 60


def test_an_exception_in_the_block_stops_it_too():
    with pytest.raises(ZeroDivisionError), serve() as server:
        raise ZeroDivisionError
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.url)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1"])
def test_other_machines_need_a_key(host: str):
    with pytest.raises(UsageError), serve(host=host):
        pass


def test_it_logs_nothing_of_what_is_asked(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG, logger="uvicorn")
    secret = "open-sesame"
    with serve(keys=(secret,)) as server, httpx2.Client(headers={"api-key": secret}) as http:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "my private question"}]}
        assert http.post(f"{server.url}/openai/v1/chat/completions", json=body).status_code == 200
        assert http.get(f"{server.url}/openai/v1/files/private-name").status_code == 404
    printed = "".join(capfd.readouterr())
    assert printed == ""
    logged = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("uvicorn"))
    assert all(word not in logged for word in (secret, "private"))
