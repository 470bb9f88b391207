"""The lab as a learner meets it: JupyterLab in a real browser, Run All, no error (``pytest -m browser``)."""

import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit import settings
from tests.chromium import chromium

KERNEL_IS_IDLE = """() =>
    window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'
"""
RUN_ALL = """async () => {
    const shell = window.jupyterapp.shell;
    const panel = shell.currentWidget;
    await panel.sessionContext.ready;
    await window.jupyterapp.commands.execute("notebook:run-all-cells");
    await panel.context.save();
}"""

pytestmark = pytest.mark.browser


@pytest.fixture
def jupyterlab(tmp_path):
    """JupyterLab on a free port, on a copy of the labs that a learner may change; yields its address."""
    work = tmp_path / "labs"
    shutil.copytree(settings.labs_folder(), work)
    token = secrets.token_hex(16)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--port=0",
        "--ip=127.0.0.1",
    ]
    command += [
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
        f"--notebook-dir={work}",
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(settings.share_folder()),
        "JUPYTER_CONFIG_DIR": str(tmp_path),
    }
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    ) as server:
        try:
            address = next(
                found[1]
                for line in server.stderr
                if (found := re.search(r"(http://127\.0\.0\.1:\d+)/lab", line))
            )
            yield address, token, work
        finally:
            server.terminate()
            server.stderr.read()


@pytest.mark.parametrize("locale", ["pt", "zh"])
def test_a_learner_runs_all_cells(jupyterlab, locale, tmp_path):
    address, token, work = jupyterlab
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/lab/tree/{locale}/fine-tune.ipynb?token={token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)
        page.set_default_timeout(180_000)
        page.evaluate(RUN_ALL)
        page.screenshot(path=str(tmp_path / f"{locale}.png"))
    saved = (work / locale / "fine-tune.ipynb").read_text(encoding="utf-8")
    assert '"output_type": "error"' not in saved
    assert saved.count("application/vnd.llm-teaching-kit.check+json") == 9
    assert Path(tmp_path / f"{locale}.png").stat().st_size > 10_000
