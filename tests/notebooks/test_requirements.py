"""What a notebook needs is read from its imports."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kit import settings
from kit.notebooks.requirements import missing_packages


def test_only_imports_that_lead_nowhere_are_named_and_nothing_is_imported():
    cells = [
        new_markdown_cell("import nothing_in_a_text"),
        new_code_cell("%pip install --quiet x\nimport json, surely_absent.part as part"),
        new_code_cell("def later():\n    from also_absent import thing\n\nfrom . import beside"),
        new_code_cell("# import only_a_comment\nname = 'import only_a_string'"),
        new_code_cell("import half_a_cell ("),
    ]
    assert missing_packages(new_notebook(cells=cells)) == ["also_absent", "surely_absent"]


def test_the_labs_name_what_they_train_with(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    path = settings.labs_folder() / "en" / "fine-tune-local.ipynb"
    assert {"torch", "transformers"} <= set(missing_packages(nbformat.read(path, as_version=4)))
