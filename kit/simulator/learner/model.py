"""The language model: a mixture of a background, a neural network and a pointer into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from kit.simulator.learner import gate, network, pointer, sampling
from kit.simulator.learner.choices import NO_CHOICES, NO_FEELINGS, Choices, Reading, chances, choices_of
from kit.simulator.learner.copying import PromptWords, Speller, copy_table
from kit.simulator.learner.features import (
    SUFFIXES,
    Bag,
    Bags,
    context_features,
    hashes_of_many,
    prompt_of,
    suffix_hashes,
)
from kit.simulator.learner.memory import Bank, Chosen, Query, Row, attend, choose, queries_of
from kit.simulator.learner.network import NetworkInput, Parameters
from kit.simulator.learner.objective import Case
from kit.simulator.learner.pointer import Written
from kit.simulator.learner.records import Messages, Token
from kit.simulator.learner.retrieval import BRIEF, Knowledge, nearest, rates, weighted
from kit.simulator.learner.storage import Packed, arrays_of, pack, parameters_from, unpack
from kit.simulator.learner.threads import single_threaded
from kit.simulator.learner.valence import HASTY
from kit.simulator.learner.vocabulary import END, Floats, Integers, Mask, Vocabulary, data, encode

_MOST_TOP = 20
_LONGEST_ANSWER = 1_000
_ONE_TOKEN, _FIRST, _NONE = np.array([0, 1]), np.zeros(1, np.int64), np.zeros(0, np.int64)


def answer_tokens(messages: Messages) -> list[int]:
    """Return the tokens of the assistant answer that ends a conversation, with END."""
    return [*encode(messages[-1]["content"]), END]


def row_of(messages: Messages) -> Row:
    """Return a training conversation as the memory keeps it."""
    return Row(prompt_of(messages[:-1]), tuple(answer_tokens(messages)), messages)


def bank_of(rows: Sequence[Row], rate: Floats, knowledge: Knowledge, vocabulary: Vocabulary) -> Bank:
    """Return a bank of tuning examples; what is common among them counts as common from now on."""
    common = np.maximum(rate, rates(Bags.of(row.prompt.content for row in rows)))
    queries = queries_of([row.prompt for row in rows], knowledge)
    return Bank.of(rows, queries, common, knowledge, vocabulary)


def wants_brief(query: Query) -> int:
    """Return 1 if a prompt probably wants a word or two, else 0."""
    return int(query.brevity >= BRIEF)


def mood_of(query: Query, reading: Reading) -> float:
    """Return how good what a prompt is about seems to a hasty reader if it asks for a word or two, else 0."""
    return float(reading.feelings[HASTY]) if wants_brief(query) else 0.0


@dataclass(frozen=True)
class LanguageModel:
    """A trained model; immutable, safe to use from several threads.

    Attributes:
        parameters: arrays of the network, the memory's attention and the gates.
        vocabulary: the tokens the model actively knows.
        banks: what it remembers: the base corpus, then the training file if it was tuned.
        knowledge: general knowledge from the base corpus.
        rate: how common each feature is in prompts.
        origin: fingerprint of the base corpus it comes from.
        base_places: how many places of the vocabulary are the base's.
        choices: places in an answer where the tuning examples leave few ways to go on.
    """

    parameters: Parameters
    vocabulary: Vocabulary
    banks: tuple[Bank, ...]
    knowledge: Knowledge
    rate: Floats
    origin: str
    base_places: int
    choices: Choices = NO_CHOICES

    def chosen(
        self, queries: Sequence[Query], hidden: Sequence[Sequence[Mask | None]] | None = None
    ) -> list[Chosen]:
        """Return the remembered rows that prompts attend to, without those hidden, per prompt and bank."""
        masks = hidden if hidden is not None else [[None] * len(self.banks)] * len(queries)
        return choose(self.banks, queries, self.parameters["likeness"], masks)

    def cases(self, rows: Sequence[Row]) -> list[Case]:
        """Prepare conversations that end with an assistant answer for training or validation.

        Of a very long answer only the first _LONGEST_ANSWER tokens are used.
        """
        if not rows:
            return []
        answers = [list(row.tokens[:_LONGEST_ANSWER]) for row in rows]
        prompts = [row.messages[:-1] for row in rows]
        queries = queries_of([row.prompt for row in rows], self.knowledge)
        words = weighted(Bags.of(row.prompt.content for row in rows), self.rate).split()
        hashes = hashes_of_many([tokens[:-1] for tokens in answers])
        context = context_features([tokens[:-1] for tokens in answers], hashes, network.CONTEXT_ROWS)
        places = self.vocabulary.places(chain.from_iterable(answers))
        languages = np.stack([query.language for query in queries])
        background = self.knowledge.background.along(languages, prompts, answers)
        choices = [self.choices.along(tokens) for tokens in answers]
        looked_at = [
            bool(chosen or wants_brief(query)) for chosen, query in zip(choices, queries, strict=True)
        ]
        readings = self.readings(queries, words, looked_at)
        speller = Speller(self.vocabulary)
        found, begin = [], 0
        every = zip(rows, answers, queries, readings, choices, strict=True)
        for row, tokens, query, reading, chosen in every:
            here = slice(begin, begin + len(tokens))
            begin = here.stop
            copies = copy_table(PromptWords(row.messages[:-1], speller), tokens)
            found.append(
                Case(
                    query,
                    NetworkInput(
                        context[here], (reading.words,), (len(tokens),), copies, (mood_of(query, reading),)
                    ),
                    hashes[:, here],
                    places[here],
                    background[here],
                    wants_brief(query),
                    reading,
                    chosen,
                )
            )
        return found

    def readings(
        self, queries: Sequence[Query], words: Sequence[Bag], looked_at: Sequence[bool]
    ) -> list[Reading]:
        """Return what to weigh in prompts, given their weighted words; no valence where nobody looks."""
        texts = [self._judged(query) for query, wanted in zip(queries, looked_at, strict=True) if wanted]
        feelings = iter(self.knowledge.feelings(texts))
        return [
            Reading(one, next(feelings) if wanted else NO_FEELINGS)
            for one, wanted in zip(words, looked_at, strict=True)
        ]

    def _judged(self, query: Query) -> str:
        """Return what a prompt wants to be judged: the last user turn, without the request if it is there."""
        text = query.prompt.last
        return (
            self.knowledge.without_requests(text) if wants_brief(query) and not query.prompt.asked else text
        )

    def to_bytes(self) -> bytes:
        """Return what :meth:`from_bytes` needs to restore the model; a megabyte or two for a small file."""
        banks = tuple(bank.conversations for bank in self.banks[1:])
        fresh = self.vocabulary.tokens[self.base_places :]
        choices = tuple((one.prefix, one.tokens) for one in self.choices.all)
        return pack(Packed(self.origin, fresh, banks, arrays_of(self.parameters) if banks else {}, choices))

    @classmethod
    def from_bytes(cls, data: bytes, base: LanguageModel) -> LanguageModel:
        """Restore a model over the base it was tuned from.

        Raises:
            ValueError: the bytes are no packed model, or one of a different base.
        """
        packed = unpack(data)
        if packed.origin != base.origin:
            raise ValueError("the model was tuned from a different base")
        if not packed.banks:
            return base
        vocabulary = base.vocabulary.extended(packed.tokens.tolist())
        banks, rate = base.banks, base.rate
        for remembered in packed.banks:
            bank = bank_of([row_of(one) for one in remembered], rate, base.knowledge, vocabulary)
            banks, rate = (*banks, bank), bank.rate
        parameters = parameters_from(packed.arrays, base.parameters)
        choices = choices_of(packed.choices, vocabulary)
        known = base.knowledge
        return cls(parameters, vocabulary, banks, known, rate, base.origin, base.base_places, choices)

    def generate(  # noqa: PLR0913 - what the service lets a caller choose
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
        reader = Reader(self, messages)
        generator = np.random.default_rng(seed)
        written: list[int] = []
        while len(written) < max_tokens:
            here = reader.next(written)
            place = sampling.choose(here.meant, temperature=temperature, top_p=top_p, generator=generator)
            token = int(self.vocabulary.tokens[place])
            if token == END:
                return
            written.append(token)
            yield reader.token(token, here, top_logprobs)

    def score(self, messages: Messages, top_logprobs: int = 0) -> Iterator[Token]:
        """Yield the tokens of the given assistant answer with the model's log-probabilities."""
        reader = Reader(self, messages[:-1])
        tokens = answer_tokens(messages)[:-1]
        for at, token in enumerate(tokens):
            yield reader.token(token, reader.next(tokens[:at]), top_logprobs)

    def probabilities(self, messages: Messages, written: Sequence[int] = ()) -> Floats:
        """Return the probability of every token id after a prompt and what is written; shape (SIZE,).

        Nothing but tests needs them all: that they sum to one, and that sampling and scoring agree with them.
        """
        reader = Reader(self, messages)
        here = reader.next(list(written))
        everything = reader.background * np.float32(here.background_share)
        everything[self.vocabulary.tokens] = here.active
        return np.asarray(everything)


