"""What a notebook imports, and what of that is not installed here."""

import ast
import importlib.util
from collections.abc import Mapping
from typing import Any

from kit.notebooks.code import as_python


def missing_packages(notebook: Mapping[str, Any]) -> list[str]:
    """Return the packages that a notebook imports and that are not installed; looking does not import them.

    Args:
        notebook: a notebook whose cells' sources are texts.
    """
    imported: set[str] = set()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            imported |= _imported(as_python("".join(cell["source"])))
    return sorted(name for name in imported if importlib.util.find_spec(name) is None)


def _imported(source: str) -> set[str]:
    """Return the top-level packages of a cell's imports; a cell that does not parse has none to tell."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
