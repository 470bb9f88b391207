"""What was wrong with an older set of exercises, as a table: none of it may come back into a lab."""

import re

import pytest

from kit import lab, settings
from kit.lab.data import data_file
from kit.notebooks.templates import read_template, template_paths

TEMPLATES = template_paths(settings.templates_folder())

# What must not stand in a code cell of any lab.
CODE = {
    "module settings that are ignored today": r"openai\.(api_base|api_type|api_version|api_key)\s*=",
    "calls that were removed": r"openai\.(Completion|ChatCompletion|FineTune)\b",
    "metrics from a hub": r"load_metric|evaluate\.load\(",
    "arguments that were removed": r"evaluation_strategy|no_cuda|overwrite_output_dir|logging_dir|"
    r"warmup_ratio",
    "a word search as a classifier": r"""["']positive["']\s+in\b""",
    "a tokenizer of another model": r"cl100k_base",
    "padding to the maximum as the way to train": r"""(?<!costly = )padding=["']max_length["']""",
    "a file read without minding its mark": r"""\bopen\(|read_text\(""",
    "a key in a cell": r"""(api_key|token|password)\s*=\s*["'][^"']+["']""",
    "a place to fill in by hand": r"<[A-Z][A-Z_ ]{3,}>|YOUR_",
    "magics that do not port": r"(?m)^%(sql|sh|fs|run)\b",
    "a name typed that a variable has": r"ft:|\.ft-[0-9a-f]{6}",
}
# What must not stand anywhere in a lab.
ANYWHERE = {
    "a package that does not exist": r"azure-ai-openai",
    "pages for one country": r"/en-us/",
    "a model called by another one's name": r"GPT-2 \(GPT-4\)|davinci",
}


def code(path):
    return "\n".join(cell.source for cell in read_template(path).cells if cell.kind == "code")


@pytest.mark.parametrize("fault", CODE)
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_the_code_of_a_lab_is_free_of_old_faults(path, fault):
    assert re.findall(CODE[fault], code(path)) == []


@pytest.mark.parametrize("fault", ANYWHERE)
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_lab_is_free_of_old_faults(path, fault):
    assert re.findall(ANYWHERE[fault], path.read_text(encoding="utf-8")) == []


def test_no_reference_is_its_own_question(locale):
    """BLEU and ROUGE against the input itself reward a model for repeating it."""
    lab.languages()
    for example in lab.read(settings.labs_folder() / "data" / locale / "support-test.jsonl"):
        *asked, answer = (message["content"].casefold().split() for message in example["messages"])
        assert answer not in asked


def test_the_test_part_is_looked_at_in_one_cell_only():
    """Choosing by the test part was an old fault; the overview counts it, one cell reports on it."""
    cells = [
        cell.source
        for cell in read_template(settings.templates_folder() / "evaluate.py").cells
        if cell.kind == "code" and "parts.test" in cell.source
    ]
    assert len(cells) == 1
    assert "experiments.report(" in cells[0]


def test_many_questions_go_through_the_runner():
    """A loop of plain calls had no retry, no cap, no journal and no price; here it shows three rows."""
    text = code(settings.templates_folder() / "evaluate.py")
    loops = re.findall(r"for \w+ in (.+):\n(?:    .*\n)*?    .*client\.chat\.completions\.create", text)
    assert loops == ["parts.validation[:3]"]
    assert "max_retries=0" in text
    assert "budget" in text


def test_perplexity_is_computed_from_what_the_model_says():
    text = code(settings.templates_folder() / "evaluate.py")
    assert "logprobs=True" in text
    assert "lab.corpus_perplexity(" in text


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    source = data_file("", "support-train.jsonl").read_bytes()
    marked = tmp_path / "marked.jsonl"
    marked.write_bytes(b"\xef\xbb\xbf" + source)
    assert len(lab.read(marked)) == 72
