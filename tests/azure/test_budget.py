"""A hard limit: stopped before the spend, remembered over restarts, exact under threads."""

import concurrent.futures

import pytest

from kit.azure.budget import Budget
from kit.azure.ledger import Entry, Ledger
from kit.errors import BudgetError


def test_what_fits_is_spent_and_what_does_not_is_refused_before():
    budget = Budget(1.0, Ledger())
    budget.spend(0.75, "a job")
    with pytest.raises(
        BudgetError, match=r"(?s)“a second job” would cost about \$0.50.*\$1.00, \$0.25 is left"
    ):
        budget.spend(0.5, "a second job")
    assert budget.remaining == pytest.approx(0.25)
    budget.spend(0.25, "the rest")
    assert budget.remaining == 0


@pytest.mark.parametrize(
    ("cap", "spent", "amount", "allowed"),
    [
        (1.00, 0.00, 1.00, True),  # exactly equal
        (1.00, 0.00, 1.01, False),  # a cent over
        (1.00, 0.70, 0.30, True),  # 1.00 - 0.70 is 0.30000000000000004 in binary
        (0.30, 0.10, 0.20, True),  # 0.30 - 0.10 is 0.19999999999999998
        (0.30, 0.10, 0.21, False),
        (0.00, 0.00, 0.00, True),
        (0.00, 0.00, 0.01, False),
        (1.00, 1.00, 0.00, True),  # what is free may be had with nothing left
        (1.00, 1.50, 0.00, True),  # also when the budget was lowered after it was spent
        (1.00, 1.50, 0.01, False),
    ],
)
@pytest.mark.parametrize("buy", ["require", "reserve", "spend"])
def test_the_edge_of_the_limit(tmp_path, cap, spent, amount, *, allowed, buy):
    ledger = Ledger(tmp_path / "ledger.json")
    ledger.pay("earlier", spent)
    budget = Budget(cap, ledger)
    if allowed:
        getattr(budget, buy)(amount, "a job")
        assert Ledger(ledger.path).spent == pytest.approx(spent + (amount if buy != "require" else 0))
    else:
        with pytest.raises(BudgetError, match="Nothing was bought"):
            getattr(budget, buy)(amount, "a job")
        assert Ledger(ledger.path).spent == spent


def test_a_reservation_gives_back_what_was_not_used_whatever_ends_it():
    budget = Budget(1.0, Ledger())

    def predict() -> None:
        with budget.reserve(0.8, "predictions") as reserved:
            with pytest.raises(BudgetError):
                budget.reserve(0.3, "more predictions")
            reserved.spend(0.1)
            reserved.spend(0.2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        predict()
    assert budget.spent == pytest.approx(0.3)


def test_spending_outlives_the_notebook_and_an_open_reservation_counts(tmp_path):
    path = tmp_path / "ledger.json"
    ledger = Ledger(path)
    ledger.created(ledger.begin(Entry("job", "f", "a job", cost=0.4)), "ftjob-1")
    Budget(1.0, ledger).reserve(0.5, "predictions")  # and the process dies here
    again = Budget(1.0, Ledger(path))
    assert again.spent == pytest.approx(0.9)
    with pytest.raises(BudgetError):
        again.require(0.2, "another job")


def test_what_was_deleted_stays_paid_and_what_was_never_created_is_not():
    ledger = Ledger()
    ledger.deleted(ledger.created(ledger.begin(Entry("job", "a", "a", cost=1.0)), "ftjob-1"))
    ledger.begin(Entry("job", "b", "b", cost=1.0))
    assert ledger.spent == 1.0


def test_an_unknown_price_is_refused_where_money_is_meant():
    with pytest.raises(BudgetError, match=r"(?s)“a job” is not in the model table.*KIT_MODELS"):
        Budget(5.0, Ledger()).require(None, "a job")
    assert Budget(5.0, Ledger(), binding=False).require(None, "a job") == 0
    assert Budget(None, Ledger()).require(None, "a job") == 0


def test_without_a_limit_everything_fits():
    budget = Budget(None, Ledger())
    budget.spend(1e6, "a data centre")
    assert (budget.spent, budget.remaining) == (1e6, None)


def test_threads_together_never_exceed_the_limit():
    budget = Budget(1.0, Ledger())

    def buy(_number: int) -> bool:
        try:
            budget.spend(0.03, "an answer")
        except BudgetError:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        bought = sum(pool.map(buy, range(100)))
    assert bought == 33  # 33 × 0.03 = 0.99
    assert budget.spent == pytest.approx(0.99)
