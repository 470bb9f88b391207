"""The neural part: a log-bilinear language model over hashed n-grams and the words of the prompt.

    u = sum of context rows + sum over the prompt's features of amount * prompt row
    h = tanh(u)
    logits = h @ output.T + bias + copy bonus + mood * lean

The mood is a direct connection (Mikolov et al. 2011) from the prompt's valence to the word or two that judge
it: of two labels that a prompt names, it tells the kind one from the unkind.

The forward and backward passes are written out by hand; ``tests/simulator/learner`` checks the gradients
against finite differences.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kit.simulator.learner.features import Bag
from kit.simulator.learner.tables import Patched
from kit.simulator.learner.vocabulary import Floats, Integers

WIDTH = 48
CONTEXT_ROWS = 1 << 14
PROMPT_ROWS = 1 << 14
COPY_KINDS = 3  # at the answer's start; at a later word's start; inside a word

Parameters = Mapping[str, Any]  # arrays; in a tuned model some are tables.Patched
Gradients = dict[str, tuple[Integers | None, Floats]]  # rows (None: all of them) and their gradient


def new_output_rows(tokens: Integers) -> Floats:
    """Return starting values for the output rows of tokens: small, random, the same for the same token."""
    rows = [
        np.random.default_rng(zlib.crc32(f"output {token}".encode())).standard_normal(WIDTH)
        for token in tokens.tolist()
    ]
    return (np.array(rows).reshape(-1, WIDTH) * 0.3).astype(np.float32)


def new_parameters(tokens: Integers) -> dict[str, Floats]:
    """Return an untrained network for a vocabulary."""
    return {
        "context": np.zeros((CONTEXT_ROWS, WIDTH), np.float32),
        "prompt": np.zeros((PROMPT_ROWS, WIDTH), np.float32),
        "output": new_output_rows(tokens),
        "bias": np.zeros(len(tokens), np.float32),
        "copy": np.zeros(COPY_KINDS, np.float32),
        "lean": np.zeros(len(tokens), np.float32),
    }


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What the network reads for the tokens of one answer, or of several one after another.

    Attributes:
        context: rows of the context table; shape (tokens, 7).
        prompts: per answer the weighted features of its prompt; ids are taken modulo PROMPT_ROWS.
        lengths: per answer its number of tokens.
        copies: (token index, place, kind) of tokens that would copy a word of the prompt; shape (n, 3).
        moods: per answer the valence of its prompt, to count for its first token; 0 where it is not to.
    """

    context: Integers
    prompts: tuple[Bag, ...]
    lengths: tuple[int, ...]
    copies: Integers
    moods: tuple[float, ...]

    @property
    def moody(self) -> tuple[Integers, Floats]:
        """The tokens for which a mood counts, and the moods; both of shape (n,)."""
        moods = np.array(self.moods, dtype=np.float32)
        starts = np.cumsum([0, *self.lengths[:-1]])
        counts = np.flatnonzero(moods)
        return starts[counts], moods[counts]


def merged(inputs: list[NetworkInput]) -> NetworkInput:
    """Put the answers of a batch one after another."""
    offsets = np.cumsum([0, *(len(one.context) for one in inputs)])
    copies = [one.copies + np.array([offset, 0, 0]) for one, offset in zip(inputs, offsets, strict=False)]
    return NetworkInput(
        np.concatenate([one.context for one in inputs]),
        tuple(prompt for one in inputs for prompt in one.prompts),
        tuple(length for one in inputs for length in one.lengths),
        np.concatenate(copies),
        tuple(mood for one in inputs for mood in one.moods),
    )


def hidden(parameters: Parameters, given: NetworkInput) -> Floats:
    """Return the hidden layer; shape (tokens, WIDTH)."""
    table = parameters["prompt"]
    prompts = np.stack([prompt.amounts @ table[prompt.ids % PROMPT_ROWS] for prompt in given.prompts])
    u = parameters["context"][given.context].sum(axis=1) + np.repeat(prompts, given.lengths, axis=0)
    return np.asarray(np.tanh(u))


def softmax(logits: Floats) -> Floats:
    """Return softmax over the last axis, computed in place."""
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits *= 1.0 / logits.sum(axis=-1, keepdims=True)
    return logits


def logits_of(parameters: Parameters, given: NetworkInput, h: Floats) -> Floats:
    """Return unnormalized log-probabilities; shape (tokens, places)."""
    output = parameters["output"]
    logits: Floats = output.transposed_product(h) if isinstance(output, Patched) else h @ output.T
    logits += parameters["bias"]
    if len(given.copies):
        token, place, kind = given.copies.T
        logits[token, place] += parameters["copy"][kind]  # no pair of token and place comes twice
    token, mood = given.moody
    if len(token):
        logits[token] += mood[:, None] * parameters["lean"]
    return logits


def gather(rows: Integers, values: Floats, each: int = 1) -> tuple[Integers, Floats]:
    """Sum the values that belong to the same row; rows come out ascending and distinct.

    Every value stands for ``each`` rows, one after another.
    """
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return ordered[first], np.add.reduceat(values[order // each], first, axis=0)


def backward(
    parameters: Parameters, given: NetworkInput, h: Floats, d_logits: Floats, places: Integers | None
) -> Gradients:
    """Return the gradient with respect to the parameters.

    Args:
        parameters: the network.
        given: what :func:`hidden` was given.
        h: what it returned.
        d_logits: gradient with respect to the logits; shape (tokens, places).
        places: output rows that are trained, or None for all; the others stay as they are.
    """
    d_u = (d_logits @ parameters["output"]) * (1.0 - h * h)
    trained = d_logits if places is None else d_logits[:, places]
    width = given.context.shape[1]
    gradients: Gradients = {
        "output": (places, trained.T @ h),
        "bias": (places, trained.sum(axis=0)),
        "context": gather(given.context.ravel(), d_u, width),
    }
    starts = np.cumsum([0, *given.lengths[:-1]])
    sums = np.add.reduceat(d_u, starts, axis=0)
    amounts = np.concatenate([prompt.amounts for prompt in given.prompts])
    if len(amounts):
        owner = np.repeat(np.arange(len(given.prompts)), [len(prompt.ids) for prompt in given.prompts])
        ids = np.concatenate([prompt.ids for prompt in given.prompts]) % PROMPT_ROWS
        gradients["prompt"] = gather(ids, amounts[:, None] * sums[owner])
    if len(given.copies):
        token, place, kind = given.copies.T
        at_copy = np.bincount(kind, weights=d_logits[token, place], minlength=COPY_KINDS)
        gradients["copy"] = (None, at_copy.astype(np.float32))
    token, mood = given.moody
    if len(token):
        gradients["lean"] = (places, mood @ trained[token])
    return gradients
