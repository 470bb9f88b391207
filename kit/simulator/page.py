"""What the page of a simulator says: the texts and numbers that ``page.html`` puts in their places.

Everything a client has chosen (names of files and deployments) is escaped by the template engine, and
letters that nobody can see, or that turn the direction of writing, are made visible here.
"""

import datetime
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from kit import i18n
from kit.i18n import gettext as _
from kit.i18n import number
from kit.simulator.fine_tuning import curve
from kit.simulator.fine_tuning.job import Job
from kit.simulator.state import State

_MOST_ROWS = 100  # of a table; the newest


def rendered(state: State, jobs: list[Job], url: str) -> str:
    """Return the page.

    Args:
        state: what it shows.
        jobs: the jobs of the simulator as they are now, newest first.
        url: the server's address as the browser calls it.
    """
    return _template().render(
        **_frame(),
        url=url,
        scenario={
            "name": state.circumstances.scenario.name,
            "summary": _(state.circumstances.scenario.summary),
        },
        facts=_facts(state),
        addresses=_addresses(url),
        tables=[_deployments(state), _files(state), _faults(state), _requests(state)],
        jobs=[_job(job) for job in jobs[:_MOST_ROWS]],
        jobs_title=_("Fine-tuning jobs"),
        no_jobs=_("None yet."),
    )


def locked() -> str:
    """Return the page for somebody without the key: it says what this is, and nothing of what it holds."""
    return _template().render(
        **_frame(),
        locked=_("This simulator asks for a key. Enter it as the password; any user name will do."),
    )


def visible(text: str) -> str:
    """Return ``text`` with a sign in place of each character that cannot be seen or steers what is around."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


@cache
def _template() -> jinja2.Template:
    text = resources.files("kit.simulator").joinpath("page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.ChainableUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


def _frame() -> dict[str, Any]:
    return {
        "lang": i18n.language_tag(i18n.current()),
        "title": _("Simulator of Azure OpenAI"),
        "note": _(
            "This is not Azure. It is a stand-in on this computer that speaks its protocol; "
            "a very small model answers."
        ),
        "again": _("Load again"),
        "scenario_title": _("Scenario"),
        "addresses_title": _("Addresses"),
        "empty": _("None yet."),
    }


def _facts(state: State) -> list[tuple[str, str]]:
    now = datetime.datetime.fromtimestamp(state.clock.now, datetime.UTC)
    pace = _("stands still until it is moved") if not state.clock.pace else f"× {number(state.clock.pace)}"
    return [
        (_("Virtual time (UTC)"), now.strftime("%Y-%m-%d %H:%M:%S")),
        (_("Pace of the clock"), pace),
        (_("Requests so far"), number(state.recent.total)),
    ]


def _addresses(url: str) -> list[tuple[str, str]]:
    return [
        (_("Data plane"), f"{url}openai/v1/"),
        (_("Data plane with api-version"), f"{url}openai/deployments/…?api-version=…"),
        (_("Foundry project"), f"{url}api/projects/…/openai/v1/"),
        (_("Azure Resource Manager"), f"{url}subscriptions/…"),
        (_("Control"), f"{url}simulator/status"),
    ]


def _table(caption: str, heads: list[str], rows: list[list[str]], *, numbers: set[int] | None = None) -> Any:
    """Return a table; ``numbers`` are the columns that are aligned to the right."""
    return {"caption": caption, "heads": heads, "rows": rows[:_MOST_ROWS], "numbers": numbers or set()}


def _deployments(state: State) -> Any:
    rows = []
    for found in state.deployments.all():
        rates = state.quotas.rates(found)
        requests, tokens = state.quotas.left(found)
        rows.append(
            [
                visible(found.name),
                visible(found.full_name),
                found.state,
                f"{visible(found.sku['name'])} · {number(found.sku['capacity'])}",
                f"{_short(requests)} / {_short(rates.requests)}",
                f"{_short(tokens)} / {_short(rates.tokens)}",
            ]
        )
    heads = [_("Name"), _("Model"), _("State"), _("SKU and capacity")]
    heads += [_("Requests (left / per minute)"), _("Tokens (left / per minute)")]
    return _table(_("Deployments and quotas"), heads, rows, numbers={4, 5})


def _short(value: float) -> str:
    """Write exactly what a quota of Azure can be, and in short what stands for no quota at all."""
    return number(int(value)) if value < 10**6 else i18n.compact(value)


def _files(state: State) -> Any:
    rows = [
        [visible(file.filename), file.id, file.purpose, number(len(file.content)), file.status]
        for file in reversed(state.files.all())
    ]
    heads = [_("File name"), _("Identifier"), _("Purpose"), _("Bytes"), _("Status")]
    return _table(_("Files"), heads, rows, numbers={3})


def _faults(state: State) -> Any:
    rows = [
        [
            str(rule.fault),
            visible(rule.on),
            visible(rule.deployment or "*"),
            i18n.percent(rule.share),
            "∞" if rule.left is None else number(rule.left),
        ]
        for rule in state.faults.rules
    ]
    heads = [_("Fault"), _("Requests it befalls"), _("Deployment"), _("Share"), _("Times left")]
    return _table(_("Faults"), heads, rows, numbers={3, 4})


def _requests(state: State) -> Any:
    rows = [
        [each.method, each.path, str(each.status or "–"), number(each.milliseconds, 1)]
        for each in state.recent
    ]
    heads = [_("Method"), _("Path"), _("Status"), _("Milliseconds")]
    return _table(_("Recent requests"), heads, rows, numbers={2, 3})


def _job(job: Job) -> dict[str, Any]:
    facts = [
        (_("Status"), job.status),
        (_("Base model"), job.base),
        (_("Training file"), job.request.training_file),
        (_("Tuned model"), job.fine_tuned_model or "–"),
        (_("Last event"), job.events[-1]["message"] if job.events else "–"),
    ]
    metrics = [event["data"] for event in job.events if event["type"] == "metrics"]
    return {"id": job.id, "facts": facts, "curve": curve.drawn(metrics)}
