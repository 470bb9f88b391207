"""Choosing the next token from a distribution.

Samples never come from the background, which exists so that unknown tokens have a finite loss, nor from the
far tail: a token needs at least TAIL of the best one's probability (min-p sampling, Nguyen et al. 2024),
because a model this small spreads more over nonsense than a large one; temperatures above one reach further
into the tail. Reported log-probabilities are those of the whole distribution, before all this.
"""

import numpy as np

from kit.simulator.learner.vocabulary import Floats

TAIL = 0.1


def choose(probabilities: Floats, *, temperature: float, top_p: float, generator: np.random.Generator) -> int:
    """Return a place.

    Args:
        probabilities: of all places; need not sum to one.
        temperature: 0 takes the most likely; 1 samples as the model believes; more flattens.
        top_p: only the most likely tokens that together have this share are considered.
        generator: source of randomness; one number is drawn per call, also at temperature 0.
    """
    draw = generator.random()
    best = int(probabilities.argmax())
    if temperature <= 0.0 or top_p <= 0.0:
        return best
    kept = np.flatnonzero(probabilities >= TAIL ** max(temperature, 1.0) * probabilities[best])
    order = kept[np.lexsort((kept, -probabilities[kept]))]
    chances = probabilities[order].astype(np.float64) ** (1.0 / temperature)
    chances /= chances.sum()
    cumulated = np.cumsum(chances)
    number = int(np.searchsorted(cumulated, min(top_p, 1.0) - 1e-12)) + 1
    reach = cumulated[min(number, len(order)) - 1]
    return int(order[min(int(np.searchsorted(cumulated, draw * reach, side="right")), len(order) - 1)])
