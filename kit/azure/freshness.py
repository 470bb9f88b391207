"""How old the model table's facts are, and what is about to end: for the people who keep it.

A row is *stale* when the day on which one of its groups of figures was read lies more than two months back,
and *ending* when something it offers stops within two months.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from kit.azure.model_rows import UNKNOWN_DAY
from kit.azure.models import Model

DAYS = 60


@dataclass(frozen=True)
class Notice:
    """Something about a row that somebody should look at.

    Attributes:
        model: name of the row.
        kind: ``stale`` or ``ending``.
        what: the group of figures, or what ends.
        day: when it was read, or when it ends.
        url: where to read it again.
    """

    model: str
    kind: Literal["stale", "ending"]
    what: str
    day: datetime.date
    url: str


def notices(rows: Iterable[Model], on: datetime.date) -> Iterator[Notice]:
    """Yield what is stale or ending on a day."""
    for row in rows:
        groups = {"support": row.source, "prices": row.pricing.source, "retirement": row.retirement.source}
        for name, source in groups.items():
            if source.as_of != UNKNOWN_DAY and (on - source.as_of).days > DAYS:
                yield Notice(row.name, "stale", name, source.as_of, source.url)
        ends = row.retirement
        for name in ("base", "training_new_customers", "training_existing", "deployments"):
            day = getattr(ends, name)
            if day is not None and 0 <= (day - on).days <= DAYS:
                yield Notice(row.name, "ending", name, day, ends.source.url)
