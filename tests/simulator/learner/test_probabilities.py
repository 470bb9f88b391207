"""What the model says about its own probabilities must be true."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from kit.simulator.learner import LanguageModel, Messages
from kit.tokens import encoding

PROMPT: Messages = [{"role": "user", "content": "How do I get my money back? ¿Y cuándo? 什么时候？"}]


@pytest.mark.parametrize("written", ["", "You", "You can get the", " zebra quartz 漢字 жук"])
@pytest.mark.parametrize("which", ["base", "tuned"])
def test_the_whole_vocabulary_sums_to_one(
    which: str, written: str, base: LanguageModel, tuned: LanguageModel
) -> None:
    model = base if which == "base" else tuned
    chances = model.probabilities(PROMPT, encoding().encode(written))
    assert chances.shape == (200_000,)
    assert chances.sum(dtype=np.float64) == pytest.approx(1.0, abs=1e-4)
    # Every ordinary token of o200k_base (199,998 of them) and the end can happen: no loss is infinite.
    assert np.count_nonzero(chances) == 199_999


def test_top_tokens_are_the_largest_of_the_whole_distribution(tuned: LanguageModel) -> None:
    first = next(tuned.generate(PROMPT, max_tokens=1, temperature=0, top_logprobs=20))
    chances = tuned.probabilities(PROMPT)
    expected = np.sort(chances)[::-1][:20]
    assert [math.exp(logprob) for _, _, logprob in first.top] == pytest.approx(expected.tolist(), rel=1e-4)
    assert first.top[0][0] == first.id == int(chances.argmax())
    assert first.logprob == pytest.approx(math.log(chances.max()), abs=1e-4)


def test_score_gives_the_probability_of_each_token(base: LanguageModel) -> None:
    given = "It depends. 🚲 Здравствуйте"
    scored = list(base.score([*PROMPT, {"role": "assistant", "content": given}]))
    ids = encoding().encode(given)
    assert [token.id for token in scored] == ids
    assert b"".join(token.data for token in scored).decode() == given
    for at, token in enumerate(scored):
        chance = base.probabilities(PROMPT, ids[:at])[token.id]
        assert token.logprob == pytest.approx(math.log(chance), abs=1e-4)


def test_generated_and_scored_probabilities_agree(tuned: LanguageModel) -> None:
    generated = list(tuned.generate(PROMPT, max_tokens=30, temperature=1.0, seed=4))
    content = b"".join(token.data for token in generated).decode()
    scored = list(tuned.score([*PROMPT, {"role": "assistant", "content": content}]))
    if [token.id for token in scored] == [token.id for token in generated]:
        assert [token.logprob for token in scored] == [token.logprob for token in generated]
    else:  # the same text can be cut into tokens differently; its end must not differ then
        assert content.endswith(scored[-1].data.decode(errors="ignore"))


def test_the_reported_validation_loss_is_what_score_measures(
    data: Callable[[str], tuple[list[Messages], list[Messages]]], run_of: Callable[[str], object]
) -> None:
    run = run_of("en")
    last = run.checkpoints[-1]  # type: ignore[attr-defined]
    _, validation = data("en")
    prompts = [one[:-1] for one in validation]
    total, tokens = 0.0, 0
    for one, prompt in zip(validation, prompts, strict=True):
        scored = list(last.model.score(one))
        end = last.model.probabilities(prompt, [token.id for token in scored])[199_999]
        total -= sum(token.logprob for token in scored) + math.log(end)
        tokens += len(scored) + 1
    # The kept model is rounded to half precision: about three decimal digits.
    assert total / tokens == pytest.approx(last.metrics.full_valid_loss, abs=0.01)
