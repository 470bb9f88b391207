"""The labs' data: conversations and reviews, parallel in every language, well written, and no two alike."""

import json
import re
import unicodedata
from collections import Counter
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations, groupby, product

import pytest

from kit import i18n, settings

FILES = {"support-train.jsonl": 72, "support-validation.jsonl": 24, "support-test.jsonl": 40}

REVIEWS = "reviews.jsonl"
KINDS = {"plain": 60, "negation": 15, "irony": 10, "mixed": 15}  # reviews of each label
ABOUT = {
    *("film", "book", "hotel", "restaurant", "app", "device"),
    *("course", "transport", "service", "show", "place", "game"),
}

# Share of words in the same order above which two texts count as one text varied; support answers on one
# topic legitimately reach 0.8 in Chinese, where the unit is the character.
ALIKE = 0.85

# Share of three-word sequences (in Chinese: three characters) of the shorter text that the longer one may
# have, too: five words are three sequences, and to share one of them is no more than an idiom.
SHARED = 1 / 3

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


def reviews(locale):
    path = settings.labs_folder() / "data" / locale / REVIEWS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def words(text):
    """Words with their accents; every Chinese character counts as one."""
    return re.findall(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+", text.lower())


@cache
def sequences(text):
    """The text's sequences of three words, or of three characters in Chinese."""
    found = words(text)
    return {tuple(found[i : i + 3]) for i in range(len(found) - 2)}


def shared(one, two):
    """Part of the shorter text's sequences that stand in the other text."""
    first, second = sequences(one), sequences(two)
    return len(first & second) / max(1, min(len(first), len(second)))


def size(text):
    """Third of the English reviews a text belongs to by its number of words."""
    count = len(text.split())
    return "short" if count <= 15 else "medium" if count <= 40 else "long"


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


@pytest.mark.parametrize("name", [*FILES, REVIEWS])
def test_every_file_is_plain_normalized_text(locale, name):
    """No byte order mark, no carriage return, composed accents, one object per line, no stray blanks."""
    text = (settings.labs_folder() / "data" / locale / name).read_bytes().decode("utf-8")
    assert text.endswith("}\n")
    assert unicodedata.is_normalized("NFC", text)
    assert not re.search("[\ufeff\ufffd\r\t]|\n\n", text)
    for line in text.splitlines():
        record = json.loads(line)
        texts = (
            [message["content"] for message in record["messages"]]
            if "messages" in record
            else [record["text"]]
        )
        for each in texts:
            assert each == each.strip()
            assert "  " not in each


def test_the_test_questions_are_new(locale):
    """Questions that stand in the other files, even reworded slightly, would measure memory."""
    known = [
        messages[1]["content"]
        for name in ("support-train.jsonl", "support-validation.jsonl")
        for messages in conversations(locale, name)
    ]
    tests = [messages[1]["content"] for messages in conversations(locale, "support-test.jsonl")]
    pairs = [*product(tests, known), *combinations(tests, 2)]
    assert [pair for pair in pairs if shared(*pair) > SHARED] == []


def test_every_language_has_the_same_reviews(locale):
    english, found = reviews("en"), reviews(locale)
    assert all(list(review) == ["id", "text", "label", "kind", "about"] for review in found)
    assert [review["id"] for review in found] == [f"review-{n:03}" for n in range(1, 201)]
    facts = [
        [(each["id"], each["label"], each["kind"], each["about"]) for each in set_]
        for set_ in (english, found)
    ]
    assert facts[0] == facts[1]


def test_the_reviews_are_balanced():
    """Neither the kind nor the subject nor the length of a review gives its label away."""
    found = reviews("en")
    by_kind = Counter((review["label"], review["kind"]) for review in found)
    assert by_kind == {(label, kind): n for label in ("positive", "negative") for kind, n in KINDS.items()}
    by_subject = Counter((review["label"], review["about"]) for review in found)
    assert {about for _label, about in by_subject} == ABOUT
    assert all(abs(by_subject["positive", about] - by_subject["negative", about]) <= 2 for about in ABOUT)
    by_size = Counter((review["label"], size(review["text"])) for review in found)
    assert all(
        30 <= by_size[label, each] <= 36
        for label in ("positive", "negative")
        for each in ("short", "medium", "long")
    )


def test_the_reviews_are_mixed():
    """A part from the start of the file is as balanced as the whole; sorted sets are a trap."""
    found = reviews("en")
    for start in range(0, 200, 40):
        part = Counter((review["label"], review["kind"]) for review in found[start : start + 40])
        assert part == {
            (label, kind): n / 5 for label in ("positive", "negative") for kind, n in KINDS.items()
        }
    assert max(len(list(run)) for _label, run in groupby(found, lambda review: review["label"])) <= 4


def test_reviews_are_as_long_as_their_english_ones(locale):
    """Chinese characters count one each, about 1.5 for an English word."""
    totals = Counter()
    for english, found in zip(reviews("en"), reviews(locale), strict=True):
        expected, length = (len(words(each["text"])) for each in (english, found))
        assert 5 <= expected <= 120
        assert expected / 2 - 2 <= length <= expected * 2.5 + 6, found["id"]
        totals[found["label"]] += length
    assert totals["positive"] == pytest.approx(totals["negative"], rel=0.1)


def test_no_two_reviews_are_alike(locale):
    found = reviews(locale)
    texts = [review["text"] for review in found]
    assert len(set(texts)) == len(texts)
    alike = [
        (one["id"], two["id"])
        for one, two in combinations(found, 2)
        if shared(one["text"], two["text"]) > SHARED
    ]
    assert alike == []
    openings = Counter(tuple(words(text)[: 4 if locale == "zh" else 3]) for text in texts)
    assert {opening: n for opening, n in openings.items() if n > 2} == {}


def test_no_two_english_reviews_share_a_phrase():
    """Five words in common betray a template."""
    seen = {}
    for review in reviews("en"):
        text = words(review["text"])
        for phrase in {tuple(text[i : i + 5]) for i in range(len(text) - 4)}:
            assert seen.setdefault(phrase, review["id"]) == review["id"], phrase


@pytest.mark.parametrize("locale", [locale for locale in i18n.available() if locale != "en"])
def test_reviews_are_translated(locale):
    pairs = zip(reviews("en"), reviews(locale), strict=True)
    assert [one["id"] for one, two in pairs if one["text"] == two["text"]] == []
