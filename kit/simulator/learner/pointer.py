"""The pointer: a distribution over the next token from the places in memory that follow the same tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kit.simulator.learner.features import SUFFIXES, Hashes
from kit.simulator.learner.memory import CHANNELS, Attended
from kit.simulator.learner.network import COPY_KINDS, Parameters, softmax
from kit.simulator.learner.vocabulary import Floats, Integers

LEVELS = len(SUFFIXES)
SITUATIONS = LEVELS + 2  # nothing matches; the longest match has level 0..LEVELS-1; the answer's start
COMPONENTS = 3  # background, network, memory
_LIKENESS = (1.5, 1.5, 8.0, 8.0, 3.0, 3.0, 6.0)  # where training starts; as many as CHANNELS


def new_parameters(banks: int) -> dict[str, Floats]:
    """Return untrained parameters for memory and mixing."""
    gate = np.zeros((SITUATIONS, COMPONENTS), np.float32)
    gate[:, 0] = -2.0
    return {
        "likeness": np.tile(np.array(_LIKENESS, np.float32), (banks, 1)),
        "bank": np.zeros(banks, np.float32),
        "match": np.arange(LEVELS, dtype=np.float32),
        "echo": np.zeros(COPY_KINDS, np.float32),
        "gate": gate,
    }


@dataclass(frozen=True, slots=True)
class Entries:
    """Places in memory that may be continued, sorted by the token of the answer they are for.

    Attributes:
        token: index of the token in the answer; shape (n,).
        at: index into the attended places; shape (n,).
        level: how long the match is, as an index of SUFFIXES; shape (n,).
        echo: whether the continuation would repeat a word of the prompt: 0 no, else 1 + its kind; shape (n,).
        situation: row of the gate per token of the answer; shape (tokens,).
    """

    token: Integers
    at: Integers
    level: Integers
    echo: Integers
    situation: Integers


def entries_of(hashes: Hashes, attended: Attended, copies: Integers, first: int = 0) -> Entries:
    """Find the places that follow the same last tokens.

    Args:
        hashes: what stands before each token; shape (len(SUFFIXES), tokens).
        attended: the rows to look in.
        copies: (token, place, kind) of the prompt's words, as the network has them.
        first: position of the first of these tokens in the answer.
    """
    usable = attended.next >= 0
    token, at = np.nonzero((hashes[0][:, None] == attended.hashes[0][None, :]) & usable)
    level = (hashes[1:, token] == attended.hashes[1:, at]).sum(axis=0)
    situation = np.zeros(hashes.shape[1], dtype=np.int64)
    np.maximum.at(situation, token, level + 1)
    if first == 0 and len(situation):
        situation[0] = LEVELS + 1 if situation[0] else 0
    return Entries(token, at, level, _echoes(token, attended.next[at], copies), situation)


def _echoes(token: Integers, place: Integers, copies: Integers) -> Integers:
    """Return 1 + kind where (token, place) is among the copies, else 0."""
    if not len(copies):
        return np.zeros(len(token), dtype=np.int64)
    stride = 1 + max(int(copies[:, 1].max()), int(place.max(initial=0)))
    keys = copies[:, 0] * stride + copies[:, 1]
    order = np.argsort(keys, kind="stable")
    keys, kinds = keys[order], copies[order, 2]
    wanted = token * stride + place
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, 1 + kinds[found], 0)


def weights_of(parameters: Parameters, attended: Attended, entries: Entries) -> Floats:
    """Return the attention of each entry; sums to one over the entries of a token; shape (entries,)."""
    if not len(entries.token):
        return np.zeros(0, np.float32)
    rows = attended.rows
    likeness = (rows.channels * parameters["likeness"][rows.bank]).sum(axis=1) + parameters["bank"][rows.bank]
    scores = likeness[attended.owner[entries.at]] + parameters["match"][entries.level]
    scores += np.concatenate(([0.0], parameters["echo"])).astype(np.float32)[entries.echo]
    first, which = _segments(entries.token)
    scores -= np.maximum.reduceat(scores, first)[which]
    np.exp(scores, out=scores)
    return np.asarray(scores / np.add.reduceat(scores, first)[which], dtype=np.float32)


def _segments(token: Integers) -> tuple[Integers, Integers]:
    """Return where each token's entries begin and, per entry, the number of its run."""
    begins = np.concatenate(([True], token[1:] != token[:-1]))
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def backward(
    parameters: Parameters, attended: Attended, entries: Entries, weights: Floats, d_weights: Floats
) -> dict[str, Floats]:
    """Return the gradient with respect to "likeness", "bank", "echo" and "match".

    Args:
        parameters: as given to :func:`weights_of`.
        attended: as given there.
        entries: as given there.
        weights: what it returned.
        d_weights: gradient of the loss with respect to the weights; shape (entries,).
    """
    rows = attended.rows
    first, which = _segments(entries.token)
    flow = weights * d_weights
    d_scores = flow - weights * np.add.reduceat(flow, first)[which]
    d_rows = np.bincount(attended.owner[entries.at], weights=d_scores, minlength=len(rows.bank))
    d_likeness = np.zeros_like(parameters["likeness"])
    np.add.at(d_likeness, rows.bank, rows.channels * d_rows[:, None].astype(np.float32))
    gate = np.zeros((SITUATIONS, COMPONENTS), np.float32)
    gate[:, 0] = -2.0
    return {
        "likeness": d_likeness,
        "bank": np.bincount(rows.bank, weights=d_rows, minlength=len(parameters["bank"])).astype(np.float32),
        "echo": np.bincount(entries.echo, weights=d_scores, minlength=1 + COPY_KINDS)[1:].astype(np.float32),
        "match": np.bincount(entries.level, weights=d_scores, minlength=LEVELS).astype(np.float32),
    }


def gates(parameters: Parameters, situation: Integers) -> Floats:
    """Return the shares of background, network and memory per token; shape (tokens, COMPONENTS).

    They depend on how far the memory matches; where nothing matches, the memory's share is zero.
    """
    z = parameters["gate"][situation].copy()
    z[situation == 0, 2] = -np.inf
    return softmax(z)


def gate_backward(situation: Integers, shares: Floats, responsibility: Floats) -> Floats:
    """Return the gradient of the sum of -ln P with respect to "gate", from shares and their posterior."""
    gradient = np.zeros((SITUATIONS, COMPONENTS), np.float32)
    np.add.at(gradient, situation, (shares - responsibility).astype(np.float32))
    return gradient
