"""The release: a wheel and a source distribution that work where there is no checkout."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, cwd=cwd, env=variables
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both from a clean export of the repository; hatchling comes from the registry."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


def test_the_source_distribution_holds_the_repository_and_nothing_else(distributions: Path):
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    tracked = run(*["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT).splitlines()
    assert names - {"PKG-INFO"} == set(tracked)


def test_the_wheel_holds_the_package_the_labs_and_the_licences(distributions: Path):
    with zipfile.ZipFile(next(distributions.glob("*.whl"))) as archive:
        names = set(archive.namelist())
    assert {"kit/py.typed", "kit/_share/labs/pt/fine-tune.ipynb", "kit/_share/templates/evaluate.py"} <= names
    assert {name.rsplit("/", 1)[-1] for name in names if "/licenses/" in name} == {"LICENSE", "OFL.txt"}
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "runs/"))]


def test_an_installed_wheel_runs_a_lab_without_a_checkout(distributions: Path, tmp_path: Path):
    """The dependencies are this environment's; the kit itself comes from the wheel and from nowhere else."""
    site = tmp_path / "site"
    wheel = next(distributions.glob("*.whl"))
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--target", site, wheel, cwd=tmp_path)
    kit = [sys.executable, "-m", "kit"]
    where = {"PYTHONPATH": str(site), "KIT_HOME": str(tmp_path / "home")}
    script = "import kit, sys; sys.stdout.write(kit.__file__)"
    assert Path(run(sys.executable, "-c", script, cwd=tmp_path, **where)).is_relative_to(site)
    run(*kit, "labs", "copy", "mine", "--locale", "pt", cwd=tmp_path, **where)
    told = run(*kit, "run", "--notebook", "mine/fine-tune.ipynb", "--locale", "pt", cwd=tmp_path, **where)
    assert "✓" in told
    out = tmp_path / "rendered"
    run(*kit, "render", "--format", "all", "--locale", "zh", "--out", out, cwd=tmp_path, **where)
    assert '<html lang="zh-Hans"' in (out / "zh" / "evaluate.html").read_text(encoding="utf-8")
    rendered = out / "zh" / "evaluate.ipynb"
    assert rendered.read_bytes() == (ROOT / "labs" / "zh" / "evaluate.ipynb").read_bytes()
