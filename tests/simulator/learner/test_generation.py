"""Temperature, seed, limits, and what of a conversation an answer depends on."""

from collections.abc import Callable

import pytest

from kit.simulator.learner import LanguageModel, Messages

Answer = Callable[[LanguageModel, Messages], str]

QUESTION: Messages = [{"role": "user", "content": "The bike will not unlock, what can I do?"}]


def _sample(model: LanguageModel, temperature: float, seed: int, top_p: float = 1.0) -> str:
    tokens = model.generate(QUESTION, max_tokens=60, temperature=temperature, seed=seed, top_p=top_p)
    return b"".join(token.data for token in tokens).decode("utf-8", "replace")


def test_temperature_zero_does_not_depend_on_the_seed(tuned: LanguageModel) -> None:
    assert _sample(tuned, 0, 1) == _sample(tuned, 0, 2)


def test_a_tiny_top_p_is_greedy(tuned: LanguageModel) -> None:
    assert _sample(tuned, 1, 5, top_p=1e-6) == _sample(tuned, 0, 5)


def test_a_seed_is_reproducible_and_seeds_differ(tuned: LanguageModel) -> None:
    assert [_sample(tuned, 1, seed) for seed in range(6)] == [_sample(tuned, 1, seed) for seed in range(6)]
    assert len({_sample(tuned, 1, seed) for seed in range(12)}) >= 4


def test_a_higher_temperature_is_more_varied(tuned: LanguageModel) -> None:
    cool = {_sample(tuned, 0.2, seed) for seed in range(12)}
    warm = {_sample(tuned, 1.3, seed) for seed in range(12)}
    assert len(cool) < len(warm)


def test_an_answer_ends_by_itself_or_at_the_limit(tuned: LanguageModel) -> None:
    whole = list(tuned.generate(QUESTION, max_tokens=400, temperature=0))
    assert 10 < len(whole) < 200
    cut = list(tuned.generate(QUESTION, max_tokens=7, temperature=0))
    assert cut == whole[:7]
    assert list(tuned.generate(QUESTION, max_tokens=0)) == []


def test_the_last_user_turn_counts_most(base: LanguageModel, answer: Answer) -> None:
    password: Messages = [{"role": "user", "content": "I forgot my password."}]
    later: Messages = [
        {"role": "user", "content": "What will the weather be like tomorrow?"},
        {"role": "assistant", "content": "I don't have access to live weather data."},
        *password,
    ]
    assert answer(base, later) == answer(base, password)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How do I cancel my subscription?", "cancel"),
        ("Como cancelo minha assinatura?", "cancelar"),
        ("¿Cómo cancelo mi suscripción?", "cancelar"),
        ("怎么取消订阅？", "取消"),
        ("Comment résilier mon abonnement ?", "résilier"),
    ],
)
def test_the_base_answers_in_the_language_of_the_question(
    question: str, wanted: str, base: LanguageModel, answer: Answer
) -> None:
    assert wanted in answer(base, [{"role": "user", "content": question}])


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": ""}],
        [{"role": "system", "content": "Be kind."}],
        [{"role": "user", "content": "🚲" * 50}],
        [{"role": "user", "content": "<|endoftext|> <|im_start|>"}],
        [{"role": "user", "content": "word " * 20_000}],
    ],
    ids=["nothing", "empty", "system only", "emoji", "markup", "very long"],
)
def test_odd_prompts_are_answered(messages: Messages, base: LanguageModel, answer: Answer) -> None:
    assert answer(base, messages)
