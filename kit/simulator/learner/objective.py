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
from kit.simulator.learner.features import Hashes, Prompt
from kit.simulator.learner.memory import Attended
from kit.simulator.learner.network import Gradients, NetworkInput, Parameters
from kit.simulator.learner.pointer import Pointed, Written
from kit.simulator.learner.vocabulary import Floats, Integers, Mask

AUXILIARY = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """An answer to learn or to score: the network's input, what precedes each token, the tokens.

    Attributes:
        prompt: features of the prompt.
        given: the network's input for all tokens of the answer.
        hashes: suffix hashes; shape (len(SUFFIXES), tokens).
        places: vocabulary places of the tokens, -1 for unknown; shape (tokens,).
        background: the background's probability of each token; shape (tokens,).
        brief: 1 if the prompt wants a word or two, else 0.
        reading: what choices look at.
        chosen: the choices in the answer, each with the number of its token.
    """

    prompt: Prompt
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
    attended: list[Attended],
    *,
    places: Integers | None = None,
    learn: bool = True,
    known: Sequence[Mask] | None = None,
) -> Result:
    """Compute loss, accuracy and, if ``learn``, gradients for a batch of answers.

    Args:
        parameters: network, memory and gates.
        cases: the answers.
        attended: the rows each may look at; as many as cases.
        places: output rows that are trained, None for all.
        learn: whether to compute gradients.
        known: per case which tokens the model may be taken to know; a new token can only be predicted by
            the background, or else the model would seem to have known the training file's words before.
    """
    given = network.merged([case.given for case in cases])
    h = network.hidden(parameters, given)
    dense = network.softmax(network.logits_of(parameters, given, h))
    pointed = [
        pointer.point(parameters, Written(case.hashes, case.given.copies, own, case.brief), rows)
        for case, rows, own in zip(cases, attended, _split(dense, cases), strict=True)
    ]
    decided = [
        [Decided(at, one, choices.chances(parameters, one, case.reading)) for at, one in case.chosen]
        for case in cases
    ]
    mixed = _mix(parameters, cases, pointed, decided, dense, known)
    correct = _correct(dense, mixed, pointed, decided)
    gradients: Gradients = {}
    if learn:
        gradients = network.backward(parameters, given, h, _network_slope(dense, mixed), places)
        gradients |= _memory_gradients(parameters, cases, attended, pointed, mixed)
        if any(decided):
            gradients |= choices.backward(parameters, _right(cases, decided), len(mixed.total))
    return Result(float(-np.log(mixed.total).sum()), correct, len(mixed.total), gradients)


def _right(cases: list[Case], decided: list[list[Decided]]) -> list[tuple[Reading, Decided, int]]:
    """Return the choices that had the right token among theirs, with its number among them."""
    return [
        (case.reading, one, one.choice.places.index(case.places[one.token]))
        for case, some in zip(cases, decided, strict=True)
        for one in some
        if case.places[one.token] in one.choice.places
    ]


def _split(dense: Floats, cases: list[Case]) -> list[Floats]:
    """Return each case's own rows of what was computed for all."""
    ends = np.cumsum([len(case.places) for case in cases])
    return [dense[end - len(case.places) : end] for end, case in zip(ends.tolist(), cases, strict=True)]


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
    pointed: list[Pointed],
    decided: list[list[Decided]],
    dense: Floats,
    known: Sequence[Mask] | None,
) -> _Mixed:
    target = np.concatenate([case.places for case in cases])
    usable = target >= 0
    if known is not None:
        usable &= np.concatenate(known)
    by_network = np.where(usable, dense[np.arange(len(target)), np.maximum(target, 0)], 0.0)
    by_memory = np.concatenate([one.of(case.places) for one, case in zip(pointed, cases, strict=True)])
    by_choice = np.where(
        usable, np.concatenate([_by_choice(*pair) for pair in zip(cases, decided, strict=True)]), 0.0
    )
    background = np.concatenate([case.background for case in cases])
    situation = np.concatenate(
        [
            gate.situations(one.level, one.largest, case.brief, [at for at, _ in case.chosen])
            for one, case in zip(pointed, cases, strict=True)
        ]
    )
    shares = gate.shares(parameters, situation)
    parts = shares * np.stack([background, by_network, by_memory, by_choice], axis=1)
    total = np.maximum(parts.sum(axis=1), 1e-30)
    return _Mixed(target, situation, shares, total, parts / total[:, None])


def _by_choice(case: Case, decided: list[Decided]) -> Floats:
    """Return the probability that choices give to each token of an answer; shape (tokens,)."""
    found = np.zeros(len(case.places))
    for one in decided:
        if case.places[one.token] in one.choice.places:
            found[one.token] = one.chances[one.choice.places.index(case.places[one.token])]
    return found


def _network_slope(dense: Floats, mixed: _Mixed) -> Floats:
    """Return the gradient with respect to the network's logits; shape (tokens, places)."""
    number, inside = len(mixed.target), np.flatnonzero(mixed.target >= 0)
    pull = mixed.responsibility[:, 1].copy()
    pull[inside] += AUXILIARY
    pull = (pull / number).astype(np.float32)
    slope = dense * pull[:, None]
    slope[inside, mixed.target[inside]] -= pull[inside]
    return slope


def _memory_gradients(
    parameters: Parameters,
    cases: list[Case],
    attended: list[Attended],
    pointed: list[Pointed],
    mixed: _Mixed,
) -> Gradients:
    number, offset = len(mixed.target), 0
    sums: dict[str, Floats] = {}
    for case, rows, one in zip(cases, attended, pointed, strict=True):
        here = slice(offset, offset + len(case.places))
        offset = here.stop
        if len(one.weights):
            entries = one.entries
            hits = rows.next[entries.at] == case.places[entries.token]
            slope = (-mixed.shares[here, 2] / mixed.total[here] / number)[entries.token] * hits
            for name, value in pointer.backward(parameters, rows, entries, one.weights, slope).items():
                sums[name] = sums[name] + value if name in sums else value
    sums["gate"] = gate.backward(mixed.situation, mixed.shares, mixed.responsibility) / np.float32(number)
    return {name: (None, value) for name, value in sums.items()}


def _correct(dense: Floats, mixed: _Mixed, pointed: list[Pointed], decided: list[list[Decided]]) -> int:
    """Return how many tokens are the most likely ones (the background aside)."""
    likely = dense * mixed.shares[:, 1:2].astype(np.float32)
    offset = 0
    for one, some in zip(pointed, decided, strict=True):
        token = one.token + offset
        likely[token, one.place] += (one.mass * mixed.shares[token, 2]).astype(np.float32)
        for made in some:
            at = made.token + offset
            likely[at, list(made.choice.places)] += (made.chances * mixed.shares[at, 3]).astype(np.float32)
        offset += len(one.level)
    return int((likely.argmax(axis=1) == mixed.target).sum())
