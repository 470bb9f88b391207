"""Self-checks: a claim about what the learner did, its outcome, and hints.

A self-check never raises: a lab runs to its end with open exercises and failed checks, and says so. Each
outcome also travels as JSON in the cell's output, where ``kit run`` and a grader find it, and :func:`score`
writes all of them to a file.
"""

import html
import json
from collections.abc import Callable
from typing import Any, Literal

from kit import i18n, settings
from kit.errors import N_, KitError, UsageError
from kit.i18n import gettext as _
from kit.lab.explaining import SERVICE_ERRORS, explain
from kit.lab.session import session
from kit.notebooks.files import write_text
from kit.notebooks.runs import CHECK_MIME
from kit.notebooks.secrets import redact

Status = Literal["passed", "failed", "todo"]
Held = bool | None

_SIGNS = {"passed": "✓", "failed": "✗", "todo": "○"}
_COLOURS = {"passed": "#1a7f37", "failed": "#b42318", "todo": "#6b5900"}


class Outcome:
    """The outcome of one self-check, as a notebook shows it."""

    def __init__(self, claim: str, status: Status, hint: str, more: str = "") -> None:
        self.claim, self.status, self.hint, self.more = claim, status, hint, more

    def __repr__(self) -> str:
        line = f"{_SIGNS[self.status]} " + _("{outcome}: {claim}").format(
            outcome=self._word(), claim=self.claim
        )
        if self.status == "passed":
            return line
        further = [_("Still stuck? lab.hint() shows one more hint.")] if self.more else []
        return "\n  ".join([line, *self.hint.splitlines(), *further])

    def _word(self) -> str:
        return {"passed": _("Passed"), "failed": _("Not yet"), "todo": _("To do")}[self.status]

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        hint = further = ""
        if self.status != "passed":
            hint = f"<br>{html.escape(self.hint)}".replace("\n", "<br>")
            if self.more:
                summary = html.escape(_("One more hint"))
                further = f"<details><summary>{summary}</summary>{html.escape(self.more)}</details>"
        border = f"border-left:4px solid {_COLOURS[self.status]};padding:.3em .8em"
        title = f"<strong>{_SIGNS[self.status]} {html.escape(self._word())}</strong>"
        return {
            "text/plain": repr(self),
            "text/html": f"<div style='{border}'>{title} {html.escape(self.claim)}{hint}{further}</div>",
            CHECK_MIME: self.to_json(),
        }

    def to_json(self) -> dict[str, str]:
        """Return what a grader wants to know."""
        return {"claim": self.claim, "status": self.status, "hint": self.hint}


def check(claim: str, held: Held | Callable[[], Held], hint: str = "", more: str = "") -> Outcome:
    """Check a claim about the learner's work and remember the outcome.

    Args:
        claim: what should be true, as one sentence.
        held: whether it is, or a function that finds out; None means that the exercise is still open. A
            function that raises counts as a failed check, with the reason as a hint.
        hint: what to try, shown unless the check passed.
        more: a second hint, shown when it is asked for.
    """
    try:
        found = held() if callable(held) else held
        status: Status = "todo" if found is None else "passed" if bool(found) else "failed"
    except Exception as error:  # whatever a learner's own code may raise
        status = "failed"
        reason = _("The check could not be carried out: {reason}").format(reason=_reason(error))
        hint = f"{reason}\n{hint}" if hint else reason
    outcome = Outcome(claim, status, hint, more)
    session().checks[claim] = outcome
    return outcome


def _reason(error: Exception) -> str:
    if isinstance(error, SERVICE_ERRORS):
        error = explain(error)
    if isinstance(error, KitError):
        return str(error)
    if isinstance(error, NameError):
        return _("{name} is not defined; run the cells above first.").format(name=error.name)
    return f"{type(error).__name__}: {error}"


def hint() -> None:
    """Print the second hint of the self-check that was run last and has not passed.

    Raises:
        UsageError: every self-check so far has passed, or has no more to say.
    """
    for outcome in reversed(session().checks.values()):
        if outcome.status != "passed" and outcome.more:
            print(f"{outcome.claim}\n  {outcome.more}")
            return
    raise UsageError(
        N_("There is no further hint."),
        advice=N_("Run the self-check that you are stuck at, and then this cell again."),
    )


def score() -> None:
    """Print how many self-checks passed and which exercises are open; write all outcomes to a file."""
    outcomes = list(session().checks.values())
    statuses = [outcome.status for outcome in outcomes]
    line = _("Self-checks passed: {passed} of {total}").format(
        passed=statuses.count("passed"), total=len(statuses)
    )
    if "todo" in statuses:
        line += " · " + _("open exercises: {n}").format(n=statuses.count("todo"))
    print(line)
    content = {
        "lab": session().lab,
        "locale": i18n.current(),
        "score": {status: statuses.count(status) for status in _SIGNS},
        "checks": [outcome.to_json() for outcome in outcomes],
    }
    content = redact(content, settings.known_secrets())  # a reason may quote whatever went wrong
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    write_text(settings.results_folder(session().lab) / "score.json", text)
