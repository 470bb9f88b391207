"""What training minimizes, and its gradient.

The probability of a token is a mixture, P = g0 * background + g1 * network + g2 * memory + g3 * choice, with
gates g that depend on how well the memory matches. The loss per token is -ln P. The network gets a second,
auxiliary loss of its own, AUXILIARY * -ln network, so that it learns also where the memory already knows, and
choices learn as if they alone answered; reported losses contain neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.simulator.learner import choices, gate, network, pointer
from kit.simulator.learner.choices import Choice, Decided, Reading
from kit.simulator.learner.features import Hashes
from kit.simulator.learner.memory import Attended, Query
from kit.simulator.learner.network import Gradients, NetworkInput, Parameters
from kit.simulator.learner.pointer import Pointed, Written
from kit.simulator.learner.vocabulary import Floats, Integers, Mask

AUXILIARY = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """An answer to learn or to score: the network's input, what precedes each token, the tokens.

    Attributes:
        query: the prompt, as the memory compares it.
        given: the network's input for all tokens of the answer.
        hashes: suffix hashes; shape (len(SUFFIXES), tokens).
        places: vocabulary places of the tokens, -1 for unknown; shape (tokens,).
        background: the background's probability of each token; shape (tokens,).
        brief: 1 if the prompt wants a word or two, else 0.
        reading: what choices look at.
        chosen: the choices in the answer, each with the number of its token.
    """

    query: Query
    given: NetworkInput
    hashes: Hashes
    places: Integers
    background: Floats
    brief: int
    reading: Reading
    chosen: tuple[tuple[int, Choice], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """Loss and accuracy of a batch, summed over its tokens, and the gradient of the mean loss."""

    loss: float
    correct: int
    tokens: int
    gradients: Gradients


def evaluate(  # noqa: PLR0913 - what a step of training consists of
    parameters: Parameters,
    cases: list[Case],
    attended: Attended,
    *,
    places: Integers | None = None,
    learn: bool = True,
    known: Sequence[Mask] | None = None,
) -> Result:
    """Compute loss, accuracy and, if ``learn``, gradients for a batch of answers.

    Args:
        parameters: network, memory and gates.
        cases: the answers.
        attended: the rows each may look at.
        places: output rows that are trained, None for all.
        learn: whether to compute gradients.
        known: per case which tokens the model may be taken to know; a new token can only be predicted by
            the background, or else the model would seem to have known the training file's words before.
    """
    given = network.merged([case.given for case in cases])
    h = network.hidden(parameters, given)
    dense = network.softmax(network.logits_of(parameters, given, h))
    bounds = np.cumsum([0, *(len(case.places) for case in cases)])
    written = Written(
        np.concatenate([case.hashes for case in cases], axis=1),
        bounds,
        given.copies,
        dense,
        bounds[:-1],
        np.array([case.brief for case in cases]),
    )
    pointed = pointer.point(parameters, written, attended)
    decided = [
        (case, Decided(begin + at, one, choices.chances(parameters, one, case.reading)))
        for begin, case in zip(bounds.tolist(), cases, strict=False)
        for at, one in case.chosen
    ]
    mixed = _mix(parameters, cases, written, pointed, [one for _, one in decided], known)
    correct = _correct(dense, mixed, pointed, [one for _, one in decided])
    gradients: Gradients = {}
    if learn:
        gradients = network.backward(parameters, given, h, _network_slope(dense, mixed), places)
        gradients |= _memory_gradients(parameters, attended, pointed, mixed)
        if decided:
            gradients |= choices.backward(parameters, _right(decided, mixed.target), len(mixed.total))
    return Result(float(-np.log(mixed.total).sum()), correct, len(mixed.total), gradients)


def _right(decided: list[tuple[Case, Decided]], target: Integers) -> list[tuple[Reading, Decided, int]]:
    """Return the choices that had the right token among theirs, with its number among them."""
    return [
        (case.reading, one, one.choice.places.index(target[one.token]))
        for case, one in decided
        if target[one.token] in one.choice.places
    ]


@dataclass(frozen=True, slots=True)
class _Mixed:
    """Shares and probabilities of all tokens of a batch; shapes (tokens,) and (tokens, COMPONENTS)."""

    target: Integers
    situation: Integers
    shares: Floats
    total: Floats
    responsibility: Floats


def _mix(  # noqa: PLR0913, PLR0917 - the parts of the mixture
    parameters: Parameters,
    cases: list[Case],
    written: Written,
    pointed: Pointed,
    decided: list[Decided],
    known: Sequence[Mask] | None,
) -> _Mixed:
    target = np.concatenate([case.places for case in cases])
    usable = target >= 0
    if known is not None:
        usable &= np.concatenate(known)
    dense = written.network
    by_network = np.where(usable, dense[np.arange(len(target)), np.maximum(target, 0)], 0.0)
    by_choice = np.where(usable, _by_choice(target, decided), 0.0)
    background = np.concatenate([case.background for case in cases])
    situation = gate.situations(
        pointed.level, pointed.largest, written.starts, written.brief, [one.token for one in decided]
    )
    shares = gate.shares(parameters, situation)
    parts = shares * np.stack([background, by_network, pointed.of(target), by_choice], axis=1)
    total = np.maximum(parts.sum(axis=1), 1e-30)
    return _Mixed(target, situation, shares, total, parts / total[:, None])


def _by_choice(target: Integers, decided: list[Decided]) -> Floats:
    """Return the probability that choices give to each token; shape (tokens,)."""
    found = np.zeros(len(target))
    for one in decided:
        if target[one.token] in one.choice.places:
            found[one.token] = one.chances[one.choice.places.index(target[one.token])]
    return found


def _network_slope(dense: Floats, mixed: _Mixed) -> Floats:
    """Return the gradient with respect to the network's logits; shape (tokens, places).

    It takes the place of the network's distribution, which nobody needs any more.
    """
    number, inside = len(mixed.target), np.flatnonzero(mixed.target >= 0)
    pull = mixed.responsibility[:, 1].copy()
    pull[inside] += AUXILIARY
    pull = (pull / number).astype(np.float32)
    dense *= pull[:, None]
    dense[inside, mixed.target[inside]] -= pull[inside]
    return dense


def _memory_gradients(
    parameters: Parameters, attended: Attended, pointed: Pointed, mixed: _Mixed
) -> Gradients:
    number, entries = len(mixed.target), pointed.entries
    found: dict[str, Floats] = {}
    if len(pointed.weights):
        hits = attended.next[entries.at] == mixed.target[entries.token]
        slope = (-mixed.shares[:, 2] / mixed.total / number)[entries.token] * hits
        found = pointer.backward(parameters, attended, entries, pointed.weights, slope)
    found["gate"] = gate.backward(mixed.situation, mixed.shares, mixed.responsibility) / np.float32(number)
    return {name: (None, value) for name, value in found.items()}


def _correct(dense: Floats, mixed: _Mixed, pointed: Pointed, decided: list[Decided]) -> int:
    """Return how many tokens are the most likely ones (the background aside).

    Memory and choices only add to what the network says: the most likely token is the network's best one or
    one of theirs.
    """
    tokens = np.arange(len(mixed.target))
    owners = [tokens, pointed.token, *(np.full(len(one.chances), one.token) for one in decided)]
    places = [dense.argmax(axis=1), pointed.place, *(np.array(one.choice.places) for one in decided)]
    zeros = [np.zeros(len(dense))]
    by_memory = [*zeros, pointed.mass * mixed.shares[pointed.token, 2]]
    by_memory += [one.chances * mixed.shares[one.token, 3] for one in decided]
    token, place = np.concatenate(owners), np.concatenate(places)
    keys, which = np.unique(token * dense.shape[1] + place, return_inverse=True)
    token, place = np.divmod(keys, dense.shape[1])
    added = np.bincount(which, weights=np.concatenate(by_memory), minlength=len(keys))
    likely = dense[token, place] * mixed.shares[token, 1] + added
    best = np.lexsort((place, -likely, token))
    first = np.flatnonzero(np.append(True, np.diff(token[best]) > 0))
    return int((place[best[first]] == mixed.target).sum())
