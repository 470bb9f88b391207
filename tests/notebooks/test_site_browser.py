"""The HTML edition in a real browser: axe-core, keyboard, languages, themes, print, phones."""

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.notebooks.files import File
from kit.notebooks.site import Site
from tests.chromium import chromium, violations
from tests.notebooks import site_samples as samples

pytestmark = pytest.mark.browser

# A page of each kind; "outputs" has every kind of cell and output, "executed" is a lab that was run.
PAGES = [
    "labs/index.html",
    "labs/en/index.html",
    "labs/zh/index.html",
    "labs/en/evaluate.html",
    "labs/zh/fine-tune.html",
    "outputs/en/small.html",
    "executed/zh/fine-tune.html",
]
SIZES = {"desk": (1280, 900), "phone": (360, 740)}


@pytest.fixture(scope="session")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labs")
    call("render", "--format", "html", "--out", folder)
    return folder


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("executed")
    chosen = ("--lab", "fine-tune", "--locale", "zh", "--audience", "instructor")
    call("render", "--format", "html", "--execute", *chosen, "--out", folder)
    return folder


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs")
    for file in Site([samples.everything("en", "Word"), samples.everything("zh", "词")]).files(folder):
        file.write()
    return folder


def call(*arguments: str | Path) -> None:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open a page of the site; whatever it asks for that is no file here fails the test."""
    contexts, asked = [], []

    def open_page(path: str, width: int = 1280, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.on("request", lambda each: asked.append(each.url))
        page = context.new_page()
        page.on("pageerror", lambda error: asked.append(f"error: {error}"))
        site, _slash, rest = path.partition("/")
        page.goto((request.getfixturevalue(site) / rest).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]


def current_anchor(page: Any) -> str:
    return page.url.rpartition("#")[2] if "#" in page.url else ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit, path, theme, size):
    page = visit(path, *SIZES[size], color_scheme=theme)
    assert violations(page) == []


def test_axe_would_find_something(visit):
    page = visit(PAGES[0])
    page.evaluate("document.querySelector('main').style.color = '#ddd'")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert {rule for rule, _html in violations(page)} >= {"html-has-lang", "color-contrast"}


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server that an output of a notebook would like to talk to."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(404)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.mark.parametrize("protected", [True, False])
def test_what_an_output_holds_runs_nothing_and_loads_nothing(browser, tmp_path, protected):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        output = samples.hostile(f"http://127.0.0.1:{server.server_port}")
        cells = [samples.markdown("h", "# Hostile"), samples.code("x", "0", output)]
        for file in Site([samples.edition("en", cells)]).files(tmp_path):
            text = file.text if protected else re.sub(r"<meta http-equiv[^>]*>", "", file.text)
            File(file.path, text).write()
        page = browser.new_page()
        page.goto((tmp_path / "en/small.html").as_uri())
        title = page.title()
        page.context.close()
        server.shutdown()
    if protected:
        assert title == "Hostile · LLM teaching kit"
        assert server.asked == []  # type: ignore[attr-defined]
    else:  # what the policy is for
        assert title == "taken"
        assert set(server.asked) >= {"/pixel.png", "/style.css", "/more.css", "/frame"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_another_language_stays_at_the_section(visit, way):
    page = visit("labs/en/fine-tune.html")
    entry = page.locator(".contents a").nth(6)
    entry.click()
    anchor = current_anchor(page)
    title = page.locator(f"[id='{anchor}']").inner_text()
    link = page.locator("[data-language][lang=zh-Hans]")
    if way == "mouse":
        link.click()
    else:
        link.focus()
        page.keyboard.press("Enter")
    page.wait_for_url("**/zh/fine-tune.html*")
    assert current_anchor(page) == anchor
    heading = page.locator(f"[id='{anchor}']")
    assert heading.inner_text() != title
    assert heading.inner_text().startswith(title.partition(" ")[0])  # the number of the step
    box = heading.bounding_box()
    assert 0 <= box["y"] < 200


def test_another_language_stays_where_one_has_scrolled_to(visit):
    page = visit("labs/pt/evaluate.html")
    page.locator("[data-language][lang=es]").click()
    page.wait_for_url("**/es/evaluate.html")
    assert current_anchor(page) == ""  # from the top to the top
    page.locator(".contents a").nth(2).click()
    cell = page.locator(".cell").nth(14)
    cell.evaluate("each => each.scrollIntoView({block: 'start', behavior: 'instant'})")
    box = page.locator("[data-language][lang=fr]").bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + 5)  # Locator.click scrolls, although the bar is in view
    page.wait_for_url("**/fr/evaluate.html#*")
    assert current_anchor(page) == cell.get_attribute("id")


FOCUSABLE = "a[href], button, summary, [tabindex='0']"
SEEN = """() => {
    const each = document.activeElement;
    if (!each.matches("body")) each.dataset.reached = "";
    const style = getComputedStyle(each);
    return [each.matches("body"), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PAGES)
def test_everything_can_be_reached_by_keyboard_and_shows_it(visit, path, size):
    page = visit(path, *SIZES[size])
    page.locator("#theme").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    count = page.locator(FOCUSABLE).count()
    for _step in range(count + 5):
        on_page, outlined = page.evaluate(SEEN)
        if on_page:
            break
        assert outlined, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        page.keyboard.press("Tab")
    left = page.locator(FOCUSABLE).evaluate_all(
        "all => all.filter(each => each.checkVisibility() && !('reached' in each.dataset))"
        ".map(each => each.outerHTML.slice(0, 100))"
    )
    assert left == []


def test_the_skip_link_leads_to_the_content(visit):
    page = visit("labs/fr/evaluate.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_wide_code_scrolls_by_keyboard_and_narrow_code_is_no_stop(visit):
    page = visit("outputs/en/small.html")
    wide, narrow = page.locator("#c-a4 .input pre"), page.locator("#c-a3 .input pre")
    page.wait_for_selector("#c-a4 .input pre[tabindex]")
    wide.focus()
    page.keyboard.press("ArrowRight")
    # The page's policy forbids what wait_for_function does, so the scrolling reports itself.
    scrolled = (
        "each => new Promise(done => each.scrollLeft ? done(1) : each.addEventListener('scroll', done))"
    )
    assert wide.evaluate(f"each => ({scrolled})(each).then(() => each.scrollLeft)") > 0
    assert narrow.get_attribute("tabindex") is None


def ground(page: Any) -> int:
    """Return how light the page is, from 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) // 3


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_theme_follows_the_system_until_somebody_chooses(visit, key):
    page = visit("labs/en/evaluate.html", color_scheme="dark")
    assert ground(page) < 40
    button = page.locator("#theme")
    assert button.get_attribute("aria-pressed") == "true"
    page.emulate_media(color_scheme="light")
    assert ground(page) > 230
    button.focus()
    page.keyboard.press(key)
    assert ground(page) < 40
    assert button.get_attribute("aria-pressed") == "true"
    page.reload()
    assert ground(page) < 40
    assert violations(page) == []
    page.locator("#theme").focus()
    page.keyboard.press(key)
    assert ground(page) > 230
    page.emulate_media(color_scheme="dark")  # chosen as the system had it: it follows again
    assert ground(page) < 40


@pytest.mark.parametrize("path", PAGES)
def test_print_is_black_on_white_and_nothing_is_cut_off(visit, path):
    page = visit(path, 700, 1000, color_scheme="dark")
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.emulate_media(media="print")
    assert ground(page) == 255
    hidden = page.locator("header, .contents, footer, .skip").evaluate_all(
        "all => all.filter(each => each.checkVisibility()).length"
    )
    assert hidden == 0
    cut = page.locator("main pre, main .rich").evaluate_all(
        "all => all.filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"
    )
    assert cut == []
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_does_not_scroll_sideways(visit, path):
    page = visit(path, 320, 600)  # WCAG 2.2, 1.4.10 “Reflow”
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_contents_are_folded_on_a_phone_and_open_by_keyboard(visit):
    page = visit("labs/zh/evaluate.html", *SIZES["phone"])
    entry = page.locator(".contents a").first
    assert not entry.is_visible()
    page.locator(".contents summary").focus()
    page.keyboard.press("Enter")
    assert entry.is_visible()


def test_the_contents_say_where_one_is(visit):
    page = visit("labs/en/evaluate.html")
    assert page.locator(".contents [aria-current]").count() == 0
    entry = page.locator(".contents a").nth(4)
    entry.click()
    page.wait_for_selector(f".contents [aria-current][href='{entry.get_attribute('href')}']")
    page.keyboard.press("End")
    last = page.locator(".contents a").last.get_attribute("href")
    page.wait_for_selector(f".contents [aria-current][href='{last}']")


def test_without_scripts_it_can_be_read_all_the_same(visit):
    page = visit("labs/zh/fine-tune.html", java_script_enabled=False, color_scheme="dark")
    assert page.locator(".contents a").first.is_visible()
    assert not page.locator("#theme").is_visible()
    page.locator("[data-language][lang=en]").click()
    page.wait_for_url("**/en/fine-tune.html")
    assert page.locator("h1").inner_text() == "Fine-tune a model with Azure OpenAI"


def test_outputs_of_a_real_run_are_on_the_page(visit):
    page = visit("executed/zh/fine-tune.html")
    assert page.locator(".output table").count() > 3
    pictures = page.locator(".output img")
    assert pictures.count() > 1
    for index in range(pictures.count()):
        assert len(pictures.nth(index).get_attribute("alt")) > 20
        assert pictures.nth(index).evaluate("image => image.naturalWidth") > 300
