"""Scores, splits and answers as a learner sees them."""

import csv
import math
from functools import partial

import pytest

from kit import i18n, lab
from kit.errors import DataError, UsageError
from kit.evaluation.runner import Answer
from kit.lab import evaluating


def answer(text, *logprobs, finish_reason="stop"):
    return Answer(0, "00", text, finish_reason=finish_reason, logprobs=list(logprobs) or None)


def test_every_language_has_the_courses_reviews(locale):
    i18n.use(locale)
    rows = lab.reviews("reviews")
    assert len(rows) == 200
    assert {row.label for row in rows} == {"positive", "negative"}


def test_another_languages_reviews_keep_their_ids():
    here, there = lab.reviews("reviews"), lab.reviews("reviews", "zh")
    assert [(row.id, row.label) for row in here] == [(row.id, row.label) for row in there]
    assert here[0].text != there[0].text


def test_a_learners_own_file_takes_the_place_of_the_course(tmp_path):
    path = tmp_path / "mine.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "sentiment"), ("Fine.", "pos"), ("Not fine.", "neg")])
    assert [(row.text, row.label) for row in lab.reviews(str(path))] == [
        ("Fine.", "positive"),
        ("Not fine.", "negative"),
    ]


def test_unusual_columns_and_labels_are_explained_by_parameters(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"q": "Fine.", "stars": 1}\n{"q": "Not fine.", "stars": 0}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"(?s)There are: q, stars.*columns, for example “text=q”"):
        lab.reviews(str(path))
    with pytest.raises(DataError, match=r"(?s)“1” is none of the labels.*columns, for example “1=positive”"):
        lab.reviews(str(path), columns="text=q, label=stars")
    found = lab.reviews(str(path), columns="text=q,label = stars, 0=negative, 1=positive")
    assert [(row.text, row.label) for row in found] == [("Fine.", "positive"), ("Not fine.", "negative")]
    with pytest.raises(UsageError, match=r"(?s)“0:negative”.*“text=body, label=stars, 0=negative"):
        lab.reviews(str(path), columns="0:negative")


def test_the_courses_own_reviews_need_no_explanation():
    assert lab.reviews("reviews", columns="text=q, 0=negative") == lab.reviews("reviews")


def test_a_missing_file_is_explained(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        lab.reviews(str(tmp_path / "nowhere.csv"))


def test_the_overview_counts_every_part():
    parts = lab.split(lab.reviews("reviews"), validation=0.3, test=0.3)
    shown = lab.overview(parts, lab.sentiment())
    assert [row[1:] for row in shown.rows] == [["40", "40", "80"], ["30", "30", "60"], ["30", "30", "60"]]


def test_refusals_stay_in_the_count():
    run = [answer("Positive."), answer("I'm sorry, but I cannot judge that."), answer(None), answer("")]
    labels = lab.sentiment()
    assert lab.read_labels(run, labels) == ["positive", None, None, None]
    shown = lab.unread(run, labels)
    assert sum(int(row[1]) for row in shown.rows) == len(run)
    assert lab.accuracy(lab.read_labels(run, labels), ["positive"] * 4).value == 0.25


def test_the_table_of_parsed_answers_is_in_the_learners_language(locale):
    i18n.use(locale)
    labels = lab.sentiment()
    shown = lab.parsed([labels.called("negative") + ".", ""], labels)
    assert shown.rows[0][1] == labels.called("negative")
    assert len({row[2] for row in shown.rows}) == 2


def test_scores_are_written_on_their_own_scale():
    texts = ["the bike is at the station", "a red light"]
    scores = {
        "accuracy": lab.accuracy(["a", "b", "b", "b"], ["a", "b", "b", "a"]),
        "bleu": lab.bleu(texts, texts),
        "perplexity": lab.corpus_perplexity([[math.log(0.5)], [math.log(0.5)]]),
    }
    shown = lab.score_table(scores)
    assert [row[1] for row in shown.rows] == ["75%", "100.0", "2.0"]


def test_the_confusion_matrix_names_refusals():
    labels = lab.sentiment()
    run = [answer("Positive"), answer("Negative"), answer("I'm sorry, but I cannot judge that."), answer("?")]
    predicted = lab.read_labels(run, labels)
    picture = lab.confusion(predicted, ["positive", "positive", "negative", "negative"], labels, run)
    assert "Refused 1, and No label 1" in picture.alt


def test_the_scores_of_each_label():
    """Of three called positive two are, and they are all there were; of the negative ones half were found."""
    truth = ["positive", "positive", "negative", "negative"]
    picture = lab.by_label(["positive", "positive", "positive", "negative"], truth, lab.sentiment())
    assert "positive (2): Precision 66.7%" in picture.alt
    assert "Recall 50.0%" in picture.alt.split("negative (2)")[1]


def test_groups_keep_their_own_items():
    predicted, truth = ["a", "b", "a", "a"], ["a", "a", "a", "b"]
    picture = lab.by_group(lab.accuracy, predicted, truth, ["plain", "irony", "plain", "irony"])
    assert "plain (2): Accuracy 100.0%" in picture.alt
    assert "irony (2): Accuracy 0.0%" in picture.alt


@pytest.mark.parametrize(
    ("metric", "name"), [(lab.precision, "Précision"), (lab.recall, "Rappel"), (lab.f1, "F1")]
)
def test_the_metric_of_groups_is_named_in_the_language(metric, name):
    i18n.use("fr")
    picture = lab.by_group(partial(metric, labels=["a", "b"]), ["a", "b"], ["a", "b"], ["plain", "plain"])
    assert f": {name} 100" in picture.alt


def test_an_answers_confidence_is_the_product_of_its_tokens_probabilities():
    run = [answer("a", math.log(0.5), math.log(0.5)), answer("b")]
    assert evaluating.confidences(run) == pytest.approx([0.25, 0.0])


def test_the_surest_mistake_comes_first():
    rows = [row for row in lab.reviews("reviews") if row.label == "positive"][:3]
    run = [
        answer("negative", math.log(0.6)),
        answer("negative", math.log(0.9)),
        answer("positive", math.log(0.9)),
    ]
    predicted = ["negative", "negative", "positive"]
    shown = lab.surest_mistakes(run, rows, predicted, lab.sentiment())
    assert [row[0] for row in shown.rows] == [rows[1].text, rows[0].text]


def test_variants_are_compared_with_the_first():
    experiments = lab.Experiments("accuracy")
    truth = ["a", "b"] * 20
    experiments.add("first", {"accuracy": lab.accuracy(["a"] * 40, truth)})
    experiments.add("second", {"accuracy": lab.accuracy(truth, truth)})
    shown = lab.experiment_table(experiments)
    assert shown.rows[0][3:] == ["–", "–"]
    assert shown.rows[1][3] == "+50.0"
    assert float(shown.rows[1][4]) < 0.01
    with i18n.speaking("fr"):
        assert lab.experiment_table(experiments).rows[1][3] == "+50,0"
