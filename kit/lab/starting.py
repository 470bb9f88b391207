"""The first and the last cell of a notebook: :func:`start` and :func:`finish`."""

import contextlib
import secrets
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from kit import i18n, settings, tokens
from kit.azure import client
from kit.azure.ledger import Ledger, Place
from kit.errors import N_, UsageError
from kit.i18n import gettext as _
from kit.lab import databricks, explaining, guarding, practice, training
from kit.lab.checks import score
from kit.lab.resources import warn_of_hosting
from kit.lab.session import Session, begin, end, session
from kit.simulator import serve

BACKENDS = ("simulator", "azure")


def start(lab: str, namespace: MutableMapping[str, Any], *, service: bool = True) -> None:
    """Start a lab: choose the language, bring up the simulator or read the environment, and say so.

    Args:
        lab: name of the lab, such as ``fine-tune``.
        namespace: the notebook's ``globals()``: its parameters are read from here. On Databricks, those that
            have a widget of their name get its value first.
        service: whether the lab asks a service; one that does not trains on this computer.

    Raises:
        UsageError: the backend does not exist, or a parameter has the wrong type or looks like a secret.
        UnknownLocaleError: the locale is not shipped.
        SettingsError: the backend is ``azure``, and neither environment nor secret scope describe a resource;
            or the lab trains here, and what it trains with is not installed.
    """
    i18n.use(namespace.get("locale", "en"))
    settings.read_env_file()
    guarding.install()
    explaining.install()
    from_widgets = databricks.take_widgets(namespace)
    i18n.use(namespace.get("locale", "en"))
    guarding.refuse_secrets(namespace)
    tokens.work_offline()
    end()  # the cell may be run again
    with contextlib.ExitStack() as undone:  # now, if the lab cannot start, and else when it ends
        if namespace.get("models_file"):
            undone.callback(settings.export, "KIT_MODELS", settings.variable("KIT_MODELS"))
            settings.export("KIT_MODELS", str(namespace["models_file"]))
        begin(_on_backend(lab, namespace) if service else _on_this_computer(lab, namespace))
        session().resources.push(undone.pop_all())
    session().spark = namespace.get("spark")
    _say_language(from_widgets)
    if not service:
        print(_("Everything runs on this computer: there is no service, and nothing to pay."))
        return
    _say_where()
    warn_of_hosting(session())
    practice.announce(str(namespace.get("scenario", practice.HAPPY)), played=session().own_simulator)


def _on_this_computer(lab: str, namespace: MutableMapping[str, Any]) -> Session:
    """Return the session of a lab that trains here."""
    training.prepare()
    databricks.keep_in_volume(namespace)
    return Session(lab, None, Ledger(place=Place(lab, settings.learner(), "", "", "", "", True)))


def _on_backend(lab: str, namespace: MutableMapping[str, Any]) -> Session:
    """Return the session of a lab that asks a service.

    Raises:
        UsageError: there is no such backend or scenario.
    """
    backend = namespace.get("backend", "simulator")
    practice.check(str(namespace.get("scenario", practice.HAPPY)))
    if backend not in BACKENDS:
        raise UsageError(
            N_("There is no backend “{backend}”."),
            advice=N_("Set the parameter backend to one of: {backends}."),
            backend=backend,
            backends=", ".join(BACKENDS),
        )
    return _with_simulator(lab, namespace) if backend == "simulator" else _with_azure(lab, namespace)


def _say_language(from_widgets: list[str]) -> None:
    """Say in which language the lab runs, and what it was told by widgets."""
    locale = i18n.current()
    print(_("Language: {language} ({locale})").format(language=i18n.own_name(locale), locale=locale))
    if from_widgets:
        print(_("Set by widgets: {names}").format(names=i18n.joined(from_widgets)))


def _say_where() -> None:
    """Say on which backend the lab runs."""
    connection = session().connection
    if session().own_simulator:
        print(
            _("Backend: a simulator of Azure on this computer. It is free, and nothing leaves this machine.")
        )
    elif connection.simulated:
        address = connection.endpoint
        print(_("Backend: the simulator of Azure at {address}. It is free.").format(address=address))
    else:
        print(
            _("Backend: Azure, resource “{account}”. From here on, cells can cost money.").format(
                account=connection.account
            )
        )


def _with_simulator(lab: str, namespace: MutableMapping[str, Any]) -> Session:
    connection = client.running_simulator()
    if connection is not None:
        return _lasting(lab, connection, namespace)
    key = settings.remember_secret("KIT_SIMULATOR_KEY", secrets.token_urlsafe(24))
    with contextlib.ExitStack() as stack:
        seed, scenario = int(namespace.get("seed", 105)), str(namespace.get("scenario", practice.HAPPY))
        server = stack.enter_context(serve(seed=seed, keys=(key,), scenario=scenario))
        connection = client.simulated(server.url, key)
        return Session(
            lab,
            connection,
            Ledger(place=_place(lab, connection)),  # in memory: it lives no longer than the simulator
            pace=float(namespace.get("pace", 0)),
            cap=_cap(namespace),
            resources=stack.pop_all(),
        )


def _with_azure(lab: str, namespace: MutableMapping[str, Any]) -> Session:
    databricks.keep_in_volume(namespace)
    connection = client.from_environment(databricks.read_scope(namespace))
    return _lasting(lab, connection, namespace)


def _lasting(lab: str, connection: client.Connection, namespace: MutableMapping[str, Any]) -> Session:
    """Return a session on a service that outlives the notebook, and so does the ledger."""
    place = _place(lab, connection)
    ledger = Ledger(client.ledger_path(place, connection), place)
    return Session(lab, connection, ledger, pace=float(namespace.get("pace", 0)), cap=_cap(namespace))


def _place(lab: str, connection: client.Connection) -> Place:
    return Place(
        lab,
        settings.learner(),
        connection.endpoint,
        connection.subscription,
        connection.resource_group,
        connection.account,
        connection.simulated,
    )


def _cap(namespace: MutableMapping[str, Any]) -> float | None:
    """Return the parameter ``budget``; a negative one means no limit."""
    cap = namespace.get("budget")
    return None if cap is None or float(cap) < 0 else float(cap)


def volume(catalog: str, schema: str) -> Path:
    """Return the folder for results: a Unity Catalog volume on Databricks, elsewhere a folder of the run.

    Raises:
        SettingsError: on Databricks, the volume does not exist and cannot be created.
    """
    if settings.on_databricks():
        return databricks.create_volume(session().spark, catalog, schema)
    folder = settings.results_folder(session().lab)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def finish() -> None:
    """End the lab: say the score of the self-checks and take the simulator down."""
    score()
    end()
