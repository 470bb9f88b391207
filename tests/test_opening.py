"""Where a lab can be opened: JupyterLab, conda, Binder, VS Code, a dev container."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from ipykernel.kernelspec import KERNEL_NAME
from packaging.specifiers import SpecifierSet

from kit import i18n

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
TRIED = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python-version"]
CONTAINER = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("notebook", sorted((ROOT / "labs").glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_a_lab_asks_for_the_kernel_that_ipykernel_installs(notebook):
    metadata = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]
    assert metadata["kernelspec"]["name"] == KERNEL_NAME
    assert metadata["language_info"]["name"] == "python"


def test_conda_and_binder_get_what_pip_gets():
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert content["name"] == PROJECT["name"]
    assert content["channels"] == ["conda-forge"]
    python, *others = content["dependencies"]
    assert others == ["pip", {"pip": ["-e ."]}]  # everything else: whatever pyproject.toml says
    # repo2docker reads a version only in this form, and CI should have tried it.
    version = re.fullmatch(r"python=(\d+\.\d+)", python)
    assert version
    assert version[1] in TRIED
    assert version[1] in SpecifierSet(PROJECT["requires-python"])


def test_the_dev_container_has_a_python_that_ci_tries_and_installs_extras_that_exist():
    image = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:(\d+\.\d+)", CONTAINER["image"])
    assert image
    assert image[1] in TRIED
    command = re.fullmatch(r"pip install -e '\.\[([\w,]+)\]'", CONTAINER["postCreateCommand"])
    assert command
    extras = set(command[1].split(","))
    assert extras <= set(PROJECT["optional-dependencies"])
    java = WORKFLOW["jobs"]["databricks"]["steps"][2]["with"]["java-version"]
    assert ("spark" in extras) == (
        CONTAINER["features"]["ghcr.io/devcontainers/features/java:1"] == {"version": java}
    )


def test_vs_code_recommends_what_the_dev_container_installs():
    content = json.loads((ROOT / ".vscode/extensions.json").read_text(encoding="utf-8"))
    assert content["recommendations"] == CONTAINER["customizations"]["vscode"]["extensions"]
    assert "ms-toolsai.jupyter" in content["recommendations"]


@pytest.mark.parametrize("locale", [name for name in i18n.available() if name != "en"])
def test_the_readme_names_jupyterlabs_menus_for_every_language(locale):
    packs = re.findall(r"-([a-z]{2})-[A-Z]{2}\b", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert locale in packs
