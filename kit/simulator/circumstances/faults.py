"""Faults: what goes wrong on purpose, for whom, and how often.

A fault is written the same way everywhere: a kind from ``faults.toml``, perhaps with options, such as
``429; times=2; retry-after-ms=5``. It comes from one of three places:

- **a request** carries it in its header ``x-kit-fault`` (several faults with a comma between them). With
  ``times=2`` it befalls the first two attempts: the official ``openai`` client numbers its attempts itself
  (``x-stainless-retry-count``); those of other clients are counted by ``id=…`` or else by the identifier
  that Azure's clients keep over their attempts (``x-ms-client-request-id``) or by the address;
- **a rule**, set over the control endpoint or by a test, befalls all requests that fit: one deployment, one
  kind of request, a share of them, the first few;
- **a scenario** is a list of rules.

Options of any fault: ``times`` (attempts it befalls), ``id``; of an answer: ``after`` (the operation is
carried out first, and its own answer thrown away), ``retry-after`` (seconds), ``retry-after-ms``; of
``latency`` and ``slow-…``: ``seconds``; of ``cut``: ``bytes``; of ``retired``: ``models`` (base models, with
a space between them, that count as retired whatever their date).
"""

import fnmatch
import random
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from kit.simulator.answers import content_filter
from kit.simulator.errors import ApiError, deployment_not_found, unauthorized

HEADER = "x-kit-fault"
_OPTIONS = {"times", "id", "after", "retry-after", "retry-after-ms", "seconds", "bytes", "models"}
_NUMBERS = {"times", "retry-after", "retry-after-ms", "seconds", "bytes"}
_MOST_COUNTED = 10_000  # requests whose attempts are remembered
_MOST_FAULTS = 10  # in one header
_REAL: dict[str, Callable[[], ApiError]] = {
    "unauthorized": unauthorized,
    "deployment_not_found": deployment_not_found,
    "content_filter": lambda: content_filter.refusal(["violence"]),
}


@dataclass(frozen=True)
class Kind:
    """A kind of fault, one table of ``faults.toml``.

    Attributes:
        name: what it is chosen by.
        on: method and path that it befalls, with ``*`` for anything.
        stage: ``answer``, ``line`` or ``operation``.
        status, code, message, headers: of the answer.
        extras: further fields of the error.
    """

    name: str
    on: str
    stage: str
    status: int
    code: str
    message: str
    headers: dict[str, str]
    extras: dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A kind of fault with its options."""

    kind: Kind
    options: Mapping[str, str] = field(default_factory=dict)

    def number(self, option: str, default: float) -> float:
        """Return the value of an option that is a number."""
        return float(self.options.get(option, default))

    def names(self, option: str) -> list[str]:
        """Return the value of an option that is several names with a space between them."""
        return self.options.get(option, "").split()

    def error(self) -> ApiError:
        """Return the answer of a fault of the stage ``answer``."""
        seconds = self.number("retry-after", 1)
        values = {
            "{retry-after}": f"{seconds:g}",
            "{retry-after-ms}": f"{self.number('retry-after-ms', seconds * 1000):g}",
        }
        kind = self.kind
        headers = {name: _filled(value, values) for name, value in kind.headers.items()}
        return ApiError(
            kind.status, kind.code, _filled(kind.message, values), headers=headers, extras=kind.extras
        )

    def __str__(self) -> str:
        """Return the fault as it would be written in a header."""
        return "; ".join([self.kind.name, *(f"{name}={value}" for name, value in self.options.items())])


@dataclass
class Rule:
    """A fault that befalls all requests that fit.

    Attributes:
        fault: what befalls them.
        on: method and path, with ``*`` for anything.
        deployment: only requests to this one; None for any request.
        share: of the requests that fit, from 0 to 1.
        left: how many it may still befall; None for no end.
    """

    fault: Fault
    on: str
    deployment: str | None = None
    share: float = 1.0
    left: int | None = None


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds of fault by name."""
    text = resources.files("kit.simulator.circumstances").joinpath("faults.toml").read_text(encoding="utf-8")
    return {name: _kind(name, table) for name, table in tomllib.loads(text).items()}


def _kind(name: str, table: Mapping[str, Any]) -> Kind:
    stage, on = table.get("stage", "answer"), table.get("on", "* *")
    if "like" in table:
        real = _REAL[table["like"]]()
        extras = {key: value for key, value in real.shown().items() if key not in {"code", "message"}}
        return Kind(name, on, stage, real.status, real.code, real.message, {}, extras)
    return Kind(
        name,
        on,
        stage,
        table.get("status", 0),
        table.get("code", ""),
        table.get("message", ""),
        table.get("headers", {}),
        {"type": table["type"]} if "type" in table else {},
    )


