"""A trained model as an MLflow package: the form in which Databricks registers and serves it."""

import importlib.metadata
import shutil
from pathlib import Path

_RUNS_WITH = ("mlflow-skinny", "torch", "transformers")


def package(model_folder: Path, target: Path) -> Path:
    """Package a saved model and its tokenizer; return the folder of the package. An older one is replaced.

    Args:
        model_folder: what ``save_pretrained`` of model and tokenizer wrote.
        target: the package's folder.
    """
    import mlflow.pyfunc

    shutil.rmtree(target, ignore_errors=True)
    installed = {name: importlib.metadata.version(name).split("+")[0] for name in _RUNS_WITH}
    mlflow.pyfunc.save_model(
        path=str(target),
        python_model=str(Path(__file__).with_name("classifier.py")),
        artifacts={"model": str(model_folder)},
        pip_requirements=[f"{name}=={version}" for name, version in installed.items()],
    )
    return target
