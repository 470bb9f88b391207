"""The subscription's quota: how much capacity its deployments may have together, per model and SKU.

Source of names and wording: Azure REST API, Microsoft.CognitiveServices, "Usages - List", and Azure Resource
Manager's refusal ``InsufficientQuota``, 2026. The limit itself is in ``quotas.json``, one for all. Tuned
models count with the base model that they come from.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kit.simulator.circumstances.quotas import capacity_limit
from kit.simulator.errors import ApiError
from kit.simulator.models import BaseModel, base_models

if TYPE_CHECKING:
    from kit.simulator.state import State

SKUS = ("Standard", "GlobalStandard", "DataZoneStandard", "DeveloperTier")
_EXHAUSTED = "insufficient-quota"  # the fault that refuses every deployment


def listing(state: State) -> list[dict[str, Any]]:
    """Return the usages in the form of Azure Resource Manager, in thousands of tokens per minute."""
    used = _used(state)
    return [
        {
            "name": {"value": name(model, sku), "localizedValue": _localized(model.name, sku)},
            "currentValue": float(used[model.name, sku]),
            "limit": float(_limit(state, used[model.name, sku])),
            "unit": "Count",
        }
        for model in base_models()
        for sku in SKUS
    ]


def check(state: State, deployment: str, model: Any, sku: dict[str, Any]) -> None:
    """Refuse a deployment whose capacity would go beyond the subscription's quota.

    Args:
        state: what there is already.
        deployment: its name; what it has already is given back first.
        model: what it is to serve.
        sku: ``name`` and ``capacity`` that it is to have.

    Raises:
        ApiError: there is not enough left.
    """
    family = state.models.family(str(model.get("name")) if isinstance(model, dict) else "")
    if family is None:
        return  # refused for that reason
    used = _used(state, without=deployment)[family.name, sku["name"]]
    limit = capacity_limit()
    if used + sku["capacity"] > limit:
        quota = _localized(family.name, sku["name"])
        raise ApiError(
            400,
            "InsufficientQuota",
            f"This operation require {sku['capacity']} new capacity in quota {quota}, which is bigger than "
            f"the current available capacity {limit - used}. The current quota usage is {used} and the quota "
            f"limit is {limit} for quota {quota}.",
        )


def _used(state: State, without: str = "") -> Counter[tuple[str, str]]:
    used: Counter[tuple[str, str]] = Counter()
    for deployment in state.deployments.all():
        family = state.models.family(deployment.model["name"])
        if family is not None and deployment.name != without:
            used[family.name, deployment.sku["name"]] += deployment.sku["capacity"]
    return used


def _limit(state: State, used: int) -> int:
    exhausted = any(rule.fault.kind.name == _EXHAUSTED and rule.left != 0 for rule in state.faults.rules)
    return used if exhausted else capacity_limit()


def name(model: BaseModel, sku: str) -> str:
    """Return what a quota is called."""
    provider = "OpenAI" if model.format == "OpenAI" else "AIServices"
    return f"{provider}.{sku}.{model.name}"


def _localized(model: str, sku: str) -> str:
    place = "" if sku == "Standard" else f" - {sku}"
    return f"Tokens Per Minute (thousands) - {model}{place}"
