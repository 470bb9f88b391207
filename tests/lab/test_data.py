"""Finding, checking and counting the data of a lab."""

import json

import pytest
import tiktoken

from kit import i18n, lab, settings, tokens
from kit.errors import TrainingFileError


def test_the_course_has_a_file_in_every_language(locale):
    i18n.use(locale)
    path = lab.data_file("", "support-train.jsonl")
    assert path.parent.name == locale
    assert len(lab.read(path)) == 72


def test_the_learners_own_file_comes_first(training_file):
    assert lab.data_file(str(training_file), "support-train.jsonl") == training_file


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingFileError, match=r"nowhere\.jsonl"):
        lab.data_file(str(tmp_path / "nowhere.jsonl"), "support-train.jsonl")


def test_both_files_are_described(training_file):
    shown = lab.validate(training_file, training_file)
    assert [row[:3] for row in shown.rows] == [["train.jsonl", "12", "24"]] * 2


def test_a_question_in_both_files_is_found(training_file):
    examples = lab.read(training_file)
    assert lab.leaks(examples, examples[:1]) == ["Say red."]
    assert lab.leaks(examples[1:], examples[:1]) == []


def test_tokens_are_those_of_the_model():
    example = {"messages": [{"role": "user", "content": "微调"}, {"role": "assistant", "content": "Olá"}]}
    total, assistant = lab.count_tokens([example], "gpt-oss-20b")
    tokens.work_offline()
    encoding = tiktoken.get_encoding("o200k_base")  # the ranks of o200k_harmony
    texts = sum(len(encoding.encode_ordinary(text)) for text in ("user", "微调", "assistant", "Olá"))
    assert total == [texts + 2 * 3 + 3]  # 3 tokens a message and 3 to prime the answer: OpenAI cookbook
    assert assistant == [len(encoding.encode_ordinary("Olá"))]


def test_the_language_with_the_most_tokens_is_the_one_in_the_table():
    folder = settings.labs_folder() / "data"
    counted = {
        locale: sum(lab.count_tokens(lab.read(folder / locale / "support-train.jsonl"), "gpt-oss-20b")[0])
        for locale in i18n.available()
    }
    assert lab.most_tokens("support-train.jsonl", "gpt-oss-20b") == max(counted, key=counted.get)
    shown = lab.languages_compared("support-train.jsonl", "gpt-oss-20b")
    assert [row[1] for row in shown.rows] == [i18n.number(n) for n in counted.values()]


def test_results_keep_their_gaps():
    rows = lab.read_results("step,train_loss,full_valid_loss\n1,2.5,\n2,2.0,1.5\n")
    assert rows == [
        {"step": 1.0, "train_loss": 2.5, "full_valid_loss": None},
        {"step": 2.0, "train_loss": 2.0, "full_valid_loss": 1.5},
    ]


def test_a_broken_line_is_named_with_its_number(training_file):
    lines = training_file.read_text().splitlines()
    lines[4] = json.dumps({"messages": []})[:-2]
    training_file.write_text("\n".join(lines))
    with pytest.raises(TrainingFileError, match=r"(?s)train\.jsonl.*Line 5"):
        lab.read(training_file)
