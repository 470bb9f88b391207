"""A workspace to run notebooks in: the names, variables and folders that Databricks would give them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kit import settings
from kit.notebooks.execution import run_notebook
from kit.notebooks.runs import RunReport

STAND_IN = Path(__file__).with_name("stand_in.py")


@dataclass
class Workspace:
    """Where the jobs of a test run."""

    folder: Path
    scopes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def volumes(self) -> Path:
        return self.folder / "Volumes"

    def run(self, lab: str, locale: str, **base_parameters: str) -> RunReport:
        """Run a lab as a job's notebook task does: nothing injected, parameters in widgets."""
        description = {
            "base_parameters": base_parameters,
            "scopes": self.scopes,
            "volumes": str(self.volumes),
        }
        (self.folder / "stand_in.json").write_text(json.dumps(description), encoding="utf-8")
        notebook = settings.labs_folder() / locale / f"{lab}.ipynb"
        return run_notebook(notebook, self.folder / f"{lab}.{locale}.ipynb", locale=locale)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(STAND_IN, startup / "00-databricks.py")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("STAND_IN", str(tmp_path / "stand_in.json"))
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")  # there: databricks
    monkeypatch.delenv("KIT_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # the cluster's own disk
    made = Workspace(tmp_path)
    (made.volumes / "main" / "default").mkdir(parents=True)
    return made


@pytest.fixture
def printed() -> Callable[[RunReport], str]:
    """Return what a notebook printed."""

    def text(report: RunReport) -> str:
        notebook: dict[str, Any] = json.loads(report.output.read_text(encoding="utf-8"))
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        return "".join("".join(output.get("text", "")) for output in outputs)

    return text
