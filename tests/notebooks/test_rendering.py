"""Rendering: golden notebooks, audiences, stale messages made visible, and a whole pseudo-language."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

from kit.errors import TemplateError, UsageError
from kit.i18n.catalogs import Catalog, new_file
from kit.notebooks.files import write_text
from kit.notebooks.messages import extract_template, translate_template
from kit.notebooks.rendering import notebook_text, render
from kit.notebooks.templates import Template, parse_cells, read_template
from kit.notebooks.values import Values

SMALL = Path(__file__).parent / "small.percent"
GOLDEN = Path(__file__).parents[1] / "golden"
TEMPLATE = read_template(SMALL)


@pytest.fixture
def tables(tmp_path):
    """A folder with the tables that the small template uses."""
    link = "https://example.org/{}/guide".format
    (tmp_path / "links.csv").write_text(f"key,en,pt\nguide,{link('en')},{link('pt-br')}\n", encoding="utf-8")
    return tmp_path


def pseudo(msgid: str) -> str:
    """Translate into a pseudo-language: accents, brackets, a third longer; markup, code and values stay."""
    parts = re.split(r"(\{\{.*?\}\}|\{[^{}]*\}|`[^`]*`|\]\([^)]*\)|\\\||\*\*)", msgid)
    accented = [
        part.translate(str.maketrans("aeiou", "åéïøü")) if not index % 2 else part
        for index, part in enumerate(parts)
    ]
    return "⟦" + "".join(accented) + " " + "~" * (len(msgid) // 3) + "⟧"


def pseudo_catalog(template):
    return {message.msgid: pseudo(message.msgid) for message in extract_template(template)}


def edition(tables, locale="en", catalog=None, audience="learner", kit=None, *, target="jupyter"):
    said = kit or {}
    values = Values(locale, tables)
    return render(TEMPLATE, locale, catalog or {}, audience, values=values, said=said, target=target)


def source(notebook, number):
    return "".join(notebook["cells"][number]["source"])


@pytest.mark.parametrize(
    ("name", "locale", "audience"),
    [("small.en", "en", "learner"), ("small.instructor", "en", "instructor"), ("small.pt", "pt", "learner")],
)
def test_golden(tables, update_golden, name, locale, audience):
    catalog = pseudo_catalog(TEMPLATE) if locale != "en" else {}
    text = notebook_text(edition(tables, locale, catalog, audience))
    path = GOLDEN / f"{name}.json"  # not .ipynb, which nbmake would run
    if update_golden:
        path.write_text(text, encoding="utf-8")
    assert path.exists(), "look at the notebook, then run pytest with --update-golden"
    assert text == path.read_text(encoding="utf-8")


def test_the_file_is_as_nbformat_writes_it(tables, tmp_path):
    path = tmp_path / "labs" / "small.ipynb"
    notebook = edition(tables)
    assert write_text(path, notebook_text(notebook))
    nbformat.write(nbformat.read(path, as_version=4), tmp_path / "again.ipynb")
    assert (tmp_path / "again.ipynb").read_bytes() == path.read_bytes()


def test_writing_twice_writes_nothing(tables, tmp_path):
    path = tmp_path / "small.ipynb"
    assert write_text(path, notebook_text(edition(tables)))
    before = path.stat().st_mtime_ns
    assert not write_text(path, notebook_text(edition(tables)))
    assert path.stat().st_mtime_ns == before


def test_audiences(tables):
    learner, instructor = (notebook_text(edition(tables, audience=a)) for a in ("learner", "instructor"))
    assert "your answer" in learner
    assert 'the answer"' not in learner
    assert "Only for teachers" not in learner
    assert "your answer" not in instructor
    assert "answer = 42" in instructor
    assert "## Your turn" in instructor
    with pytest.raises(UsageError, match="parent"):
        edition(tables, audience="parent")


def test_values_follow_the_locale(tables):
    catalog = {message.msgid: message.msgid for message in extract_template(TEMPLATE)}
    english, portuguese = edition(tables), edition(tables, "pt", catalog)
    assert "5 minutes and reads" in source(english, 0)
    assert "1,234.5 lines" in source(english, 0)
    assert "5 minutos" in source(portuguese, 0)
    assert "1.234,5" in source(portuguese, 0)
    assert "(https://example.org/pt-br/guide)" in source(portuguese, 0)
    assert "Take **2 minutos** for it." in notebook_text(portuguese)


def test_parameters_cell_has_the_locale(tables):
    assert source(edition(tables, "pt", pseudo_catalog(TEMPLATE)), 1).startswith('locale = "pt"  # ⟦')


def test_ids_are_equal_in_every_edition_and_unique(tables):
    english = [cell["id"] for cell in edition(tables)["cells"]]
    portuguese = [cell["id"] for cell in edition(tables, "pt", pseudo_catalog(TEMPLATE))["cells"]]
    assert english == portuguese
    assert len(set(english)) == len(english)


def test_an_unfinished_edition_says_so(tables):
    catalog = pseudo_catalog(TEMPLATE)
    for msgid in ("A small lab", "passes over the training file", "Hello, world!", "Meaning"):
        del catalog[msgid]
    kit = {"Not translated yet": "Ainda não traduzido"}
    notebook = edition(tables, "pt", catalog, kit=kit)
    mark = '<span lang="en" title="Ainda não traduzido">[en] {}</span>'
    assert source(notebook, 0).startswith("# " + mark.format("A small lab"))
    assert f"| {mark.format('Meaning')} |" in source(notebook, 0)
    assert "not finished: 73% of it" in source(notebook, 1)  # 11 of 15 messages of the learner's edition
    assert "n_epochs = 3  # [en] passes over the training file" in source(notebook, 2)
    assert 'print("[en] Hello, world!")' in source(notebook, 3)
    assert notebook["metadata"]["kit"]["translated"] == pytest.approx(11 / 15, abs=1e-4)


def test_a_finished_edition_says_nothing(tables):
    text = notebook_text(edition(tables, "pt", pseudo_catalog(TEMPLATE)))
    assert "[en]" not in text
    assert "not finished" not in text


def test_a_fuzzy_message_is_shown_in_english(tables):
    import polib

    file = new_file("pt", "small")
    for msgid, text in pseudo_catalog(TEMPLATE).items():
        file.append(
            polib.POEntry(msgid=msgid, msgstr=text, flags=["fuzzy"] if msgid == "A small lab" else [])
        )
    notebook = edition(tables, "pt", Catalog("pt", "small", file))
    assert "[en] A small lab" in source(notebook, 0)


def test_everything_a_learner_sees_is_translated(tables):
    """Re-extraction of the translated cells gives exactly the translations (a pseudo-language)."""
    catalog = pseudo_catalog(TEMPLATE)
    translated = translate_template(TEMPLATE, catalog)
    # Rendered strings have lost their marks: they are compared as literals instead.
    expected = [catalog[m.msgid] for m in extract_template(TEMPLATE) if m.kind != "string"]
    assert [message.msgid for message in extract_template(translated)] == expected
    literals = {
        ast.get_source_segment(cell.source, node)
        for cell in translated.cells
        if cell.kind == "code" and "%pip" not in cell.source
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Constant | ast.JoinedStr) and "⟦" in ast.dump(node)
    }
    assert len([text for text in literals if text and "⟧" in text]) == 3


def test_no_mark_is_left(tables):
    for notebook in (edition(tables), edition(tables, "pt", pseudo_catalog(TEMPLATE), "instructor")):
        code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert not any("_(" in text for text in code)


@pytest.mark.parametrize(
    "expression",
    ["{{ nothing }}", "{{ minutes( }}", "{{ doc('unknown') }}", "{{ 1 / 0 }}", "{{ number('x') }}"],
)
def test_expressions_that_fail_name_file_and_line(tables, expression):
    path = Path("templates/some.py")
    template = Template("some", path, parse_cells(f"# %% [markdown]\n# a\n#\n# {expression}\n", path))
    with pytest.raises(TemplateError, match=r"templates/some\.py, line 2:"):
        render(template, "en", {}, values=Values("en", tables), said={})


def test_translations_cannot_reach_into_python(tables):
    path = Path("templates/some.py")
    template = Template("some", path, parse_cells("# %% [markdown]\n# Text\n", path))
    catalog = {"Text": "{{ number.__globals__ }}"}
    with pytest.raises(TemplateError):
        render(template, "pt", catalog, values=Values("pt", tables), said={})


def test_signs_that_look_like_statements_are_text(tables):
    path = Path("templates/some.py")
    text = "# %% [markdown]\n# a {#anchor} b {% c %} \\frac{1}{2}\n"
    template = Template("some", path, parse_cells(text, path))
    notebook = render(template, "en", {}, values=Values("en", tables), said={})
    assert source(notebook, 0) == "a {#anchor} b {% c %} \\frac{1}{2}"


def test_metadata(tables):
    notebook = json.loads(notebook_text(edition(tables)))
    assert notebook["metadata"]["kit"] == {
        "audience": "learner",
        "lab": "small",
        "locale": "en",
        "translated": 1.0,
    }
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    tags = [cell["metadata"].get("tags", []) for cell in notebook["cells"]]
    assert [tag for cell in tags for tag in cell] == ["parameters", "exercise", "exercise"]


@pytest.mark.parametrize(("target", "there"), [("jupyter", False), ("databricks", True)])
def test_a_cell_of_a_target_is_in_no_other(tables, target, there):
    tags = [
        tag for cell in edition(tables, target=target)["cells"] for tag in cell["metadata"].get("tags", [])
    ]
    assert ("databricks" in tags) is there
