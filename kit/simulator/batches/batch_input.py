"""The file of a batch: one request in each line, checked by the service's rules.

Source of rules and codes: Microsoft Foundry, "Getting started with Azure OpenAI batch deployments", 2026.
"""

import json
from dataclasses import dataclass
from typing import Any

from kit.simulator.decoding import decoded_object
from kit.simulator.errors import ApiError

MOST_REQUESTS = 100_000
_MOST_PROBLEMS = 100  # that a batch names


@dataclass(frozen=True)
class Line:
    """One request of a batch.

    Attributes:
        custom_id: what the client finds its answer by.
        body: the request itself.
    """

    custom_id: str
    body: dict[str, Any]


@dataclass(frozen=True)
class BatchInput:
    """A file that has been read: its requests, or what is wrong with it.

    Attributes:
        lines: all requests; none if there are problems.
        problems: ``code``, ``message``, ``param`` and ``line`` as a batch shows them.
    """

    lines: tuple[Line, ...]
    problems: tuple[dict[str, Any], ...]


def plain_address(address: str) -> str:
    """Return an address of an operation without the version before it."""
    return address.removeprefix("/v1")


def read(content: bytes, address: str) -> BatchInput:
    """Read the file of a batch whose requests all go to ``address``. May take long: call this in a thread."""
    lines: list[Line] = []
    problems: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not raw.strip():
            continue
        line = _line(raw, address, seen)
        if isinstance(line, Line):
            lines.append(line)
            seen.add(line.custom_id)
        elif len(problems) < _MOST_PROBLEMS:
            code, message, param = line
            problems.append({"code": code, "message": message, "param": param, "line": number})
    if len(lines) > MOST_REQUESTS:
        problems.append(_problem("too_many_tasks", f"The file has more than {MOST_REQUESTS} requests."))
    if not lines and not problems:
        problems.append(_problem("empty_batch", "The batch contains no requests."))
    models = {json.dumps(line.body.get("model")) for line in lines}
    if len(models) > 1:
        problems.append(
            _problem("model_mismatch", "All requests of a batch must name the same deployment as 'model'.")
        )
    return BatchInput(() if problems else tuple(lines), tuple(problems))


def _line(  # noqa: PLR0911 - one for each rule
    raw: bytes, address: str, seen: set[str]
) -> Line | tuple[str, str, str | None]:
    """Return a request, or code, message and parameter of what is wrong with it."""
    try:
        record = decoded_object(raw)
    except ApiError:
        return "invalid_json_line", "A line is not parseable as valid JSON.", None
    custom_id, body = record.get("custom_id"), record.get("body")
    if not isinstance(custom_id, str) or not custom_id:
        return "missing_required_parameter", "A line must have a text 'custom_id'.", "custom_id"
    if custom_id in seen:
        return "duplicate_custom_id", "The custom ID of this request is a duplicate.", "custom_id"
    if record.get("method") != "POST":
        return "invalid_request", "The method of a request must be 'POST'.", "method"
    if not isinstance(record.get("url"), str) or plain_address(record["url"]) != address:
        return "url_mismatch", "The URL of a request must be the endpoint of its batch.", "url"
    if not isinstance(body, dict):
        return "invalid_request", "A line must have an object 'body'.", "body"
    return Line(custom_id, body)


def _problem(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "param": None, "line": None}
