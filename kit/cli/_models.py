"""What ``kit doctor`` says about models: the age of the table, the labs' own models, a person's own."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator

from kit import i18n, settings
from kit.azure import models
from kit.azure.freshness import DAYS, Notice, notices
from kit.azure.model_rows import UNKNOWN_DAY
from kit.cli._output import Finding
from kit.errors import KitError, ModelError
from kit.i18n import gettext as _
from kit.notebooks.parameters import read_parameters
from kit.notebooks.templates import read_template, template_paths

_INSTALL = "pip install -e ."


def today() -> datetime.date:
    """Return the day, in UTC."""
    return datetime.datetime.now(tz=datetime.UTC).date()


def model_table() -> Iterator[Finding]:
    """Ask how old the facts about models and prices are."""
    try:
        rows = models.table().values()
    except KitError as error:
        yield Finding("✗", str(error), settings.variable("KIT_MODELS") or _INSTALL)
        return
    # The oldest: one row that was read yesterday makes the others no younger.
    facts = _oldest(model.source.as_of for model in rows)
    prices = _oldest(model.pricing.source.as_of for model in rows)
    text = _("Model table: {n} models as of {date}, prices as of {price_date}").format(
        n=len(rows), date=i18n.date(facts), price_date=i18n.date(prices)
    )
    if not any(notice.kind == "stale" for notice in notices(rows, today())):
        yield Finding("✓", text)
    else:
        yield Finding("!", text, _("Check retirement dates and prices before you spend money on Azure."))


def _oldest(days: Iterable[datetime.date]) -> datetime.date:
    """Return the first of some days; a row of a person's own may have none."""
    return min((day for day in days if day != UNKNOWN_DAY), default=UNKNOWN_DAY)


def lab_models() -> Iterator[Finding]:
    """Make sure that the models with which the labs begin can be trained today."""
    for path in template_paths(settings.templates_folder()):
        cells = [{"cell_type": cell.kind, "metadata": {"tags": cell.tags}, "source": cell.source}
                 for cell in read_template(path).cells]  # fmt: skip
        parameters = read_parameters({"cells": cells})
        if "training_type" not in parameters:
            continue  # this lab trains nothing on Azure
        try:
            model = models.find(parameters["model"].default)
            model.require_tunable(today(), training_type=parameters["training_type"].default)
        except ModelError as error:
            yield Finding("!", f"{path.stem}: {error.message_text()}", error.advice_text())
        else:
            text = _("Lab {lab}: its model {model} can be fine-tuned")
            yield Finding("✓", text.format(lab=path.stem, model=model.name))


def one_model(name: str) -> Iterator[Finding]:
    """Say whether a model can be fine-tuned today, and name one that can, if not."""
    try:
        model = models.find(name)
        model.require_tunable(today(), model.methods[0])
    except ModelError as error:
        yield Finding("✗", error.message_text(), error.advice_text())
        return
    yield Finding("✓", _("The model {model} can be fine-tuned.").format(model=model.name))
    yield from (_shown([notice]) for notice in notices([model], today()))


def dates() -> Iterator[Finding]:
    """Name the figures that are older than two months, and the ends that are nearer than that."""
    found: dict[tuple[str, str, datetime.date], list[Notice]] = defaultdict(list)
    for notice in notices(models.table().values(), today()):
        found[notice.kind, notice.what, notice.day].append(notice)
    for group in found.values():
        yield _shown(group)
    if not found:
        text = _("Model table: nothing is older than {n} days, and nothing ends within them.")
        yield Finding("✓", text.format(n=DAYS))


def _shown(group: list[Notice]) -> Finding:
    """Return one finding for several rows that say the same."""
    texts = {
        "support": _("Read on {day}, more than {n} days ago: what can be fine-tuned, for {models}"),
        "prices": _("Read on {day}, more than {n} days ago: prices, for {models}"),
        "retirement": _("Read on {day}, more than {n} days ago: retirement dates, for {models}"),
        "base": _("Ends on {day}, within {n} days: the untuned model, for {models}"),
        "training_new_customers": _(
            "Ends on {day}, within {n} days: training for new customers, for {models}"
        ),
        "training_existing": _(
            "Ends on {day}, within {n} days: training for earlier customers, for {models}"
        ),
        "deployments": _("Ends on {day}, within {n} days: deployments of tuned models, for {models}"),
    }
    first = group[0]
    names = ", ".join(notice.model for notice in group)
    text = texts[first.what].format(day=i18n.date(first.day), n=DAYS, models=names)
    advice = _("Read {url} again, and mend kit/azure/models.toml.").format(url=first.url)
    return Finding("!", text, advice)
