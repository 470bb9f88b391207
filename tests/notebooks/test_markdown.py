"""Segmentation of markdown: which messages, on which lines, and the text back byte for byte."""

import re
import runpy
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kit.notebooks import markdown
from kit.notebooks.messages import extract, translate

# Expected messages follow from the CommonMark 0.31 specification and the extensions' own documentation.
CASES = [
    ("", []),
    ("\n\n", []),
    ("# Title", [(1, "Title")]),
    ("## Title ##  ", [(1, "Title")]),
    ("Title\nin two\n=====", [(1, "Title in two")]),
    ("one\ntwo", [(1, "one two")]),
    ("one  \ntwo", [(1, "one  \ntwo")]),
    ("one\\\ntwo", [(1, "one\\\ntwo")]),
    ("one\r\ntwo\r\n\r\nthree\r\n", [(1, "one two"), (4, "three")]),
    ("*a* `b` [c](d.md)", [(1, "*a* `b` [c](d.md)")]),
    ("- a\n- b\n  c\n  - d\n\n    e", [(1, "a"), (2, "b c"), (4, "d"), (6, "e")]),
    ("10) a\n11) b", [(1, "a"), (2, "b")]),
    ("- [ ] open\n- [x] done", [(1, "open"), (2, "done")]),
    ("> a\n> b\n>\n> > c", [(1, "a b"), (4, "c")]),
    ("> a\nlazy", [(1, "a lazy")]),
    ("> [!NOTE]\n> text", [(2, "text")]),
    ("| a | b |\n|---|---|\n| c\\|d |  e  |", [(1, "a"), (1, "b"), (3, "c\\|d"), (3, "e")]),
    ("a | b\n-|-\n1 | c", [(1, "a"), (1, "b"), (3, "c")]),
    ("> | a | a |\n> |---|---|\n> | | b |", [(1, "a"), (1, "a"), (3, "b")]),
    ("![alt *text*](a.png)", [(1, "alt *text*")]),
    ('![alt](<a b.png> "title")', [(1, "alt"), (1, "title")]),
    ("![](a.png)", []),
    ("see ![alt](a.png)", [(1, "see ![alt](a.png)")]),
    ("`code`", []),
    ("`` a ` b `` and", [(1, "`` a ` b `` and")]),
    ("$x$", []),
    ("where $x$ is", [(1, "where $x$ is")]),
    ("$$\nx = y\n$$", []),
    ("\\begin{align}\nx\n\\end{align}", []),
    ("it costs $5 or $6", [(1, "it costs $5 or $6")]),
    ("{{ number(5) }}", []),
    ("```python\n# no\n```", []),
    ("    indented code", []),
    ("---\ntitle: no\n---\n\nyes", [(5, "yes")]),
    ("a[^1]\n\n[^1]: b\n    c", [(1, "a[^1]"), (3, "b c")]),
    ("Term\n: Definition\n: Other", [(1, "Term"), (2, "Definition"), (3, "Other")]),
    ('[a]\n\n[a]: https://x.org "T"', [(1, "[a]"), (3, "T")]),
    ("[^n]: Footnote without a reference", [(1, "Footnote without a reference")]),
    (
        "<details>\n<summary>Sum <b>it</b></summary>\n\nin\n\n</details>",
        [(2, "Sum <b>it</b>"), (4, "in")],
    ),
    ('<p>a\nb</p><p>c</p>\n<img alt="d" src="e">', [(1, "a b"), (2, "c"), (3, "d")]),
    ("<!-- no -->", []),
    ("<script>\nno\n</script>", []),
    ("text <b>with</b> tags", [(1, "text <b>with</b> tags")]),
    (":::{note} Title\n:class: tip\ntext\n:::", [(1, "Title"), (3, "text")]),
    ("::: warning\ntext\n:::", [(2, "text")]),
    (":::{code-block} python\nno\n:::\nyes", [(4, "yes")]),
    ("::::{tab-set}\n:::{tab-item} One\na\n:::\n::::", [(2, "One"), (3, "a")]),
    ("```{tip}\n- a\n- b\n```", [(2, "a"), (3, "b")]),
    ('!!! note "Title"\n    text', [(1, "Title"), (2, "text")]),
    ("***\n", []),
    ("12 / 7 = 1.7", []),
    ("中文段落\n第二行", [(1, "中文段落 第二行")]),
    ("نص عربي", [(1, "نص عربي")]),
    ("a 🎉 b\n\n🎉", [(1, "a 🎉 b")]),
    ("(target)=\n# Title", [(2, "Title")]),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_messages(text, expected):
    assert [(message.line, message.msgid) for message in extract(text)] == expected


@pytest.mark.parametrize("text", [text for text, _expected in CASES])
def test_empty_catalog_changes_nothing(text):
    assert translate(text, {}) == text


@pytest.mark.parametrize("text", [text for text, expected in CASES if expected])
def test_translations_are_found_again(text):
    catalog = {message.msgid: f"ⓐ{message.msgid}ⓩ" for message in extract(text)}
    assert [m.msgid for m in extract(translate(text, catalog))] == [catalog[m.msgid] for m in extract(text)]


TRANSLATED = [
    ("> - one\n>   two\n", {"one two": "eins\\\nzwei"}, "> - eins\\\n>   zwei\n"),
    ("> - one\n", {"one": "eins\\\nzwei"}, "> - eins\\\n>   zwei\n"),
    ("- one\r\n", {"one": "eins  \nzwei"}, "- eins  \r\n  zwei\r\n"),
    ("| a |\n|---|\n| b |", {"a": "x|y", "b": "p\\|q"}, "| x\\|y |\n|---|\n| p\\|q |"),
    ("# one", {"one": "eins\nzwei"}, "# eins zwei"),
    ('![a](b "c")', {"a": "d", "c": "e"}, '![d](b "e")'),
    ("<p>a</p>", {"a": "b"}, "<p>b</p>"),
    ("*\ta\n", {"a": "b"}, "*\tb\n"),
]


@pytest.mark.parametrize(("text", "catalog", "expected"), TRANSLATED)
def test_translation_keeps_margins_and_markup(text, catalog, expected):
    assert translate(text, catalog) == expected


def test_cells_have_no_front_matter():
    text = "---\na: b\n---\n"
    assert markdown.segments(text, front_matter=True) == ()
    assert [segment.msgid for segment in markdown.segments(text)] == ["a: b"]


PIECES = st.sampled_from(
    [
        "# ",
        "## ",
        "- ",
        "* ",
        "1. ",
        "> ",
        ">",
        "    ",
        "\t",
        "|",
        "| a | b |",
        "|---|---|",
        "```",
        "~~~",
        "$$",
        ":::",
        ":::{note}",
        '!!! note "T"',
        "!!! tip",
        "[^1]: ",
        '[a]: b "c"',
        "<div>",
        "</div>",
        "<!--",
        "-->",
        "word",
        "Wort \\",
        "两个字",
        "emoji 🎉",
        "**bold**",
        "`code`",
        "![alt](x)",
        "[l](m)",
        "{{ x }}",
        "---",
        "===",
        ": def",
        "  ",
        "\\",
        "\x00",
        "\u2028",
        "\x0b",
    ]
)
LINES = st.lists(st.lists(PIECES, max_size=4).map("".join), max_size=8)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@settings(max_examples=300, deadline=None)
@given(LINES, ENDS)
def test_any_text_comes_back(lines, end):
    text = end.join(lines)
    messages = extract(text)
    assert translate(text, {}) == text
    assert all(message.msgid for message in messages)
    assert [message.line for message in messages] == sorted(message.line for message in messages)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_characters_come_back(text):
    assert translate(text, {}) == text
    assert translate(text, {message.msgid: message.msgid for message in extract(text)}) is not None


def comes_back(text):
    """Tell whether an empty catalog keeps every byte, and a pseudo-translation is extracted as it is."""
    catalog = {message.msgid: f"ⓐ{message.msgid}ⓩ" for message in extract(text)}
    expected = [catalog[message.msgid] for message in extract(text)]
    found = [message.msgid for message in extract(translate(text, catalog))]
    return translate(text, {}).encode() == text.encode() and found == expected


def test_descriptions_of_installed_packages_come_back():
    texts = [d.read_text("METADATA") or "" for d in metadata.distributions()]
    descriptions = [text.partition("\n\n")[2] for text in texts if "text/markdown" in text][:60]
    assert len(descriptions) >= 40
    assert [text[:80] for text in descriptions if not comes_back(text)] == []


def bare(text):
    """Return a text without white space, the margins of quotes, and the signs of the pseudo-translation."""
    return "".join(re.sub("[>ⓐⓩ]", "", text).split())


def only_messages_change(text):
    """Tell whether a pseudo-translation keeps everything around the messages."""
    return bare(translate(text, {m.msgid: f"ⓐ{m.msgid}ⓩ" for m in extract(text)})) == bare(text)


def plain_prose(text):
    """Return the headings, and the paragraphs of one line, that CommonMark without extensions finds.

    Only those without code, math, HTML and entities: whether they are prose is beyond doubt.
    """
    tokens = MarkdownIt("commonmark").parse(text)
    for opening, inline in pairwise(tokens):
        heading = opening.type == "heading_open" and opening.markup.startswith("#")
        pattern = r"[^`$<&{]*[^\W\d_][^`$<&{]*" if heading else r"[A-Z][\w ,.'()-]+\."
        if (heading or opening.type == "paragraph_open") and re.fullmatch(pattern, inline.content):
            yield inline.content


def finds_plain_prose(text):
    return set(plain_prose(text)) <= {message.msgid for message in extract(text)}


@pytest.mark.slow
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_all_markdown_of_this_machine_comes_back(end, capsys):
    """At least 500 different files: descriptions and documentation of packages, those of the benchmarks."""
    corpus = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "corpus.py"))
    texts = [end.join(re.split(r"\r\n?|\n", text)) for text in corpus["markdown_texts"]()]
    if len(texts) < 500:
        pytest.skip(f"only {len(texts)} different markdown files on this machine, 500 are wanted")
    for holds in (comes_back, only_messages_change, finds_plain_prose):
        assert [text[:80] for text in texts if not holds(text)] == [], holds.__name__
    with capsys.disabled():
        words = sum(len(text.split()) for text in texts)
        sys.stdout.write(
            f"\n{len(texts)} different markdown files with {words:,} words came back ({end!r})\n"
        )
