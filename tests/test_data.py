"""The course's conversations: parallel in every language, in the house style, and no two alike."""

import json
import re
from collections import Counter
from difflib import SequenceMatcher

import pytest

from kit import i18n, settings

FILES = {"support-train.jsonl": 72, "support-validation.jsonl": 24}

# Share of words in the same order above which two texts count as one text varied; support answers on one
# topic legitimately reach 0.8 in Chinese, where the unit is the character.
ALIKE = 0.85

# The house style that a tuned model is to pick up: how every answer's last two lines begin or read.
STYLE = {
    "en": ("Next step: ", "Smooth riding! — Lia"),
    "pt": ("Próximo passo: ", "Boa pedalada! — Lia"),
    "es": ("Siguiente paso: ", "¡Buen pedaleo! — Lia"),
    "fr": ("Étape suivante\u00a0: ", "Bonne route\u00a0! — Lia"),
    "zh": ("下一步：", "骑行愉快！——莉亚"),
}


def conversations(locale, name):
    path = settings.labs_folder() / "data" / locale / name
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["messages"] for line in lines]


def everything(locale):
    return [messages for name in FILES for messages in conversations(locale, name)]


def words(text):
    """Words with their accents; every Chinese character counts as one."""
    return re.findall(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+", text.lower())


@pytest.mark.parametrize("locale", i18n.available())
def test_every_language_has_all_conversations_in_the_form_of_the_service(locale):
    for name, count in FILES.items():
        found = conversations(locale, name)
        assert len(found) == count
        assert {tuple(message["role"] for message in messages) for messages in found} == {
            ("system", "user", "assistant")
        }
    assert len({messages[0]["content"] for messages in everything(locale)}) == 1


def test_every_language_has_a_house_style():
    assert set(STYLE) == set(i18n.available())


@pytest.mark.parametrize("locale", sorted(STYLE))
def test_every_answer_is_in_the_house_style(locale):
    next_step, sign_off = STYLE[locale]
    for messages in everything(locale):
        lines = messages[-1]["content"].split("\n")
        assert len(lines) == 3
        assert lines[1].startswith(next_step)
        assert lines[2] == sign_off
        assert not re.search("[!！]", lines[0] + lines[1])


@pytest.mark.parametrize("locale", i18n.available())
def test_no_two_questions_or_answers_are_alike(locale):
    for role in (1, 2):
        texts = [messages[role]["content"] for messages in everything(locale)]
        assert Counter(texts).most_common(1)[0][1] == 1
        # Answers share their last line by design; alike means nearly the same words in order.
        bodies = [words(text.rsplit("\n", 1)[0] if role == 2 else text) for text in texts]
        alike = [
            (one, two)
            for index, one in enumerate(bodies)
            for two in bodies[:index]
            if SequenceMatcher(None, one, two, autojunk=False).real_quick_ratio() > ALIKE
            and SequenceMatcher(None, one, two, autojunk=False).ratio() > ALIKE
        ]
        assert alike == []


@pytest.mark.parametrize("locale", [locale for locale in i18n.available() if locale != "en"])
def test_translations_are_parallel_line_by_line(locale):
    """The same figures in the same line show that it is the same item, told in another language."""
    for name in FILES:
        pairs = zip(conversations("en", name), conversations(locale, name), strict=True)
        for number, (english, translated) in enumerate(pairs, 1):
            expected, found = (re.findall(r"\d+", each[-1]["content"]) for each in (english, translated))
            assert sorted(expected) == sorted(found), f"{name}:{number}"
            assert english[1]["content"] != translated[1]["content"]
