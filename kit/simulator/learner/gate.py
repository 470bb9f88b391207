"""The gate: how much background, network, memory and choice each contribute to a token's probability.

The shares depend on the *situation*: how many of the last tokens the memory recognizes, whether the answer
is about to start and whether a brief one is wanted, how sure the memory is, and whether there is a choice.
Every situation has trained logits of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kit.simulator.learner.features import SUFFIXES
from kit.simulator.learner.network import Parameters, softmax
from kit.simulator.learner.vocabulary import Floats, Integers

COMPONENTS = 4  # background, network, memory, choice
LEVELS = len(SUFFIXES)
_SURE = (0.5, 0.8, 0.95)  # bounds of the memory's largest probability
_DEGREES = len(_SURE) + 1
_USUAL = 1 + (LEVELS + 2) * _DEGREES  # nothing recognized; else level (or kind of start) times degree
SITUATIONS = _USUAL + 2  # and a choice, where the memory recognizes nothing or something
_CHOICE_AT_FIRST = 2.5


def new_gate() -> Floats:
    """Return untrained logits; shape (SITUATIONS, COMPONENTS)."""
    gate = np.zeros((SITUATIONS, COMPONENTS), np.float32)
    gate[:, 0] = -2.0
    gate[_USUAL - _DEGREES : _USUAL, 1] = (
        1.5  # a label depends on all of the prompt, which the network weighs better
    )
    gate[_USUAL:, 3] = _CHOICE_AT_FIRST
    return gate


def situations(
    level: Integers, largest: Floats, starts: Integers, brief: Integers, chosen: Sequence[int] = ()
) -> Integers:
    """Return the situation of each token.

    Args:
        level: longest match of the token as an index of SUFFIXES, -1 for none; shape (tokens,).
        largest: the memory's largest probability; shape (tokens,).
        starts: the tokens that begin an answer.
        brief: for each of them 1 if a word or two is wanted, 0 if not.
        chosen: tokens at which there is a choice.
    """
    recognized = level >= 0
    level = level.copy()
    level[starts] = np.where(recognized[starts], LEVELS + brief, -1)
    degree = np.searchsorted(np.array(_SURE), largest)
    situation = np.where(recognized, 1 + level * _DEGREES + degree, 0)
    at = list(chosen)
    situation[at] = _USUAL + recognized[at]
    return situation


def shares(parameters: Parameters, situation: Integers) -> Floats:
    """Return the shares of background, network, memory and choice per token; shape (tokens, COMPONENTS).

    Where the memory recognizes nothing or there is no choice, their shares are zero.
    """
    z = parameters["gate"][situation].copy()
    z[(situation == 0) | (situation == _USUAL), 2] = -np.inf
    z[situation < _USUAL, 3] = -np.inf
    return softmax(z)


def backward(situation: Integers, given: Floats, responsibility: Floats) -> Floats:
    """Return the gradient of the sum of -ln P with respect to "gate", from shares and their posterior."""
    gradient = np.zeros((SITUATIONS, COMPONENTS), np.float32)
    np.add.at(gradient, situation, (given - responsibility).astype(np.float32))
    return gradient
