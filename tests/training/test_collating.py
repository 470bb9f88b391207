"""Padding on the right with nothing masked, beside transformers' own collator with its mask."""

import torch
from transformers import DataCollatorWithPadding

from kit.training.collating import CausalPadding


def batches(tokenizer, texts):
    features = [{"input_ids": ids} for ids in tokenizer(texts)["input_ids"]]
    return CausalPadding(tokenizer)(features), DataCollatorWithPadding(tokenizer)(features)


def test_the_answers_and_the_gradients_are_those_with_a_mask(tokenizer, new_model, texts, labels):
    ours, theirs = batches(tokenizer, texts)
    assert len({int(row.sum()) for row in theirs["attention_mask"]}) > 2  # texts of different lengths
    found = []
    for batch in (ours, theirs):
        model = new_model().eval()
        answer = model(**batch, labels=torch.tensor(labels))
        answer.loss.backward()
        found.append((answer.logits, model.transformer.wte.weight.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_the_model_takes_the_causal_kernel_without_a_mask(tokenizer, new_model, texts, monkeypatch):
    taken = []
    whole = torch.nn.functional.scaled_dot_product_attention

    def spy(*arguments, attn_mask=None, is_causal=False, **rest):
        taken.append((attn_mask is None, is_causal))
        return whole(*arguments, attn_mask=attn_mask, is_causal=is_causal, **rest)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", spy)
    for batch in batches(tokenizer, texts):
        new_model().eval()(**batch)
    assert taken == [(True, True), (False, False)]


def test_padding_on_the_left_stays_hidden(tokenizer, texts):
    tokenizer.padding_side = "left"
    try:
        ours, theirs = batches(tokenizer, texts)
    finally:
        tokenizer.padding_side = "right"
    assert torch.equal(ours["attention_mask"], theirs["attention_mask"])
