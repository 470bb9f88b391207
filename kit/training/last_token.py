"""A classifier of the GPT-2 family that computes only what its answer depends on."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from transformers import GPT2Config, GPT2ForSequenceClassification, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


def only_last_token(model: PreTrainedModel) -> PreTrainedModel:
    """Make a classifier leave out what its last layer computes for every token but the last of each text.

    ``GPT2ForSequenceClassification`` judges a text by its last token that is not padding. In the last layer
    the other tokens are looked at, by their keys and values, but their own answers go nowhere: attention from
    every token to every other, the layer's network, the final norm and the score are computed for all and
    used for one. Here they are computed for that one. Answers, loss and gradients are the same, but for
    rounding; so are the names and shapes of the weights, and what is saved loads as usual. With one layer
    hardly anything is left of the work that grows with the square of the length; with twelve, a twelfth less.

    Args:
        model: a ``GPT2ForSequenceClassification``, changed in place. Any other model, and one with a kind of
            attention that is not GPT-2's usual one, stays as it is.

    Returns:
        The same model.
    """
    if type(model) is GPT2ForSequenceClassification and _usual(model.config):
        model.__class__ = _LastTokenOnly
    return model


def _usual(config: GPT2Config) -> bool:
    """Whether one of several labels is looked for, and attention is that of GPT-2."""
    one_label = config.num_labels > 1 and config.problem_type in {None, "single_label_classification"}
    unusual = (
        config.add_cross_attention,
        config.scale_attn_by_inverse_layer_idx,
        config.reorder_and_upcast_attn,
    )
    return bool(one_label and config.scale_attn_weights) and not any(unusual)


class _LastTokenOnly(GPT2ForSequenceClassification):  # type: ignore[misc]
    """The class of a changed model: a method of the class, unlike one of the object, survives copies."""

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Return the answers, and the loss where labels are given."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        last = (places * (input_ids != self.config.pad_token_id)).argmax(-1)
        hidden = _front(self.transformer)(input_ids, attention_mask=attention_mask, use_cache=False)[0]
        seen = places <= last[:, None]
        if attention_mask is not None:
            seen = seen & attention_mask.bool()
        found = _answer(self.transformer.h[-1], hidden, last, seen)
        logits = self.score(self.transformer.ln_f(found))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


_LastTokenOnly.__name__ = GPT2ForSequenceClassification.__name__  # what is saved names its architecture


def _front(transformer: Any) -> Any:
    """Return the model without its last layer and the norm after it; the weights are shared, not copied."""
    front = copy.copy(transformer)
    front._modules = {**transformer._modules, "h": transformer.h[:-1], "ln_f": nn.Identity()}
    return front


def _answer(block: Any, hidden: torch.Tensor, last: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Return what a layer answers for one token of each text.

    Args:
        block: the layer.
        hidden: what comes into it; texts × tokens × width.
        last: the place of that token.
        seen: which tokens it may look at; texts × tokens.
    """
    texts = torch.arange(len(last), device=last.device)
    normed = block.ln_1(hidden)
    attention = block.attn
    width = attention.embed_dim
    weight, bias = attention.c_attn.weight, attention.c_attn.bias
    query = torch.addmm(bias[:width], normed[texts, last], weight[:, :width])
    keys, values = (normed @ weight[:, width:] + bias[width:]).split(width, dim=-1)
    query, keys, values = (
        part.view(len(last), -1, attention.num_heads, attention.head_dim).transpose(1, 2)
        for part in (query, keys, values)
    )
    scores = (query @ keys.transpose(-1, -2)) * attention.head_dim**-0.5
    scores = scores.masked_fill(~seen[:, None, None], torch.finfo(scores.dtype).min)
    looked = attention.attn_dropout(scores.softmax(-1)) @ values
    answer = attention.resid_dropout(attention.c_proj(looked.reshape(len(last), width))) + hidden[texts, last]
    return block.mlp(block.ln_2(answer)) + answer
