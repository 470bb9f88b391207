"""The form of a lab: short cells, one idea each, and every tag where it belongs."""

import ast
import re
import statistics

import pytest

from kit import settings
from kit.notebooks.templates import read_template, template_paths

TEMPLATES = template_paths(settings.templates_folder())
SCAFFOLD = {"parameters", "self-check", "exercise", "solution", "databricks"}
MOST_LESSON_CELLS = 26  # two for each of a lab's twelve steps, and the first and the last


def code_cells(path):
    return [cell for cell in read_template(path).cells if cell.kind == "code"]


@pytest.fixture(params=TEMPLATES, ids=lambda path: path.stem)
def template(request):
    return request.param


def test_cells_are_short(template):
    lengths = [
        len([line for line in cell.source.splitlines() if line.strip()])
        for cell in code_cells(template)
        if "parameters" not in cell.tags  # a form, one line a field, and no code to understand
    ]
    assert statistics.median(lengths) <= 5
    assert max(lengths) <= 20
    assert sum(not SCAFFOLD & set(cell.tags) for cell in code_cells(template)) <= MOST_LESSON_CELLS


def test_lines_fit_into_a_notebook(template):
    """Longer lines scroll sideways at a usual width; learners' texts may, as their length varies anyway."""
    for cell in code_cells(template):
        lines = [line for line in cell.source.splitlines() if "_(" not in line and line.strip()[:1] != '"']
        assert not [line for line in lines if len(line) > 100]


def test_parameters_are_plain_values_with_a_comment_and_no_secret(template):
    [cell] = [cell for cell in code_cells(template) if "parameters" in cell.tags]
    for statement, line in zip(ast.parse(cell.source).body, cell.source.splitlines(), strict=True):
        assert isinstance(statement, ast.Assign)
        assert isinstance(statement.value, ast.Constant)
        assert "  # " in line
        assert not re.search(r"key|token\b|password", statement.targets[0].id)


def test_every_exercise_has_a_solution_and_a_self_check_after_it(template):
    order = [tag for cell in code_cells(template) for tag in cell.tags if tag in {"exercise", "solution"}]
    assert order == ["exercise", "solution"] * (len(order) // 2)
    assert order
    checks = [index for index, cell in enumerate(code_cells(template)) if "self-check" in cell.tags]
    exercises = [index for index, cell in enumerate(code_cells(template)) if "exercise" in cell.tags]
    assert all(any(index < check <= index + 4 for check in checks) for index in exercises)


def test_a_self_check_cannot_fail_by_itself_and_has_two_hints(template):
    """What it looks at is looked at within the check, which explains missing names and wrong types."""
    for cell in code_cells(template):
        if "self-check" not in cell.tags:
            continue
        *defined, last = ast.parse(cell.source).body
        assert all(isinstance(statement, ast.FunctionDef) for statement in defined), cell.source
        assert isinstance(last, ast.Expr)
        assert isinstance(last.value, ast.Call)
        assert ast.unparse(last.value.func) == "lab.check"
        assert isinstance(last.value.args[1], ast.Lambda), cell.source
        assert [keyword.arg for keyword in last.value.keywords] == ["hint", "more"], cell.source


SDK_CALLS = {
    "fine-tune": (
        "client.files.create",
        "fine_tuning.jobs.create",
        "client.fine_tuning.jobs.list_events",
        "client.fine_tuning.jobs.checkpoints.list",
        "management.deployments.begin_create_or_update",
        "client.chat.completions.create",
        "management.deployments.begin_delete",
    ),
    "evaluate": ("client.chat.completions.create", "chat.completions.with_raw_response.create"),
    "fine-tune-local": (
        "GPT2ForSequenceClassification(",
        "TrainingArguments(",
        "Trainer(",
        "trainer.train(",
        "trainer.predict(",
        "save_pretrained(",
        "from_pretrained(",
    ),
}


@pytest.mark.parametrize("lab", SDK_CALLS)
def test_the_official_clients_do_the_work(lab):
    """The lesson is visible: calls of the SDKs stand in the notebook and not behind a helper."""
    source = (settings.templates_folder() / f"{lab}.py").read_text(encoding="utf-8")
    assert [call for call in SDK_CALLS[lab] if call not in source] == []


def test_every_parameter_of_a_training_decides_its_folder():
    """Else the lab finds the checkpoints of another training there, and returns the old model for the new."""
    source = (settings.templates_folder() / "fine-tune-local.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    [cell] = [
        cell
        for cell in code_cells(settings.templates_folder() / "fine-tune-local.py")
        if "parameters" in cell.tags
    ]
    parameters = {statement.targets[0].id for statement in ast.parse(cell.source).body}
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    training = [each for each in functions if each.name in {"tokenized", "new_model", "new_trainer"}]
    assert len(training) == 3
    [call] = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "lab.run_folder"
    ]
    read = {name.id for each in training for name in ast.walk(each) if isinstance(name, ast.Name)}
    assert read & parameters <= {ast.unparse(argument) for argument in call.args}
