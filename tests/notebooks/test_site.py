"""The HTML edition as text: structure, anchors, links, outputs, safety and colours."""

import base64
import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup, Tag

from kit import i18n
from kit.notebooks.editions import Selection, Workspace, editions
from kit.notebooks.site import Site
from tests.notebooks import site_samples as samples

STYLE = Path(i18n.__file__).parents[1] / "notebooks" / "site" / "style.css"


def soups(site: Site) -> dict[str, BeautifulSoup]:
    """Return the pages of a site by their paths."""
    root = Path("site")
    return {
        file.path.relative_to(root).as_posix(): BeautifulSoup(file.text, "html.parser")
        for file in site.files(root)
    }


def small_site(*found: Any) -> dict[str, BeautifulSoup]:
    return soups(Site(found))


@pytest.fixture(scope="module")
def labs() -> dict[str, BeautifulSoup]:
    """The site of all labs in all languages, for instructors."""
    return soups(Site(list(editions(Workspace.default(), Selection(kinds=[("instructor", "jupyter")])))))


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    """One lab with every kind of cell and output."""
    return small_site(samples.everything("en", "Word"))["en/small.html"]


def only(soup: BeautifulSoup | Tag, selector: str) -> Tag:
    [found] = soup.select(selector)
    return found


def test_there_is_a_page_for_every_lab_and_language_and_an_index(labs):
    names = Workspace.default().lab_names()
    wanted = {f"{locale}/{lab}.html" for locale in i18n.available() for lab in [*names, "index"]}
    assert set(labs) == wanted | {"index.html"}


def test_every_page_can_be_read_aloud(labs):
    for path, soup in labs.items():
        html = only(soup, "html")
        locale = path.partition("/")[0] if "/" in path else "en"
        assert html["lang"] == i18n.language_tag(locale)
        assert html["dir"] == "ltr"
        assert only(soup, "title").text.strip()
        assert (
            only(soup, "body").find()["href"] == f"#{only(soup, 'main')['id']}"
        )  # the skip link comes first
        levels = [int(found.name[1]) for found in soup.find_all(re.compile("^h[1-6]$"))]
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), path
        identifiers = [found["id"] for found in soup.find_all(id=True)]
        assert len(identifiers) == len(set(identifiers))
        for nav in soup.find_all("nav"):
            assert nav.get("aria-label") or soup.find(id=nav.get("aria-labelledby"))
        for image in soup.find_all("img"):
            assert image["alt"]


def test_every_link_within_the_site_leads_somewhere(labs):
    checked = 0
    for path, soup in labs.items():
        for link in soup.select("a[href], link[href]"):
            if re.match(r"https?:", str(link["href"])):
                continue
            address, fragment = urldefrag(str(link["href"]))
            target = (
                (Path("/", path).parent / address).resolve().relative_to("/").as_posix() if address else path
            )
            assert target in labs, f"{path}: {link}"
            if fragment:
                assert labs[target].find(id=unquote(fragment)), f"{path}: {link}"
            checked += 1
    assert checked > 500


def test_anchors_are_equal_in_every_language_and_come_from_the_cells(labs):
    for lab in Workspace.default().lab_names():
        found = {
            locale: [each["id"] for each in only(labs[f"{locale}/{lab}.html"], "main").find_all(id=True)]
            for locale in i18n.available()
        }
        assert len({tuple(anchors) for anchors in found.values()}) == 1
        path = Workspace.default().labs / "pt" / f"{lab}.ipynb"
        cells = {f"c-{cell['id']}" for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}
        anchors = {anchor for anchor in found["en"] if anchor.count("-") == 1}
        assert len(anchors & cells) > 30  # the others are for instructors
        assert {anchor.rpartition("-")[0] for anchor in set(found["en"]) - anchors} <= anchors


def test_the_switcher_leads_to_the_same_page_and_marks_where_one_is(labs):
    links = labs["zh/evaluate.html"].select("a[data-language]")
    assert [link["href"] for link in links] == [f"../{locale}/evaluate.html" for locale in i18n.available()]
    assert [link["lang"] for link in links] == ["en", "es", "fr", "pt-BR", "zh-Hans"]
    assert [link["href"] for link in links if link.get("aria-current")] == ["../zh/evaluate.html"]


def test_the_readme_names_the_same_language_tags():
    text = (Workspace.default().readme_file).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith('<p translate="no">'))
    assert re.findall(r'lang="([\w-]+)"', line) == [i18n.language_tag(locale) for locale in i18n.available()]


def test_a_single_language_has_no_switcher():
    assert not small_site(samples.everything("en", "Word"))["en/small.html"].select("a[data-language]")


def test_a_language_written_from_right_to_left_says_so():
    soup = small_site(samples.everything("ar", "كلمة"))["ar/small.html"]
    assert only(soup, "html")["dir"] == "rtl"
    assert only(soup, "html")["lang"] == "ar"
    assert {code["dir"] for code in soup.select("pre code")} == {"ltr"}


def test_the_contents_are_the_headings(page):
    entries = [(link["href"], link.text) for link in page.select(".contents a")]
    assert entries == [("#c-a2-1", "1. Word"), ("#c-a2-2", "Part"), ("#c-a2-3", "2. Word again")]
    assert only(page, "title").text == "Word & more · LLM teaching kit"
    assert only(page, "h1").text == "Word & more"


