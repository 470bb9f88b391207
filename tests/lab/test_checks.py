"""Self-checks: three outcomes, a hint when it helps, and a trace that tools can read."""

import pytest

from kit.azure.client import simulated
from kit.azure.ledger import Ledger
from kit.errors import UsageError
from kit.lab import checks, session


@pytest.fixture(autouse=True)
def _running():
    session.begin(session.Session("fine-tune", simulated("http://127.0.0.1:9", "key"), Ledger()))
    yield
    session.end()


@pytest.mark.parametrize(
    ("held", "status", "sign"), [(True, "passed", "✓"), (False, "failed", "✗"), (None, "todo", "○")]
)
def test_the_outcome_is_shown_and_travels_as_json(held, status, sign):
    outcome = checks.check("Water is wet.", held, hint="Touch it.")
    assert repr(outcome).startswith(sign)
    assert outcome._repr_mimebundle_()[checks.MIME] == {
        "claim": "Water is wet.",
        "status": status,
        "hint": "Touch it.",
    }


def test_a_hint_is_for_those_who_need_it():
    assert "Touch it." not in repr(checks.check("a", True, hint="Touch it."))
    assert "Touch it." in repr(checks.check("b", False, hint="Touch it."))


def test_running_a_check_again_replaces_its_outcome(capsys):
    checks.check("a", False)
    checks.check("a", True)
    checks.check("b", None)
    checks.score()
    assert capsys.readouterr().out == "Self-checks passed: 1 of 2 · open exercises: 1\n"


def test_a_claim_cannot_smuggle_html():
    assert "<b>" not in checks.check("<b>", True)._repr_mimebundle_()["text/html"]


def test_without_a_session_the_learner_is_sent_to_the_set_up_cell():
    session.end()
    with pytest.raises(UsageError, match="set-up cell"):
        checks.check("a", True)
