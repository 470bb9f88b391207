"""Reading the model table's file form (TOML) into plain rows: see ``models.toml``."""

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.errors import N_, UsageError

UNKNOWN_DAY = datetime.date.min


@dataclass(frozen=True)
class Source:
    """Where a group of figures was read, and when."""

    url: str = ""
    as_of: datetime.date = UNKNOWN_DAY


@dataclass(frozen=True)
class Pricing:
    """List prices in US dollars; what is not listed is absent.

    ``training`` per million tokens, by training type; ``hosting`` per hour of a tuned deployment, by
    deployment type; ``input`` and ``output`` per million tokens, deployed as Global Standard.
    """

    training: Mapping[str, float] = field(default_factory=dict)
    hosting: Mapping[str, float] = field(default_factory=dict)
    input: float | None = None
    output: float | None = None
    source: Source = field(default_factory=Source)


@dataclass(frozen=True)
class Retirement:
    """The days from which something is no longer possible; ``None`` where no day has been announced.

    ``base``: the untuned model. ``training_new_customers`` and ``training_existing``: fine-tuning jobs.
    ``deployments``: deployments of tuned models.
    """

    base: datetime.date | None = None
    training_new_customers: datetime.date | None = None
    training_existing: datetime.date | None = None
    deployments: datetime.date | None = None
    source: Source = field(default_factory=Source)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table file with their sources filled in.

    Raises:
        UsageError: the file cannot be read, is not TOML, or a row has no name or no source.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            N_("The model table {file} cannot be read: {reason}"),
            advice=N_("It must be a TOML file of the form of kit/azure/models.toml."),
            file=path,
            reason=error,
        ) from error
    try:
        sources = {name: Source(**value) for name, value in content.get("sources", {}).items()}
        for row in content.get("model", []):
            yield _row(row, sources)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            N_("The model table {file} has a row that is not complete: {reason}"),
            advice=N_("Every row needs a name and a source with a day; kit/azure/models.toml is an example."),
            file=path,
            reason=error,
        ) from error


def _row(row: Mapping[str, Any], sources: Mapping[str, Source]) -> dict[str, Any]:
    filled: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    filled["name"] = str(row["name"])
    own = filled.get("source")
    filled["source"] = Source(**own) if own else sources["support"]
    filled["pricing"] = Pricing(**_sourced(row.get("pricing", {}), sources.get("prices")))
    filled["retirement"] = Retirement(**_sourced(row.get("retirement", {}), sources.get("retirement")))
    return filled


def _sourced(group: Mapping[str, Any], source: Source | None) -> dict[str, Any]:
    """Return a group of figures with its source; one that names a source of its own keeps it."""
    own = {key: Source(**value) if key == "source" else value for key, value in group.items()}
    return {"source": source or Source(), **own}
