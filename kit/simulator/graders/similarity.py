"""How similar two texts are, by the metrics of text similarity graders; each from 0 to 1.

Source of the list: Microsoft Foundry, "Reinforcement fine-tuning", section "Text similarity", 2026. ROUGE is
as Google's library ``rouge-score`` defines it, whose words are of Latin letters and digits only; GLEU is that
of Wu et al. 2016, "Google's Neural Machine Translation System", on the words of BLEU. Which function of
RapidFuzz the service uses for ``fuzzy_match`` is not documented; this is its plain ratio.
"""

import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

_LONGEST_GRAM = 4


def similarity(metric: str, text: str, reference: str) -> float:
    """Return a score.

    Args:
        metric: as the grader names it, but not ``meteor``, which needs a dictionary of English.
        text: what is graded.
        reference: what it should be like.
    """
    if metric == "fuzzy_match":
        return fuzz.ratio(text, reference) / 100
    if metric == "bleu":
        return _bleu(text, reference)
    if metric == "gleu":
        return _gleu(_bleu_words(text), _bleu_words(reference))
    words, expected = _rouge_words(text), _rouge_words(reference)
    if metric == "rouge_l":
        return _f1(LCSseq.similarity(words, expected), len(words), len(expected))
    n = int(metric.removeprefix("rouge_"))
    found, wanted = _grams(words, n), _grams(expected, n)
    return _f1((found & wanted).total(), found.total(), wanted.total())


def _bleu(text: str, reference: str) -> float:
    from sacrebleu.metrics import BLEU

    score: float = BLEU(effective_order=True).sentence_score(text, [reference]).score
    return score / 100


def _bleu_words(text: str) -> list[str]:
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    return str(Tokenizer13a()(text)).split()


def _rouge_words(text: str) -> list[str]:
    return re.findall("[a-z0-9]+", text.lower())


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def _gleu(words: Sequence[str], expected: Sequence[str]) -> float:
    matches = most = 0
    for n in range(1, _LONGEST_GRAM + 1):
        found, wanted = _grams(words, n), _grams(expected, n)
        matches += (found & wanted).total()
        most += max(found.total(), wanted.total())
    return matches / most if most else 0.0


def _f1(common: int, found: int, wanted: int) -> float:
    return 2 * common / (found + wanted) if common else 0.0