def test_the_index_introduces_the_labs_in_the_order_of_the_course(labs):
    cards = labs["pt/index.html"].select(".cards > li")
    assert [card.a["href"] for card in cards] == ["fine-tune.html", "evaluate.html", "fine-tune-local.html"]
    for card in cards:
        assert card.a.text == only(labs[f"pt/{card.a['href']}"], "h1").text
        assert len(card.find_all("p")) == 2
    ends = [link["href"] for link in labs["pt/evaluate.html"].select("footer a")]
    assert ends == ["fine-tune.html", "fine-tune-local.html", "index.html"]


def test_code_is_as_it_was_and_in_colours(page):
    assert only(page, "#c-a3 code").text == "n = 3  # times"
    assert {span["class"][0]: span.text for span in page.select("#c-a3 code span")}["c1"] == "# times"
    assert only(page, "#c-a4 code").text == samples.WIDE
    assert only(page, "#c-a2 pre code").text.strip() == "x = 1"
    assert {pre["translate"] for pre in page.select(".input pre")} == {"no"}


def test_every_kind_of_output_is_shown(page):
    assert only(page, "#c-a4 .output pre").text == "a < b\nred"
    assert only(page, "#c-a5 .output td").text == "Word"
    assert only(page, "#c-a6 img")["alt"] == "A Word"
    assert base64.b64decode(str(only(page, "#c-a6 img")["src"]).partition("base64,")[2]).startswith(
        b"\x89PNG"
    )
    assert only(page, "#c-a7 img")["alt"] == "A picture without a description"
    assert only(page, "#c-a8 .output em").text == "slanted"
    assert only(page, "#c-a9 .output pre").text == "<plain>"
    assert only(page, "#c-b1 .output pre").text == "E: <v>"
    assert "plain" not in only(page, "#c-a5 .output").text
    names = [str(group["aria-label"]) for group in page.select("[role=group]")]
    assert names[:3] == ["Code 1", "Code 2", "Output 2"]
    assert len(names) == len(set(names))


def test_cells_say_what_they_are_for(page):
    assert only(page, "#c-a3 .label").text == "Parameters"
    assert only(page, "#c-b2 .label").text == "Exercise"
    assert "tag-instructor" in only(page, "#c-b3")["class"]
    assert "one run" in only(page, ".note").text


def test_nothing_is_loaded_from_anywhere(labs):
    for path, soup in labs.items():
        assert not soup.select("script[src], link[rel=stylesheet], iframe, object, embed, video, audio"), path
        assert all(str(image["src"]).startswith("data:") for image in soup.find_all("img"))
        assert not re.search(r"url\(|@import", only(soup, "style").text)


def test_the_policy_knows_the_script_and_lets_nothing_else_in(labs):
    for soup in labs.values():
        policy = str(only(soup, 'meta[http-equiv="Content-Security-Policy"]')["content"])
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        digest = base64.b64encode(hashlib.sha256(only(soup, "script").text.encode()).digest()).decode()
        assert rules == {
            "default-src": "'none'",
            "img-src": "data:",
            "style-src": "'unsafe-inline'",
            "script-src": f"'sha256-{digest}'",
            "base-uri": "'none'",
            "form-action": "'none'",
        }


def test_what_is_not_translated_yet_is_marked_as_english():
    found = samples.edition("qps", [samples.markdown("a", '# <span lang="en" title="x">[en] Title</span>')])
    soup = small_site(found)["qps/small.html"]
    assert only(soup, "h1 span")["lang"] == "en"
    assert only(soup, "title").text.startswith("[en] Title")


def test_formulas_stay_readable_without_a_program_from_elsewhere():
    found = samples.edition("en", [samples.markdown("a", "# T\n\n$a^2 < b$")])
    assert "a^2 < b" in only(small_site(found)["en/small.html"], "main").text


def colours(theme: int) -> dict[str, str]:
    """Return the colour variables of the style, of the light theme (0) or the dark one (1)."""
    found = re.findall(r"--([\w]+): light-dark\((#\w+), (#\w+)\)", STYLE.read_text(encoding="utf-8"))
    return {name: values[theme] for name, *values in found}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_of_contrast_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)  # the end of the scale in WCAG
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # WebAIM's contrast checker


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_code_have_enough_contrast(theme):
    found = colours(theme)
    grounds = {name: found.pop(name) for name in ("ground", "panel", "mark")}
    lines = found.pop("line")  # decoration: frames are not needed to understand anything
    assert set(found) >= {"ink", "soft", "accent", "comment", "keyword", "string", "number", "builtin"}
    assert lines
    weak = {
        (name, on): contrast(colour, ground)
        for name, colour in found.items()
        for on, ground in grounds.items()
        if on != "mark" or name == "ink"
        if contrast(colour, ground) < 4.5
    }
    assert not weak


def test_no_kind_of_token_in_the_labs_is_left_without_a_colour_by_mistake(labs):
    styled = set(re.findall(r"\.([a-z][a-z0-9]{0,2})\b", STYLE.read_text(encoding="utf-8")))
    plain = {"n", "o", "p", "w", "kwarg", "si"}  # names, operators and punctuation have the colour of text
    used = {name for soup in labs.values() for span in soup.select("pre code span") for name in span["class"]}
    assert used - styled - plain == set()
