"""The Spark of a lab: the cluster's, or one on this computer that keeps its messages to itself."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kit import settings
from kit.errors import N_, UsageError
from kit.lab.session import session

_LOG = "spark.log"
_LOCAL = {
    "spark.driver.host": "127.0.0.1",  # nobody else reaches it
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@contextlib.contextmanager
def running(partitions: int) -> Iterator[Any]:
    """Yield the Spark session to use: the cluster's, or one on this computer.

    Args:
        partitions: how many cores one on this computer takes.

    Raises:
        UsageError: Spark is not installed, or does not start; the message says what it needs.
    """
    with warnings.catch_warnings():
        # PySpark 4.3 has not been tried with pandas 3, it says; what is used here works, as the tests show.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield _cluster() or _local(partitions)


def _cluster() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            N_("Spark is not installed."),
            advice=N_("Install it with: pip install 'llm-teaching-kit[spark]', or set engine to “local”."),
        ) from error
    return SparkSession.getActiveSession()


def _local(partitions: int) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{partitions}]").appName("evaluate")
    for name, value in _LOCAL.items():
        builder = builder.config(name, value)
    log = settings.work_folder() / _LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _errors_into(log):
            spark = builder.getOrCreate()
    except PySparkException as error:
        said = log.read_text(encoding="utf-8", errors="replace").split("\n")
        raise UsageError(
            N_("Spark did not start: {reason}"),
            advice=N_("It needs Java 17, and JAVA_HOME set to where Java is. All it said stands in {file}."),
            reason=next((line for line in reversed(said) if line.strip()), str(error)),
            file=log,
        ) from error
    session().resources.callback(spark.stop)
    return spark


@contextlib.contextmanager
def _errors_into(path: Path) -> Iterator[None]:
    """Send what processes started meanwhile say into a file: Java says much, and all of it in English."""
    kept = os.dup(2)
    try:
        with path.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
