"""Databricks source: written by the kit, read back by an importer that knows only the format's rules."""

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.errors import NotebookError
from kit.notebooks.databricks import source_text
from kit.notebooks.editions import Selection, Workspace, editions


def imported(text):
    """Return kind, source and title of each cell, as Databricks imports a source file."""
    header, rest = text.split("\n", 1)
    assert header == "# Databricks notebook source"
    assert rest.endswith("\n")
    return [imported_cell(cell) for cell in rest[:-1].split("\n\n# COMMAND ----------\n\n")]


def imported_cell(text):
    title, lines = "", text.split("\n")
    if lines[0].startswith("# DBTITLE 1,"):
        title = lines.pop(0).removeprefix("# DBTITLE 1,")
    if not lines[0].startswith("# MAGIC"):
        return "code", "\n".join(lines), title
    assert all(line.startswith("# MAGIC") for line in lines)
    lines = [line.removeprefix("# MAGIC").removeprefix(" ") for line in lines]
    if lines[0].split(" ")[0] == "%md":
        return "markdown", "\n".join(lines[1:]), title
    return "code", "\n".join(lines), title


def cells_of(notebook):
    return [
        (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("title", ""))
        for cell in notebook["cells"]
    ]


def cell(kind, source, **metadata):
    return {"cell_type": kind, "source": source.splitlines(keepends=True), "metadata": metadata}


def test_every_lab_comes_back_as_it_was(locale):
    for audience in ("learner", "instructor"):
        for edition in editions(
            Workspace.default(), Selection(locales=(locale,), kinds=[(audience, "jupyter")])
        ):
            text = source_text(edition.notebook)
            assert imported(text) == cells_of(edition.notebook)
            ast.parse(text)  # it is a Python file, too: whatever is not Python stands in comments


def test_the_marks_stand_where_databricks_puts_them():
    cells = [
        cell("markdown", "# Title\n\ntext"),
        cell("code", "%pip install x", title="Set up"),
        cell("code", "a = 1\nb = 2"),
    ]
    assert source_text({"cells": cells}) == (
        "# Databricks notebook source\n"
        "# MAGIC %md\n# MAGIC # Title\n# MAGIC\n# MAGIC text\n\n"
        "# COMMAND ----------\n\n"
        "# DBTITLE 1,Set up\n# MAGIC %pip install x\n\n"
        "# COMMAND ----------\n\n"
        "a = 1\nb = 2\n"
    )


LINES = st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"])), min_size=1)
SOURCES = LINES.map("\n".join)


@given(st.lists(st.tuples(st.sampled_from(["markdown", "code"]), SOURCES), min_size=1))
@example([("code", ""), ("markdown", ""), ("code", "\n"), ("markdown", " \n\n")])
@example([("code", "print(1)\n%pip install x"), ("markdown", "# COMMAND ----------"), ("code", "'\n!ls'")])
def test_any_cells_come_back_as_they_were(wanted):
    notebook = {"cells": [cell(kind, source) for kind, source in wanted]}
    try:
        text = source_text(notebook)
    except NotebookError:
        assert any(kind == "code" and "# " in source for kind, source in wanted)
    else:
        assert imported(text) == [(kind, source, "") for kind, source in wanted]


@pytest.mark.parametrize("line", ["# COMMAND ----------", "# MAGIC %md", "# DBTITLE 1,x"])
def test_a_line_that_the_format_would_take_for_its_own_is_refused(line):
    with pytest.raises(NotebookError, match="Cell 2"):
        source_text({"cells": [cell("markdown", line), cell("code", f"a = 1\n{line}")]})
