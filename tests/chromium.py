"""A real browser for the tests marked ``browser``."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
_QUIET = (  # no sandbox for root in a container; nothing that calls home
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a running Chromium; skip the test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install -e '.[browser]'")
    if _PROGRAM is None:
        pytest.skip("no Chromium on this computer")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_PROGRAM, args=list(_QUIET))
        yield browser
        browser.close()


def violations(page: Any) -> list[tuple[str, str]]:
    """Return what axe-core finds fault with on a page: pairs of rule and element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install -e '.[browser]'")
    found = axe.Axe().run(page).response["violations"]
    return [(each["id"], node["html"]) for each in found for node in each["nodes"]]
