"""The last look before anything is bought, with the prices of kit/azure/models.toml."""

import pytest

from kit import lab
from kit.azure.costs import answering_seconds
from kit.errors import BudgetError
from kit.lab import session

LIMITS = {"max_tokens": 1000, "capacity": 10}
EXAMPLE = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Bye"}]}


@pytest.fixture
def base(running):
    return lab.base_model("gpt-oss-20b", "GlobalStandard")


def test_the_parts_are_added_up(base):
    session.session().cap = 5.0
    cost = lab.estimate(base, 1_000_000, 1, "GlobalStandard")  # 3.60 dollars per million
    plan = lab.preflight(base, cost, [EXAMPLE] * 10, **LIMITS)
    amounts = [row[1] for row in plan.table.rows]
    assert amounts[:2] == ["$3.60", "$0.30"]
    # ten answers of a thousand tokens from both models, and a few tokens of questions
    other = lab.comparison_model(base)
    least = 10_000 * (base.pricing.output + other.pricing.output) / 1e6
    assert least < plan.answering < 1.1 * least
    assert amounts[4] == "$5.00"
    assert plan._repr_html_() == plan.table._repr_html_()


def test_what_is_too_much_stops_before_anything_is_bought(base, client):
    session.session().cap = 3.0
    cost = lab.estimate(base, 1_000_000, 1, "GlobalStandard")
    with pytest.raises(BudgetError, match=r"\$3.00"):
        lab.preflight(base, cost, [EXAMPLE], **LIMITS)
    with pytest.raises(BudgetError):
        lab.once("job", "file-1", create=lambda: pytest.fail("bought"), cost=cost.training)
    with pytest.raises(BudgetError):
        lab.once("deployment", "mine", create=lambda: pytest.fail("bought"), per_hour=4.0)
    lab.budget().spend(2.9, "answers")
    with pytest.raises(BudgetError, match="“more answers”"):
        lab.budget().spend(0.2, "more answers")
    assert client.files.list().data == []


@pytest.mark.parametrize(
    ("cap", "allowed"), [(3.90, True), (3.89, False), (0.0, False), (None, True)], ids=str
)
def test_the_last_look_at_the_edge_of_the_budget(base, client, cap, allowed):
    """A million tokens at 3.60 dollars, the first hour of hosting at 0.30, no questions: 3.90 dollars."""
    session.session().cap = cap
    cost = lab.estimate(base, 1_000_000, 1, "GlobalStandard")
    if allowed:
        assert lab.preflight(base, cost, [], **LIMITS).table.rows[3][1] == "$3.90"
    else:
        with pytest.raises(BudgetError, match=r"\$3\.90"):
            lab.preflight(base, cost, [], **LIMITS)


def test_a_purchase_at_the_edge_of_the_budget(running, client, training_file):
    running.cap = 0.01

    def upload():
        return client.files.create(file=training_file, purpose="fine-tune")

    for cost, per_hour in ((0.02, 0), (0, 0.02)):
        with pytest.raises(BudgetError):
            lab.once("file", training_file, create=upload, cost=cost, per_hour=per_hour)
    assert list(running.ledger) == []  # refused before it was even intended
    lab.once("file", training_file, create=upload, cost=0.01)
    assert lab.budget().remaining == 0
    lab.once("file", training_file, create=lambda: pytest.fail("created twice"), cost=0.01)  # nothing to pay
    assert len(client.files.list().data) == 1


def test_the_parameter_budget_is_the_limit_and_a_negative_one_is_none():
    for given, cap in ((2, 2.0), (0, 0.0), (-1, None)):
        lab.start("fine-tune", {"budget": given})
        assert lab.budget().cap == cap
        session.end()


def test_the_quota_decides_how_long_answers_take():
    # capacity 10: 10,000 tokens and 60 requests a minute
    assert answering_seconds(1, 20_000, 10) == pytest.approx(120)
    assert answering_seconds(120, 1000, 10) == pytest.approx(120)
