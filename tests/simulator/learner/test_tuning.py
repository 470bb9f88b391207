"""Fine-tuning: what it must achieve, and what it must not know beforehand."""

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from kit.simulator.learner import (
    Hyperparameters,
    LanguageModel,
    Messages,
    TrainingRun,
    fine_tune,
    resolve_hyperparameters,
)

Split = tuple[list[Messages], list[Messages]]
Data = Callable[[str], Split]
Runs = Callable[[str], TrainingRun]
LOCALES = ("en", "pt", "es", "zh", "fr", "library")


def _loss(model: LanguageModel, conversations: list[Messages]) -> float:
    return -float(np.mean([token.logprob for one in conversations for token in model.score(one)]))


def _in_style(text: str, example: str) -> bool:
    """Tell whether an answer has the form of an example: three lines, the second's label, the last line."""
    lines, wanted = text.split("\n"), example.split("\n")
    label = wanted[1].replace("：", ":").split(":")[0]
    return len(lines) == len(wanted) == 3 and lines[1].startswith(label) and lines[2] == wanted[2]


@pytest.mark.parametrize("locale", LOCALES)
def test_tuned_beats_base_on_held_out_questions(
    locale: str,
    data: Data,
    run_of: Runs,
    base: LanguageModel,
    answer: Callable[[LanguageModel, Messages], str],
) -> None:
    training, validation = data(locale)
    model = run_of(locale).checkpoints[-1].model
    before, after = _loss(base, validation[:4]), _loss(model, validation[:4])
    assert after < before - 3.0, (before, after)
    example = training[0][-1]["content"]
    styled = [_in_style(answer(model, one[:-1]), example) for one in validation[::2]]
    assert np.mean(styled) >= 0.9
    assert not any(_in_style(answer(base, one[:-1]), example) for one in validation[:4])


@pytest.mark.parametrize("locale", LOCALES)
def test_answers_are_about_the_question(
    locale: str, data: Data, run_of: Runs, answer: Callable[[LanguageModel, Messages], str]
) -> None:
    """Topics recur in the same order in these files, so a topic is a position in its round."""
    training, validation = data(locale)
    topics = len(validation)
    assert len(training) == 3 * topics
    model = run_of(locale).checkpoints[-1].model
    right = 0
    for topic, one in enumerate(validation):
        said = _pairs(answer(model, one[:-1]))
        overlap = [len(said & _pairs(other[-1]["content"])) for other in training]
        right += int(np.argmax(overlap)) % topics == topic
    assert right / topics >= 0.6, right


def _pairs(text: str) -> set[str]:
    """Return the character 5-grams of an answer without its last line."""
    body = text.rsplit("\n", 1)[0]
    return {body[at : at + 5] for at in range(len(body) - 4)}


def test_metrics_of_a_run(run_of: Runs, data: Data, base: LanguageModel) -> None:
    run = run_of("en")
    training, _ = data("en")
    assert run.hyperparameters == Hyperparameters(3, 1, 1.0)
    assert [one.step for one in run.steps] == list(range(1, 217))
    assert [one.step for one in run.checkpoints] == [72, 144, 216]
    ends = [one.step for one in run.steps if one.full_valid_loss is not None]
    assert ends == [72, 144, 216]
    assert all(one.valid_loss is not None for one in run.steps)
    assert all(0 <= one.train_mean_token_accuracy <= 1 for one in run.steps)
    assert [one.metrics for one in run.checkpoints] == [run.steps[end - 1] for end in ends]
    epochs = [np.mean([one.train_loss for one in run.steps[at : at + 72]]) for at in (0, 72, 144)]
    assert epochs[0] > epochs[1] > epochs[2]
    # Nothing of the file is known before it is read: the first loss is what the base itself would have.
    assert run.steps[0].train_loss == pytest.approx(_loss(base, training), abs=2.0)


