"""What schemathesis is told about a running simulator, loaded by schemathesis itself.

``tests/simulator/test_conformance.py`` starts it, with the names of things that exist in SIMULATOR_KNOWN.
"""

import json
import os
import re
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import positive_data_acceptance

_KNOWN: dict[str, str] = json.loads(os.environ["SIMULATOR_KNOWN"])

_ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"

# Rules of the service that the document does not write down: a request may conform to the document and still
# be refused. Each is a part of the refusal's message.
_RULES = re.compile(
    "|".join(
        [
            "Expected a value [<>]= ",  # bounds of tokens, dimensions, logit_bias
            "Expected (an array|a string) with (minimum|maximum) length",
            "empty array",
            "string does not match pattern",
            "cannot be an empty string",
            "no token of the model",
            "does not support specifying dimensions",
            "maximum context length",
            "is only allowed when",
            "at the same time is not supported",
            "is only supported by certain models",
            "does not support audio output",
            "must contain the word 'json'",
            "not found",
            "Invalid schema for (response_format|function)",
            "too many properties|keys have at most",
            "The simulator (has no|keeps no)",
            "The simulator's model does not read items",
            "The (purpose|seconds|suffix|limit|hyperparameter|file|uploaded file|method)",
            "The specified base model|The field '(model|training_file)' is required",
            "is in use by a deployment",
            "The parts (have|of the upload are)|requires the header",
            "The simulator fine-tunes with",
            "must be stored",
            "nested too deeply",
            "Only a (running|paused) fine-tuning job|has ended as",
            "does not work with the specified model",
            "cannot be graded|The grader|not a formula",
        ]
    )
)

# What stands behind a discriminator, which schemathesis does not follow: there it sends anything.
_OPEN = re.compile(
    "data_sources|grader.*content|input|messages|prediction|prompt|response_format|text|tool_choice|tools",
    re.DOTALL,
)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Name a deployment and files that exist where the request names any; a wrong type stays wrong."""
    if isinstance(body, dict):
        names = {"model": _model(context.operation.path), "training_file": "file"}
        for field, known in names.items():
            if isinstance(body.get(field), str):
                body[field] = _KNOWN[known]
        if isinstance(body.get("destinationResourceId"), str):
            body["destinationResourceId"] = _ACCOUNT
        if isinstance(parts := body.get("part_ids"), list) and parts and isinstance(parts[0], str):
            parts[0] = _KNOWN["part"]
        if isinstance(n := body.get("n"), int) and n > 2:  # a hundred answers only take time
            body["n"] = n if n > 128 else 2
    return body


def _model(path: str) -> str:
    return "embedding" if "embeddings" in path else "tunable" if "fine_tuning" in path else "writer"


@schemathesis.hook
def map_path_parameters(_context: Any, parameters: Any) -> Any:
    """Name things that exist, in the addresses of half of the requests."""
    known = {
        "file_id": "file",
        "fine_tuning_job_id": "job",
        "fine_tuning_checkpoint_id": "checkpoint",
        "fine_tuned_model_checkpoint": "checkpoint",
        "permission_id": "permission",
        "upload_id": "upload",
        "response_id": "response",
        "model": "tunable",
    }
    if isinstance(parameters, dict):
        for name, value in parameters.items():
            if name in known and len(str(value)) % 2:
                parameters[name] = _KNOWN[known[name]]
    return parameters


@schemathesis.check
def refused_for_a_rule_only(ctx: Any, response: Any, case: Any) -> None:
    """A request that conforms to the document is accepted, or breaks one of the rules above."""
    try:
        positive_data_acceptance(ctx, response, case)
    except Failure:
        if response.status_code != 400:
            raise
        error = response.json()["error"]
        if not (_RULES.search(error["message"]) or _OPEN.match(error.get("param", ""))):
            raise
