"""The base model: trained from the packaged corpus the first time it is needed."""

from __future__ import annotations

from functools import cache

import numpy as np

from kit.simulator.learner import corpus, network, objective, pointer
from kit.simulator.learner.background import Background
from kit.simulator.learner.features import bag
from kit.simulator.learner.memory import Bank, attend
from kit.simulator.learner.model import LanguageModel, row_of
from kit.simulator.learner.optimizer import LATER_MIXING, Adagrad
from kit.simulator.learner.retrieval import Knowledge
from kit.simulator.learner.threads import single_threaded
from kit.simulator.learner.vocabulary import END, Integers, Mask, Vocabulary, encode

_SEED = 105
_EPOCHS = 2
_BATCH = 16
_BRIEF = 5  # tokens with END


@cache
def base_model() -> LanguageModel:
    """Return the base model; the same object in the whole process."""
    with single_threaded():
        return train(corpus.load())


def train(source: corpus.Corpus) -> LanguageModel:
    """Train a base model from a corpus; deterministic."""
    rows = [row_of(example.messages) for example in source.examples]
    texts = [(example.locale, row.prompt.content) for example, row in zip(source.examples, rows, strict=True)]
    texts += [(example.locale, row.answer) for example, row in zip(source.examples, rows, strict=True)]
    notes = [(locale, bag((text, 1.0))) for locale, text in source.notes]
    prompts = [(row.prompt.wish, len(row.tokens) <= _BRIEF) for row in rows]
    knowledge = Knowledge(texts + notes, [one for _, one in notes], _background(source), prompts)
    vocabulary = Vocabulary(dict.fromkeys([END, *(token for row in rows for token in row.tokens)]))
    parameters = {**network.new_parameters(vocabulary.tokens), **pointer.new_parameters(1)}
    bank = Bank(rows, knowledge.rate, knowledge, vocabulary)
    model = LanguageModel(parameters, vocabulary, (bank,), knowledge, knowledge.rate)
    cases = [model.case(example.messages) for example in source.examples]
    groups = np.array([example.group for example in source.examples])
    # Half of the examples may look at other wordings of the same question, half may not: so attention learns
    # both to find what means the same and to answer what nobody asked before.
    numbers = np.arange(len(cases))
    seen = [
        model.chosen(case.prompt, [numbers == at if at % 2 else groups == groups[at]])
        for at, case in enumerate(cases)
    ]
    known = _known_elsewhere(cases, groups, len(vocabulary))
    generator = np.random.default_rng(_SEED)
    optimizer = Adagrad(parameters, 1.0)
    for epoch in range(_EPOCHS):
        order = generator.permutation(len(cases))
        for begin in range(0, len(order), _BATCH):
            chosen = order[begin : begin + _BATCH]
            result = objective.evaluate(
                parameters,
                [cases[at] for at in chosen],
                [attend(model.banks, seen[at]) for at in chosen],
                known=[known[at] for at in chosen],
            )
            optimizer.step(objective.summed(result.gradients), 1.0 if epoch == 0 else LATER_MIXING)
    return model


def _background(source: corpus.Corpus) -> Background:
    """Count the tokens of all texts of each language."""
    texts: dict[str, set[str]] = {locale: set() for locale in sorted(source.locales)}
    for example in source.examples:
        texts[example.locale].update(message["content"] for message in example.messages)
    for locale, note in source.notes:
        texts[locale].add(note)
    return Background([[token for text in sorted(some) for token in encode(text)] for some in texts.values()])


def _known_elsewhere(cases: list[objective.Case], groups: Integers, places: int) -> list[Mask]:
    """Tell for each token of each example whether it also occurs in another group's answers.

    The others count as unknown in training, so that the model learns how often to expect new words.
    """
    pairs = np.unique(
        np.concatenate([np.stack([case.places, np.full(len(case.places), group)], 1) for case, group in zip(cases, groups, strict=True)]),
        axis=0,
    )
    groups_with = np.bincount(pairs[:, 0], minlength=places)
    return [groups_with[case.places] > 1 for case in cases]
