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

import httpx2
import jsonschema
import pytest
from openai import OpenAI
from openai.pagination import SyncPage
from openai.types import Upload
from openai.types.fine_tuning.checkpoints import (
    PermissionCreateResponse,
    PermissionDeleteResponse,
    PermissionRetrieveResponse,
)
from openai.types.responses import (
    CompactedResponse,
    ResponseCompactionItem,
    ResponseInputMessageItem,
)
from openai.types.uploads import UploadPart
from pydantic import TypeAdapter

from kit.simulator import Simulator, serve
from kit.simulator.circumstances.quotas import Rates
from kit.simulator.files.uploads import LARGEST_UPLOAD

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
    _add_what_only_the_client_has(whole)
    # The document wants every file to expire; neither client nor service does.
    whole["components"]["schemas"]["AzureCreateFileRequestMultiPart"]["required"].remove("expires_after")
    # The schemas of streams describe the data of an event; the test below looks at them.
    for path in ("/chat/completions", "/responses"):
        paths[path]["post"]["responses"]["200"]["content"]["text/event-stream"]["schema"] = {}
    # In OpenAPI 3.0 a nullable property with an enum needs null in the enum, too.
    _complete_enums(whole["components"])
    return whole  # type: ignore[no-any-return]


_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_CHECKPOINT = "/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions"
_UPLOAD = {
    "type": "object",
    "required": ["bytes", "filename", "mime_type", "purpose"],
    "properties": {
        "bytes": {"type": "integer", "minimum": 1, "maximum": LARGEST_UPLOAD},
        "filename": _TEXT,
        "mime_type": _TEXT,
        "purpose": {"type": "string", "enum": ["assistants", "batch", "evals", "fine-tune"]},
    },
}
_PART = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "string", "format": "binary", "minLength": 1}},
}
_COMPLETE = {
    "type": "object",
    "required": ["part_ids"],
    "properties": {"part_ids": _TEXTS, "md5": {"type": "string", "nullable": True}},
}
_PERMIT = {"type": "object", "required": ["project_ids"], "properties": {"project_ids": _TEXTS}}
_COMPACT = {
    "type": "object",
    "required": ["model"],
    "properties": {"model": {"type": "string"}, "input": _TEXT, "instructions": {"type": "string"}},
}


class _Compacted(CompactedResponse):
    """The client's type, with the items that its comment promises: its own has no messages of users."""

    output: list[ResponseInputMessageItem | ResponseCompactionItem]  # type: ignore[assignment]


# Operations of the service that the document leaves out: their answers must be what the official client has
# types for. Address, method, the answer's type, the request's body.
UNDOCUMENTED: list[tuple[str, str, Any, Any]] = [
    ("/uploads", "post", Upload, _UPLOAD),
    ("/uploads/{upload_id}/parts", "post", UploadPart, _PART),
    ("/uploads/{upload_id}/complete", "post", Upload, _COMPLETE),
    ("/uploads/{upload_id}/cancel", "post", Upload, None),
    ("/responses/compact", "post", _Compacted, _COMPACT),
    (_CHECKPOINT, "post", SyncPage[PermissionCreateResponse], _PERMIT),
    (_CHECKPOINT, "get", PermissionRetrieveResponse, None),
    (f"{_CHECKPOINT}/{{permission_id}}", "delete", PermissionDeleteResponse, None),
]


def _add_what_only_the_client_has(whole: dict[str, Any]) -> None:
    refused = {"$ref": "#/components/schemas/AzureErrorResponse"}
    for path, method, answer, body in UNDOCUMENTED:
        schema = TypeAdapter(answer).json_schema(ref_template="#/components/schemas/client.{model}")
        for name, inner in schema.pop("$defs", {}).items():
            whole["components"]["schemas"][f"client.{name}"] = _as_openapi(inner)
        operation: dict[str, Any] = {
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"{(\w+)}", path)
            ],
            "responses": {
                code: {"description": code, "content": {"application/json": {"schema": found}}}
                for code, found in (("200", _as_openapi(schema)), ("default", refused))
            },
        }
        if body is not None:
            kind = "multipart/form-data" if body is _PART else "application/json"
            operation["requestBody"] = {"required": True, "content": {kind: {"schema": body}}}
        whole["paths"].setdefault(path, {})[method] = operation


def _as_openapi(schema: Any) -> Any:
    """Turn the ``const`` of JSON Schema into what OpenAPI 3.0 understands."""
    if isinstance(schema, list):
        return [_as_openapi(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        ("enum" if key == "const" else key): [value] if key == "const" else _as_openapi(value)
        for key, value in schema.items()
    }


def _complete_enums(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("nullable") is True and isinstance(schema.get("enum"), list):
            schema["enum"] = [*schema["enum"], None]
        for inner in schema.values():
            _complete_enums(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _complete_enums(inner)


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
            permissions = client.fine_tuning.checkpoints.permissions
            permission = permissions.create(checkpoints[0].id, project_ids=["proj_a"]).data[0]
            upload = client.uploads.create(
                bytes=LARGEST_UPLOAD, filename="lamps.jsonl", mime_type="text/plain", purpose="batch"
            )
            part = client.uploads.parts.create(upload.id, data=b"{}")
            response = client.responses.create(model="gpt-4o", input="Hello")
        return {
            "file": file.id,
            "job": job.id,
            "checkpoint": checkpoints[0].id,
            "permission": permission.id,
            "upload": upload.id,
            "part": part.id,
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
            command += ["-n", str(examples), "--seed", "105", "--no-color"]
            command += ["--request-timeout", "120", "--max-response-time", "120"]  # a slow day is no mistake
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


def _as_json_schema(schema: Any) -> Any:
    """Turn the ``nullable`` of OpenAPI 3.0 into what JSON Schema understands."""
    if isinstance(schema, list):
        return [_as_json_schema(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {key: _as_json_schema(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") is True else converted


def _conforms(whole: dict[str, Any], reference: str, value: Any) -> None:
    schema = {"$ref": reference, "components": whole["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_the_events_of_streams_conform(known: Callable[[Simulator], dict[str, str]]):
    whole = _as_json_schema(document())
    mapping = whole["components"]["schemas"]["OpenAI.ResponseStreamEvent"]["discriminator"]["mapping"]
    tool = {"type": "function", "name": "find_parcel", "parameters": {}, "strict": False}
    asked = [{"input": "Hello"}, {"input": "Find my parcel", "tools": [tool], "tool_choice": "required"}]
    with serve(profile="openai-strict", keys=(KEY,)) as server:
        known(server)
        with httpx2.Client(base_url=f"{server.url}/openai/v1", headers={"api-key": KEY}) as http:
            kinds = set()
            for options in asked:
                body = {"model": "gpt-4o", "stream": True, **options}
                for event in _events(http.post("/responses", json=body, timeout=60).text):
                    _conforms(whole, mapping[event["type"]], event)
                    kinds.add(event["type"])
            assert len(kinds) == 11  # every kind that texts and calls of functions have
            messages = [{"role": "user", "content": "Hello"}]
            body = {"model": "gpt-4o", "stream": True, "messages": messages, "logprobs": True}
            chunks = _events(http.post("/chat/completions", json=body, timeout=60).text)
            for chunk in chunks:
                _conforms(whole, "#/components/schemas/AzureCreateChatCompletionStreamResponse", chunk)
            assert len(chunks) > 2


def _events(text: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]
