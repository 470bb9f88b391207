"""A notebook as Databricks source: the ``.py`` form in which a Databricks Git folder keeps its notebooks.

Documented under “Notebook formats” and in the export dialog (docs.databricks.com/aws/en/notebooks, November
2026): the first line names the format, a comment line parts the cells, and whatever is not plain Python is
written behind ``# MAGIC``, markdown after the command ``%md``. A title of a cell is kept; tags, ids and
outputs have no place in the format. Parameters reach such a notebook through widgets.
"""

from collections.abc import Mapping
from typing import Any

from kit.errors import N_, NotebookError

HEADER = "# Databricks notebook source"
SEPARATOR = "# COMMAND ----------"
_MAGIC = "# MAGIC"
_TITLE = "# DBTITLE"
_RESERVED = (HEADER, SEPARATOR, _MAGIC, _TITLE)


def source_text(notebook: Mapping[str, Any]) -> str:
    """Return a notebook (nbformat 4) as the text of a Databricks source file.

    Raises:
        NotebookError: a cell holds a line that the format would take for one of its own.
    """
    cells = [_cell(cell, number) for number, cell in enumerate(notebook["cells"], 1)]
    return f"{HEADER}\n" + f"\n\n{SEPARATOR}\n\n".join(cells) + "\n"


def _cell(cell: Mapping[str, Any], number: int) -> str:
    lines = "".join(cell["source"]).split("\n")
    title = cell.get("metadata", {}).get("title", "")
    head = [f"{_TITLE} 1,{title}"] if title else []
    if cell["cell_type"] == "markdown":
        return "\n".join([*head, *map(_magic, ["%md", *lines])])
    # A cell with a command of the notebook's, such as %pip, is written behind the mark as a whole.
    if any(line.lstrip().startswith(("%", "!")) for line in lines):
        return "\n".join([*head, *map(_magic, lines)])
    reserved = next((line for line in lines if line.startswith(_RESERVED)), None)
    if reserved is not None:
        raise NotebookError(
            N_("Cell {number} cannot be written as Databricks source: “{line}” has a meaning there."),
            advice=N_("Word that comment differently."),
            number=number,
            line=reserved,
        )
    return "\n".join([*head, *lines])


def _magic(line: str) -> str:
    return f"{_MAGIC} {line}" if line else _MAGIC
