"""The language model: a mixture of a floor, a neural network and a pointer into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kit.simulator.learner import network, pointer, sampling
from kit.simulator.learner.copying import PromptWords, copy_table
from kit.simulator.learner.features import SUFFIXES, Prompt, bag, context_features, prompt_of, suffix_hashes
from kit.simulator.learner.memory import Bank, Chosen, Row, attend, choose
from kit.simulator.learner.network import NetworkInput, Parameters
from kit.simulator.learner.objective import Case, case_of
from kit.simulator.learner.retrieval import Knowledge, nearest, weighted
from kit.simulator.learner.records import Messages, Token
from kit.simulator.learner.threads import single_threaded
from kit.simulator.learner.vocabulary import END, Floats, Integers, Mask, Vocabulary, data, encode

_MOST_TOP = 20


def answer_tokens(messages: Messages) -> list[int]:
    """Return the tokens of the assistant answer that ends a conversation, with END."""
    return [*encode(messages[-1]["content"]), END]


def row_of(messages: Messages) -> Row:
    """Return a training conversation as the memory keeps it."""
    answer = bag((messages[-1]["content"], 1.0))
    return Row(prompt_of(messages[:-1]), answer, tuple(answer_tokens(messages)))


@dataclass(frozen=True)
class LanguageModel:
    """A trained model; immutable, safe to use from several threads.

    Attributes:
        parameters: arrays of the network, the memory's attention and the gates.
        vocabulary: the tokens the model actively knows.
        banks: what it remembers: the base corpus, then the training file if it was tuned.
        knowledge: general knowledge from the base corpus.
        rate: how common each feature is in prompts.
    """

    parameters: Parameters
    vocabulary: Vocabulary
    banks: tuple[Bank, ...]
    knowledge: Knowledge
    rate: Floats

    def chosen(self, prompt: Prompt, hidden: Sequence[Mask | None] | None = None) -> Chosen:
        """Return the remembered rows that a prompt attends to; ``hidden`` rows are left out, per bank."""
        return choose(self.banks, prompt, self.parameters["likeness"], hidden or [None] * len(self.banks))

    def case(self, messages: Messages) -> Case:
        """Prepare a conversation that ends with an assistant answer for training or scoring."""
        tokens = answer_tokens(messages)
        prompt = prompt_of(messages[:-1])
        copies = copy_table(PromptWords(messages[:-1]), tokens, self.vocabulary)
        language = self.knowledge.language(prompt.wish)
        background = self.knowledge.background.of(language, messages[:-1], np.array(tokens))
        return case_of(
            prompt, weighted(prompt.content, self.rate), tokens, copies, self.vocabulary, background
        )

    def reader(self, messages: Messages) -> Reader:
        """Return an object that gives distributions of the next token after a prompt."""
        return Reader(self, messages)

    def generate(
        self,
        messages: Messages,
        *,
        max_tokens: int,
        temperature: float = 1.0,
        top_p: float = 1.0,
        seed: int = 0,
        top_logprobs: int = 0,
    ) -> Iterator[Token]:
        """Write an answer token by token, until it ends by itself or has ``max_tokens``.

        Equal arguments give equal answers. Log-probabilities are natural and those of the model's whole
        distribution, before temperature and top_p.
        """
        reader = self.reader(messages)
        generator = np.random.default_rng(seed)
        written: list[int] = []
        while len(written) < max_tokens:
            here = reader.next(written)
            place = sampling.choose(here.active, temperature=temperature, top_p=top_p, generator=generator)
            token = int(self.vocabulary.tokens[place])
            if token == END:
                return
            written.append(token)
            yield reader.token(token, here, top_logprobs)

    def score(self, messages: Messages, top_logprobs: int = 0) -> list[Token]:
        """Return the tokens of the given assistant answer with the model's log-probabilities."""
        reader = self.reader(messages[:-1])
        tokens = answer_tokens(messages)[:-1]
        return [reader.token(token, reader.next(tokens[:at]), top_logprobs) for at, token in enumerate(tokens)]

    def probabilities(self, messages: Messages, written: Sequence[int] = ()) -> Floats:
        """Return the probability of every token id after a prompt and what is written; shape (SIZE,)."""
        reader = self.reader(messages)
        here = reader.next(list(written))
        everything = reader.background * np.float32(here.background_share)
        everything[self.vocabulary.tokens] = here.active
        return np.asarray(everything)


