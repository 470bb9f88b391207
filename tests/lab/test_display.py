"""Tables: the same content as HTML and as text, safe and aligned."""

import pytest

from kit.lab.display import Table
from tests.chromium import chromium


def test_text_columns_line_up_although_chinese_characters_are_wide():
    table = Table(["语言", "n"], [["中文", "7"], ["es", "12"]], numeric=frozenset({1}))
    # two Han characters fill four columns of a terminal (Unicode Standard Annex 11)
    assert repr(table).splitlines() == ["语言   n", "中文   7", "es    12"]


def test_a_cell_of_several_lines_keeps_its_column():
    table = Table(["a", "b"], [["one\ntwo", "x"]])
    assert repr(table).splitlines() == ["a    b", "one  x", "two"]


def test_html_escapes_what_a_learner_or_a_model_wrote():
    drawn = Table(["<i>"], [["<script>alert(1)</script>"]], caption="a & b")._repr_html_()
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn
    assert "a &amp; b" in drawn


def test_headings_are_announced_as_column_headings():
    assert "<th scope='col'" in Table(["a"], [["1"]])._repr_html_()
    assert Table(["", "a"], [["x", "1"]])._repr_html_().count("<th ") == 1  # an empty header says nothing


def test_a_table_without_rows_is_its_caption():
    empty = Table(["a"], [], "Nothing left.")
    assert repr(empty) == "Nothing left."
    assert empty._repr_html_() == "<p>Nothing left.</p>"


@pytest.mark.browser
@pytest.mark.parametrize("width", [500, 1000])  # pixels
def test_a_long_signature_does_not_stand_short_cells_on_end(width: int):
    """A browser measures: a short cell is one line high, and the table is no wider than the page."""
    signature = "precision|average:macro|ci:percentile-bootstrap|resamples:1000|seed:105" * 2
    table = Table(["指标", "95%区间", "签名"], [["基线的准确率", "49% – 74%", signature]])
    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 700})
        page.set_content(f"<body style='font-size:13px;line-height:20px'>{table._repr_html_()}")
        lines = """() => [...document.querySelectorAll('tbody td')].map(cell => {
            const text = document.createRange();
            text.selectNodeContents(cell);
            return Math.round(text.getBoundingClientRect().height / 20);
        })"""
        first, second, third = page.evaluate(lines)
        assert (first, second) == (1, 1)
        assert third > 1
        assert page.evaluate("document.querySelector('table').offsetWidth") <= width
