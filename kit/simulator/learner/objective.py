"""What training minimizes, and its gradient.

The probability of a token is a mixture, P = g0 * background + g1 * network + g2 * memory, with gates g that depend
on how well the memory matches. The loss per token is -ln P. The network gets a second, auxiliary loss of its
own, AUXILIARY * -ln network, so that it learns also where the memory already knows; reported losses never
contain it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.simulator.learner import network, pointer
from kit.simulator.learner.features import Bag, Hashes, Prompt, context_features, suffix_hashes
from kit.simulator.learner.memory import Attended, Mask
from kit.simulator.learner.network import Gradients, NetworkInput, Parameters
from kit.simulator.learner.vocabulary import Floats, Integers, Vocabulary

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
    """

    prompt: Prompt
    given: NetworkInput
    hashes: Hashes
    places: Integers
    background: Floats


def case_of(
    prompt: Prompt,
    weighted_prompt: Bag,
    tokens: list[int],
    copies: Integers,
    vocabulary: Vocabulary,
    background: Floats,
) -> Case:
    """Prepare an answer; ``tokens`` ends with END."""
    hashes = suffix_hashes(tokens[:-1])
    context = context_features(tokens[:-1], hashes, network.CONTEXT_ROWS)
    given = NetworkInput(context, (weighted_prompt,), (len(tokens),), copies)
    return Case(prompt, given, hashes, vocabulary.places(tokens), background)


@dataclass(frozen=True, slots=True)
class Result:
    """Loss and accuracy of a batch, summed over its tokens, and the gradient of the mean loss."""

    loss: float
    correct: int
    tokens: int
    gradients: dict[str, list[tuple[Integers | None, Floats]]]
    logprobs: Floats


def evaluate(
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
    target = np.concatenate([case.places for case in cases])
    inside = target >= 0
    usable = inside if known is None else inside & np.concatenate(known)
    everyone = np.arange(len(target))
    by_network = np.where(usable, dense[everyone, np.maximum(target, 0)], 0.0)
    floors = np.concatenate([case.background for case in cases])

    found, weights, by_memory, shares = [], [], [], []
    for case, rows in zip(cases, attended, strict=True):
        entries = pointer.entries_of(case.hashes, rows, case.given.copies)
        weight = pointer.weights_of(parameters, rows, entries)
        hits = rows.next[entries.at] == case.places[entries.token]
        by_memory.append(np.bincount(entries.token[hits], weights=weight[hits], minlength=len(case.places)))
        shares.append(pointer.gates(parameters, entries.situation))
        found.append(entries)
        weights.append(weight)
    memory, gates = np.concatenate(by_memory), np.concatenate(shares)
    components = np.stack([floors, by_network, memory], axis=1)
    total = np.maximum((gates * components).sum(axis=1), 1e-30)
    correct = _correct(dense, gates, cases, attended, found, weights, target)
    gradients: dict[str, list[tuple[Integers | None, Floats]]] = {}
    if learn:
        responsibility = gates * components / total[:, None]
        n = len(target)
        d_logits = dense * ((responsibility[:, 1] + AUXILIARY * inside) / n)[:, None].astype(np.float32)
        d_logits[everyone[inside], target[inside]] -= ((responsibility[:, 1] + AUXILIARY) / n)[inside]
        for name, one in network.backward(parameters, given, h, d_logits, places).items():
            gradients.setdefault(name, []).append(one)
        offset = 0
        d_gate = np.zeros_like(parameters["gate"])
        for case, rows, entries, weight in zip(cases, attended, found, weights, strict=True):
            here = slice(offset, offset + len(case.places))
            d_gate += pointer.gate_backward(entries.situation, gates[here], responsibility[here]) / n
            if len(weight):
                hits = rows.next[entries.at] == case.places[entries.token]
                slope = (-gates[here, 2] / total[here] / n)[entries.token] * hits
                for name, value in pointer.backward(parameters, rows, entries, weight, slope).items():
                    gradients.setdefault(name, []).append((None, value))
            offset += len(case.places)
        gradients["gate"] = [(None, d_gate)]
    logprobs = np.log(total)
    return Result(float(-logprobs.sum()), correct, len(target), gradients, logprobs)


def _correct(dense, gates, cases, attended, found, weights, target) -> int:  # type: ignore[no-untyped-def]
    mixture = dense * gates[:, 1:2].astype(np.float32)
    offset = 0
    for case, rows, entries, weight in zip(cases, attended, found, weights, strict=True):
        token = entries.token + offset
        np.add.at(mixture, (token, rows.next[entries.at]), weight * gates[token, 2])
        offset += len(case.places)
    return int((mixture.argmax(axis=1) == target).sum())


def summed(gradients: dict[str, list[tuple[Integers | None, Floats]]]) -> Gradients:
    """Add up the contributions to the same parameter."""
    result: Gradients = {}
    for name, parts in gradients.items():
        if len(parts) == 1:
            result[name] = parts[0]
        else:
            result[name] = (None, np.sum([value for _, value in parts], axis=0))
    return result
