"""The shortened last layer beside ``GPT2ForSequenceClassification`` as transformers computes it."""

import copy
import json

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    set_seed,
)

from kit.training.collating import CausalPadding
from kit.training.last_token import only_last_token

LAYERS = [1, 2, 3]


def model(tokenizer, layers=1, **settings):
    set_seed(105)
    end = tokenizer.pad_token_id
    ends = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    size = {"n_embd": 16, "n_layer": layers, "n_head": 2, "n_positions": 64}
    return GPT2ForSequenceClassification(GPT2Config(vocab_size=len(tokenizer), **size, **ends, **settings))


def batch(tokenizer, texts, labels):
    rows = zip(tokenizer(texts)["input_ids"], labels, strict=True)
    return CausalPadding(tokenizer)([{"input_ids": ids, "labels": label} for ids, label in rows])


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("side", ["right", "left"])
def test_answers_loss_and_gradients_are_the_same(tokenizer, texts, labels, layers, side):
    tokenizer.padding_side = side
    try:
        given = batch(tokenizer, texts, labels)
    finally:
        tokenizer.padding_side = "right"
    assert (given["input_ids"] == tokenizer.pad_token_id).any()
    plain, short = model(tokenizer, layers).eval(), only_last_token(model(tokenizer, layers)).eval()
    one, other = plain(**given), short(**given)
    torch.testing.assert_close(other.logits, one.logits, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(other.loss, one.loss, atol=1e-6, rtol=1e-5)
    one.loss.backward()
    other.loss.backward()
    for left, right in zip(plain.named_parameters(), short.named_parameters(), strict=True):
        assert left[0] == right[0]
        torch.testing.assert_close(right[1].grad, left[1].grad, atol=1e-6, rtol=1e-4)


def test_dropout_is_where_it_was(tokenizer, texts, labels):
    """Averaged over many draws, a shortened model answers under dropout what the whole one answers."""
    ids = batch(tokenizer, texts, labels)["input_ids"][:1]
    assert (ids == tokenizer.pad_token_id).any()
    rates = {"embd_pdrop": 0.4, "resid_pdrop": 0.4, "attn_pdrop": 0.4, "initializer_range": 0.5}
    many = {"input_ids": ids.repeat(4000, 1), "attention_mask": torch.ones_like(ids).repeat(4000, 1)}
    found = []
    for made in (model(tokenizer, **rates), only_last_token(model(tokenizer, **rates))):
        with torch.no_grad():
            draws = made.train()(**many).logits[:, 0]
        found.append((draws.mean(), draws.std(), draws.std() / len(draws) ** 0.5))
    (mean, spread, error), (other_mean, other_spread, other_error) = found
    assert spread > 0.1
    assert abs(mean - other_mean) < 4 * (error**2 + other_error**2) ** 0.5
    assert abs(spread / other_spread - 1) < 0.1


def test_it_computes_one_token_where_transformers_computes_all(tokenizer, texts, labels):
    given, widths = batch(tokenizer, texts, labels), []
    for made in (model(tokenizer), only_last_token(model(tokenizer))):
        made.transformer.h[-1].mlp.c_fc.register_forward_hook(
            lambda _module, inputs, _output: widths.append(inputs[0].numel() // inputs[0].shape[-1])
        )
        made(**given)
    assert widths == [given["input_ids"].numel(), len(texts)]


def test_what_is_saved_loads_without_the_kit(tokenizer, texts, labels, tmp_path):
    given = batch(tokenizer, texts, labels)
    short = only_last_token(model(tokenizer, 2)).eval()
    short.save_pretrained(tmp_path)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    named = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["architectures"]
    assert named == ["GPT2ForSequenceClassification"]
    assert loaded.state_dict().keys() == model(tokenizer, 2).state_dict().keys()
    torch.testing.assert_close(loaded(**given).logits, short(**given).logits, atol=1e-6, rtol=1e-5)


def test_a_copy_answers_by_its_own_weights(tokenizer, texts, labels):
    given, short = batch(tokenizer, texts, labels), only_last_token(model(tokenizer)).eval()
    other = copy.deepcopy(short)
    torch.nn.init.zeros_(other.score.weight)
    assert other(**given).logits.abs().max() == 0 < short(**given).logits.abs().max()


@pytest.mark.parametrize(
    "settings", [{"scale_attn_by_inverse_layer_idx": True}, {"num_labels": 1}, {"problem_type": "regression"}]
)
def test_another_kind_of_model_stays_as_it_is(tokenizer, settings):
    assert type(only_last_token(model(tokenizer, **settings))) is GPT2ForSequenceClassification
    assert type(only_last_token(model(tokenizer))) is not GPT2ForSequenceClassification
