"""The asset bundle: in step with labs and languages, and valid by Databricks' own model of jobs."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml

from kit.notebooks.bundle import bundle_text
from kit.notebooks.editions import Workspace
from kit.notebooks.parameters import read_parameters

ROOT = Path(__file__).parents[2]
FILE = ROOT / "databricks.yml"
TARGETS = ["cluster", "serverless"]


@pytest.fixture(scope="module")
def bundle():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def merged(base, override):
    """Lay a target over what all have in common, as the Databricks CLI does: tasks by their key."""
    if isinstance(base, dict) and isinstance(override, dict):
        both = {name: merged(base[name], override[name]) for name in base.keys() & override.keys()}
        return {**base, **override, **both}
    if isinstance(base, list) and all("task_key" in each for each in [*base, *override]):
        tasks = {each["task_key"]: each for each in base}
        for each in override:
            tasks[each["task_key"]] = merged(tasks.get(each["task_key"], {}), each)
        return list(tasks.values())
    return override


def jobs_of(bundle, target):
    return merged(copy.deepcopy(bundle["resources"]["jobs"]), bundle["targets"][target]["resources"]["jobs"])


def labs_and_locales():
    workspace = Workspace.default()
    return workspace.lab_names(), workspace.locale_names()


def test_the_bundle_is_in_step_with_labs_and_languages():
    assert FILE.read_text(encoding="utf-8") == bundle_text(*labs_and_locales()), "run: kit render"


@pytest.mark.parametrize("target", TARGETS)
def test_every_job_is_valid_by_databricks_own_model(bundle, target):
    job = pytest.importorskip("databricks.bundles.jobs", reason="databricks-bundles is not installed").Job
    for name, content in jobs_of(bundle, target).items():
        # It refuses unknown fields and values; the CLI adds defaults, and so does the model.
        assert job.from_dict(content).tasks, name


@pytest.mark.parametrize("target", TARGETS)
def test_every_lab_runs_in_every_language_on_the_compute_of_the_target(bundle, target):
    jobs = jobs_of(bundle, target)
    matrix = jobs.pop("matrix")
    labs, locales = labs_and_locales()
    paths = {content["tasks"][0]["notebook_task"]["notebook_path"] for content in jobs.values()}
    assert paths == {f"labs/{locale}/{lab}.ipynb" for lab in labs for locale in locales}
    assert all((ROOT / path).is_file() for path in paths)
    for content in jobs.values():
        [task] = content["tasks"]
        assert ("job_cluster_key" in task) == (target == "cluster")
        assert ("environment_key" in task) == (target == "serverless")
        if target == "cluster":
            assert task["job_cluster_key"] == content["job_clusters"][0]["job_cluster_key"]
        else:
            assert task["environment_key"] == content["environments"][0]["environment_key"]
    wanted = {f"${{resources.jobs.{key}.id}}" for key in jobs}
    assert {task["run_job_task"]["job_id"] for task in matrix["tasks"]} == wanted
    assert matrix["schedule"]["pause_status"] == "${var.weekly}"


def test_variables_are_defined_and_used(bundle):
    used = set(re.findall(r"\$\{var\.(\w+)\}", FILE.read_text(encoding="utf-8")))
    assert used == set(bundle["variables"])


def test_parameters_are_strings_that_a_lab_takes(bundle):
    known = {"catalog", "schema"}  # every lab takes these
    for path in (ROOT / "labs" / "en").glob("*.ipynb"):
        known |= set(read_parameters(json.loads(path.read_text(encoding="utf-8"))))
    for content in bundle["resources"]["jobs"].values():
        for task in content["tasks"]:
            parameters = task.get("notebook_task", {}).get("base_parameters", {})
            assert all(isinstance(value, str) for value in parameters.values())
            assert set(parameters) <= known


def test_the_runtimes_are_those_that_ci_tries(bundle):
    versions = re.findall(r"(\d+\.\d+)\.x-cpu-ml", json.dumps(bundle["variables"]["spark_version"]))
    lists = {path.stem.removeprefix("runtime-") for path in (ROOT / ".ci").glob("runtime-*.txt")}
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    tried = {each["runtime"] for each in workflow["jobs"]["databricks"]["strategy"]["matrix"]["include"]}
    assert set(versions) == lists == tried