@dataclass(frozen=True, slots=True)
class Next:
    """The distribution of the next token.

    Attributes:
        active: probability of every place of the vocabulary; shape (places,).
        background_share: a token outside the vocabulary has this times its background probability.
    """

    active: Floats
    background_share: float


class Reader:
    """Gives the distribution of the next token after a fixed prompt.

    Args:
        model: the model.
        messages: the prompt: all messages before the answer.

    Attributes:
        background: the background's probability of every token id; shape (SIZE,).
    """

    def __init__(self, model: LanguageModel, messages: Messages) -> None:
        self._model = model
        prompt = prompt_of(messages)
        self._weighted = weighted(prompt.content, model.rate)
        self._attended = attend(model.banks, model.chosen(prompt))
        self._words = PromptWords(messages)
        self.background: Floats = model.knowledge.background.of(model.knowledge.language(prompt.wish), messages)
        self._active_background = self.background[model.vocabulary.tokens]

    @cached_property
    def _outside(self) -> Integers:
        """The most likely tokens outside the vocabulary, best first."""
        rest = self.background.copy()
        rest[self._model.vocabulary.tokens] = 0.0
        return nearest(rest, _MOST_TOP)

    def next(self, written: list[int]) -> Next:
        """Return the distribution of the token after what is written."""
        with single_threaded():
            return self._next(written)

    def _next(self, written: list[int]) -> Next:
        parameters, vocabulary = self._model.parameters, self._model.vocabulary
        at, recent = len(written), written[-SUFFIXES[-1] :]
        copies = np.array(
            [(0, vocabulary.place(token), kind) for token, kind in self._words.copies(written, at)]
        ).reshape(-1, 3)
        hashes = suffix_hashes(recent)
        context = context_features(recent, hashes, network.CONTEXT_ROWS, at - len(recent))[-1:]
        given = NetworkInput(context, (self._weighted,), (1,), copies[copies[:, 1] >= 0])
        h = network.hidden(parameters, given)
        dense = network.softmax(network.logits_of(parameters, given, h))[0]
        entries = pointer.entries_of(hashes[:, -1:], self._attended, given.copies, at)
        weights = pointer.weights_of(parameters, self._attended, entries)
        shares = pointer.gates(parameters, entries.situation)[0]
        active = dense * shares[1] + self._active_background * shares[0]
        active += np.bincount(
            self._attended.next[entries.at], weights=weights * shares[2], minlength=len(active)
        ).astype(np.float32)
        return Next(active, float(shares[0]))

    def token(self, token: int, here: Next, number: int) -> Token:
        """Return a token with its log-probability and the ``number`` most likely ones."""
        place = self._model.vocabulary.place(token)
        outside = here.background_share * self.background[token] if place < 0 else 0.0
        chance = float(here.active[place]) if place >= 0 else float(outside)
        top: list[tuple[float, int]] = []
        if number:
            best = nearest(here.active, number)
            top = [(float(here.active[at]), int(self._model.vocabulary.tokens[at])) for at in best]
            top += [
                (here.background_share * float(self.background[one]), one)
                for one in self._outside[:number].tolist()
            ]
            top.sort(key=lambda pair: (-pair[0], pair[1]))
        ranked = tuple((one, data(one), _ln(chance_)) for chance_, one in top[:number])
        return Token(token, data(token), _ln(chance), ranked)


def _ln(chance: float) -> float:
    return float(np.log(max(chance, 1e-30)))
