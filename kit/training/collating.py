"""A batch of texts of different lengths, padded in the way that costs a causal model least."""

from __future__ import annotations

from typing import Any

from transformers import DataCollatorWithPadding


class CausalPadding(DataCollatorWithPadding):  # type: ignore[misc]
    """Pads each batch to its own longest text, and hides nothing from the model where nothing need be hidden.

    In a causal model a token sees only what stands before it. Padding on the right therefore reaches no token
    of the text, masked or not, and a classifier of the GPT-2 family looks at the last token that is not
    padding (``GPT2ForSequenceClassification``). With a mask that hides nothing, ``transformers`` takes the
    causal kernel of torch, which leaves out the upper half of the attention matrix; with any other it
    computes the whole, and the mask besides. A tokenizer that pads on the left keeps its mask.
    """

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the batch as tensors."""
        batch: dict[str, Any] = super().__call__(features)
        if self.tokenizer.padding_side == "right":
            batch["attention_mask"] = batch["attention_mask"].new_ones(batch["attention_mask"].shape)
        return batch
