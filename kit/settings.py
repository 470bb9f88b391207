"""Where things lie and what the environment says: the only reader of ``os.environ`` in the kit.

Secrets pass through :func:`secret` and nowhere else, so that there is one place to look when asking where
a key can come from.
"""

import getpass
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SECRET_ENDINGS = ("_KEY", "_SECRET", "_TOKEN", "_PASSWORD", "_CREDENTIAL", "_CONNECTION_STRING")
_SHORTEST_SECRET = 8
_NO_SECRET = "simulator"  # the key for a simulator that takes any: everybody knows it, and prose has the word
_VOLUMES = Path("/Volumes")
# Variables that name a place, which may be given as seen from here.
_PLACES = ("KIT_HOME", "KIT_MODELS", "KIT_RESULTS")
_FILE_PREFIXES = ("AZURE_", "DATABRICKS_", "KIT_", "OPENAI_")
_remembered: dict[str, str] = {}  # secrets that came from elsewhere than the environment


@cache
def share_folder() -> Path:
    """Return the folder that holds ``labs/``, ``locales/`` and ``templates/``.

    In a checkout it is the repository's root; an installed wheel carries a copy inside the package.
    """
    checkout = _PACKAGE.parent
    return checkout if (checkout / "templates").is_dir() else _PACKAGE / "_share"


def labs_folder() -> Path:
    """Return the folder of the rendered labs and their data."""
    return share_folder() / "labs"


def locales_folder() -> Path:
    """Return the folder of the message catalogs."""
    return share_folder() / "locales"


def templates_folder() -> Path:
    """Return the folder of the lab templates."""
    return share_folder() / "templates"


def variable(name: str) -> str:
    """Return an environment variable that is not a secret, without space around it; empty where not set."""
    return os.environ.get(name, "").strip()


def secret(name: str) -> str:
    """Return a secret from the environment, or an empty string. Never log or print what it returns."""
    return os.environ.get(name, "").strip()


def remember_secret(name: str, value: str) -> str:
    """Return a secret that comes from elsewhere, such as a secret scope, after noting that it is one."""
    if len(value) >= _SHORTEST_SECRET:
        _remembered[name] = value
    return value


def known_secrets() -> dict[str, str]:
    """Return the secrets this process can see, by variable name, so that outputs can be cleared of them.

    Any variable whose name ends like a secret's counts. Values under eight characters are left out: they
    occur in ordinary text, and no service issues keys that short.
    """
    named = {name: secret(name) for name in sorted(os.environ) if name.upper().endswith(_SECRET_ENDINGS)}
    long_enough = {
        name: value for name, value in named.items() if len(value) >= _SHORTEST_SECRET and value != _NO_SECRET
    }
    return {**_remembered, **long_enough}


def read_env_file() -> None:
    """Take settings from the nearest file ``.env``, in this folder or one above it.

    What the environment already says stays, and only names of this kit and of its services are taken: a file
    that lies there for another program must not change how this one runs.
    """
    from dotenv import dotenv_values, find_dotenv

    path = find_dotenv(usecwd=True)
    values = dotenv_values(path, interpolate=False) if path else {}
    for name, value in values.items():
        if value and name.startswith(_FILE_PREFIXES):
            os.environ.setdefault(name, value)


@contextmanager
def child_environment(**variables: str) -> Iterator[None]:
    """Set environment variables for the processes started meanwhile, then put the old values back.

    ``PYTHONPATH`` is extended as well, so that a kernel imports this very copy of the kit from any working
    folder, and places are made absolute, so that its ledger lies where the commands of the kit look for it.
    The environment belongs to the whole process: not for use in several threads at once.
    """
    places = {name: str(Path(variable(name)).expanduser().absolute()) for name in _PLACES if variable(name)}
    variables = {**places, **variables}
    paths = [str(_PACKAGE.parent), *variable("PYTHONPATH").split(os.pathsep)]
    variables = {**variables, "PYTHONPATH": os.pathsep.join(dict.fromkeys(path for path in paths if path))}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def requested_locale() -> str:
    """Return the locale a person asked for: ``KIT_LOCALE``, or else the system's; may be empty."""
    for name in ("KIT_LOCALE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = variable(name).split(".")[0].split("@")[0]
        if value and value not in {"C", "POSIX"}:
            return value
    return ""


def work_folder() -> Path:
    """Return the folder for run outputs, ledgers and caches: ``KIT_HOME``, or ``~/.llm-teaching-kit``."""
    chosen = variable("KIT_HOME")
    return Path(chosen).expanduser() if chosen else Path.home() / ".llm-teaching-kit"


def results_folder(lab: str) -> Path:
    """Return the folder for what a lab leaves behind: ``KIT_RESULTS``, or one for the lab in the work folder.

    Runs that go on at the same time need one each: they write files of the same names, and the last step of
    a lab may delete its own.
    """
    chosen = variable("KIT_RESULTS")
    return Path(chosen).expanduser() if chosen else work_folder() / "results" / lab


def learner() -> str:
    """Return who is learning, to keep ledgers apart: what ``KIT_LEARNER`` says, or the user's name."""
    chosen = variable("KIT_LEARNER")
    if chosen:
        return chosen
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return ""


def on_databricks() -> bool:
    """Tell whether this process runs on a Databricks cluster."""
    return bool(variable("DATABRICKS_RUNTIME_VERSION"))


def volumes_folder() -> Path:
    """Return the folder below which Databricks shows the volumes of Unity Catalog."""
    return _VOLUMES


def on_local_disk(path: Path) -> Path:
    """Return ``path``, or for one in a volume its counterpart on this machine's own disk.

    A volume takes whole files only: it cannot be locked, and files in it cannot be appended to
    (docs.databricks.com/aws/en/files/volumes, “Limitations”, November 2026). What needs either lies here and
    ends with the cluster.
    """
    if not path.is_relative_to(_VOLUMES):
        return path
    twin = Path(tempfile.gettempdir()) / "llm-teaching-kit" / path.relative_to(_VOLUMES)
    twin.parent.mkdir(parents=True, exist_ok=True)
    return twin


def export(name: str, value: str) -> None:
    """Set an environment variable of this process, for a library that is configured in no other way."""
    os.environ[name] = value
