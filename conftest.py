"""For the tests in ``tests/`` and for the labs themselves, which nbmake runs as tests: one safe environment.

It stands at the root because nbmake's items lie in ``labs/``, and because the kernels of both inherit it.
"""

import functools
import os
import signal
import tempfile
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager
from nbclient.client import NotebookClient
from nbmake import nb_run
from traitlets.config import Config

_ROOT = Path(__file__).parent
_home = pytest.StashKey[tempfile.TemporaryDirectory]()
_environment = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep tests and kernels away from the person's own files, settings and accounts."""
    config.stash[_environment] = dict(os.environ)
    config.stash[_home] = tempfile.TemporaryDirectory(prefix="kit-tests-", ignore_cleanup_errors=True)
    for name in list(os.environ):
        if name.startswith(("AZURE_", "KIT_", "OPENAI_", "DATABRICKS_")):
            del os.environ[name]
    paths = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ.update(
        KIT_HOME=config.stash[_home].name,
        KIT_LOCALE="en",
        MPLBACKEND="Agg",
        PYTHONPATH=os.pathsep.join(dict.fromkeys(paths)),
    )
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # each core has its worker already
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts background jobs so, and every child would inherit it and sit through its Ctrl-C test.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _quick_kernels()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a notebook that imports what is not installed, as the extra “train” may not be."""
    if item.path.suffix == ".ipynb":
        from kit.notebooks.execution import read_notebook
        from kit.notebooks.requirements import missing_packages

        absent = missing_packages(read_notebook(item.path))
        if absent:
            pytest.skip(f"not installed: {', '.join(absent)}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Put the environment back."""
    if _environment in config.stash:
        os.environ.clear()
        os.environ.update(config.stash[_environment])
        config.stash[_home].cleanup()


def _quick_kernels() -> None:
    """Let nbmake kill its kernels, as a graceful shutdown sometimes stalls, and start without a warning.

    nbmake has no option for either, so the class it calls is replaced by one with these defaults.
    """
    known = "transport_encryption" in KernelManager.class_trait_names()
    config = Config({"KernelManager": {"transport_encryption": "auto"}}) if known else Config()
    nb_run.NotebookClient = functools.partial(NotebookClient, shutdown_kernel="immediate", config=config)
