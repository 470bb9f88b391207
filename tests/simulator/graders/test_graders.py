"""Graders: rewards of samples, with the official client.

What each grader does: Microsoft Foundry, "Reinforcement fine-tuning", section "Graders", 2026.
"""

from collections.abc import Iterator
from typing import Any

import nltk.translate.gleu_score
import openai
import pytest
from openai import OpenAI
from rouge_score import rouge_scorer
from sacrebleu import sentence_bleu

from kit.simulator import Simulator
from kit.simulator.graders.formula import BadFormulaError, Formula
from kit.simulator.graders.similarity import similarity

CHECK: dict[str, Any] = {
    "type": "string_check",
    "name": "same",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.answer }}",
    "operation": "eq",
}
SIMILAR: dict[str, Any] = {
    "type": "text_similarity",
    "name": "close",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.answer }}",
    "evaluation_metric": "rouge_1",
}
JUDGE: dict[str, Any] = {
    "type": "score_model",
    "name": "judge",
    "model": "gpt-4o",
    "input": [{"role": "user", "content": "Is {{ sample.output_text }} polite?"}],
}
CODE: dict[str, Any] = {"type": "python", "name": "code", "source": "def grade(sample, item): return 1.0"}
MULTI: dict[str, Any] = {
    "type": "multi",
    "name": "both",
    "graders": {"same": CHECK, "close": SIMILAR},
    "calculate_output": "(same + 3 * close) / 4",
}
TEXTS = ("The cat sat on the mat.", "A cat sat down on the mat, quietly.")


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Iterator[OpenAI]:
    """One client for all: graders leave nothing behind."""
    with OpenAI(base_url=f"{simulator.url}/openai/v1/", api_key="any", max_retries=0) as client:
        yield client


def run(client: OpenAI, grader: dict[str, Any], sample: str, item: Any) -> Any:
    return client.fine_tuning.alpha.graders.run(
        grader=grader,  # type: ignore[arg-type] # a plain dict
        model_sample=sample,
        item=item,
    )


@pytest.mark.parametrize(
    ("operation", "sample", "answer", "reward"),
    [
        ("eq", "Yes", "Yes", 1.0),
        ("eq", "yes", "Yes", 0.0),
        ("ne", "yes", "Yes", 1.0),
        ("like", "Yes, it is", "Yes", 1.0),
        ("like", "yes, it is", "Yes", 0.0),
        ("ilike", "yes, it is", "Yes", 1.0),
        ("ilike", "no", "Yes", 0.0),
        ("eq", "是的🙂", "是的🙂", 1.0),
    ],
)
def test_strings_are_compared(client: OpenAI, operation: str, sample: str, answer: str, reward: float):
    result = run(client, {**CHECK, "operation": operation}, sample, {"answer": answer})
    assert result.reward == reward
    assert (result.metadata.name, result.metadata.type) == ("same", "string_check")
    assert (result.sub_rewards, result.api_model_grader_token_usage_per_model) == ({}, {})
    assert result.metadata.execution_time >= 0
    errors = result.to_dict()["metadata"]["errors"]
    assert len(errors) == 14  # public document of the v1 data plane, "RunGraderResponse"
    assert not any(errors.values())


@pytest.mark.parametrize("metric", ["rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"])
@pytest.mark.parametrize(
    "texts", [TEXTS, ("", "a"), ("猫", "猫"), ("a b a", "a a b b"), (TEXTS[0], TEXTS[0])]
)
def test_rouge_is_googles(metric: str, texts: tuple[str, str]):
    name = metric.replace("_", "").replace("rougel", "rougeL")
    expected = rouge_scorer.RougeScorer([name]).score(texts[1], texts[0])[name].fmeasure
    assert similarity(metric, *texts) == pytest.approx(expected)


def test_bleu_is_sacrebleus():
    assert similarity("bleu", *TEXTS) == pytest.approx(sentence_bleu(TEXTS[0], [TEXTS[1]]).score / 100)
    assert similarity("bleu", TEXTS[0], TEXTS[0]) == pytest.approx(1)
    assert similarity("bleu", "", "a") == 0


@pytest.mark.parametrize("texts", [TEXTS, ("a", "a"), ("a b", "c d"), ("", "a")])
def test_gleu_is_that_of_nltk(texts: tuple[str, str]):
    # Both take the words of mteval-v13a; these texts have none that it treats in a way of its own.
    words, expected = (text.replace(".", " .").replace(",", " ,").split() for text in texts)
    reference = nltk.translate.gleu_score.sentence_gleu([expected], words) if words else 0
    assert similarity("gleu", *texts) == pytest.approx(reference)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [  # RapidFuzz documentation, `fuzz.ratio`: 2 x matching characters / all characters
        (("this is a test", "this is a test!"), 28 / 29),
        (("abc", "abc"), 1),
        (("abc", "xyz"), 0),
    ],
)
def test_fuzzy_match_is_a_ratio(texts: tuple[str, str], expected: float):
    assert similarity("fuzzy_match", *texts) == pytest.approx(expected)


