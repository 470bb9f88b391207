"""Where experiments are tracked: Databricks' own MLflow, or a small database in the kit's folder."""

from kit import settings
from kit.evaluation import tracking
from kit.evaluation.experiments import Experiments
from kit.i18n import gettext as _
from kit.i18n import ngettext, number


def use_local_store() -> None:
    """Let MLflow keep its runs in the kit's folder, unless the environment or a cluster has a place.

    Without this it would write a database into whatever folder the notebook happens to run in. Its
    announcements about creating that database are kept out of the notebook.
    """
    if settings.on_databricks() or settings.variable("MLFLOW_TRACKING_URI"):
        return
    folder = settings.work_folder() / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    settings.export("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    if not settings.variable("MLFLOW_LOGGING_LEVEL"):
        settings.export("MLFLOW_LOGGING_LEVEL", "WARNING")


def track(experiments: Experiments, name: str) -> str:
    """Log every variant to MLflow, if it is installed; return a sentence that says whether it was."""
    use_local_store()
    logged = tracking.log_experiments(experiments.rows(), metrics=[experiments.metric], experiment=name)
    if not logged:
        return _("MLflow is not installed here: the table stays in the notebook.")
    line = ngettext("Logged to MLflow: {n} run.", "Logged to MLflow: {n} runs.", len(logged))
    return line.format(n=number(len(logged)))
