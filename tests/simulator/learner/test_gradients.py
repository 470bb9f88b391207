"""The gradients written by hand, against finite differences."""

from typing import Any

import numpy as np
import pytest

from kit.simulator.learner import LanguageModel, choices, gate, memory, network, objective, pointer
from kit.simulator.learner.choices import Choice, Decided, Reading
from kit.simulator.learner.features import Bag, Prompt, suffix_hashes
from kit.simulator.learner.model import row_of
from kit.simulator.learner.network import NetworkInput
from kit.simulator.learner.valence import FEELINGS

PLACES, STEP = 12, 1e-5
EMPTY = Bag(np.zeros(0, np.int64), np.zeros(0))


def _parameters(generator: np.random.Generator) -> dict[str, Any]:
    found: dict[str, Any] = {
        **network.new_parameters(np.arange(PLACES)),
        **pointer.new_parameters(1),
        "gate": gate.new_gate(),
    }
    # Double precision and values away from zero, so that the differences mean something.
    return {
        name: array.astype(np.float64) + generator.normal(0, 0.1, array.shape)
        for name, array in found.items()
    }


def _input(generator: np.random.Generator) -> NetworkInput:
    bags = [
        Bag(np.sort(generator.choice(1 << 17, 5, replace=False)), generator.normal(1, 0.3, 5))
        for _ in range(2)
    ]
    context = generator.integers(0, network.CONTEXT_ROWS, (7, 4))
    context[3, 0] = context[2, 0]  # a row that occurs twice must get both contributions
    copies = np.array([[0, 3, 0], [0, 5, 0], [2, 1, 1], [6, 2, 2]])
    return NetworkInput(context, tuple(bags), (4, 3), copies, (0.0, -0.7))


def test_network() -> None:
    generator = np.random.default_rng(1)
    parameters, given = _parameters(generator), _input(generator)
    target = generator.integers(0, PLACES, 7)

    def loss() -> float:
        logits = network.logits_of(parameters, given, network.hidden(parameters, given))
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return float(-logits[np.arange(7), target].sum())

    h = network.hidden(parameters, given)
    slope = network.softmax(network.logits_of(parameters, given, h))
    slope[np.arange(7), target] -= 1.0
    gradients = network.backward(parameters, given, h, slope, None)
    assert set(gradients) == {"context", "prompt", "output", "bias", "copy", "lean"}
    for name, (rows, gradient) in gradients.items():
        numbers = np.arange(len(parameters[name])) if rows is None else rows
        for at in generator.choice(len(numbers), min(6, len(numbers)), replace=False):
            index = (numbers[at], *(generator.integers(0, size) for size in parameters[name].shape[1:]))
            place = (at, *index[1:])
            assert gradient[place] == pytest.approx(_difference(loss, parameters[name], index), abs=1e-5)


def test_memory_and_gates() -> None:
    generator = np.random.default_rng(2)
    parameters = _parameters(generator)
    answers = [[3, 4, 5, 3, 4, 6, 0], [5, 3, 0]]
    remembered = [
        [3, 4, 6, 3, 5, 4, 0],
        [3, 4, 5, 6, 0],
        [5, 3, 4, 0],
    ]  # two for the first answer, one for the other
    rows = memory.Chosen(np.zeros(3, np.int64), np.arange(3), generator.normal(0, 1, (3, memory.CHANNELS)))
    attended = memory.Attended(
        rows,
        np.array([0, 12, 16]),
        np.repeat([0, 1, 2], [7, 5, 4]),
        np.concatenate([suffix_hashes(one[:-1]) for one in remembered], axis=1),
        np.concatenate(remembered),
    )
    copies = [np.array([[0, 3, 0], [2, 5, 1], [5, 6, 2]]), np.array([[1, 3, 1]])]
    choice = Choice((3,), (4, 8), (4, 8), 0)
    parameters |= _choice_parameters(generator)
    cases = [
        objective.Case(
            memory.Query(Prompt(EMPTY, EMPTY, EMPTY, (EMPTY,)), np.ones(1), 0.0),
            NetworkInput(
                generator.integers(0, network.CONTEXT_ROWS, (len(tokens), 4)),
                (EMPTY,),
                (len(tokens),),
                copied,
                (0.6 * brief,),
            ),
            suffix_hashes(tokens[:-1]),
            np.array(tokens),
            np.full(len(tokens), 1e-3),
            brief,
            Reading(EMPTY, np.ones(FEELINGS)),
            chosen,
        )
        for brief, (tokens, copied, chosen) in enumerate(
            zip(answers, copies, [((1, choice),), ()], strict=True)
        )
    ]

    def loss() -> float:
        return objective.evaluate(parameters, cases, attended, learn=False).loss / 10

    gradients = objective.evaluate(parameters, cases, attended).gradients
    for name in ("likeness", "bank", "echo", "advice", "match", "gate"):
        _, gradient = gradients[name]
        assert np.abs(gradient).max() > 0 or name == "bank"  # one bank only: its bias changes nothing
        for index in np.ndindex(gradient.shape):
            # The memory's weights are kept in single precision: hence the larger step and tolerance.
            expected = _difference(loss, parameters[name], index, 1e-2)
            assert gradient[index] == pytest.approx(expected, abs=2e-4), (name, index)


