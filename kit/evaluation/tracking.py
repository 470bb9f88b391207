"""Experiments in MLflow, where it is installed; elsewhere nothing happens."""

import importlib.util
import math
import time
from collections.abc import Sequence
from typing import Any

from kit.evaluation.experiments import Row

_LONGEST = 500  # characters of a parameter's value that every MLflow store takes


def available() -> bool:
    """Tell whether MLflow is installed, without importing it, which takes more than a second."""
    return importlib.util.find_spec("mlflow") is not None


def log_experiments(rows: Sequence[Row], *, metrics: Sequence[str], experiment: str) -> list[str]:
    """Log each row as a run; return the runs' identifiers, none where MLflow is not installed.

    A run is sent as one ``log_batch``. The place is MLflow's own choice: the workspace on Databricks,
    elsewhere what ``MLFLOW_TRACKING_URI`` says.

    Args:
        rows: of an experiments table.
        metrics: names of the columns that are metrics, ``…_low`` and ``…_high`` go with them; what is not
            among them and no result of a comparison is a parameter.
        experiment: name of the MLflow experiment; made if it does not exist.
    """
    if not available():
        return []
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    known = client.get_experiment_by_name(experiment)
    identity = known.experiment_id if known else client.create_experiment(experiment)
    now = int(time.time() * 1000)
    logged = []
    for row in rows:
        numbers, settings = _parts(row, metrics)
        run = client.create_run(identity, run_name=str(row.get("variant", "")))
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, now, 0) for name, value in numbers.items()],
            params=[Param(name, value) for name, value in settings.items()],
        )
        client.set_terminated(run.info.run_id)
        logged.append(run.info.run_id)
    return logged


def _parts(row: Row, metrics: Sequence[str]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the numbers and the settings of a row; gaps are left out."""
    results = {"difference", "difference_low", "difference_high", "p_value", "p_corrected", "n"}
    results |= {f"{name}{ending}" for name in metrics for ending in ("", "_low", "_high")}
    numbers, settings = {}, {}
    for name, value in row.items():
        if name in results:
            if _is_number(value):
                numbers[name] = float(value)
        elif value is not None:
            settings[name] = str(value)[:_LONGEST]
    return numbers, settings


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
