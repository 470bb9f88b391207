"""Fine-tuning: gradient training of a copy of a model on a training file.

What is trained: the network's context and prompt rows that the file's examples touch, the output rows of the
file's tokens, the gates, the weights of likeness and of match lengths. The memory is written as training
goes: an example can be remembered once it has been seen, and never helps to predict itself. So the first
loss is that of the model training starts from, and repeated epochs overfit the network, not the memory.

How memory and network are mixed is learned mainly from examples seen for the first time, see
:func:`optimizer.mixing_rate`.

A long job learns from a random part of each batch only, see BUDGET; from one example in every step at least,
so that its time still grows with the number of steps, by two or three milliseconds each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from kit.simulator.learner import objective
from kit.simulator.learner.choices import extended, grown
from kit.simulator.learner.memory import Chosen, attend, choose_by
from kit.simulator.learner.model import LanguageModel, answer_tokens, bank_of, row_of
from kit.simulator.learner.network import new_output_rows
from kit.simulator.learner.objective import Case
from kit.simulator.learner.optimizer import Adagrad, mixing_rate
from kit.simulator.learner.records import Checkpoint, Hyperparameters, Messages, StepMetrics, TrainingRun
from kit.simulator.learner.tables import patch, whole
from kit.simulator.learner.threads import single_threaded
from kit.simulator.learner.vocabulary import Floats, Integers, Mask, Vocabulary

BUDGET = 300_000  # what a job may spend, in tokens; an example costs its answer's tokens and OVERHEAD
OVERHEAD = 20
LARGEST_VOCABULARY = 8_000  # rarer tokens of a training file stay outside the network's vocabulary
LARGEST_MEMORY = 4_000  # examples; more are sampled
CHECKPOINTS = 3
_PATCHED = ("context", "prompt", "output")
_HEAD_START = 3.0  # training examples count e**3 times as much as the base corpus before any training
_VALIDATION_BATCH = 2  # examples per step; one in runs of more than _MANY_STEPS steps
_MANY_STEPS = 600
_AHEAD = 64  # examples
_FULL_VALIDATION = 400  # examples; of more, evenly spaced ones are taken


def fine_tune(  # noqa: PLR0913 - what a job consists of
    base: LanguageModel,
    training: Sequence[Messages],
    validation: Sequence[Messages],
    hyperparameters: Hyperparameters,
    *,
    seed: int,
    should_stop: Callable[[], bool] | None = None,
) -> TrainingRun:
    """Train a copy of a model on conversations that each end with an assistant answer.

    Deterministic: equal arguments give equal floats on the same machine.

    Args:
        base: the model to start from, the base model or a tuned one; it is not changed.
        training: the training file.
        validation: the validation file, possibly empty; never learned from.
        hyperparameters: epochs, batch size and learning rate multiplier.
        seed: of shuffling and sampling.
        should_stop: asked before every step; a true answer ends the run.
    """
    with single_threaded():
        trainer = _Trainer(base, training, validation, hyperparameters, seed)
        return trainer.run(should_stop or (lambda: False))


class _Trainer:
    """One run: the model being trained, what of the file it has seen, and the measurements."""

    def __init__(
        self,
        base: LanguageModel,
        training: Sequence[Messages],
        validation: Sequence[Messages],
        hyperparameters: Hyperparameters,
        seed: int,
    ) -> None:
        self._base, self._hyperparameters = base, hyperparameters
        self._generator = np.random.default_rng(seed)
        self._training = training
        answers = [answer_tokens(one) for one in training]
        self._answers = answers
        self._lengths = np.array([len(one) for one in answers])
        vocabulary, self._trained = _vocabulary(base, answers)
        self._remembered = self._choose_memory(len(training))
        rows = [row_of(training[at]) for at in self._remembered.tolist()]
        self._rows_of = dict(zip(self._remembered.tolist(), rows, strict=True))
        bank = bank_of(rows, base.rate, base.knowledge, vocabulary)
        choices, origins = extended(base.choices, answers, vocabulary)
        self._parameters = _grown(base, vocabulary) | grown(base.parameters, origins)
        self.model = replace(
            base,
            parameters=self._parameters,
            vocabulary=vocabulary,
            banks=(*base.banks, bank),
            rate=bank.rate,
            choices=choices,
        )
        self._cases: dict[int, tuple[Case, Chosen]] = {}
        self._ahead: dict[int, tuple[Case, list[Floats]]] = {}
        self._validation = self.model.cases([row_of(one) for one in _spaced(validation, _FULL_VALIDATION)])
        self._validation_rows: dict[int, Chosen] = {}
        self._validation_batch = _VALIDATION_BATCH
        self._unseen: Mask = np.ones(len(rows), dtype=bool)
        self._met: Mask = np.arange(len(vocabulary)) < len(base.vocabulary)
        self._optimizer = Adagrad(self._parameters, hyperparameters.learning_rate_multiplier)

    def _choose_memory(self, number: int) -> Integers:
        if number <= LARGEST_MEMORY:
            return np.arange(number)
        return np.sort(self._generator.choice(number, LARGEST_MEMORY, replace=False))

    def run(self, should_stop: Callable[[], bool]) -> TrainingRun:
        """Train all epochs."""
        size, epochs = self._hyperparameters.batch_size, self._hyperparameters.n_epochs
        cost = epochs * int((self._lengths + OVERHEAD).sum())
        part = max(1, round(size * min(1.0, BUDGET / cost)))
        if epochs * len(self._training) > _MANY_STEPS * size:
            self._validation_batch = 1
        steps: list[StepMetrics] = []
        checkpoints: list[Checkpoint] = []
        for epoch in range(1, epochs + 1):
            order = self._generator.permutation(len(self._training))
            begins = range(0, len(order), size)
            learned = np.concatenate([order[begin : begin + size][:part] for begin in begins]).tolist()
            for number, begin in enumerate(begins):
                if should_stop():
                    return TrainingRun(self._hyperparameters, tuple(steps), (), stopped=True)
                batch = order[begin : begin + size]
                loss, accuracy = self._learn(batch[:part], learned[number * part :], epoch)
                self._see(batch)
                last = begin + size >= len(order)
                steps.append(self._measured(len(steps) + 1, loss, accuracy, full=last))
            if epoch > epochs - CHECKPOINTS:
                snapshot = self._snapshot()
                checkpoints.append(Checkpoint(len(steps), steps[-1], partial(_same, snapshot)))
        return TrainingRun(self._hyperparameters, tuple(steps), tuple(checkpoints))

    def _learn(self, chosen: Integers, coming: Sequence[int], epoch: int) -> tuple[float, float]:
        pairs = [self._example(at, coming) for at in chosen.tolist()]
        cases = [case for case, _ in pairs]
        newest = len(self.model.banks) - 1
        attended = attend(self.model.banks, [rows.without(newest, self._unseen) for _, rows in pairs])
        result = objective.evaluate(
            self._parameters,
            cases,
            attended,
            places=self._trained,
            known=[self._met[case.places] for case in cases],
        )
        self._optimizer.step(result.gradients, mixing_rate(epoch))
        return result.loss / result.tokens, result.correct / result.tokens

    def _see(self, batch: Integers) -> None:
        """From now on the batch's examples are remembered and their tokens known."""
        self._unseen[np.isin(self._remembered, batch)] = False
        for at in batch.tolist():
            places = self.model.vocabulary.places(self._answers[at])
            self._met[places[places >= 0]] = True

    def _example(self, at: int, coming: Sequence[int]) -> tuple[Case, Chosen]:
        """Return an example and the rows it attends to, never itself; chosen once, before it is learned."""
        if at not in self._cases:
            if at not in self._ahead:
                self._prepare(coming)
            case, channels = self._ahead.pop(at)
            masks = self._masks(self._remembered == at)
            self._cases[at] = case, choose_by(channels, self._parameters["likeness"], masks)
        return self._cases[at]

    def _prepare(self, coming: Sequence[int]) -> None:
        """Compare the next examples to learn with the memory, many at a time, which is faster."""
        new = [at for at in coming[:_AHEAD] if at not in self._cases]
        cases = self.model.cases([self._rows_of.get(at) or row_of(self._training[at]) for at in new])
        channels = [bank.likeness([case.query for case in cases]) for bank in self.model.banks]
        self._ahead = {
            at: (case, [found[:, number] for found in channels])
            for number, (at, case) in enumerate(zip(new, cases, strict=True))
        }

    def _masks(self, hidden: Mask | None) -> list[Mask | None]:
        return [*([None] * (len(self.model.banks) - 1)), hidden]

    def _rows(self, cases: Sequence[Case], hidden: Mask | None) -> list[Chosen]:
        """Return the rows that validation examples attend to, without some of the file's."""
        return self.model.chosen([case.query for case in cases], [self._masks(hidden)] * len(cases))

    def _measured(self, step: int, loss: float, accuracy: float, *, full: bool) -> StepMetrics:
        if not self._validation:
            return StepMetrics(step, loss, accuracy)
        number = min(self._validation_batch, len(self._validation))
        some = [(step * number + one) % len(self._validation) for one in range(number)]
        new = [at for at in some if at not in self._validation_rows]
        self._validation_rows.update(
            zip(new, self._rows([self._validation[at] for at in new], None), strict=True)
        )
        newest = len(self.model.banks) - 1
        valid = self._evaluate(
            [self._validation[at] for at in some],
            [self._validation_rows[at].without(newest, self._unseen) for at in some],
        )
        whole_file: tuple[float, float] | tuple[None, None] = (None, None)
        if full:
            whole_file = self._evaluate(self._validation, self._rows(self._validation, self._unseen))
        return StepMetrics(step, loss, accuracy, *valid, *whole_file)

    def _evaluate(self, cases: list[Case], chosen: list[Chosen]) -> tuple[float, float]:
        loss, correct, tokens = 0.0, 0, 0
        for begin in range(0, len(cases), 8):
            some = cases[begin : begin + 8]
            result = objective.evaluate(
                self._parameters,
                some,
                attend(self.model.banks, chosen[begin : begin + 8]),
                learn=False,
                known=[self._met[case.places] for case in some],
            )
            loss, correct, tokens = loss + result.loss, correct + result.correct, tokens + result.tokens
        return loss / tokens, correct / tokens

    def _snapshot(self) -> LanguageModel:
        kept = {
            name: patch(self._base.parameters[name], array) if name in _PATCHED else array.copy()
            for name, array in self._parameters.items()
        }
        return replace(self.model, parameters=kept)


