"""Reading templates: the same cells as Jupytext sees, and errors that name file and line."""

import warnings
from pathlib import Path

import pytest

from kit import settings
from kit.errors import TemplateError
from kit.notebooks.templates import parse_cells, read_template, template_paths

SMALL = Path(__file__).parent / "small.percent"
TEMPLATES = [SMALL, *template_paths(settings.templates_folder())]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_cells_are_those_of_jupytext(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jupytext's own, at import
        import jupytext
    expected = [
        (cell.cell_type, cell.source, tuple(cell.metadata.get("tags", [])))
        for cell in jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    ]
    assert [(cell.kind, cell.source, cell.tags) for cell in read_template(path).cells] == expected


def test_lines_point_into_the_file():
    lines = SMALL.read_text(encoding="utf-8").splitlines()
    for cell in read_template(SMALL).cells:
        first = cell.source.split("\n")[0]
        assert lines[cell.line - 1].endswith(first.removeprefix("%%"))


def test_metadata_and_title():
    text = '# %% A title [markdown] tags=["exercise"] depth=2 note="a b"\n# text\n'
    (cell,) = parse_cells(text, SMALL)
    assert (cell.kind, cell.tags) == ("markdown", ("exercise",))
    assert cell.metadata == {"title": "A title", "depth": 2, "note": "a b"}


def test_magics_are_uncommented_and_other_comments_kept():
    text = "# %%\n# %pip install x\n# !ls\n# 100 % sure\n# Copy the file.\nx = 1\n"
    (cell,) = parse_cells(text, SMALL)
    assert cell.source == "%pip install x\n!ls\n# 100 % sure\n# Copy the file.\nx = 1"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("import os\n# %%\n", 1, "before the first cell"),
        ("# %% [markdown]\n# a\nb\n", 3, "does not start with"),
        ('# %%\n\n# %% tags=["exercize"]\n', 3, "exercize"),
        ("# %% tags=[exercise]\n", 1, "cannot be read"),
        ("# %% [raw]\n# a\n", 1, "raw"),
        ("# %%\n# cat file\n", 2, "cat file"),
    ],
)
def test_faults_name_file_and_line(text, line, words):
    with pytest.raises(TemplateError) as caught:
        parse_cells(text, Path("templates/some.py"))
    assert f"templates/some.py, line {line}:" in str(caught.value)
    assert words in str(caught.value)
    assert caught.value.advice


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "bad.py"
    path.write_bytes(b"# %%\n\xff")
    with pytest.raises(TemplateError, match=r"bad\.py"):
        read_template(path)