def test_several_graders_are_combined(client: OpenAI):
    result = run(client, MULTI, TEXTS[0], {"answer": TEXTS[1]})
    close = rouge_scorer.RougeScorer(["rouge1"]).score(TEXTS[1], TEXTS[0])["rouge1"].fmeasure
    assert result.sub_rewards == {"same": 0.0, "close": pytest.approx(close)}
    assert result.reward == pytest.approx(3 * close / 4)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{sample.output_text}}", '{"steps": [1, {"unit": "km"}]}'),
        ("{{ sample.output_json.steps[0] }}", "1"),
        ("{{sample.output_json.steps[1].unit}}", "km"),
        ("{{ sample.output_json.steps }}", '[1, {"unit": "km"}]'),
        ("{{ item.truth.day }} May {{ item.years[1] }}", "3 May 2026"),
        ("no variable", "no variable"),
        ("{ item.truth }", "{ item.truth }"),
    ],
)
def test_templates_are_filled_in(client: OpenAI, template: str, text: str):
    grader = {**CHECK, "input": template, "reference": text}
    item = {"truth": {"day": 3}, "years": [2025, 2026]}
    assert run(client, grader, '{"steps": [1, {"unit": "km"}]}', item).reward == 1.0


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{{ item.nothing }}", "invalid_variable_error"),
        ("{{ item.answer.deeper }}", "invalid_variable_error"),
        ("{{ item.answer[0] }}", "invalid_variable_error"),
        ("{{ item }}", "invalid_variable_error"),
        ("{{ }}", "invalid_variable_error"),
        ("{{ environment.HOME }}", "invalid_variable_error"),
        ("{{ item.__class__ }}", "invalid_variable_error"),
        ("{{ sample.output_json.answer }}", "sample_parse_error"),
    ],
)
def test_what_is_not_there_costs_the_reward(client: OpenAI, template: str, error: str):
    for grader in (
        {**CHECK, "input": template, "operation": "ne"},
        {**MULTI, "graders": {"same": {**CHECK, "input": template}}, "calculate_output": "1 - same"},
    ):
        result = run(client, grader, "no JSON", {"answer": "Yes"})
        assert result.reward == 0.0
        assert [name for name, value in result.metadata.errors if value] == [error]


def test_a_division_by_zero_costs_the_reward(client: OpenAI):
    grader = {**MULTI, "calculate_output": "1 / (same - same)"}
    result = run(client, grader, "a", {"answer": "a"})
    assert (result.reward, result.metadata.errors.other_error) == (0.0, True)


@pytest.mark.parametrize("grader", [CHECK, SIMILAR, JUDGE, CODE, MULTI])
def test_every_documented_grader_is_valid(client: OpenAI, grader: dict[str, Any]):
    answer = client.fine_tuning.alpha.graders.validate(grader=grader)  # type: ignore[arg-type]
    assert answer.grader is not None
    assert answer.grader.model_dump(exclude_unset=True) == grader


@pytest.mark.parametrize(
    "grader",
    [
        JUDGE,
        CODE,
        {**SIMILAR, "evaluation_metric": "meteor"},
        {**MULTI, "graders": {"same": CHECK, "close": JUDGE}},
    ],
)
def test_what_a_simulator_cannot_run_is_told(client: OpenAI, grader: dict[str, Any]):
    with pytest.raises(openai.BadRequestError, match="cannot be run by a simulator") as refused:
        run(client, grader, "a", {"answer": "a"})
    assert (refused.value.code, refused.value.param) == ("OperationNotSupported", "grader")


@pytest.mark.parametrize(
    ("grader", "param"),
    [
        ({**CHECK, "operation": "equals"}, "grader.operation"),
        ({**CHECK, "type": "regex"}, "grader.type"),
        ({"type": "string_check", "name": "same"}, "grader."),
        ({**MULTI, "graders": {"same": {**CHECK, "input": 3}}}, "grader.graders.same.input"),
        ({**MULTI, "calculate_output": "same +"}, "grader.calculate_output"),
        ({**MULTI, "calculate_output": "same + other"}, "grader.calculate_output"),
        ("same", "grader"),
    ],
)
def test_a_grader_that_makes_no_sense_is_refused(client: OpenAI, grader: Any, param: str):
    for request in (
        lambda: client.fine_tuning.alpha.graders.validate(grader=grader),
        lambda: run(client, grader, "a", {"answer": "a"}),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            request()
        assert str(refused.value.param).startswith(param)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [  # worked out by hand
        ("a", 2.0),
        ("a + b * 3 - 1", 1.0 + 1.5),
        ("(a + b) / 2", 1.25),
        ("a ^ 3 ^ 2", 512.0),
        ("-a ^ 2", -4.0),
        ("min(a, b, 1)", 0.5),
        ("max(a, b)", 2.0),
        ("abs(b - a)", 1.5),
        ("floor(b) + ceil(b)", 1.0),
        ("log(exp(a)) + sqrt(4)", 4.0),
        (" +a ", 2.0),
    ],
)
def test_a_formula_comes_to(formula: str, expected: float):
    assert Formula(formula, {"a", "b"}).value({"a": 2.0, "b": 0.5}) == pytest.approx(expected)


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "c",
        "a b",
        "a ** b",
        "a // b",
        "a % b",
        "a if b else a",
        "a == b",
        "a.real",
        "a[0]",
        "'a'",
        "1j",
        "True",
        "round(a)",
        "min(a)",
        "abs(a, b)",
        "log(a, base=2)",
        "max(*a)",
        "__import__('os')",
        "(lambda: a)()",
        "a\x00",
        "(" * 300 + "a" + ")" * 300,
        "-" * 999 + "a",
        "a+" * 600 + "a",
    ],
)
def test_anything_else_is_no_formula(formula: str):
    with pytest.raises(BadFormulaError):
        Formula(formula, {"a", "b"})


@pytest.mark.parametrize(
    "formula", ["a / 0", "exp(1000 * a)", "sqrt(0 - a)", "(0 - a) ^ b", "1e308 * 10 * a"]
)
def test_a_formula_without_a_value(formula: str):
    with pytest.raises((ArithmeticError, ValueError)):
        Formula(formula, {"a", "b"}).value({"a": 2.0, "b": 0.5})
