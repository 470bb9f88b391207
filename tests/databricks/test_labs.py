"""Every lab as a Databricks job runs it: parameters from widgets, results in a volume, Spark at hand."""

import itertools
import json
import shutil
from typing import Any

import pytest

from kit import i18n, settings
from kit.notebooks.parameters import read_parameters
from kit.notebooks.requirements import missing_packages
from kit.notebooks.templates import template_paths
from kit.simulator import serve

pytest.importorskip("pyspark", reason="the extra “spark” is not installed")

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17")

LABS = [path.stem for path in template_paths(settings.templates_folder())]
SECRET = "a-key-from-the-scope-0123456789"


def notebook_of(lab: str) -> dict[str, Any]:
    text = (settings.labs_folder() / "en" / f"{lab}.ipynb").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.mark.parametrize(
    ("lab", "locale"), list(zip(LABS, itertools.cycle(reversed(i18n.available())), strict=False))
)
def test_a_lab_runs_as_a_job(lab, locale, cluster, printed):
    """Through the scope as on Azure, with a simulator at the other end, and on Spark where the lab can."""
    known = read_parameters(notebook_of(lab))
    if missing := missing_packages(notebook_of(lab)):
        pytest.skip(f"not installed: {', '.join(missing)}")
    wanted = {"backend": "azure", "secret_scope": "class", "seed": "7", "engine": "spark"}
    with serve(port=0, keys=(SECRET,)) as server:
        cluster.scopes["class"] = {
            "azure-openai-endpoint": server.url,
            "azure-openai-api-key": SECRET,
            "azure-subscription-id": "s",
            "azure-resource-group": "g",
        }
        given = {name: value for name, value in wanted.items() if name in known}
        report = cluster.run(lab, locale, **given)
    assert report.failure is None, report.failure
    assert "failed" not in {check.status for check in report.checks}, report.checks
    assert all(name in printed(report) for name in given)
    assert SECRET not in report.output.read_text(encoding="utf-8")
    volume = cluster.volumes / "main" / "default" / "llm_labs"
    assert list(volume.rglob(f"results/{lab}"))
    if "backend" in known:  # a lab that trains here creates nothing that a ledger would know
        assert list(volume.rglob(f"ledger/*/{lab}-*.json"))
    assert not (cluster.folder / "home" / ".llm-teaching-kit" / "ledger").exists()  # ends with the cluster
