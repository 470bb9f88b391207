"""The simulator's page in a real browser: axe-core, both themes, desk and phone."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from openai import OpenAI

from kit.simulator import Simulator
from tests.chromium import chromium, violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_axe_finds_nothing_on_it(
    browser: Any,
    server: Simulator,
    http: httpx2.Client,
    client: OpenAI,
    tuned: Callable[..., Any],
    *,
    language: str,
    theme: str,
    width: int,
):
    tuned()
    client.files.list()
    http.put("/simulator/scenario", json={"name": "flaky"})
    viewport = {"width": width, "height": 800}
    context = browser.new_context(viewport=viewport, color_scheme=theme, locale=language)
    asked: list[str] = []
    context.on("request", lambda each: asked.append(each.url))
    page = context.new_page()
    page.goto(server.url)
    assert violations(page) == []
    # Nothing sticks out sideways on a phone; wide tables scroll by themselves.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
    context.close()