def read(text: str) -> Fault:
    """Read one fault as it is written.

    Raises:
        ApiError: there is no such kind or option, or a value is no number.
    """
    name, *pairs = [part.strip() for part in text.split(";")]
    if name not in kinds():
        raise _unreadable(f"There is no fault '{name[:40]}'. Known faults: {', '.join(kinds())}.")
    options = {}
    for pair in filter(None, pairs):
        option, _, value = (part.strip() for part in pair.partition("="))
        if option not in _OPTIONS:
            raise _unreadable(
                f"There is no option '{option[:40]}'. Known options: {', '.join(sorted(_OPTIONS))}."
            )
        if option in _NUMBERS and not _is_number(value):
            raise _unreadable(f"The option '{option}' must be a number from 0 to 1000000000.")
        options[option] = value
    return Fault(kinds()[name], options)


class Faults:
    """The faults of one simulator.

    Args:
        source: decides about shares.
    """

    def __init__(self, source: random.Random) -> None:
        self.rules: list[Rule] = []
        self._source = source
        self._attempts: OrderedDict[tuple[str, ...], int] = OrderedDict()

    @property
    def need_deployment(self) -> bool:
        """Whether a rule asks which deployment a request goes to."""
        return any(rule.deployment is not None for rule in self.rules)

    def befall(
        self, method: str, path: str, headers: Mapping[str, str], deployment: str | None
    ) -> list[Fault]:
        """Return what befalls a request: what it asks for, then what rules say, in their order.

        Raises:
            ApiError: its header cannot be read.
        """
        asked = headers.get(HEADER)
        own = self._asked(asked, method, path, headers) if asked else []
        return own + [rule.fault for rule in list(self.rules) if self._fits(rule, method, path, deployment)]

    def _asked(self, text: str, method: str, path: str, headers: Mapping[str, str]) -> list[Fault]:
        faults = [read(part) for part in text.split(",", _MOST_FAULTS)[:_MOST_FAULTS]]
        if not any("times" in fault.options for fault in faults):
            return faults
        attempt = self._attempt(text, method, path, headers)
        return [fault for fault in faults if attempt < fault.number("times", float("inf"))]

    def _attempt(self, text: str, method: str, path: str, headers: Mapping[str, str]) -> int:
        """Return which attempt a request is, from 0 on."""
        told = headers.get("x-stainless-retry-count", "")
        if told.isascii() and told.isdigit() and len(told) < 10:
            return int(told)
        request = (headers.get("x-ms-client-request-id", ""), method, path, text)
        attempt = self._attempts.pop(request, 0)
        self._attempts[request] = attempt + 1
        if len(self._attempts) > _MOST_COUNTED:
            self._attempts.popitem(last=False)
        return attempt

    def _fits(self, rule: Rule, method: str, path: str, deployment: str | None) -> bool:
        if rule.left == 0 or (rule.deployment is not None and rule.deployment != deployment):
            return False
        if not fnmatch.fnmatchcase(f"{method} {path}", rule.on):
            return False
        if rule.share < 1 and self._source.random() >= rule.share:
            return False
        if rule.left is not None:
            rule.left -= 1
            self.rules = [each for each in self.rules if each.left != 0]
        return True


def rule_from(table: Mapping[str, Any]) -> Rule:
    """Make a rule of a table with ``fault`` and perhaps ``on``, ``deployment``, ``share`` and ``times``.

    Raises:
        ApiError: a field is missing, of a wrong type or out of its range.
    """
    unknown = set(table) - {"fault", "on", "deployment", "share", "times"}
    if unknown:
        raise _unreadable(f"A rule has no field '{sorted(unknown)[0][:40]}'.")
    fault = read(_text(table, "fault") or "")
    share, times = table.get("share", 1.0), table.get("times")
    if not _within(share, 0, 1):
        raise _unreadable("'share' must be a number from 0 to 1.")
    if times is not None and not (isinstance(times, int) and _within(times, 1, 10**9)):
        raise _unreadable("'times' must be a whole number from 1 to 1000000000.")
    return Rule(fault, _text(table, "on") or fault.kind.on, _text(table, "deployment"), float(share), times)


def _text(table: Mapping[str, Any], name: str) -> str | None:
    value = table.get(name)
    if value is not None and not isinstance(value, str):
        raise _unreadable(f"'{name}' must be a text.")
    return value


def _within(value: Any, least: float, most: float) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and least <= value <= most


def _is_number(text: str) -> bool:
    try:
        return 0 <= float(text) <= 10**9
    except ValueError:
        return False


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _unreadable(message: str) -> ApiError:
    return ApiError(400, "UnknownFault", message)
