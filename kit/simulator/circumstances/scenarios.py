"""Scenarios: named circumstances under which a simulator runs, from ``scenarios.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from kit.errors import N_, UsageError
from kit.simulator.circumstances.faults import Rule, rule_from
from kit.simulator.circumstances.quotas import Rates

DEFAULT = "happy"
SUMMARIES = {
    "happy": N_("Everything works, and no quota is ever in the way."),
    "throttled": N_("Deployments have the requests and tokens per minute of their capacity, as on Azure."),
    "flaky": N_("Now and then a request fails, is slow, or loses its connection; trying again helps."),
    "failed-job": N_("The first fine-tuning job breaks down in the middle; the next one succeeds."),
    "harmful-data": N_("Fine-tuning jobs fail because their training data would do harm."),
    "slow": N_("Jobs wait four hours for their turn, deployments take an hour, answers half a second more."),
    "retired": N_(
        "Base models past their retirement, here gpt-oss-20b among them, can be neither trained nor deployed."
    ),
    "no-capacity": N_("The subscription has no quota left for new deployments."),
    "content-filter": N_("The content filter stops one prompt in four."),
}
"""One sentence about each scenario of ``scenarios.toml``."""


@dataclass(frozen=True)
class Scenario:
    """Circumstances.

    Attributes:
        name: what it is chosen by.
        summary: one sentence, to be translated.
        rates: of every deployment; None for what its capacity brings.
        faults: rules of faults as they are written.
    """

    name: str
    summary: str
    rates: Rates | None
    faults: tuple[dict[str, Any], ...] = ()

    def rules(self) -> list[Rule]:
        """Return fresh rules of its faults: a rule remembers how often it may still strike."""
        return [rule_from(table) for table in self.faults]


@cache
def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by name."""
    text = (
        resources.files("kit.simulator.circumstances").joinpath("scenarios.toml").read_text(encoding="utf-8")
    )
    found = {}
    for name, table in tomllib.loads(text).items():
        quota = table.get("quota")
        rates = Rates(quota["requests_per_minute"], quota["tokens_per_minute"]) if quota else None
        found[name] = Scenario(name, SUMMARIES[name], rates, tuple(table.get("faults", ())))
    return found


def scenario(name: str) -> Scenario:
    """Return a scenario by its name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in scenarios():
        raise UsageError(
            N_("There is no scenario “{scenario}”."),
            advice=N_("Choose one of: {scenarios}."),
            scenario=name,
            scenarios=", ".join(scenarios()),
        )
    return scenarios()[name]
