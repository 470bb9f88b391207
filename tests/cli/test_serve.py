"""`kit serve` as a process: what it prints, that the official client can use it, and how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from openai import AuthenticationError, OpenAI

from tests.serving import served

KEY = "velvet-otter-91"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_ends_cleanly(number: int):
    with served() as (process, url, said):
        with OpenAI(base_url=f"{url}/openai/v1/", api_key="simulator") as client:
            assert next(iter(client.models.list())).id
        assert f'base_url="{url}/openai/v1/"' in said
        assert f"AZURE_OPENAI_ENDPOINT={url}" in said
        process.send_signal(number)
        rest, _ = process.communicate(timeout=30)
        assert (process.returncode, rest) == (0, "The simulator has stopped.\n")


def test_a_key_is_demanded_and_never_printed():
    with served("--key", KEY) as (process, url, said):
        stranger = OpenAI(base_url=f"{url}/openai/v1/", api_key="wrong", max_retries=0)
        with stranger, pytest.raises(AuthenticationError):
            stranger.models.list()
        with OpenAI(base_url=f"{url}/openai/v1/", api_key=KEY) as client:
            assert next(iter(client.models.list())).id
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
        assert KEY not in said + rest


def test_it_logs_requests_where_that_is_wanted():
    for options, expected in ((("--log", "requests"), ["GET /openai/v1/models 200"]), ((), [])):
        with served("--key", KEY, *options) as (process, url, said):
            with OpenAI(base_url=f"{url}/openai/v1/", api_key=KEY) as client:
                client.models.list()
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=30)
        lines = [line for line in rest.splitlines() if "/openai/v1" in line]
        assert [" ".join(line.split()[2:5]) for line in lines] == expected
        assert KEY not in said + rest


def test_it_plays_a_scenario():
    with (
        served("--scenario", "retired", "--profile", "openai-strict") as (_, url, _),
        urllib.request.urlopen(f"{url}/simulator/status") as answer,
    ):
        status = json.load(answer)
    assert (status["scenario"], [rule["fault"] for rule in status["faults"]]) == (
        "retired",
        ["retired; models=gpt-oss-20b"],
    )


def test_an_unknown_scenario_is_told():
    done = kit_serve("--scenario", "nothing", "--port", "0")
    assert done.returncode == 2
    assert "flaky" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_seed_that_no_state_file_could_hold_is_told():
    done = kit_serve("--seed", str(2**70), "--port", "0")
    assert done.returncode == 2
    assert "--seed" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_snippet_that_it_prints_works():
    with served() as (_, _, said):
        snippet = said.split("From Python:\n")[1].split("\n\n")[0]
        lines = [line.removeprefix("    ") for line in snippet.splitlines()]
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


def kit_serve(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kit", "serve", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment}
    )


def test_a_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = kit_serve("--port", port)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert port in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_open_network_needs_a_key():
    done = kit_serve("--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "key" in done.stderr
    assert "Traceback" not in done.stderr


def test_learners_of_a_class_are_told_what_to_set_and_choices_are_confirmed(tmp_path):
    options = ("--class", "--host", "0.0.0.0", "--key", KEY, "--scenario", "flaky")
    with served(*options, "--state", str(tmp_path / "class.db")) as (_process, _url, said):
        port = re.search(r"0\.0\.0\.0:(\d+)", said)
        assert port
        assert f"export KIT_SIMULATOR_URL=http://<this computer's address>:{port[1]}\n" in said
        assert "export KIT_SIMULATOR_KEY=<a key of their own>\n" in said
        assert "Scenario: flaky" in said
        assert "State file: class.db" in said
        assert KEY not in said
    with served() as (_process, _url, said):
        assert "KIT_SIMULATOR_URL" not in said
        assert "Scenario" not in said
