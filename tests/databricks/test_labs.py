"""Every lab as a Databricks job runs it: parameters from widgets, results in a volume, Spark at hand."""

import ast
import importlib.util
import itertools
import json
import shutil
from typing import Any

import pytest

from kit import i18n, settings
from kit.notebooks.parameters import read_parameters
from kit.notebooks.templates import template_paths
from kit.simulator import serve

pytest.importorskip("pyspark", reason="the extra “spark” is not installed")

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17")

LABS = [path.stem for path in template_paths(settings.templates_folder())]
SECRET = "a-key-from-the-scope-0123456789"


def notebook_of(lab: str) -> dict[str, Any]:
    text = (settings.labs_folder() / "en" / f"{lab}.ipynb").read_text(encoding="utf-8")
    return dict(json.loads(text))


def imports_of(lab: str) -> set[str]:
    """Return the top-level modules that a lab imports itself."""
    cells = [cell for cell in notebook_of(lab)["cells"] if cell["cell_type"] == "code"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells if "%" not in cell["source"][0][:1]]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize(
    ("lab", "locale"), list(zip(LABS, itertools.cycle(reversed(i18n.available())), strict=False))
)
def test_a_lab_runs_as_a_job(lab, locale, cluster, printed):
    """Through the scope as on Azure, with a simulator at the other end, and on Spark where the lab can."""
    missing = sorted(name for name in imports_of(lab) if importlib.util.find_spec(name) is None)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    wanted = {"backend": "azure", "secret_scope": "class", "seed": "7", "engine": "spark"}
    with serve(port=0, keys=(SECRET,)) as server:
        cluster.scopes["class"] = {
            "azure-openai-endpoint": server.url,
            "azure-openai-api-key": SECRET,
            "azure-subscription-id": "s",
            "azure-resource-group": "g",
        }
        given = {name: value for name, value in wanted.items() if name in read_parameters(notebook_of(lab))}
        report = cluster.run(lab, locale, **given)
    assert report.failure is None, report.failure
    assert "failed" not in {check.status for check in report.checks}, report.checks
    assert all(name in printed(report) for name in given)
    assert SECRET not in report.output.read_text(encoding="utf-8")
    volume = cluster.volumes / "main" / "default" / "llm_labs"
    assert list(volume.rglob(f"ledger/*/{lab}-*.json"))
    assert not (cluster.folder / "home" / ".llm-teaching-kit" / "ledger").exists()  # ends with the cluster
