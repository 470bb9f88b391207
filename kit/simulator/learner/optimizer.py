"""Adagrad (Duchi et al. 2011): every number has a learning rate of its own that shrinks as it moves."""

from __future__ import annotations

import numpy as np

from kit.simulator.learner.network import Gradients
from kit.simulator.learner.vocabulary import Floats

RATES = {
    "context": 0.06,
    "prompt": 0.06,
    "output": 0.04,
    "bias": 0.04,
    "copy": 0.6,
    "lean": 3.0,
    "echo": 0.6,
    "advice": 0.05,
    "likeness": 0.05,
    "bank": 0.2,
    "match": 0.1,
    "gate": 0.1,
    "choice_words": 0.02,
    "choice_feelings": 0.1,
    "choice_bias": 0.05,
}
MIXING = ("advice", "match", "gate")
_LATER_MIXING, _MOST_LATER_MIXING = 0.05, 0.5
_EPSILON = 1e-10


def mixing_rate(epoch: int) -> float:
    """Return a factor on the learning rates of match lengths and gates.

    How memory and network are mixed is learned from examples seen for the first time: later the network
    knows them by heart, which says nothing about new ones. The factor returns with the epochs, so that
    whoever trains for long sees the model come to rely on what it knows by heart.
    """
    return 1.0 if epoch == 1 else min(_MOST_LATER_MIXING, _LATER_MIXING * epoch)


class Adagrad:
    """Updates parameters in place.

    Args:
        parameters: the arrays to train.
        multiplier: factor on all learning rates.
    """

    def __init__(self, parameters: dict[str, Floats], multiplier: float) -> None:
        self._parameters, self._multiplier = parameters, multiplier
        self._squares: dict[str, Floats] = {name: np.zeros_like(array) for name, array in parameters.items()}

    def step(self, gradients: Gradients, mixing: float = 1.0) -> None:
        """Take one step against the gradient; rows without a gradient stay untouched.

        ``mixing`` is a factor on the learning rates of match lengths and gates.
        """
        for name, (rows, gradient) in gradients.items():
            rate = np.float32(RATES[name] * self._multiplier * (mixing if name in MIXING else 1.0))
            array, squares = self._parameters[name], self._squares[name]
            if rows is None:
                squares += gradient * gradient
                array -= rate * gradient / (np.sqrt(squares) + np.float32(_EPSILON))
            else:
                now = squares[rows] + gradient * gradient
                squares[rows] = now
                array[rows] -= rate * gradient / (np.sqrt(now) + np.float32(_EPSILON))
