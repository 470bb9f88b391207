"""The pointer: a distribution over the next token from the places in memory that follow the same tokens."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kit.simulator.learner.features import SUFFIXES, Hashes
from kit.simulator.learner.memory import Attended
from kit.simulator.learner.network import COPY_KINDS, Parameters
from kit.simulator.learner.vocabulary import Floats, Integers

LEVELS = len(SUFFIXES)
LATER, MOMENTS = 2, 3
_LEAST_ADVICE = 1e-6
_LIKENESS = (1.5, 1.5, 10.0, 10.0, 3.0, 3.0, 3.0)  # where training starts; as many as CHANNELS


def new_parameters(banks: int) -> dict[str, Floats]:
    """Return untrained parameters of the memory's attention."""
    return {
        "likeness": np.tile(np.array(_LIKENESS, np.float32), (banks, 1)),
        "bank": np.zeros(banks, np.float32),
        "match": np.arange(LEVELS, dtype=np.float32),
        "echo": np.zeros(COPY_KINDS, np.float32),
        "advice": np.full(MOMENTS, 0.5, np.float32),
    }


@dataclass(frozen=True, slots=True)
class Entries:
    """Places in memory that may be continued, sorted by the token they are for.

    Attributes:
        token: index of the token in the answers; shape (n,).
        at: index into the attended places; shape (n,).
        level: how long the match is, as an index of SUFFIXES; shape (n,).
        echo: whether the continuation would repeat a word of the prompt: 0 no, else 1 + its kind; shape (n,).
        moment: LATER, or at an answer's start whether a word or two is wanted (1) or not (0); shape (n,).
        advice: log-probability the network gives to the continuation; shape (n,).
    """

    token: Integers
    at: Integers
    level: Integers
    echo: Integers
    moment: Integers
    advice: Floats


@dataclass(frozen=True, slots=True)
class Written:
    """What is written of several answers, one after another, as the memory needs it.

    Attributes:
        hashes: what stands before each token; shape (len(SUFFIXES), tokens).
        bounds: where the tokens of each answer begin, and where the last one's end; shape (answers + 1,).
        copies: (token, place, kind) of the prompt's words, as the network has them; shape (n, 3).
        network: the network's distribution for each token; shape (tokens, places).
        starts: the tokens that begin an answer; shape (n,).
        brief: for each of them 1 if a word or two is wanted, 0 if not; shape (n,).
    """

    hashes: Hashes
    bounds: Integers
    copies: Integers
    network: Floats
    starts: Integers
    brief: Integers


def entries_of(written: Written, attended: Attended) -> Entries:
    """Find the places that follow the same last tokens, each answer among its own."""
    hashes = written.hashes
    token, at = _met(written, attended)
    level = (hashes[1:, token] == attended.hashes[1:, at]).sum(axis=0)
    place = attended.next[at]
    moments = np.full(hashes.shape[1], LATER)
    moments[written.starts] = written.brief
    moment = moments[token]
    advice = np.log(written.network[token, place] + np.float32(_LEAST_ADVICE))
    return Entries(token, at, level, _echoes(token, place, written.copies), moment, advice)


def _met(written: Written, attended: Attended) -> tuple[Integers, Integers]:
    """Return pairs of a token and a place that stand behind the same token, in the order of the tokens."""
    tokens, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    here, there = written.hashes[0], attended.hashes[0]
    bounds = zip(pairwise(written.bounds.tolist()), pairwise(attended.bounds.tolist()), strict=True)
    for (begin, end), (first, last) in bounds:
        token, at = np.nonzero(here[begin:end, None] == there[None, first:last])
        tokens.append(token + begin)
        places.append(at + first)
    token, at = np.concatenate(tokens), np.concatenate(places)
    known = attended.next[at] >= 0
    return token[known], at[known]


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
    return np.asarray(np.where(keys[found] == wanted, 1 + kinds[found], 0))


@dataclass(frozen=True, slots=True)
class Pointed:
    """The memory's prediction for the tokens of answers.

    Attributes:
        entries: the places it comes from.
        weights: the attention of each entry; sums to one over the entries of a token; shape (entries,).
        token: index of a token in the answers; shape (m,).
        place: a vocabulary place that may stand there; shape (m,).
        mass: its probability; shape (m,).
        level: longest match per token of the answers, -1 for none; shape (tokens,).
        largest: the largest probability per token of the answers; shape (tokens,).
    """

    entries: Entries
    weights: Floats
    token: Integers
    place: Integers
    mass: Floats
    level: Integers
    largest: Floats

    def of(self, places: Integers) -> Floats:
        """Return the probability of one place per token of the answers; shape (tokens,)."""
        hits = self.place == places[self.token]
        found = np.bincount(self.token[hits], weights=self.mass[hits], minlength=len(places))
        return found.astype(np.float64)


def point(parameters: Parameters, written: Written, attended: Attended) -> Pointed:
    """Predict every token of some answers from memory."""
    entries = entries_of(written, attended)
    weights = weights_of(parameters, attended, entries)
    tokens = written.hashes.shape[1]
    stride = int(attended.next.max(initial=0)) + 1
    keys, which = np.unique(entries.token * stride + attended.next[entries.at], return_inverse=True)
    mass = np.bincount(which, weights=weights, minlength=len(keys)).astype(np.float64)
    level, largest = np.full(tokens, -1), np.zeros(tokens)
    np.maximum.at(level, entries.token, entries.level)
    np.maximum.at(largest, keys // stride, mass)
    return Pointed(entries, weights, keys // stride, keys % stride, mass, level, largest)


def weights_of(parameters: Parameters, attended: Attended, entries: Entries) -> Floats:
    """Return the attention of each entry; sums to one over the entries of a token; shape (entries,)."""
    if not len(entries.token):
        return np.zeros(0, np.float32)
    rows = attended.rows
    likeness = (rows.channels * parameters["likeness"][rows.bank]).sum(axis=1) + parameters["bank"][rows.bank]
    scores = likeness[attended.owner[entries.at]] + parameters["match"][entries.level]
    scores += parameters["advice"][entries.moment] * entries.advice
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
    """Return the gradient with respect to "likeness", "bank", "echo", "advice" and "match".

    The network is taken as given: it does not learn through its advice.

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
    found = {
        "likeness": d_likeness,
        "bank": np.bincount(rows.bank, weights=d_rows, minlength=len(parameters["bank"])),
        "echo": np.bincount(entries.echo, weights=d_scores, minlength=1 + COPY_KINDS)[1:],
        "advice": np.bincount(entries.moment, weights=d_scores * entries.advice, minlength=MOMENTS),
        "match": np.bincount(entries.level, weights=d_scores, minlength=LEVELS),
    }
    return {name: value.astype(np.float32) for name, value in found.items()}
