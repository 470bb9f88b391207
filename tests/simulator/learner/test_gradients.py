"""The gradients written by hand, against finite differences."""

from typing import Any

import numpy as np
import pytest

from kit.simulator.learner import choices, gate, memory, network, objective, pointer
from kit.simulator.learner.choices import Choice, Decided, Reading
from kit.simulator.learner.features import Bag, Prompt, suffix_hashes
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
    return NetworkInput(context, tuple(bags), (4, 3), copies)


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
    assert set(gradients) == {"context", "prompt", "output", "bias", "copy"}
    for name, (rows, gradient) in gradients.items():
        numbers = np.arange(len(parameters[name])) if rows is None else rows
        for at in generator.choice(len(numbers), min(6, len(numbers)), replace=False):
            index = (numbers[at], *(generator.integers(0, size) for size in parameters[name].shape[1:]))
            place = (at, *index[1:])
            assert gradient[place] == pytest.approx(_difference(loss, parameters[name], index), abs=1e-5)


def test_memory_and_gates() -> None:
    generator = np.random.default_rng(2)
    parameters = _parameters(generator)
    tokens = [3, 4, 5, 3, 4, 6, 0]
    remembered = [3, 4, 6, 3, 5, 4, 0, 3, 4, 5, 6, 0]
    halves = [remembered[:7], remembered[7:]]
    rows = memory.Chosen(np.zeros(2, np.int64), np.arange(2), generator.normal(0, 1, (2, memory.CHANNELS)))
    attended = memory.Attended(
        rows,
        np.repeat([0, 1], [7, 5]),
        np.concatenate([suffix_hashes(half[:-1]) for half in halves], axis=1),
        np.array(remembered),
    )
    copies = np.array([[0, 3, 0], [2, 5, 1], [5, 6, 2]])
    given = NetworkInput(generator.integers(0, network.CONTEXT_ROWS, (7, 4)), (EMPTY,), (7,), copies)
    choice = Choice((3,), (4, 8), (4, 8), 0)
    parameters |= _choice_parameters(generator)
    case = objective.Case(
        Prompt(EMPTY, EMPTY, EMPTY),
        given,
        suffix_hashes(tokens[:-1]),
        np.array(tokens),
        np.full(7, 1e-3),
        0,
        Reading(EMPTY, np.ones(FEELINGS)),
        ((1, choice),),
    )

    def loss() -> float:
        return objective.evaluate(parameters, [case], [attended], learn=False).loss / 7

    gradients = objective.evaluate(parameters, [case], [attended]).gradients
    for name in ("likeness", "bank", "echo", "advice", "match", "gate"):
        _, gradient = gradients[name]
        assert np.abs(gradient).max() > 0 or name == "bank"  # one bank only: its bias changes nothing
        for index in np.ndindex(gradient.shape):
            # The memory's weights are kept in single precision: hence the larger step and tolerance.
            expected = _difference(loss, parameters[name], index, 1e-2)
            assert gradient[index] == pytest.approx(expected, abs=2e-4), (name, index)


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
