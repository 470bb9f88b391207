"""Examples for a prompt: balanced, seeded, and never the text that is asked for."""

from collections import Counter

import pytest

from kit.errors import UsageError
from kit.evaluation.data import LabelledText
from kit.evaluation.languages import sentiment
from kit.evaluation.prompting import choose_examples, few_shot

ROWS = [LabelledText(f"text {n}", "negative" if n < 5 else "positive", str(n)) for n in range(20)]


def test_examples_are_balanced_and_seeded():
    one, same, other = (choose_examples(ROWS, 6, sentiment("en"), seed=seed) for seed in (1, 1, 2))
    assert one == same != other
    assert Counter(row.label for row in one) == {"negative": 3, "positive": 3}
    odd = [
        Counter(row.label for row in choose_examples(ROWS, 3, sentiment("en"), seed=n))["positive"]
        for n in range(20)
    ]
    assert set(odd) == {1, 2}
    assert choose_examples(ROWS, 0, sentiment("en")) == []


def test_too_many_examples():
    with pytest.raises(UsageError, match="12 examples need 6 of the label “negative”; there are 5"):
        choose_examples(ROWS, 12, sentiment("en"))
    with pytest.raises(UsageError, match="-1 examples"):
        choose_examples(ROWS, -1, sentiment("en"))


def test_messages():
    messages = few_shot("Say which.", "mine", [ROWS[0], ROWS[9]], sentiment("zh"))
    assert [(each["role"], each["content"]) for each in messages] == [
        ("system", "Say which."),
        ("user", "text 0"),
        ("assistant", "负面"),
        ("user", "text 9"),
        ("assistant", "正面"),
        ("user", "mine"),
    ]
    assert [each["role"] for each in few_shot("Say which.", "mine")] == ["system", "user"]
    assert few_shot("s", "mine", [ROWS[0]])[2]["content"] == "negative"


def test_the_answer_is_not_given_away():
    with pytest.raises(UsageError, match="among the examples"):
        few_shot("Say which.", " text 0", [ROWS[0]])