def _vocabulary(base: LanguageModel, answers: list[list[int]]) -> tuple[Vocabulary, Integers]:
    """Return the base's vocabulary with the file's tokens, and the places of the latter."""
    counts = Counter(token for answer in answers for token in answer)
    common = [token for token, _ in counts.most_common(LARGEST_VOCABULARY)]
    vocabulary = base.vocabulary.extended(common)
    return vocabulary, np.sort(vocabulary.places(common))


def _grown(base: LanguageModel, vocabulary: Vocabulary) -> dict[str, Floats]:
    """Return a copy of the base's parameters with room for new tokens and one more bank."""
    parameters = {name: whole(array) for name, array in base.parameters.items()}
    fresh = vocabulary.tokens[len(base.vocabulary) :]
    parameters["output"] = np.concatenate([parameters["output"], new_output_rows(fresh)])
    rare = np.full(len(fresh), parameters["bias"].min(), np.float32)
    parameters["bias"] = np.concatenate([parameters["bias"], rare])
    parameters["lean"] = np.concatenate([parameters["lean"], np.zeros(len(fresh), np.float32)])
    parameters["likeness"] = np.concatenate([parameters["likeness"], parameters["likeness"][-1:]])
    parameters["bank"] = np.concatenate([parameters["bank"], np.full(1, _HEAD_START, np.float32)])
    return parameters


def _same(model: LanguageModel) -> LanguageModel:
    return model


def _spaced(examples: Sequence[Messages], most: int) -> list[Messages]:
    """Return at most ``most`` of the examples, evenly spaced."""
    number = min(most, len(examples))
    return [examples[at * len(examples) // number] for at in range(number)]
