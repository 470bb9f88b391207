"""The result of a run: one row for each prompt, in the order of the input, read from the journal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from kit.errors import N_
from kit.evaluation.runner.answers import Answer
from kit.evaluation.runner.failures import Failure
from kit.evaluation.runner.journal import Journal
from kit.i18n import gettext as _
from kit.i18n import money, ngettext, number

NOT_SENT = "not sent"
"""The error of a row that the run stopped before."""

_REASONS = {
    "cost": N_("the cap on the cost was reached"),
    "tokens": N_("the cap on the tokens was reached"),
    "items": N_("the cap on the requests was reached"),
    "seconds": N_("the cap on the time was reached"),
    "interrupted": N_("it was interrupted"),
    "service": N_("the service lets no request in any more"),
    "fault": N_("the function that asks the model failed"),
    "error": N_("an error stopped it"),
}


@dataclass(frozen=True)
class Summary:
    """A run in figures.

    Attributes:
        prompts: prompts that were read.
        answered: rows with an answer.
        failed: rows with a failure; those that were not sent are not among them.
        left: rows that were not sent; None if the input's length is unknown and it was not read to its end.
        known: rows found in the journal.
        duplicates: rows whose request was asked for another row.
        sent: attempts of this run.
        refused: attempts that a quota refused.
        repeated: attempts that failed for another reason and were made again.
        hidden_retries: attempts that the client made by itself; set its ``max_retries=0``.
        prompt_tokens: billed to this run.
        completion_tokens: billed to this run.
        cost: US dollars of this run; None without a price.
        uncertain_cost: the same at most for requests that broke off and may be billed.
        seconds: duration of this run.
        longest_wait_asked: seconds that the service asked to wait at most.
        stopped: what ended the run early: ``cost``, ``tokens``, ``items``, ``seconds``, ``interrupted``,
            ``service``, ``fault``, ``error``; empty if nothing did.
    """

    prompts: int
    answered: int
    failed: int
    left: int | None
    known: int = 0
    duplicates: int = 0
    sent: int = 0
    refused: int = 0
    repeated: int = 0
    hidden_retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    uncertain_cost: float | None = None
    seconds: float = 0.0
    longest_wait_asked: float = 0.0
    stopped: str = ""

    def __str__(self) -> str:
        """Return the summary as a few lines in the current language."""
        lines = [
            _("{answered} of {prompts} prompts answered, {failed} failed.").format(
                answered=number(self.answered), prompts=number(self.prompts), failed=number(self.failed)
            )
        ]
        if self.stopped:
            left = "?" if self.left is None else number(self.left)
            reason = _(_REASONS[self.stopped])
            lines.append(
                _("Stopped early: {reason}. Left to ask: {left}. Run it again to go on.").format(
                    reason=reason, left=left
                )
            )
        if self.refused or self.repeated:
            lines.append(_("Asked again: {refused}, {repeated}.").format(**self._repetitions()))
        if self.cost is not None:
            tokens = number(self.prompt_tokens + self.completion_tokens)
            lines.append(_("{n} tokens, {cost}.").format(n=tokens, cost=money(self.cost, decimals=4)))
        if self.hidden_retries:
            line = ngettext(
                "The client asked again by itself {n} time: create it with max_retries=0.",
                "The client asked again by itself {n} times: create it with max_retries=0.",
                self.hidden_retries,
            )
            lines.append(line.format(n=number(self.hidden_retries)))
        return "\n".join(lines)

    def _repetitions(self) -> dict[str, str]:
        refused = ngettext(
            "{n} time because of the quota", "{n} times because of the quota", self.refused
        ).format(n=number(self.refused))
        repeated = ngettext("{n} time after a failure", "{n} times after a failure", self.repeated).format(
            n=number(self.repeated)
        )
        return {"refused": refused, "repeated": repeated}


class Run(Sequence[Answer]):
    """The rows of a run. They are read from the journal when they are looked at, not kept in memory.

    Args:
        keys: identity of each prompt's request, in the order of the input.
        failures: those that have no answer for a reason of this run.
        journal: where the answers are.
        summary: the run in figures.
    """

    def __init__(
        self, keys: Sequence[bytes], failures: Mapping[bytes, Failure], journal: Journal, summary: Summary
    ) -> None:
        self._keys = keys
        self._failures = failures
        self._journal = journal
        self.summary = summary

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> Answer: ...
    @overload
    def __getitem__(self, index: slice) -> list[Answer]: ...
    def __getitem__(self, index: int | slice) -> Answer | list[Answer]:
        positions = range(len(self._keys))[index]
        if isinstance(positions, int):
            return next(self._rows([positions]))
        return list(self._rows(positions))

    def __iter__(self) -> Iterator[Answer]:
        return self._rows(range(len(self._keys)))

    def __repr__(self) -> str:
        return str(self.summary)

    @property
    def complete(self) -> bool:
        """Whether every prompt has an answer."""
        return self.summary.answered == len(self)

    @property
    def texts(self) -> list[str | None]:
        """The answers, None for failures."""
        return [row.text for row in self]

    @property
    def failures(self) -> list[Answer]:
        """The rows without an answer."""
        return [row for row in self if not row.ok]

    def frame(self) -> Any:
        """Return the rows as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame.from_records(
            [{name: getattr(row, name) for name in Answer.__dataclass_fields__} for row in self],
            columns=list(Answer.__dataclass_fields__),
        )

    def _rows(self, positions: Sequence[int]) -> Iterator[Answer]:
        known = (self._keys[index] for index in positions if self._keys[index] in self._journal)
        records = self._journal.records(known)
        for index in positions:
            key = self._keys[index]
            if key in self._journal:
                yield answer(index, next(records))
            elif (failure := self._failures.get(key)) is not None:
                yield Answer(index, key.hex(), error=failure.reason, status=failure.status)
            else:
                yield Answer(index, key.hex(), error=NOT_SENT)


def answer(index: int, record: Mapping[str, Any]) -> Answer:
    """Return a journal's record as a row; fields that this version does not know are left out."""
    known = {name: value for name, value in record.items() if name in Answer.__dataclass_fields__}
    return Answer(index=index, **known)
