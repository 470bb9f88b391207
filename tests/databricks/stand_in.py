"""A stand-in for what Databricks puts among a notebook's names: ``dbutils`` and ``spark``.

Run as a start-up file of a kernel (``conftest.py``), it reads from the file that ``STAND_IN`` names which
parameters a job was given, which secret scopes there are, and which folder the volumes lie in. Spark is real
and local. What it does not have, raises: no method answers for show. ``test_stand_in.py`` compares the
signatures with the stub that databricks-sdk ships.
"""

import json
import os
import re
import shlex
from collections import namedtuple
from pathlib import Path
from typing import Any

SecretMetadata = namedtuple("SecretMetadata", ["key"])
SecretScope = namedtuple("SecretScope", ["name"])
_CREATE_VOLUME = re.compile(r"CREATE VOLUME IF NOT EXISTS `([^`]+)`\.`([^`]+)`\.`?(\w+)`?")


class Widgets:
    """Widgets hold strings; what a job was given in ``base_parameters`` comes before a widget's default."""

    def __init__(self, base_parameters: dict[str, str]) -> None:
        if not all(isinstance(value, str) for value in base_parameters.values()):
            raise TypeError("base_parameters takes strings only")
        self._given = dict(base_parameters)
        self._defined: dict[str, str] = {}

    def get(self, name: str) -> str:
        if name in self._given:
            return self._given[name]
        if name not in self._defined:  # the words of the Java side, as py4j brings them
            raise RuntimeError(
                "An error occurred while calling o1.getArgument.\n: com.databricks.dbutils_v1."
                f"InputWidgetNotDefined: No input widget named {name} is defined"
            )
        return self._defined[name]

    def getArgument(self, name: str, defaultValue: str | None = None) -> str | None:  # noqa: N802, N803
        try:
            return self.get(name)
        except RuntimeError:
            return defaultValue

    def text(self, name: str, defaultValue: str, label: str | None = None) -> None:  # noqa: N803
        if not isinstance(defaultValue, str):
            raise TypeError("the default of a widget is a string")
        self._defined[name] = defaultValue

    def dropdown(self, name: str, defaultValue: str, choices: list[str], label: str | None = None) -> None:  # noqa: N803
        if defaultValue not in choices:
            raise ValueError("the default of a dropdown is one of its choices")
        self.text(name, defaultValue, label)

    def remove(self, name: str) -> None:
        del self._defined[name]

    def removeAll(self) -> None:  # noqa: N802
        self._defined.clear()


class Secrets:
    """Secret scopes: a dictionary of dictionaries."""

    def __init__(self, scopes: dict[str, dict[str, str]]) -> None:
        self._scopes = scopes

    def get(self, scope: str, key: str) -> str:
        if key not in self._scope(scope):
            raise RuntimeError(f"Secret does not exist with scope: {scope} and key: {key}")
        return self._scopes[scope][key]

    def list(self, scope: str) -> list[SecretMetadata]:
        return [SecretMetadata(key) for key in self._scope(scope)]

    def listScopes(self) -> "list[SecretScope]":  # noqa: N802
        return [SecretScope(name) for name in self._scopes]

    def _scope(self, scope: str) -> dict[str, str]:
        if scope not in self._scopes:
            raise RuntimeError(f"Secret scope {scope} does not exist")
        return self._scopes[scope]


class Option:
    """A value of the Java side that may be missing."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def isDefined(self) -> bool:  # noqa: N802
        return self._value is not None

    def get(self) -> str:
        if self._value is None:
            raise RuntimeError("java.util.NoSuchElementException: None.get")
        return self._value


class Context:
    """The notebook's context, with what MLflow asks it for where it finds itself on a cluster."""

    def __init__(self, path: str, user: str) -> None:
        self._path, self._tags = path, {"user": user}

    def notebookPath(self) -> Option:  # noqa: N802
        return Option(self._path)

    def tags(self) -> "Context":
        return self

    def get(self, key: str) -> Option:
        return Option(self._tags.get(key))


class EntryPoint:
    """The way to the Java side: ``dbutils.notebook.entry_point.getDbutils().notebook().getContext()``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def getDbutils(self) -> "EntryPoint":  # noqa: N802
        return self

    def notebook(self) -> "EntryPoint":
        return self

    def getContext(self) -> Context:  # noqa: N802
        return self._context


class Notebook:
    def __init__(self, entry_point: EntryPoint) -> None:
        self.entry_point = entry_point


class Dbutils:
    def __init__(self, base_parameters: dict[str, str], scopes: dict[str, dict[str, str]]) -> None:
        self.widgets = Widgets(base_parameters)
        self.secrets = Secrets(scopes)
        self.entry_point = EntryPoint(Context("/Workspace/labs/notebook", "ana@example.com"))
        self.notebook = Notebook(self.entry_point)


class Spark:
    """A real local session; of Unity Catalog it knows volumes, as folders below catalog and schema."""

    def __init__(self, session: Any, volumes: Path) -> None:
        self._session, self._volumes = session, volumes

    def sql(self, sqlQuery: str, *arguments: Any, **more: Any) -> Any:  # noqa: N803
        wanted = _CREATE_VOLUME.fullmatch(sqlQuery)
        if wanted is None:
            return self._session.sql(sqlQuery, *arguments, **more)
        catalog, schema, name = wanted.groups()
        if not (self._volumes / catalog / schema).is_dir():
            raise RuntimeError(f"[SCHEMA_NOT_FOUND] The schema `{catalog}`.`{schema}` cannot be found.")
        (self._volumes / catalog / schema / name).mkdir(exist_ok=True)
        return self._session.createDataFrame([], "ok string")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def local_session() -> Any:
    import warnings

    from pyspark.sql import SparkSession

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # each version of Spark warns of some version of pandas
        builder = SparkSession.builder.master("local[2]")
        for name, value in {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.log.level": "OFF",
            "spark.sql.shuffle.partitions": "2",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()


def install_pip_command(shell: Any) -> None:
    """Let ``%pip install PATH[EXTRA]`` look for a project and start Python anew, as on a cluster.

    It installs nothing: the kit is here, and a test does not change the environment that it runs in.
    """
    kept = {*shell.user_ns, "dbutils", "spark"}

    def pip(line: str) -> None:
        command, *words = shlex.split(line)
        paths = [Path(word.partition("[")[0]) for word in words if not word.startswith("-")]
        if command != "install" or not paths:
            raise RuntimeError(f"%pip {line}: not known here")
        for path in paths:
            if not (path / "pyproject.toml").is_file():
                raise RuntimeError(f"Directory '{path.absolute()}' is not installable.")
        for name in shell.user_ns.keys() - kept:
            del shell.user_ns[name]

    shell.register_magic_function(pip, "line", "pip")


def names(description: dict[str, Any]) -> dict[str, Any]:
    """Return what the notebook finds among its names."""
    from kit import settings

    settings._VOLUMES = Path(description["volumes"])
    dbutils = Dbutils(description["base_parameters"], description["scopes"])
    return {"dbutils": dbutils, "spark": Spark(local_session(), settings._VOLUMES)}


if "STAND_IN" in os.environ:
    install_pip_command(get_ipython())  # noqa: F821 - there is one in a start-up file
    globals().update(names(json.loads(Path(os.environ["STAND_IN"]).read_text(encoding="utf-8"))))
