"""What a Databricks notebook has and others lack: widgets, a secret scope, and volumes.

Databricks puts ``dbutils`` and ``spark`` among a notebook's names; they are taken from there, and only where
they are. Nothing of this needs a package of Databricks' own.
"""

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from kit import i18n, settings
from kit.errors import N_, SettingsError
from kit.notebooks.parameters import Parameter, restore

VOLUME = "llm_labs"
_PLACE = {"catalog": "main", "schema": "default"}  # of the volume, also for labs without these parameters
# The environment variables that a secret scope may stand for, under names such as azure-openai-endpoint.
# Serverless compute has no place for environment variables, so a scope takes more than the key.
_SCOPED = (
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_RESOURCE_GROUP",
)
# How the runtime says that there is no widget of a name. Each way to reach it wraps that in an exception of
# its own, and the stub of databricks-sdk has no list of widgets to ask for instead.
_UNDEFINED = ("InputWidgetNotDefined", "No input widget named")


def take_widgets(namespace: MutableMapping[str, Any]) -> list[str]:
    """Give parameters the values of the widgets of their names, and return which parameters that were.

    Widgets are what a job's ``base_parameters`` arrive in, always as strings; each value gets the type of the
    parameter's default. Outside of Databricks there are none, and papermill sets the same names.

    Args:
        namespace: the notebook's ``globals()``, after its parameters cell.

    Raises:
        UsageError: a value has the wrong type, or looks like a secret.
    """
    widgets = getattr(namespace.get("dbutils"), "widgets", None)
    if widgets is None:
        return []
    known = {
        name: Parameter(name, value, type(value))
        for name, value in {**_PLACE, **namespace}.items()
        if not name.startswith("_") and type(value) in {bool, int, float, str}
    }
    given = {name: value for name in known if (value := _value(widgets, name)) is not None}
    namespace.update(restore(given, known))
    return list(given)


def _value(widgets: Any, name: str) -> str | None:
    """Return a widget's value; None where it is not defined."""
    try:
        return str(widgets.get(name))
    except Exception as error:
        if any(words in f"{type(error).__name__}: {error}" for words in _UNDEFINED):
            return None
        raise


def read_scope(namespace: Mapping[str, Any]) -> dict[str, str]:
    """Return what the scope named by the parameter ``secret_scope`` holds, by environment variable.

    Empty outside of Databricks and where no scope is named.

    Raises:
        SettingsError: there is no such scope, or the person may not read it.
    """
    scope, secrets = namespace.get("secret_scope", ""), getattr(namespace.get("dbutils"), "secrets", None)
    if not scope or secrets is None:
        return {}
    names = {variable: variable.lower().replace("_", "-") for variable in _SCOPED}
    try:
        held = {each.key for each in secrets.list(scope)}
        found = {variable: str(secrets.get(scope, name)) for variable, name in names.items() if name in held}
    except Exception as error:  # a class of its own for each way to reach the service
        raise SettingsError(
            N_("The secret scope “{scope}” cannot be read: {reason}"),
            advice=N_("Check its name, and ask its owner for the READ permission. It may hold: {names}."),
            scope=scope,
            reason=str(error).strip().split("\n")[0],
            names=i18n.joined(list(names.values())),
        ) from error
    settings.remember_secret("AZURE_OPENAI_API_KEY", found.get("AZURE_OPENAI_API_KEY", ""))
    return found


def keep_in_volume(namespace: Mapping[str, Any]) -> None:
    """Let ledgers and answers lie in a volume, under the name of the person who runs the notebook.

    A cluster's own disk ends with the cluster, and everybody is the same user on it: after a restart nobody
    would know what was bought, or by whom. Does nothing outside of Databricks, and where ``KIT_HOME`` and
    ``KIT_LEARNER`` are set.

    Raises:
        SettingsError: the volume cannot be created.
    """
    spark = namespace.get("spark")
    if not settings.on_databricks() or spark is None:
        return
    if not settings.variable("KIT_LEARNER"):
        settings.export("KIT_LEARNER", str(spark.sql("SELECT current_user()").first()[0]))
    if not settings.variable("KIT_HOME"):
        place = {name: str(namespace.get(name, default)) for name, default in _PLACE.items()}
        settings.export("KIT_HOME", str(create_volume(spark, **place) / "kit"))


def create_volume(spark: Any, catalog: str, schema: str) -> Path:
    """Return the folder of the labs' volume, after creating the volume where there is none.

    Raises:
        SettingsError: the person may not, or there is no such catalog or schema.
    """
    quoted = ".".join(f"`{name.replace('`', '``')}`" for name in (catalog, schema, VOLUME))
    try:
        spark.sql(f"CREATE VOLUME IF NOT EXISTS {quoted}")
    except Exception as error:
        raise SettingsError(
            N_("The volume {volume} cannot be created: {reason}"),
            advice=N_(
                "Set the parameters catalog and schema to a place where you may create a volume, or ask "
                "whoever looks after your workspace."
            ),
            volume=f"{catalog}.{schema}.{VOLUME}",
            reason=str(error).strip().split("\n")[0],
        ) from error
    return settings.volumes_folder() / catalog / schema / VOLUME
