"""BLEU, chrF and ROUGE against hand arithmetic, published examples, and ``rouge_score`` on English."""

import json
import random

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from kit import settings
from kit.errors import UsageError
from kit.evaluation.metrics import bleu, chrf, rouge, rouge_items, words
from kit.evaluation.metrics.ngrams import bleu_of, chrf_of

CAT, OTHER_CAT = "the cat sat on the mat", "the cat sat on a mat"
ZH, OTHER_ZH = "请尽快把我的订单寄出，谢谢你们的帮助。", "请尽快把我的订单寄出，感谢你们的帮助。"


def english_pairs(count):
    """Return pairs of English texts that share words: the course's data, and disturbed copies."""
    folder = settings.labs_folder() / "data" / "en"
    rows = (folder / "support-train.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [turn["content"] for row in rows for turn in json.loads(row)["messages"]]
    texts = [text.encode("ascii", "ignore").decode()[:220] for text in dict.fromkeys(texts)]
    chance = random.Random(7)
    pairs = []
    for _ in range(count):
        text = chance.choice(texts)
        parts = text.split(" ")
        kept = [word for word in parts if chance.random() < 0.7]
        chance.shuffle(kept) if chance.random() < 0.3 else None
        pairs.append((" ".join(kept) if chance.random() < 0.7 else chance.choice(texts), text))
    return pairs


class TestBleu:
    def test_hand_arithmetic(self):
        score = bleu([CAT], [OTHER_CAT])
        expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** (1 / 4)  # 53.728497
        assert score.value == pytest.approx(expected, abs=1e-6)
        assert score.interval is None

    def test_brevity_penalty(self):
        score = bleu(["the cat sat on the"], [CAT])
        assert score.value == pytest.approx(100 * np.exp(1 - 6 / 5), abs=1e-6)

    def test_chinese_needs_its_tokenizer(self):
        right, wrong = bleu([ZH], [OTHER_ZH], "zh"), bleu([ZH], [OTHER_ZH], "en")
        assert "tok:zh" in right.signature
        assert "tok:13a" in wrong.signature
        # 19 characters and marks, one differs (place 12): 18/19, 16/18, 14/17, 12/16
        assert right.value == pytest.approx(100 * (18 / 19 * 16 / 18 * 14 / 17 * 12 / 16) ** 0.25, abs=1e-6)
        assert wrong.value < right.value / 2

    def test_the_formula_of_the_bootstrap_is_that_of_sacrebleu(self):
        metric = BLEU(force=True)
        generator = np.random.default_rng(5)
        lengths = generator.integers(0, 12, size=(300, 2))
        possible = np.maximum(0, lengths[:, :1] - np.arange(4))
        matched = np.minimum(generator.integers(0, 8, size=(300, 4)), possible)
        sums = np.hstack([lengths, matched, possible]).astype(float)
        expected = [metric._compute_score_from_stats([int(each) for each in row]).score for row in sums]
        found = bleu_of(sums)
        assert found == pytest.approx(np.array(expected), abs=1e-6)
        assert 0 in expected

    def test_several_references(self):
        assert bleu([CAT, "hello"], [[OTHER_CAT, CAT], "hello"]).value == pytest.approx(100)


class TestChrf:
    def test_hand_arithmetic(self):
        # 1-grams 2 of 3, 2-grams 1 of 2, 3-grams 0 of 1, nothing longer; precision and recall are equal
        assert chrf(["abc"], ["abd"]).value == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3, abs=1e-6)

    def test_the_formula_of_the_bootstrap_is_that_of_sacrebleu(self):
        metric = CHRF()
        generator = np.random.default_rng(5)
        sums = generator.integers(0, 9, size=(300, 18)).astype(float)
        sums[:, 2::3] = np.minimum(sums[:, 2::3], np.minimum(sums[:, 0::3], sums[:, 1::3]))
        sums[:20, 3:] = 0
        expected = [metric._compute_score_from_stats(list(row)).score for row in sums]
        assert chrf_of(sums) == pytest.approx(np.array(expected), abs=1e-6)

    def test_interval_and_signature(self):
        predictions, references = zip(*english_pairs(60), strict=True)
        score = chrf(predictions, references)
        assert score.interval.low < score.value < score.interval.high
        assert "nc:6" in score.signature
        assert "seed:105" in score.signature


class TestRouge:
    # C.-Y. Lin, “ROUGE: A Package for Automatic Evaluation of Summaries” (2004), section 3.1, S1 to S3
    REFERENCE = "police killed the gunman"

    @pytest.mark.parametrize(
        ("sentence", "bigrams", "subsequence"),
        [("police kill the gunman", 1 / 3, 3 / 4), ("the gunman kill police", 1 / 3, 2 / 4)],
    )
    def test_the_published_example(self, sentence, bigrams, subsequence):
        scores = rouge([sentence], [self.REFERENCE])
        assert scores["rouge2"].value == pytest.approx(bigrams, abs=1e-9)
        assert scores["rougeL"].value == pytest.approx(subsequence, abs=1e-9)

    def test_precision_and_recall(self):
        found = rouge_items(["the cat"], [CAT])["rouge1"][0]
        assert found == (1.0, 2 / 6, pytest.approx(2 * 1 * (1 / 3) / (4 / 3)))

    def test_equal_to_rouge_score_on_english_item_by_item(self):
        pairs = english_pairs(3000)
        scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
        found = rouge_items(*zip(*pairs, strict=True))
        for place, (prediction, reference) in enumerate(pairs):
            for kind, expected in scorer.score(reference, prediction).items():
                assert found[kind][place] == pytest.approx(tuple(expected), abs=1e-12), (
                    prediction,
                    reference,
                )

    def test_chinese_and_accents(self):
        # 17 characters without the marks, one differs
        assert rouge([ZH], [OTHER_ZH])["rouge1"].value == pytest.approx(16 / 17)
        assert rouge(["coração"], ["cora o"])["rouge1"].value == 0
        assert rouge(["CORAÇÃO"], ["corac\u0327a\u0303o"])["rouge1"].value == 1

    def test_the_best_of_several_references_counts(self):
        assert rouge([CAT], [["dogs", CAT]])["rougeL"].value == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop, e.g. now_ok", ["don", "t", "stop", "e", "g", "now", "ok"]),
        ("L’été, ça alors !", ["l", "été", "ça", "alors"]),
        ("用GPT-4o模型", ["用", "gpt", "4o", "模", "型"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("。，！", []),
    ],
)
def test_words_of_every_language(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("metric", [bleu, chrf, lambda *pair: rouge(*pair)["rougeL"]])
class TestEdges:
    def test_identical_texts(self, metric):
        score = metric([CAT, "the mat sat on the cat"], [CAT, "the mat sat on the cat"])
        assert score.value == pytest.approx(score.interval.high)
        assert score.value == pytest.approx(100 if score.name != "rougeL" else 1)

    def test_empty_texts_score_nothing(self, metric):
        assert metric(["", ""], [CAT, CAT]).value == 0
        assert metric([CAT, CAT], ["", ""]).value == 0

    def test_inputs_that_do_not_go_together(self, metric):
        with pytest.raises(UsageError, match="empty"):
            metric([], [])
        with pytest.raises(UsageError, match="2 predictions but 1 references"):
            metric(["a", "b"], ["a"])
        with pytest.raises(UsageError, match="Prediction 1 is not a text but NoneType"):
            metric([None], ["a"])
