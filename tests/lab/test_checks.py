"""Self-checks: three outcomes, a hint when it helps, and a trace that tools can read."""

import json

import pytest

from kit.azure.client import simulated
from kit.azure.ledger import Ledger
from kit.errors import UsageError
from kit.lab import checks, session
from kit.notebooks.runs import CHECK_MIME


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
    assert outcome._repr_mimebundle_()[CHECK_MIME] == {
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


def test_a_check_that_cannot_be_carried_out_has_failed_and_says_why():
    outcome = checks.check("a", lambda: undefined_name, hint="Run cell 3.")  # noqa: F821
    assert outcome.status == "failed"
    assert "undefined_name is not defined" in repr(outcome)
    assert "Run cell 3." in repr(outcome)
    assert "ZeroDivisionError" in repr(checks.check("b", lambda: 1 // 0))
    refused = checks.check("c", lambda: (_ for _ in ()).throw(UsageError("No such thing.")))
    assert "No such thing." in repr(refused)


def test_a_function_may_leave_an_exercise_open():
    assert checks.check("a", lambda: None).status == "todo"
    assert checks.check("a", lambda: True).status == "passed"
    assert checks.check("a", lambda: []).status == "failed"


def test_a_second_hint_is_shown_on_demand_only(capsys):
    outcome = checks.check("a", False, hint="first", more="second <b>")
    assert "second" not in repr(outcome)
    assert "lab.hint()" in repr(outcome)
    drawn = outcome._repr_mimebundle_()["text/html"]
    assert "<details><summary>One more hint</summary>second &lt;b&gt;</details>" in drawn
    checks.check("b", True, more="not for you")
    checks.hint()
    assert capsys.readouterr().out == "a\n  second <b>\n"


def test_without_a_further_hint_that_is_said():
    checks.check("a", False, hint="first")
    with pytest.raises(UsageError, match="no further hint"):
        checks.hint()


def test_scores_are_written_for_machines(tmp_path, monkeypatch):
    monkeypatch.setenv("KIT_HOME", str(tmp_path))
    checks.check("a", True)
    checks.check("b", lambda: 1 // 0, hint="look")
    checks.check("c", None)
    checks.score()
    written = json.loads((tmp_path / "results/fine-tune/score.json").read_text(encoding="utf-8"))
    assert written["score"] == {"passed": 1, "failed": 1, "todo": 1}
    assert [each["status"] for each in written["checks"]] == ["passed", "failed", "todo"]
    assert written["lab"] == "fine-tune"
