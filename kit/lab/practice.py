"""Scenarios for practice: what goes wrong on the simulator, said beforehand, and what to do about it."""

from typing import NamedTuple

from kit.errors import N_, UsageError
from kit.i18n import gettext as _

HAPPY = "happy"


class Scenario(NamedTuple):
    """What a learner will see, and what helps; both are messages for the catalog."""

    happens: str
    helps: str


SCENARIOS = {
    "throttled": Scenario(
        N_("The deployments have a small quota, as on a first day on Azure: many requests are refused."),
        N_(
            "Expect longer waits, but nothing gets lost: clients and runner wait as long as the service asks "
            "them to."
        ),
    ),
    "flaky": Scenario(
        N_("Some requests fail, are slow, or break off; of one job, the service's answer gets lost."),
        N_("Run a cell again that stopped: what was created or answered before is found and not paid twice."),
    ),
    "failed-job": Scenario(
        N_("The first fine-tuning job fails at the service."),
        N_("The cell that watches it names the reason. Run again from the step that starts the job."),
    ),
    "harmful-data": Scenario(
        N_("The service finds that the training data would do harm: every fine-tuning job fails at once."),
        N_(
            "Read its reason, which names the kinds of harm. On Azure, take such examples out of your file; "
            "here the data are harmless, so go on with another scenario."
        ),
    ),
    "slow": Scenario(
        N_("Jobs wait long in the queue, and every answer takes its time."),
        N_("Nothing is broken. Watch the status, and notice what is worth doing side by side."),
    ),
    "retired": Scenario(
        N_("The model has been retired since you last looked: the service takes no new job for it."),
        N_(
            "Read the service's reason. Set the parameter model to one that is alive, such as "
            "“Ministral-3B”, and run the lab again; where it chooses by itself, it says so."
        ),
    ),
    "no-capacity": Scenario(
        N_("The subscription has no quota left for new deployments."),
        N_(
            "Read the service's reason. On Azure, delete a deployment that nobody needs, ask for a smaller "
            "capacity, or apply for more quota; here, go on with another scenario."
        ),
    ),
    "content-filter": Scenario(
        N_("The content filter stops some questions that are harmless."),
        N_("Read its reason. Count such answers as refusals, or word the question differently."),
    ),
}


def check(name: str) -> None:
    """Make sure that a scenario exists.

    Raises:
        UsageError: it does not; the message lists those that do.
    """
    if name not in (HAPPY, *SCENARIOS):
        raise UsageError(
            N_("There is no scenario “{scenario}”."),
            advice=N_("Set the parameter scenario to one of: {scenarios}."),
            scenario=name,
            scenarios=", ".join((HAPPY, *SCENARIOS)),
        )


def announce(name: str, *, played: bool) -> None:
    """Say what a scenario does and what helps; nothing, where all goes well.

    Args:
        name: of the scenario.
        played: whether the service is a simulator that was started for it.
    """
    if name in SCENARIOS and not played:
        print(
            _(
                "The parameter scenario does nothing here: it is for the simulator that a notebook starts "
                "for itself. “kit serve --scenario” starts another one that plays it."
            )
        )
    elif name in SCENARIOS:
        print(_("Practice: {happens}").format(happens=_(SCENARIOS[name].happens)))
        print(_(SCENARIOS[name].helps))
