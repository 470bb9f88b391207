"""What a job's model must do: learn from the file, generalize, overfit when asked to, repeat itself."""

import json
import math

import numpy as np
import pytest

from kit import i18n, settings
from kit.simulator.learner import LanguageModel, base_model, fine_tune, resolve_hyperparameters

SEED = 105


def conversations(locale, name):
    path = settings.labs_folder() / "data" / locale / f"support-{name}.jsonl"
    return [json.loads(line)["messages"] for line in path.read_text(encoding="utf-8").splitlines()]


def tuned(training, validation=(), **options):
    chosen = resolve_hyperparameters(len(training), **options)
    return fine_tune(base_model(), training, list(validation), chosen, seed=SEED)


def loss(model, examples):
    """Mean of -ln p over the answers' tokens: the loss that a job reports."""
    logprobs = [token.logprob for messages in examples for token in model.score(messages)]
    return -sum(logprobs) / len(logprobs)


def answer(model, messages, **options):
    settled = {"max_tokens": 120, "temperature": 0.0, **options}
    return b"".join(token.data for token in model.generate(messages, **settled)).decode("utf-8", "replace")


@pytest.fixture(scope="module", params=i18n.available())
def course(request):
    """Training and validation conversations of a language, and the run that learned from them."""
    training, validation = (conversations(request.param, name) for name in ("train", "validation"))
    return training, validation, tuned(training, validation)


def test_tuned_beats_base_on_questions_neither_has_seen(course):
    _, validation, run = course
    model = run.checkpoints[-1].model
    assert loss(model, validation) < 0.75 * loss(base_model(), validation)


def test_the_house_style_is_learned_and_the_base_does_not_have_it(course):
    training, validation, run = course
    sign_off = training[0][-1]["content"].splitlines()[-1]
    held_out = [messages[:-1] for messages in validation[:12]]
    with_style = sum(answer(run.checkpoints[-1].model, prompt).endswith(sign_off) for prompt in held_out)
    assert with_style >= 10
    assert not any(sign_off in answer(base_model(), prompt) for prompt in held_out)


def test_reported_losses_fall_and_are_those_of_the_model(course):
    _, validation, run = course
    first, last = run.steps[0], run.steps[-1]
    assert last.train_loss < first.train_loss
    assert last.full_valid_loss is not None
    # Scored again from outside; the end of the answer is a token, too, which score() leaves out.
    assert last.full_valid_loss == pytest.approx(loss(run.checkpoints[-1].model, validation), rel=0.15)


def test_checkpoints_are_the_ends_of_the_last_three_epochs(course):
    training, _, run = course
    steps = math.ceil(len(training) / run.hyperparameters.batch_size)
    assert [checkpoint.step for checkpoint in run.checkpoints] == [steps, 2 * steps, 3 * steps]


def test_the_same_seed_gives_the_same_model():
    training = conversations("es", "train")[:12]
    one, two = tuned(training), tuned(training)
    assert [step.train_loss for step in one.steps] == [step.train_loss for step in two.steps]
    prompt = conversations("es", "validation")[0][:-1]
    assert answer(one.checkpoints[-1].model, prompt) == answer(two.checkpoints[-1].model, prompt)


def test_many_epochs_on_little_data_overfit():
    training, validation = conversations("en", "train")[:24], conversations("en", "validation")
    run = tuned(training, validation, n_epochs=30)
    whole = [step.full_valid_loss for step in run.steps if step.full_valid_loss is not None]
    assert run.steps[-1].train_loss < 0.2 * run.steps[0].train_loss
    assert whole[-1] > min(whole)


def test_probabilities_of_the_next_token_sum_to_one():
    prompt = conversations("zh", "validation")[0][:-1]
    for model in (base_model(), tuned(conversations("zh", "train")[:12]).checkpoints[-1].model):
        assert float(np.sum(model.probabilities(prompt), dtype=np.float64)) == pytest.approx(1, abs=1e-3)


def test_a_temperature_varies_answers_and_a_seed_repeats_them():
    prompt = [{"role": "user", "content": "Where is my parcel?"}]
    hot = [answer(base_model(), prompt, temperature=2.0, seed=seed, max_tokens=15) for seed in range(6)]
    assert len(set(hot)) > 2
    assert hot[3] == answer(base_model(), prompt, temperature=2.0, seed=3, max_tokens=15)
    assert len({answer(base_model(), prompt, seed=seed) for seed in range(3)}) == 1


def test_labels_are_learned_from_reviews():
    """Words that decide are shared by training and held-out reviews; nothing else is."""
    kind, unkind = ("tasty", "lovely", "superb", "friendly"), ("awful", "rude", "stale", "dreadful")
    places = ("soup", "waiter", "table", "music", "dessert", "bread")

    def review(word, place, label):
        question = f"Classify the review as positive or negative. Review: The {place} was {word}."
        return [{"role": "user", "content": question}, {"role": "assistant", "content": label}]

    rows = [
        (place, review(word, place, label))
        for words, label in ((kind, "positive"), (unkind, "negative"))
        for word in words
        for place in places
    ]
    model = tuned([row for place, row in rows if place != "bread"]).checkpoints[-1].model
    held_out = [row for place, row in rows if place == "bread"]
    right = sum(answer(model, row[:-1], max_tokens=5).strip() == row[-1]["content"] for row in held_out)
    assert right >= 7


def test_a_model_survives_being_packed():
    model = tuned(conversations("pt", "train")[:12]).checkpoints[-1].model
    prompt = conversations("pt", "validation")[0][:-1]
    assert answer(LanguageModel.from_bytes(model.to_bytes(), base_model()), prompt) == answer(model, prompt)
