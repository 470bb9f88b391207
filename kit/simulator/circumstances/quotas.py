"""Requests and tokens per minute of each deployment, checked when a request comes in.

An inference route calls :func:`kit.simulator.routes.admission.admitted` once, before the model works, which
calls :meth:`Quotas.admit`; the route gives the headers that it returns to its answer. A refusal is an
:class:`~kit.simulator.errors.ApiError` that carries them already.

A request counts with what it could cost at most: prompt tokens + longest answer x number of answers. Like
the service, nothing is given back when the answer turns out shorter. Batches have a quota of their own kind
on the service and do not come here.

The rule (Microsoft Foundry, "Manage Azure OpenAI quota"): a deployment has tokens per minute and, in
proportion, requests per minute; the former are counted over a minute, the latter evaluated over 1 or 10
seconds. Azure Resource Manager shows the same as ``rateLimits`` with renewal periods of 60 and 10 seconds.
Here both are token buckets: filled evenly, as large as what their period brings (a minute's tokens; ten
seconds' requests, at least one). A fixed window would let twice as much through around its edge; the bucket
has the same burst and the same rate, and costs the same few operations however many requests came before.

The buckets follow *elapsed* time: real seconds, plus the seconds by which the virtual clock was told to move
forward. The virtual clock alone would not do: at pace 0 it stands still, and a client that was told to retry
after a second and sleeps for one would be refused for ever; at pace 60 it would be let in at once. Real time
alone would make every test of a quota sleep. The source of real time is a parameter of ``State``.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from kit.simulator.deployments import Deployment
from kit.simulator.errors import ApiError
from kit.simulator.models import ModelRegistry

NEVER_SECONDS = 86_400
"""What the service tells a request to wait that no full bucket could hold."""

_GRAIN = 1e-6  # requests or tokens: a bucket that lacks less than rounding can explain has enough


@dataclass(frozen=True)
class Rates:
    """How much a deployment may do.

    Attributes:
        requests: per minute.
        tokens: per minute.
    """

    requests: float
    tokens: float


@cache
def _data() -> dict[str, Any]:
    text = resources.files("kit.simulator.circumstances").joinpath("quotas.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def capacity_limit() -> int:
    """Return how much capacity the deployments of one model and SKU may have together."""
    return int(_data()["subscription"]["capacity"])


class _Bucket:
    """Fills evenly up to what one period brings, and starts full."""

    __slots__ = ("burst", "level", "limit", "per_second")

    def __init__(self, per_minute: float, period: float) -> None:
        self.limit = per_minute
        self.per_second = per_minute / 60
        self.burst = max(1.0, self.per_second * period)
        self.level = self.burst

    def refill(self, seconds: float) -> None:
        self.level = min(self.burst, self.level + seconds * self.per_second)

    def wait(self, amount: float) -> float:
        """Return the seconds until ``amount`` is there: 0 if it is, infinity if it never will be."""
        if amount <= self.level + _GRAIN:
            return 0.0
        if amount > self.burst or not self.per_second:
            return math.inf
        return (amount - self.level) / self.per_second

    def headers(self, kind: str) -> dict[str, str]:
        """Return limit per minute, what is left now, and the seconds until the bucket is full again."""
        full = (self.burst - self.level) / self.per_second if self.per_second else NEVER_SECONDS
        return {
            f"x-ratelimit-limit-{kind}": str(int(self.limit)),
            f"x-ratelimit-remaining-{kind}": str(int(self.level + _GRAIN)),
            f"x-ratelimit-reset-{kind}": str(math.ceil(full - _GRAIN)),
        }


class _Buckets:
    """Both buckets of a deployment, and the rates they were made for."""

    __slots__ = ("moment", "rates", "requests", "tokens")

    def __init__(self, rates: Rates, moment: float) -> None:
        periods = _data()["windows_seconds"]
        self.rates = rates
        self.moment = moment
        self.requests = _Bucket(rates.requests, periods["requests"])
        self.tokens = _Bucket(rates.tokens, periods["tokens"])

    def refill(self, moment: float) -> None:
        seconds = moment - self.moment
        self.moment = moment
        self.requests.refill(seconds)
        self.tokens.refill(seconds)

    def headers(self) -> dict[str, str]:
        return self.requests.headers("requests") | self.tokens.headers("tokens")


class Quotas:
    """The quotas of all deployments of one simulator.

    Args:
        models: knows which base model a tuned one comes from.
        elapsed: the time that buckets follow, in seconds from any origin; never goes back.

    Attributes:
        everywhere: rates of every deployment that has none of its own; None for what its capacity brings.
    """

    def __init__(self, models: ModelRegistry, elapsed: Callable[[], float]) -> None:
        self.everywhere: Rates | None = None
        self._models = models
        self._elapsed = elapsed
        self._own: dict[str, Rates] = {}
        self._buckets: dict[str, _Buckets] = {}

    def admit(
        self, deployment: Deployment, tokens: int, operation: str, version: str = "v1"
    ) -> dict[str, str]:
        """Count a request and return the headers that tell what is left.

        Args:
            deployment: who is asked.
            tokens: what the request could cost at most.
            operation: the service's name of it, for its wording: ``ChatCompletions_Create`` and the like.
            version: the ``api-version`` of the request.

        Raises:
            ApiError: 429, with both retry headers; a refused request counts for nothing.
        """
        buckets = self._refilled(deployment)
        calls, volume = buckets.requests.wait(1), buckets.tokens.wait(tokens)
        if calls or volume:
            kind = "call" if calls else "token"
            reason = f"{kind} rate limit for your current OpenAI S0 pricing tier. This request was for "
            reason += f"{operation} under Azure OpenAI API version {version}"
            raise _refused(deployment, reason, max(calls, volume), buckets.headers())
        buckets.requests.level -= 1
        buckets.tokens.level -= tokens
        return buckets.headers()

    def rates(self, deployment: Deployment) -> Rates:
        """Return what a deployment may do: its own rates, else those for all, else by its capacity."""
        found = self._own.get(deployment.name) or self.everywhere
        return found if found is not None else self._by_capacity(deployment)

    def _by_capacity(self, deployment: Deployment) -> Rates:
        """Return the rates that a deployment's capacity brings on the service."""
        name = deployment.model["name"]
        base = self._models.family(name)
        unit = _data()["models"].get(base.name if base is not None else name, _data()["per_unit_of_capacity"])
        capacity = deployment.sku["capacity"]
        return Rates(unit["requests_per_minute"] * capacity, unit["tokens_per_minute"] * capacity)

    def left(self, deployment: Deployment) -> tuple[float, float]:
        """Return how many requests and tokens a deployment could take at this moment."""
        buckets = self._refilled(deployment)
        return buckets.requests.level, buckets.tokens.level

    def set(self, name: str, rates: Rates | None) -> None:
        """Give the deployment of that name rates of its own, or take them away; its buckets start full."""
        self._buckets.pop(name, None)
        if rates is None:
            self._own.pop(name, None)
        else:
            self._own[name] = rates

    def _refilled(self, deployment: Deployment) -> _Buckets:
        now = self._elapsed()
        rates = self.rates(deployment)
        buckets = self._buckets.get(deployment.name)
        if buckets is None or buckets.rates != rates:
            buckets = self._buckets[deployment.name] = _Buckets(rates, now)
        else:
            buckets.refill(now)
        return buckets


def renewals(rates: Rates) -> list[dict[str, Any]]:
    """Return rates in the form of a deployment's ``rateLimits`` in Azure Resource Manager."""
    periods = _data()["windows_seconds"]
    return [
        {"key": key, "renewalPeriod": period, "count": per_minute * period / 60}
        for key, per_minute, period in (
            ("request", rates.requests, periods["requests"]),
            ("token", rates.tokens, periods["tokens"]),
        )
    ]


def _refused(deployment: Deployment, reason: str, wait: float, headers: dict[str, str]) -> ApiError:
    """Return the refusal (wording: Azure OpenAI service, November 2025)."""
    seconds = NEVER_SECONDS if math.isinf(wait) else max(1, math.ceil(wait))
    milliseconds = seconds * 1000 if math.isinf(wait) else max(1, math.ceil(wait * 1000))
    return ApiError(
        429,
        "429",
        f"Your requests to {deployment.name} for {deployment.model['name']} in Sweden Central have exceeded "
        f"the {reason}. Please retry after {seconds} second{'' if seconds == 1 else 's'}. "
        "To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease.",
        headers={"Retry-After": str(seconds), "retry-after-ms": str(milliseconds), **headers},
    )
