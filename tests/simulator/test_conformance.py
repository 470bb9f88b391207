"""Every response of the strict profile conforms to the public document of the v1 data plane.

The document is not part of this repository. It is looked for at ``../shared/specs`` and under the path in
SIMULATOR_SPECIFICATION; without it these tests are skipped.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from kit.simulator import Simulator, serve
from kit.simulator.quotas import Rates

_PLACES = [
    Path(os.environ.get("SIMULATOR_SPECIFICATION", "")),
    *(folder / "shared/specs/azure-openai-v1.openapi.json" for folder in Path(__file__).parents),
]
SPECIFICATION = next((place for place in _PLACES if place.is_file()), None)
pytestmark = pytest.mark.skipif(
    SPECIFICATION is None, reason="the OpenAPI document of the v1 data plane is not here"
)
IMPLEMENTED = re.compile(r"^/(chat|embeddings|files|fine_tuning|models|responses)")
KEY = "a key of the test"


def document() -> dict[str, Any]:
    """Return the implemented part of the document, amended where it says less than the service does."""
    assert SPECIFICATION is not None
    whole = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    paths = {path: entry for path, entry in whole["paths"].items() if IMPLEMENTED.match(path)}
    whole["paths"] = paths
    # Operations that the service and the official client have, and the document has not.
    anything = {"responses": {"200": {"description": "success"}, "default": {"description": "refusal"}}}
    content = {"application/json": {"schema": {}}}
    for answer in anything["responses"].values():
        answer["content"] = content  # type: ignore[assignment]
    paths["/chat/completions"]["get"] = anything
    parameters = [each for each in paths["/models/{model}"]["get"]["parameters"] if each.get("in") == "path"]
    paths["/models/{model}"]["delete"] = {**anything, "parameters": parameters}
    # The document wants every file to expire; neither client nor service does.
    whole["components"]["schemas"]["AzureCreateFileRequestMultiPart"]["required"].remove("expires_after")
    # The schemas of streams describe the data of an event; the test below looks at them.
    for path in ("/chat/completions", "/responses"):
        paths[path]["post"]["responses"]["200"]["content"]["text/event-stream"]["schema"] = {}
    return whole  # type: ignore[no-any-return]


@pytest.fixture
def known(samples: Any) -> Callable[[Simulator], dict[str, str]]:
    """Fill a simulator and return the names of what it holds."""

    def fill(server: Simulator) -> dict[str, str]:
        server.state.quotas.everywhere = Rates(requests=10**9, tokens=10**12)
        with OpenAI(base_url=f"{server.url}/openai/v1/", api_key=KEY) as client:
            file = client.files.create(file=("lamps.jsonl", samples.english), purpose="fine-tune")
            server.state.clock.advance(10)
            job = client.fine_tuning.jobs.create(model="gpt-4.1-mini", training_file=file.id)
            server.state.clock.advance(5000)
            checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id).data
            response = client.responses.create(model="gpt-4o", input="Hello")
        return {
            "file": file.id,
            "job": job.id,
            "checkpoint": checkpoints[0].id,
            "response": response.id,
            "writer": "gpt-4o",
            "embedding": "text-embedding-3-small",
            "tunable": "gpt-4.1-mini",
        }

    return fill


@pytest.fixture
def attack(known: Callable[[Simulator], dict[str, str]], tmp_path: Path) -> Callable[..., None]:
    """Let schemathesis loose on a simulator; fail with its report."""

    def run(profile: str, phases: str, examples: int, *options: str) -> None:
        specification = tmp_path / "specification.json"
        specification.write_text(json.dumps(document()), encoding="utf-8")
        with serve(profile=profile, keys=(KEY,)) as server:
            environment = {
                **os.environ,
                "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("schemathesis_hooks.py")),
                "SIMULATOR_KNOWN": json.dumps(known(server)),
            }
            command = [sys.executable, "-m", "schemathesis.cli", "run", str(specification)]
            command += ["--url", f"{server.url}/openai/v1", "-H", f"api-key: {KEY}", "--phases", phases]
            command += ["-n", str(examples), "--seed", "105", "--request-timeout", "120", "--no-color"]
            command += ["--suppress-health-check", "all", "--warnings", "off", *options]
            done = subprocess.run(
                command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]

    return run


# What is refused although the document allows it must break a rule that is named in the hooks: their own
# check stands in for this one.
CHECKS = ("--checks", "all", "--exclude-checks", "positive_data_acceptance")


def test_the_strict_profile_conforms_in_short(attack: Callable[..., None]):
    attack("openai-strict", "examples,fuzzing", 3, *CHECKS)


@pytest.mark.slow
def test_the_strict_profile_conforms(attack: Callable[..., None]):
    attack("openai-strict", "examples,coverage,fuzzing,stateful", 50, *CHECKS)


def test_the_azure_profile_makes_no_mistake_in_short(attack: Callable[..., None]):
    attack("azure", "fuzzing", 2, "--checks", "not_a_server_error")


@pytest.mark.slow
def test_the_azure_profile_makes_no_mistake(attack: Callable[..., None]):
    attack("azure", "examples,coverage,fuzzing", 50, "--checks", "not_a_server_error")
