"""What models write when asked for a label, in five languages, and what must come of it."""

import pytest

from kit import i18n
from kit.errors import UsageError
from kit.evaluation import parsing
from kit.evaluation.languages import Languages, languages, sentiment
from kit.evaluation.parsing import Reason, counted, parse_label

P, N = "positive", "negative"
CASES = {
    "en": {
        "I can't find anything negative here, so it is positive.": (P, "ok"),
        "As an AI, I would say it is positive.": (P, "ok"),
        "I'm sorry to read this: negative": (N, "ok"),
        "Overall sentiment: Positive (95%)": (P, "ok"),
        "Label: NEGATIVE\nReason: not a single positive word.": (N, "ok"),
        "<answer>positive</answer>": (P, "ok"),
        "1. Positive": (P, "ok"),
        "It is not a very positive review": (None, "negated"),
        "I wouldn't call it positive": (None, "negated"),
        "I can't say it is positive": (None, "refusal"),
        "mostly positive, with some negative points": (None, "ambiguous"),
        "positive/negative": (None, "ambiguous"),
        "Positive? Negative?": (None, "ambiguous"),
        "positive": (P, "ok"),
        "  NEGATIVE \n": (N, "ok"),
        "**Positive**.": (P, "ok"),
        "“Negative”": (N, "ok"),
        "I think it is positive!": (P, "ok"),
        '{"label": "negative", "confidence": 0.93}': (N, "ok"),
        "Sentiment: positive": (P, "ok"),
        "Positive. Although the reviewer mentions negative points, the tone is warm.": (P, "ok"),
        "The review names positive and negative points.\n\nAnswer: negative": (N, "ok"),
        "It's positive, not negative.": (P, "ok"),
        "Not negative but positive": (P, "ok"),
        "This is positive because the author found nothing to criticise.": (P, "ok"),
        "not only positive": (P, "ok"),
        "not positive": (None, "negated"),
        "It isn’t positive": (None, "negated"),
        "neither positive nor negative": (None, "negated"),
        "This is hardly a positive review": (None, "negated"),
        "positive or negative": (None, "ambiguous"),
        "Positive. Negative.": (None, "ambiguous"),
        "Answer: positive and negative": (None, "ambiguous"),
        "I'm sorry, but I cannot say whether this is positive or negative.": (None, "refusal"),
        "I can't help with that.": (None, "refusal"),
        "As an AI, I have no opinion.": (None, "refusal"),
        "": (None, "empty"),
        " …\n": (None, "empty"),
        "posit": (None, "cut"),
        "The sentiment is neg": (None, "cut"),
        "A lovely little book.": (None, "no_label"),
        "nonpositiveness": (None, "no_label"),
        "ＰＯＳＩＴＩＶＥ": (P, "ok"),
        "正面": (P, "other_language"),
        "négatif": (N, "other_language"),
    },
    "pt": {
        "Lamento, mas é negativo.": (N, "ok"),
        "Não encontrei nada de negativo: é positivo.": (P, "ok"),
        "Não acho que seja positivo": (None, "negated"),
        "Como IA, não tenho opinião.": (None, "refusal"),
        "positivo": (P, "ok"),
        "NEGATIVO.": (N, "ok"),
        "A avaliação é positiva.": (P, "ok"),
        "Resposta: negativo": (N, "ok"),
        "Desfavorável": (N, "ok"),
        "desfavoravel": (N, "ok"),
        "Positivo. Há pontos negativos, mas poucos.": (P, "ok"),
        "não é negativo, e sim positivo": (P, "ok"),
        "não só positivo": (P, "ok"),
        "não é positivo": (None, "negated"),
        "nem positivo nem negativo": (None, "negated"),
        "positivo ou negativo?": (None, "ambiguous"),
        "Desculpe, mas não posso dizer se é positivo ou negativo.": (None, "refusal"),
        "Não consigo responder a isso.": (None, "refusal"),
        "I'm sorry, but I can't assist with that.": (None, "refusal"),
        "": (None, "empty"),
        "positi": (None, "cut"),
        "Adorei o livro.": (None, "no_label"),
        "ｐｏｓｉｔｉｖｏ": (P, "ok"),
        "positive": (P, "other_language"),
        "负面": (N, "other_language"),
    },
    "es": {
        "Lo siento, es negativa.": (N, "ok"),
        "La opinión dista de ser negativa; es positiva": (None, "ambiguous"),
        "No creo que sea positiva": (None, "negated"),
        "No tiene nada de positivo": (None, "negated"),
        "positivo": (P, "ok"),
        "¡NEGATIVO!": (N, "ok"),
        "La reseña es positiva.": (P, "ok"),
        "Respuesta: negativa": (N, "ok"),
        "Etiqueta: «positivo»": (P, "ok"),
        "Negativo. Aunque hay algo positivo en el final.": (N, "ok"),
        "No es negativo sino positivo": (P, "ok"),
        "no solo positivo": (P, "ok"),
        "no es positivo": (None, "negated"),
        "ni positivo ni negativo": (None, "negated"),
        "¿positivo o negativo?": (None, "ambiguous"),
        "Lo siento, pero no puedo decir si es positivo o negativo.": (None, "refusal"),
        "": (None, "empty"),
        "negat": (None, "cut"),
        "Me encantó el libro.": (None, "no_label"),
        "ｎｅｇａｔｉｖｏ": (N, "ok"),
        "négative": (N, "other_language"),
        "积极": (P, "other_language"),
    },
    "fr": {
        "Désolé, c'est négatif.": (N, "ok"),
        "Je ne pense pas que ce soit positif": (None, "negated"),
        "Rien de négatif, donc positif": (P, "ok"),
        "positif": (P, "ok"),
        "NÉGATIF": (N, "ok"),
        "negatif": (N, "ok"),
        "L’avis est positif.": (P, "ok"),
        "Réponse : négative": (N, "ok"),
        "« Positif »": (P, "ok"),
        "Négatif. Il y a pourtant du positif dans la fin.": (N, "ok"),
        "Ce n'est pas négatif mais positif": (P, "ok"),
        "non seulement positif": (P, "ok"),
        "Ce n’est pas positif": (None, "negated"),
        "ni positif ni négatif": (None, "negated"),
        "loin d’être positif": (None, "negated"),
        "positif ou négatif ?": (None, "ambiguous"),
        "Désolé, mais je ne peux pas dire si c'est positif ou négatif.": (None, "refusal"),
        "": (None, "empty"),
        "posit": (None, "cut"),
        "J’ai adoré ce livre.": (None, "no_label"),
        "ｐｏｓｉｔｉｆ": (P, "ok"),
        "negativo": (N, "other_language"),
        "好评": (P, "other_language"),
    },
    "zh": {
        "很抱歉，这条评论是负面的。": (N, "ok"),
        "没有任何负面内容，是正面的": (P, "ok"),
        "我不认为是正面": (None, "negated"),
        "标签：【负面】": (N, "ok"),
        "抱歉，不便评价。": (None, "refusal"),
        "正面": (P, "ok"),
        "负面。": (N, "ok"),
        "这条评论是正面的。": (P, "ok"),
        "答案：负面": (N, "ok"),
        "情感倾向：积极": (P, "ok"),
        "正面。虽然提到了一些负面的地方，但总体满意。": (P, "ok"),
        "不是负面，而是正面": (P, "ok"),
        "不仅正面": (P, "ok"),
        "非常正面": (P, "ok"),
        "不是正面的": (None, "negated"),
        "并不积极": (None, "negated"),
        "既不正面也不负面": (None, "negated"),
        "正面还是负面？": (None, "ambiguous"),
        "很抱歉，我无法判断它是正面还是负面。": (None, "refusal"),
        "作为一个人工智能，我没有看法。": (None, "refusal"),
        "": (None, "empty"),
        "这条评论是正": (None, "cut"),
        "这本书很好看": (None, "no_label"),
        "【正面】": (P, "ok"),
        "Positive": (P, "other_language"),
        "negativo": (N, "other_language"),
    },
}
EACH = [(locale, answer, *expected) for locale, rows in CASES.items() for answer, expected in rows.items()]