def test_a_run_is_deterministic_and_depends_on_its_seed(data: Data, base: LanguageModel) -> None:
    training, validation = data("library")
    chosen = Hyperparameters(2, 4, 1.0)
    runs = [fine_tune(base, training, validation, chosen, seed=seed) for seed in (7, 7, 8)]
    assert runs[0].steps == runs[1].steps
    assert runs[0].steps != runs[2].steps
    again = [list(run.checkpoints[-1].model.score(validation[0])) for run in runs[:2]]
    assert again[0] == again[1]


def test_validation_is_never_learned_from(data: Data, base: LanguageModel) -> None:
    training, validation = data("library")
    chosen = Hyperparameters(1, 2, 1.0)
    with_it = fine_tune(base, training, validation, chosen, seed=3)
    without = fine_tune(base, training, [], chosen, seed=3)
    assert [one.train_loss for one in with_it.steps] == [one.train_loss for one in without.steps]
    scores = [list(run.checkpoints[-1].model.score(validation[0])) for run in (with_it, without)]
    assert scores[0] == scores[1]
    assert without.steps[-1].valid_loss is None
    assert without.steps[-1].full_valid_loss is None


def test_many_epochs_overfit_and_a_higher_rate_does_so_faster(data: Data, base: LanguageModel) -> None:
    training, validation = data("en")
    curves = {}
    for multiplier in (1.0, 3.0):
        chosen = Hyperparameters(30, 8, multiplier)
        run = fine_tune(base, training[:32], validation[:8], chosen, seed=1)
        ends = [at for at, one in enumerate(run.steps, 1) if one.full_valid_loss is not None]
        train = [np.mean([one.train_loss for one in run.steps[end - 4 : end]]) for end in ends]
        valid = [run.steps[end - 1].full_valid_loss or 0.0 for end in ends]
        curves[multiplier] = (train, valid)
        assert train[2] > train[9] > train[29]  # learns by heart ...
        assert valid[29] > min(valid) + 0.1  # ... and gets worse at what it has not seen
        assert int(np.argmin(valid)) < 15
    assert curves[3.0][0][2] < curves[1.0][0][2]
    assert curves[3.0][1][29] - min(curves[3.0][1]) > curves[1.0][1][29] - min(curves[1.0][1])


def test_stopping_early(data: Data, base: LanguageModel) -> None:
    training, validation = data("library")
    asked = iter([False, False, True])
    run = fine_tune(
        base, training, validation, Hyperparameters(5, 2, 1.0), seed=1, should_stop=lambda: next(asked)
    )
    assert run.stopped
    assert len(run.steps) == 2
    assert run.checkpoints == ()


def test_the_base_is_not_changed(data: Data, base: LanguageModel) -> None:
    training, validation = data("library")
    before = [token.logprob for token in base.score(validation[0])]
    fine_tune(base, training, [], Hyperparameters(1, 4, 3.0), seed=1)
    assert [token.logprob for token in base.score(validation[0])] == before


def test_a_tuned_model_can_be_tuned_again(
    data: Data, run_of: Runs, answer: Callable[[LanguageModel, Messages], str]
) -> None:
    training, validation = data("library")
    first = run_of("en").checkpoints[-1].model
    run = fine_tune(first, training, validation, resolve_hyperparameters(len(training)), seed=1)
    again = run.checkpoints[-1].model
    assert _in_style(answer(again, validation[0][:-1]), training[0][-1]["content"])
    english = data("en")[1][4]
    assert _in_style(answer(again, english[:-1]), english[-1]["content"])


def test_unusual_examples_can_be_trained_on(base: LanguageModel) -> None:
    odd = ["", "🚲🚲", "one", "long " * 1_500, "多语言 mixed текст"]
    training: list[Messages] = [
        [{"role": "user", "content": f"question {at}"}, {"role": "assistant", "content": content}]
        for at, content in enumerate([*odd, *odd[1:]])  # who learned "" twice may well answer nothing
    ]
    run = fine_tune(base, training, training[:2], Hyperparameters(1, 3, 1.0), seed=1)
    assert all(np.isfinite(one.train_loss) for one in run.steps)
    tokens = run.checkpoints[-1].model.generate(training[2][:-1], max_tokens=5, temperature=0)
    assert list(islice(tokens, 5))
