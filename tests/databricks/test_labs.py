"""Every lab as a Databricks job runs it: parameters from widgets, results in a volume, Spark at hand."""

import json
import shutil

import pytest

from kit import i18n, settings
from kit.notebooks.parameters import read_parameters
from kit.notebooks.templates import template_paths

pytest.importorskip("pyspark", reason="the extra “spark” is not installed")

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17")

LABS = [path.stem for path in template_paths(settings.templates_folder())]
SECRET = "a-key-from-the-scope-0123456789"


def parameters_of(lab: str) -> set[str]:
    text = (settings.labs_folder() / "en" / f"{lab}.ipynb").read_text(encoding="utf-8")
    return set(read_parameters(json.loads(text)))


@pytest.mark.parametrize(("lab", "locale"), [(lab, i18n.available()[n + 1]) for n, lab in enumerate(LABS)])
def test_a_lab_runs_as_a_job(lab, locale, workspace, printed):
    """Through the scope as on Azure, with a simulator at the other end, and on Spark where the lab can."""
    from kit.simulator import serve

    wanted = {"backend": "azure", "secret_scope": "class", "seed": "7", "engine": "spark"}
    with serve(port=0, keys=(SECRET,)) as server:
        workspace.scopes["class"] = {
            "azure-openai-endpoint": server.url,
            "azure-openai-api-key": SECRET,
            "azure-subscription-id": "s",
            "azure-resource-group": "g",
        }
        given = {name: value for name, value in wanted.items() if name in parameters_of(lab)}
        report = workspace.run(lab, locale, **given)
    assert report.failure is None, report.failure
    assert "failed" not in {check.status for check in report.checks}, report.checks
    assert all(name in printed(report) for name in given)
    assert SECRET not in report.output.read_text(encoding="utf-8")
    volume = workspace.volumes / "main" / "default" / "llm_labs"
    assert list(volume.rglob(f"ledger/*/{lab}-*.json"))
    assert not (workspace.folder / "home" / ".llm-teaching-kit" / "ledger").exists()  # ends with the cluster