@pytest.mark.parametrize(("locale", "answer", "label", "reason"), EACH)
def test_answers(locale, answer, label, reason):
    assert parse_label(answer, sentiment(locale)) == (label, reason)


def test_every_shipped_language_has_cases_and_words(locale):
    assert {reason for _, reason in CASES[locale].values()} == set(Reason)
    assert len(sentiment(locale).names()) == 2


def test_names_are_what_a_prompt_asks_for(locale):
    labels = sentiment(locale)
    for key in labels.keys:
        assert parse_label(labels.called(key), labels) == (key, "ok")


def test_what_the_service_says_about_the_end():
    labels = sentiment("en")
    assert parse_label(None, labels, finish_reason="content_filter").reason == "refusal"
    assert parse_label("The sentiment of this", labels, finish_reason="length").reason == "cut"
    assert parse_label("", labels, finish_reason="length").reason == "cut"  # all went into reasoning
    assert parse_label("positive", labels, finish_reason="length") == (P, "ok")
    assert parse_label(None, labels).reason == "empty"


def test_reasons_are_counted_also_those_that_never_occur():
    counts = counted(parse_label(each, sentiment("en")) for each in ["positive", "", "", "as an AI"])
    assert counts == dict.fromkeys(Reason, 0) | {"ok": 1, "empty": 2, "refusal": 1}


GERMAN = """
[languages.de]
bleu_tokenizer = "13a"
window = 3
negations = ["nicht", "kein", "keine", "weder", "noch"]
not_negations = ["nicht nur"]
contrasts = ["aber", "sondern"]
refusals = ["ich kann nicht"]
apologies = ["leider"]
markers = ["antwort"]
[labels.sentiment.positive]
de = ["positiv", "günstig"]
[labels.sentiment.negative]
de = ["negativ", "ungünstig"]
"""


def test_a_language_is_added_by_data_alone(tmp_path, monkeypatch):
    file = tmp_path / "languages.toml"
    file.write_text(GERMAN, encoding="utf-8")
    table = Languages(file)
    labels = table.sentiment("de")
    monkeypatch.setattr(parsing, "languages", lambda: table)
    expected = {
        "GÜNSTIG": P,
        "nicht positiv": None,
        "nicht positiv sondern negativ": N,
        "Antwort: ungünstig": N,
    }
    assert {answer: parse_label(answer, labels).label for answer in expected} == expected


def test_what_does_not_exist_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"“xx”.*\n.*en, pt"):
        sentiment("xx")
    with pytest.raises(UsageError, match="no label “angry”"):
        sentiment("en").called("angry")
    file = tmp_path / "languages.toml"
    file.write_text("[languages.de]\nwindow = 3\n[labels]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        Languages(file)


def test_the_data_know_every_language_of_the_kit():
    assert set(i18n.available()) <= set(languages().locales)