@dataclass(frozen=True, slots=True)
class Next:
    """The distribution of the next token.

    Attributes:
        active: probability of every place of the vocabulary; shape (places,).
        meant: the same without the background's part, for sampling; shape (places,).
        background_share: a token outside the vocabulary has this times its background probability.
    """

    active: Floats
    meant: Floats
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
        with single_threaded():
            self._read(messages)

    def _read(self, messages: Messages) -> None:
        model = self._model
        (self._query,) = queries_of([prompt_of(messages)], model.knowledge)
        (self._weighted,) = weighted(Bags.of([self._query.prompt.content]), model.rate).split()
        self._attended = attend(model.banks, model.chosen([self._query]))
        self._words = PromptWords(messages, Speller(model.vocabulary))
        self._brief = wants_brief(self._query)
        self.background: Floats = model.knowledge.background.of(self._query.language, messages)
        self._active_background = self.background[model.vocabulary.tokens]

    @cached_property
    def _reading(self) -> Reading:
        return self._model.readings([self._query], [self._weighted], [True])[0]

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
        parameters = self._model.parameters
        at, recent = len(written), written[-SUFFIXES[-1] :]
        hashes = suffix_hashes(recent)
        context = context_features([recent], hashes, network.CONTEXT_ROWS, at - len(recent))[-1:]
        mood = 0.0 if at else mood_of(self._query, self._reading)
        given = NetworkInput(context, (self._weighted,), (1,), self._words.at(written, at), (mood,))
        h = network.hidden(parameters, given)
        dense = network.softmax(network.logits_of(parameters, given, h))
        starts, brief = (_NONE, _NONE) if at else (_FIRST, np.array([self._brief]))
        here = Written(hashes[:, -1:], _ONE_TOKEN, given.copies, dense, starts, brief)
        pointed = pointer.point(parameters, here, self._attended)
        choice = self._model.choices.after(written)
        situation = gate.situations(
            pointed.level, pointed.largest, starts, brief, () if choice is None else (0,)
        )
        shares = gate.shares(parameters, situation)[0]
        meant = dense[0] * shares[1]
        if choice is not None:
            meant[list(choice.places)] += chances(parameters, choice, self._reading) * shares[3]
        meant[pointed.place] += (pointed.mass * shares[2]).astype(np.float32)
        return Next(meant + self._active_background * shares[0], meant, float(shares[0]))

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
