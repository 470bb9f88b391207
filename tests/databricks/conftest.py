"""A cluster to run notebooks on: the names, variables and folders that Databricks would give them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kit.notebooks.editions import Selection, Workspace, editions
from kit.notebooks.execution import run_notebook
from kit.notebooks.files import write_text
from kit.notebooks.rendering import notebook_text
from kit.notebooks.runs import RunReport

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
STAND_IN = Path(__file__).with_name("stand_in.py")


@dataclass
class Cluster:
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
        notebook = self.folder / "repository" / "labs" / locale / f"{lab}.ipynb"
        write_text(notebook, notebook_text(rendered(lab, locale)))
        shutil.copy(PROJECT, self.folder / "repository")
        return run_notebook(notebook, self.folder / f"{lab}.{locale}.ipynb", locale=locale)


def rendered(lab: str, locale: str) -> dict[str, Any]:
    """Return a lab as it is rendered for Databricks."""
    wanted = Selection([lab], [locale], [("learner", "databricks")])
    [edition] = editions(Workspace.default(), wanted)
    return edition.notebook


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(STAND_IN, startup / "00-databricks.py")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("STAND_IN", str(tmp_path / "stand_in.json"))
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")  # there: databricks
    monkeypatch.delenv("KIT_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # the cluster's own disk
    made = Cluster(tmp_path)
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
