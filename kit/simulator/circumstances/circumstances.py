"""Under which circumstances a simulator serves: its scenario, and the faults and quotas that were set on top.

They change by commands, like everything that a client asks for, so a simulator with a state file keeps them:
a class goes on under the scenario that its teacher has chosen, also after a crash. How often a rule has
struck already is not written down, because that would be a write for each request; after a restart a rule
with ``times`` counts from the beginning.
"""

from collections.abc import Mapping
from typing import Any

from kit.simulator.circumstances.faults import Faults, Rule, rule_from
from kit.simulator.circumstances.quotas import Quotas, Rates
from kit.simulator.circumstances.scenarios import DEFAULT, Scenario, scenario
from kit.simulator.persistence.journal import Journal, command


class Circumstances:
    """The circumstances of one simulator.

    Args:
        faults: its faults.
        quotas: its quotas.
        journal: where changes are written down.
        wanted: name of the scenario to begin with. None goes on with the one that the journal knows, and
            begins with the usual one if it knows none.

    Attributes:
        scenario: the one that is played.

    Raises:
        UsageError: there is no such scenario.
    """

    scenario: Scenario

    def __init__(self, faults: Faults, quotas: Quotas, journal: Journal, wanted: str | None) -> None:
        self._faults = faults
        self._quotas = quotas
        self._journal = journal
        self._wanted = wanted
        self._recorded: str | None = None
        self._begin(scenario(wanted or DEFAULT))
        journal.register(self)

    def resume(self) -> None:
        """After the journal has been replayed: change to the wanted scenario, if another one was played."""
        if self._journal.lasting and self._wanted is not None and self._wanted != self._recorded:
            self.play(self._wanted)

    @command("scenario.play")
    def play(self, name: str) -> None:
        """Change to another scenario: its quotas, and its faults instead of all that were set.

        Raises:
            UsageError: there is none of that name.
        """
        self._begin(scenario(name))
        self._recorded = name

    def _begin(self, chosen: Scenario) -> None:
        self.scenario = chosen
        self._quotas.everywhere = chosen.rates
        self._faults.rules = chosen.rules()

    @command("fault.add")
    def add_fault(self, rule: Mapping[str, Any]) -> Rule:
        """Add a rule, given as :func:`kit.simulator.circumstances.faults.rule_from` takes it, and return it.

        Raises:
            ApiError: it cannot be read.
        """
        made = rule_from(rule)
        self._faults.rules.append(made)
        return made

    @command("fault.clear")
    def clear_faults(self) -> None:
        """Take all rules away, those of the scenario as well."""
        self._faults.rules.clear()

    @command("quota.set")
    def set_quota(self, deployment: str, requests: float, tokens: float) -> None:
        """Give a deployment so many requests and tokens per minute of its own."""
        self._quotas.set(deployment, Rates(requests, tokens))

    @command("quota.clear")
    def clear_quota(self, deployment: str) -> None:
        """Take a deployment's own quota away."""
        self._quotas.set(deployment, None)
