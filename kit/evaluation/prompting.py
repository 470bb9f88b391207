"""Prompts for classification, with examples to learn from.

The instruction itself is the lesson and stands in the notebook.
"""

import random
from collections import defaultdict
from collections.abc import Sequence

from kit.errors import N_, UsageError
from kit.evaluation.bootstrap import SEED
from kit.evaluation.data import LabelledText
from kit.evaluation.languages import LabelSet

Messages = list[dict[str, str]]


def choose_examples(
    rows: Sequence[LabelledText], k: int, labels: LabelSet, *, seed: int = SEED
) -> list[LabelledText]:
    """Return ``k`` rows to show as examples, in random order and equally many of each label (or one more).

    Take them from the training part: a text that is asked for later must not be among them.

    Args:
        rows: to choose from.
        k: how many; 0 for none.
        labels: the allowed ones; rows with another label are passed over.
        seed: the same seed gives the same examples in the same order.

    Raises:
        UsageError: ``k`` is negative, or there are not enough rows of a label.
    """
    chance = random.Random(seed)
    groups: dict[str, list[LabelledText]] = defaultdict(list)
    for row in rows:
        groups[row.label].append(row)
    order = list(labels.keys)
    chance.shuffle(order)  # which labels get one more must not always be the first ones
    shares = {key: k // len(order) + (place < k % len(order)) for place, key in enumerate(order)}
    for key, share in shares.items():
        if not 0 <= share <= len(groups[key]):
            raise UsageError(
                N_("{k} examples need {share} of the label “{label}”; there are {n}."),
                advice=N_("Choose fewer examples, or give more rows to choose from."),
                k=k,
                share=share,
                label=key,
                n=len(groups[key]),
            )
    chosen = [row for key, share in shares.items() for row in chance.sample(groups[key], share)]
    chance.shuffle(chosen)  # sorted by label, the last label would win
    return chosen


def few_shot(
    instruction: str, text: str, examples: Sequence[LabelledText] = (), labels: LabelSet | None = None
) -> Messages:
    """Return the messages of one question: instruction, examples as question and answer, then the text.

    Args:
        instruction: the system message.
        text: what to classify.
        examples: shown before it, see :func:`choose_examples`; none for a zero-shot prompt.
        labels: give the examples' answers their names in the set's language; without it their keys stand.

    Raises:
        UsageError: the text is among the examples, answer included.
    """
    if any(example.text.strip() == text.strip() for example in examples):
        raise UsageError(
            N_("The text to classify is among the examples, with its answer."),
            advice=N_("Choose examples from the training part and ask about the other parts."),
        )
    messages = [{"role": "system", "content": instruction}]
    for example in examples:
        answer = labels.called(example.label) if labels else example.label
        messages += [{"role": "user", "content": example.text}, {"role": "assistant", "content": answer}]
    return [*messages, {"role": "user", "content": text}]