def test_answers_of_a_batch_do_not_see_each_other(base: LanguageModel) -> None:
    """The loss of a batch is the sum of its answers' losses, and the share of right tokens likewise."""
    rows = [
        row_of([{"role": "user", "content": question}, {"role": "assistant", "content": answer}])
        for question, answer in (
            ("Where is my parcel?", "Please check the tracking number first."),
            ("¿Es buena o mala? Responde con una palabra.", "Mala"),
            ("什么时候发货？", "您好，通常两天内发货。"),
        )
    ]
    cases = base.cases(rows)
    chosen = base.chosen([case.query for case in cases])

    def result(some: slice) -> objective.Result:
        attended = memory.attend(base.banks, chosen[some])
        return objective.evaluate(base.parameters, cases[some], attended, learn=False)

    alone = [result(slice(at, at + 1)) for at in range(3)]
    together = result(slice(None))
    assert together.loss == pytest.approx(sum(one.loss for one in alone), rel=1e-5)
    assert together.correct == sum(one.correct for one in alone)
    assert together.tokens == sum(len(row.tokens) for row in rows)


def test_choices() -> None:
    generator = np.random.default_rng(3)
    parameters = _choice_parameters(generator)
    choice = Choice((), (5, 6), (5, 6), 0)
    readings = [
        Reading(Bag(np.array([3, 9]), np.array([0.4, 0.9])), generator.normal(0, 1, FEELINGS))
        for _ in range(2)
    ]

    def loss() -> float:
        both = [choices.chances(parameters, choice, reading) for reading in readings]
        return float(-np.log(both[0][0]) - np.log(both[1][1])) / 2

    made = [
        (reading, Decided(0, choice, choices.chances(parameters, choice, reading)), right)
        for reading, right in zip(readings, (0, 1), strict=True)
    ]
    gradients = choices.backward(parameters, made, 2)
    assert set(gradients) == {"choice_words", "choice_feelings", "choice_bias"}
    for name, (rows, gradient) in gradients.items():
        numbers = np.arange(len(parameters[name])) if rows is None else rows
        for at, number in enumerate(numbers[:6]):
            for rest in np.ndindex(gradient.shape[1:]):
                expected = _difference(loss, parameters[name], (number, *rest))
                assert gradient[(at, *rest)] == pytest.approx(expected, abs=1e-6), (name, number)


def _choice_parameters(generator: np.random.Generator) -> dict[str, Any]:
    fresh = choices.new_parameters(2)
    return {
        name: array.astype(np.float64) + generator.normal(0, 0.1, array.shape)
        for name, array in fresh.items()
    }


def _difference(loss: Any, array: Any, index: tuple[Any, ...], step: float = STEP) -> float:
    kept = array[index]
    array[index] = kept + step
    above = loss()
    array[index] = kept - step
    below = loss()
    array[index] = kept
    return float((above - below) / (2 * step))
