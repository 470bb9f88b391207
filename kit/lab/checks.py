"""Self-checks: a claim about what the learner did, its outcome, and a hint.

A self-check never raises: a lab runs to its end with open exercises and failed checks, and says so. Each
outcome also travels as JSON in the cell's output, where ``kit run`` and a grader find it.
"""

import html
from typing import Any, Literal

from kit.i18n import gettext as _
from kit.lab.session import session

MIME = "application/vnd.llm-teaching-kit.check+json"
Status = Literal["passed", "failed", "todo"]

_SIGNS = {"passed": "✓", "failed": "✗", "todo": "○"}
_COLOURS = {"passed": "#1a7f37", "failed": "#b42318", "todo": "#6b5900"}


class Outcome:
    """The outcome of one self-check, as a notebook shows it."""

    def __init__(self, claim: str, status: Status, hint: str) -> None:
        self.claim, self.status, self.hint = claim, status, hint

    def __repr__(self) -> str:
        line = f"{_SIGNS[self.status]} " + _("{outcome}: {claim}").format(
            outcome=self._word(), claim=self.claim
        )
        return line if self.status == "passed" else f"{line}\n  {self.hint}"

    def _word(self) -> str:
        return {"passed": _("Passed"), "failed": _("Not yet"), "todo": _("To do")}[self.status]

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        hint = "" if self.status == "passed" else f"<br>{html.escape(self.hint)}"
        border = f"border-left:4px solid {_COLOURS[self.status]};padding:.3em .8em"
        title = f"<strong>{_SIGNS[self.status]} {html.escape(self._word())}</strong>"
        return {
            "text/plain": repr(self),
            "text/html": f"<div style='{border}'>{title} {html.escape(self.claim)}{hint}</div>",
            MIME: {"claim": self.claim, "status": self.status, "hint": self.hint},
        }


def check(claim: str, held: bool | None, hint: str = "") -> Outcome:
    """Check a claim about the learner's work and remember the outcome.

    Args:
        claim: what should be true, as one sentence.
        held: whether it is; None means that the exercise is still open.
        hint: what to try, shown unless the check passed.
    """
    status: Status = "todo" if held is None else "passed" if held else "failed"
    session().checks[claim] = status
    return Outcome(claim, status, hint)


def score() -> None:
    """Print how many self-checks passed and which exercises are open."""
    outcomes = list(session().checks.values())
    line = _("Self-checks passed: {passed} of {total}").format(
        passed=outcomes.count("passed"), total=len(outcomes)
    )
    if "todo" in outcomes:
        line += " · " + _("open exercises: {n}").format(n=outcomes.count("todo"))
    print(line)
