"""A budget: a hard limit in US dollars, checked before each spend and kept in the ledger over restarts.

What is about to be bought is *reserved* first, written into the ledger, and settled afterwards. A run that
dies in between leaves its reservation in the books: too careful rather than too generous. Amounts are list
prices of the model table, without tax; on a simulator nothing is paid, and the same figures are practice.
"""

import threading
import time
from types import TracebackType
from typing import Self

from kit.azure.ledger import Ledger
from kit.errors import N_, BudgetError
from kit.i18n import money

CURRENCY = "USD"
_ROUNDING = 1e-9


class Budget:
    """What a lab may spend; safe to use from several threads.

    Args:
        cap: the most that may be spent in all, in US dollars; None for no limit.
        ledger: where spending is kept.
        binding: whether real money is meant: then something without a known price is refused.
    """

    def __init__(self, cap: float | None, ledger: Ledger, *, binding: bool = True) -> None:
        self.cap = cap
        self._ledger = ledger
        self._binding = binding
        self._lock = threading.RLock()

    @property
    def spent(self) -> float:
        """US dollars spent or reserved so far, in this run and in earlier ones."""
        with self._lock:
            return self._ledger.spent

    @property
    def remaining(self) -> float | None:
        """US dollars that may still be spent; None where there is no limit."""
        return None if self.cap is None else max(0.0, self.cap - self.spent)

    def require(self, amount: float | None, what: str) -> float:
        """Return ``amount``, if it may be spent; nothing is reserved.

        Args:
            amount: US dollars; None where the price is not known.
            what: what it is for, as a learner knows it.

        Raises:
            BudgetError: it is more than what remains, or its price is not known and real money is meant.
        """
        if amount is None:
            if self.cap is not None and self._binding:
                raise BudgetError(
                    N_("The price of “{what}” is not in the model table, so the budget cannot protect you."),
                    advice=N_(
                        "Add the price in a file of your own (KIT_MODELS names it), or set the parameter "
                        "budget to -1 to go on without a limit."
                    ),
                    what=what,
                )
            return 0.0
        remaining = self.remaining
        if remaining is not None and amount > remaining + _ROUNDING:
            raise BudgetError(
                N_(
                    "“{what}” would cost about {amount}. Of your budget of {cap}, {remaining} is left. "
                    "Nothing was bought."
                ),
                advice=N_("Make it smaller, clean up what you do not need, or raise the parameter budget."),
                what=what,
                amount=_shown(amount),
                cap=_shown(self.cap or 0.0),
                remaining=_shown(remaining),
            )
        return amount

    def reserve(self, amount: float | None, what: str) -> "Reservation":
        """Set an amount aside before it is spent; use the result in a ``with`` block.

        Raises:
            BudgetError: as :meth:`require`.
        """
        with self._lock, self._ledger.held():
            set_aside = self.require(amount, what)
            reservation = Reservation(self, f"{what} {time.time_ns()}", set_aside)
            self._ledger.pay(reservation.key, set_aside)
        return reservation

    def spend(self, amount: float | None, what: str) -> None:
        """Reserve an amount and settle it in full at once.

        Raises:
            BudgetError: as :meth:`require`.
        """
        self.reserve(amount, what)

    def settle(self, key: str, amount: float) -> None:
        """Write down what a reservation has really cost."""
        with self._lock:
            self._ledger.pay(key, amount)


class Reservation:
    """An amount set aside; leaving the block settles what was spent of it and gives the rest back.

    Attributes:
        amount: US dollars that were set aside.
        spent: US dollars spent of them so far.
    """

    def __init__(self, budget: Budget, key: str, amount: float) -> None:
        self.key = key
        self.amount = amount
        self.spent = 0.0
        self._budget = budget
        self._lock = threading.Lock()

    def spend(self, amount: float) -> None:
        """Count a part as spent; the ledger learns of it when the block ends."""
        with self._lock:
            self.spent += amount

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget.settle(self.key, self.spent)


def _shown(amount: float) -> str:
    return money(amount, CURRENCY, decimals=4 if 0 < amount < 0.1 else None)
