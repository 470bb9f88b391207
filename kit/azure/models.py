"""The model table: what can be fine-tuned, where, until when, at what price, and with which tokenizer.

The table is data (``models.toml``), because models live shorter than code: every group of figures names its
source and the day it was read. An unknown figure is absent, and the functions here say so instead of
guessing.
"""

import datetime
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kit import i18n, settings
from kit.azure.model_rows import Pricing, Retirement, Source, read_rows
from kit.errors import N_, ModelError, UsageError

_PACKAGED = Path(__file__).with_name("models.toml")


class Status(StrEnum):
    """What can still be done with a model on a day."""

    AVAILABLE = "available"  # anyone may train it
    EXISTING_CUSTOMERS = "existing-customers"  # training only for those who trained it before
    DEPLOYMENTS_ONLY = "deployments-only"  # no training; tuned deployments still answer
    RETIRED = "retired"


@dataclass(frozen=True)
class Model:
    """One row of the table.

    ``version`` is empty where the service needs none. ``format`` is what Azure Resource Manager calls the
    model's family in a deployment. ``encoding`` is a tiktoken encoding, empty where the
    model has a tokenizer of its own. ``context_limit`` is the longest training example in tokens, ``None`` if
    unknown. ``deployment_types`` are the serverless ones for the *tuned* model. ``base_deployable`` tells
    whether the *untuned* model is known to be served serverless; where not, ``compare_with`` may name a live
    model to compare with. ``rejects`` are request parameters the model refuses.
    """

    name: str
    provider: str
    methods: tuple[str, ...]
    encoding: str
    source: Source
    version: str = ""
    format: str = "OpenAI"
    aliases: tuple[str, ...] = ()
    preview: bool = False
    training_types: tuple[str, ...] = ()
    deployment_types: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    context_limit: int | None = None
    base_deployable: bool = False
    compare_with: str = ""
    pricing: Pricing = field(default_factory=Pricing)
    retirement: Retirement = field(default_factory=Retirement)

    @property
    def identifier(self) -> str:
        """What a fine-tuning job calls the model: ``gpt-4o-2024-08-06``, or the bare name."""
        return f"{self.name}-{self.version}" if self.version.count("-") == 2 else self.name

    def status(self, on: datetime.date, method: str = "supervised") -> Status:
        """Return what can be done with the model on a day; a retirement counts from its day on."""
        dates = self.retirement
        if not _past(dates.training_new_customers or dates.base, on) and method in self.methods:
            return Status.AVAILABLE
        if not _past(dates.training_existing or dates.base, on) and method in self.methods:
            return Status.EXISTING_CUSTOMERS
        return Status.RETIRED if _past(dates.deployments or dates.base, on) else Status.DEPLOYMENTS_ONLY

    def base_answers(self, on: datetime.date) -> bool:
        """Tell whether the untuned model is known to be deployable serverless on a day."""
        return self.base_deployable and not _past(self.retirement.base, on)

    def require_tunable(
        self,
        on: datetime.date,
        method: str = "supervised",
        *,
        new_customer: bool = True,
        training_type: str = "",
    ) -> None:
        """Make sure that the model can be trained.

        Raises:
            ModelError: it cannot; the message says since when or why, and names a model that can be.
        """
        if method not in self.methods:
            message = N_(
                "The model {model} cannot be fine-tuned by the method “{method}”, only by: {methods}."
            )
        elif training_type and training_type not in self.training_types:
            message = N_("The model {model} has no training type “{training_type}”, only: {training_types}.")
        elif (status := self.status(on, method)) == Status.AVAILABLE:
            return
        elif status == Status.EXISTING_CUSTOMERS:
            if not new_customer:
                return
            message = N_(
                "Since {since}, the model {model} can be fine-tuned only by those who did it before."
            )
        else:
            message = N_("The model {model} can no longer be fine-tuned.")
        self._refuse(message, on, method, training_type)

    def _refuse(self, message: str, on: datetime.date, method: str, training_type: str) -> None:
        since = self.retirement.training_new_customers or self.retirement.base
        other = alternative(on, method, training_type if training_type in self.training_types else "")
        raise ModelError(
            message,
            advice=N_("Choose a model that is alive, for example {alternative}.") if other else "",
            model=self.name,
            method=method,
            methods=", ".join(self.methods),
            training_type=training_type,
            training_types=", ".join(self.training_types),
            since=i18n.date(since) if since else "",
            alternative=other.name if other else "",
        )


def _past(day: datetime.date | None, on: datetime.date) -> bool:
    return day is not None and day <= on


@cache
def _packaged() -> Mapping[str, Model]:
    return _models(_PACKAGED)


def _models(path: Path) -> Mapping[str, Model]:
    return MappingProxyType({row["name"]: _model(row, path) for row in read_rows(path)})


def _model(row: Mapping[str, Any], path: Path) -> Model:
    try:
        return Model(**row)
    except TypeError:
        unknown = sorted(set(row) - set(Model.__dataclass_fields__))
        needed = [name for name in ("provider", "methods", "encoding") if name not in row]
        raise UsageError(
            N_("The row “{model}” of the model table {file} has unknown or missing columns: {columns}."),
            advice=N_("kit/azure/models.toml shows which columns there are."),
            file=path,
            model=row["name"],
            columns=", ".join(unknown + needed),
        ) from None


def table() -> Mapping[str, Model]:
    """Return the table by name, in the order of preference.

    Rows of a learner's own file, which the environment variable ``KIT_MODELS`` names, come first and replace
    others.

    Raises:
        UsageError: that file cannot be read or is not of the form of ``models.toml``.
    """
    named = settings.variable("KIT_MODELS")
    if not named:
        return _packaged()
    added = _models(Path(named).expanduser())
    kept = {name: row for name, row in _packaged().items() if name not in added}
    return MappingProxyType({**added, **kept})


def find(name: str) -> Model:
    """Return a row by name, alias or identifier with version, in any case.

    The name of a tuned model, ``gpt-4.1-2025-04-14.ft-…``, finds the model it was made from.

    Raises:
        ModelError: there is no such row; the message names the nearest ones.
    """
    rows = table()
    spellings: dict[str, Model] = {}
    for row in rows.values():
        for spelling in (row.name, row.identifier, f"{row.name}-{row.version}", *row.aliases):
            spellings.setdefault(spelling.lower(), row)
    wanted = name.strip().lower().split(".ft-")[0]
    if wanted in spellings:
        return spellings[wanted]
    near = difflib.get_close_matches(wanted, spellings, n=6, cutoff=0.4)
    names = list(dict.fromkeys(spellings[each].name for each in near))[:3] or list(rows)[:3]
    raise ModelError(
        N_("The model table has no model “{model}”. The nearest names: {names}."),
        advice=N_(
            "Choose one of them, or add a row for your model with a file of your own, which the variable "
            "KIT_MODELS names; kit/azure/models.toml shows the form."
        ),
        model=name,
        names=", ".join(names),
    )


def alternative(on: datetime.date, method: str = "supervised", training_type: str = "") -> Model | None:
    """Return the first model that a new customer can train on a day and deploy serverless, or ``None``."""
    for row in table().values():
        fits = not training_type or training_type in row.training_types
        serverless = bool(row.deployment_types) and not row.preview
        if fits and serverless and row.status(on, method) == Status.AVAILABLE:
            return row
    return alternative(on, method) if training_type else None
