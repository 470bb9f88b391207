"""What a run may cost: prices, hard caps, and the estimate before anything is sent."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from kit import tokens
from kit.errors import N_, UsageError
from kit.evaluation.runner.journal import Journal
from kit.evaluation.runner.requests import Request

_MINUTE = 60.0
_ROUNDING = 1e-9  # US dollars: a sum of floats that is equal to the cap does not break it


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens.

    Attributes:
        input: of the prompt.
        output: of the answer.
    """

    input: float
    output: float

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return the price of so many tokens in US dollars."""
        return tokens.cost(prompt_tokens, completion_tokens, read_price=self.input, write_price=self.output)


@dataclass(frozen=True)
class Caps:
    """Hard limits of one call; None for no limit. A run that reaches one stops cleanly and can be resumed.

    Attributes:
        cost: US dollars, the worst case of what is under way included.
        tokens: prompt and answer tokens, the worst case of what is under way included.
        items: requests that are sent.
        seconds: time from the start.
    """

    cost: float | None = None
    tokens: int | None = None
    items: int | None = None
    seconds: float | None = None


@dataclass
class _Tokens:
    """Tokens of prompts and of answers. Sums of money come from these whole numbers, so none drifts."""

    prompt: int = 0
    answer: int = 0

    def add(self, request: Request, sign: int = 1) -> None:
        """Add the worst case of a request, or take it off."""
        self.prompt += sign * request.prompt_tokens
        self.answer += sign * request.answer_tokens


@dataclass
class Spending:
    """What was spent and what is promised, held against the caps.

    Attributes:
        orders: batches only: US dollars that each costs at most or, when it has ended, has cost, by its mark.
            A later run that waits for the same batch replaces the amount in place of adding to it.

    Raises:
        UsageError: a cap on the cost without a price.
    """

    caps: Caps
    price: Price | None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    items: int = 0
    orders: dict[str, float] = field(default_factory=dict)
    _uncertain: _Tokens = field(default_factory=_Tokens)  # of requests that broke off: may be on the bill
    _promised: _Tokens = field(default_factory=_Tokens)  # of requests under way

    def __post_init__(self) -> None:
        if self.caps.cost is not None and self.price is None:
            raise UsageError(
                N_("A cap on the cost needs the price of the model."),
                advice=N_("Give “price”, in US dollars per million tokens."),
            )

    @property
    def cost(self) -> float:
        """US dollars for what was answered; 0 without a price."""
        return self._of(self.prompt_tokens, self.completion_tokens)

    @property
    def uncertain_cost(self) -> float:
        """US dollars at most for requests that broke off and may be billed; 0 without a price."""
        return self._of(self._uncertain.prompt, self._uncertain.answer)

    @property
    def at_most(self) -> float:
        """US dollars for what was answered, may be billed or is under way; 0 without a price."""
        return self.billed + self._of(self._promised.prompt, self._promised.answer)

    @property
    def billed(self) -> float:
        """US dollars for what was answered or may be billed, without what is under way; 0 without a price."""
        return self.cost + self.uncertain_cost

    def worst(self, requests: Iterable[Request]) -> float:
        """Return the US dollars for requests if each answer is as long as it may be; 0 without a price."""
        together = _Tokens()
        for request in requests:
            together.add(request)
        return self._of(together.prompt, together.answer)

    def _of(self, prompt: int, answer: int) -> float:
        return self.price.of(prompt, answer) if self.price else 0.0

    def forbids(self, request: Request, seconds: float) -> str:
        """Return the name of the cap that a request would break, or nothing."""
        caps = self.caps
        prompt = self.prompt_tokens + self._uncertain.prompt + self._promised.prompt + request.prompt_tokens
        answer = self.completion_tokens + self._uncertain.answer + self._promised.answer
        answer += request.answer_tokens
        if caps.seconds is not None and seconds >= caps.seconds:
            return "seconds"
        if caps.items is not None and self.items >= caps.items:
            return "items"
        if caps.tokens is not None and prompt + answer > caps.tokens:
            return "tokens"
        if caps.cost is not None and self._of(prompt, answer) > caps.cost + _ROUNDING:
            return "cost"
        return ""

    def promise(self, request: Request) -> None:
        """Set aside what a request that is being sent may cost."""
        self._promised.add(request)

    def release(self, request: Request, *, uncertain: bool = False) -> None:
        """Give back what was set aside; ``uncertain`` if the service may bill it all the same."""
        self._promised.add(request, -1)
        if uncertain:
            self._uncertain.add(request)

    def pay(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Book an answer."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens


@dataclass(frozen=True)
class Estimate:
    """What a run will take at most, told before it starts.

    Attributes:
        prompts: how many were given.
        requests: how many have to be sent: neither duplicates nor in the journal.
        prompt_tokens: tokens of these requests' prompts.
        answer_tokens: tokens if every answer is as long as it may be.
        cost: US dollars if every answer is as long as it may be; None without a price.
        seconds: what the quota needs at least for them; None without a quota.
    """

    prompts: int
    requests: int
    prompt_tokens: int
    answer_tokens: int
    cost: float | None
    seconds: float | None


def estimated(
    requests: Iterable[Request],
    journal: Journal | None,
    price: Price | None,
    rpm: float | None,
    tpm: float | None,
) -> Estimate:
    """Add up requests without sending them."""
    seen: set[bytes] = set()
    prompts = prompt_tokens = answer_tokens = 0
    for request in requests:
        prompts += 1
        if request.key in seen or (journal is not None and request.key in journal):
            continue
        seen.add(request.key)
        prompt_tokens += request.prompt_tokens
        answer_tokens += request.answer_tokens
    minutes = max(len(seen) / (rpm or math.inf), (prompt_tokens + answer_tokens) / (tpm or math.inf))
    return Estimate(
        prompts=prompts,
        requests=len(seen),
        prompt_tokens=prompt_tokens,
        answer_tokens=answer_tokens,
        cost=price.of(prompt_tokens, answer_tokens) if price else None,
        seconds=minutes * _MINUTE if rpm or tpm else None,
    )
