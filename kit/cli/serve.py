"""``kit serve``: the simulator on its own, for a browser, a script, or any client of Azure OpenAI."""

import contextlib
import functools
import ipaddress
import signal
import socket
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click

from kit import settings
from kit.cli._output import show_line
from kit.i18n import gettext as _
from kit.simulator import serve, serve_class
from kit.simulator.circumstances.scenarios import SUMMARIES
from kit.simulator.profiles import PROFILES

_SNIPPET = """\
    from openai import OpenAI
    client = OpenAI(base_url="{url}/openai/v1/", api_key={key})
    answer = client.chat.completions.create(
        model="gpt-4.1-mini", messages=[{{"role": "user", "content": "Hello"}}]
    )
    print(answer.choices[0].message.content)"""


@click.command(
    "serve",
    help=_(
        "Start the local simulator of Azure OpenAI and keep it running until Ctrl-C.\n\n"
        "The official clients talk to it as they talk to Azure. Files, jobs and deployments live in memory "
        "and are gone at the end, unless you name a state file. Its clock moves only when it is told to, "
        "unless you set a pace."
    ),
    epilog=_(
        "Examples:\n\nkit serve\n\nkit serve --port 8105 --pace 60\n\nkit serve --state class.db\n\n"
        "kit serve --class --host 0.0.0.0 --key … --key …"
    ),
)
@click.option(
    "--host", default="127.0.0.1", metavar="ADDRESS", help=_("Address to listen on. Default: 127.0.0.1.")
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8105,
    metavar="NUMBER",
    help=_("Port to listen on; 0 takes a free one. Default: 8105."),
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help=_(
        "Accept this key only; may be repeated. With --class each key is a learner. KIT_SIMULATOR_KEY does "
        "the same unseen by others."
    ),
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=105,
    metavar="NUMBER",
    help=_("Seed of everything random. Default: 105."),
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="FACTOR",
    help=_("Seconds that pass in the simulator per second here. Default: 0, the clock stands."),
)
@click.option(
    "--scenario",
    type=click.Choice(list(SUMMARIES)),
    metavar="NAME",
    help=_(
        "What goes wrong on purpose: {scenarios}. Default: that of the state file, else happy: nothing does."
    ).format(scenarios=", ".join(SUMMARIES)),
)
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default="azure",
    metavar="NAME",
    help=_("How it speaks: {profiles}. Default: azure.").format(profiles=", ".join(PROFILES)),
)
@click.option(
    "--state",
    "state_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=_("Keep files, jobs, models and deployments in this file, and go on from it at the next start."),
)
@click.option(
    "--class",
    "for_class",
    is_flag=True,
    help=_("Give each key a resource of its own: one server for a whole class."),
)
@click.option(
    "--log",
    type=click.Choice(["requests"]),
    metavar="WHAT",
    help=_(
        "“requests” writes a line about each request to the standard error stream: when, method, path, "
        "status, milliseconds. Never keys, queries or contents. Default: no log."
    ),
)
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    host: str,
    port: int,
    keys: tuple[str, ...],
    seed: int,
    pace: float,
    scenario: str | None,
    profile: str,
    state_file: Path | None,
    for_class: bool,
    log: str | None,
) -> None:
    """Serve until a signal arrives; the help text stands in the decorator, where it can be translated."""
    accepted = tuple(key for key in (*keys, settings.secret("KIT_SIMULATOR_KEY")) if key)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.ExitStack() as running:
            options: dict[str, Any] = {"seed": seed, "pace": pace, "keys": accepted, "state_file": state_file}
            options |= {"scenario": scenario, "profile": profile}
            options |= {"log": functools.partial(click.echo, err=True) if log else None}
            if for_class:
                url = running.enter_context(serve_class(host, port, **options))
            else:
                url = running.enter_context(serve(host, port, **options)).url
            _show(url, bool(accepted))
            if for_class:
                _show_learners(url, host)
            _show_choices(scenario, state_file)
            click.echo("\n" + _("Ctrl-C stops it."))
            while not stop.wait(0.2):  # a wait without end would not see Ctrl-C on Windows
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    click.echo(_("The simulator has stopped."))


def _show(url: str, has_key: bool) -> None:
    """Print the addresses and how to use them; a key is never repeated."""
    key = 'os.environ["AZURE_OPENAI_API_KEY"]' if has_key else '"simulator"'
    show_line("✓", _("The simulator of Azure OpenAI listens on {url}").format(url=url))
    click.echo(_("This is a simulator: its answers come from a very small model on this computer."))
    click.echo("\n" + _("From Python:"))
    click.echo(("    import os\n" if has_key else "") + _SNIPPET.format(url=url, key=key))
    click.echo("\n" + _("By environment variables:"))
    click.echo(f"    export AZURE_OPENAI_ENDPOINT={url}")
    click.echo("    export AZURE_OPENAI_API_KEY=" + (_("<the key you chose>") if has_key else "simulator"))
    click.echo("\n" + _("Addresses:"))
    for path in (
        "/openai/v1/",
        "/openai/…?api-version=…",
        "/api/projects/PROJECT/openai/v1/",
    ):
        click.echo(f"    {url}{path}")
    click.echo(f"    {url}/ – " + _("its page, for a browser; where keys are demanded, one is the password"))


def _show_learners(url: str, host: str) -> None:
    """Print what the learners of a class set, in place of the variables above."""
    if ipaddress.ip_address(socket.gethostbyname(host)).is_unspecified:  # no address to come to
        url = url.replace(host, "<" + _("this computer's address") + ">")
    click.echo("\n" + _("For each learner of the class:"))
    click.echo(f"    export KIT_SIMULATOR_URL={url}")
    click.echo("    export KIT_SIMULATOR_KEY=<" + _("a key of their own") + ">")


def _show_choices(scenario: str | None, state_file: Path | None) -> None:
    """Print what was chosen, so that nobody wonders why a request fails."""
    if scenario:
        click.echo("\n" + _("Scenario: {name}").format(name=scenario))
    if state_file:
        click.echo(_("State file: {name}").format(name=state_file.name))
