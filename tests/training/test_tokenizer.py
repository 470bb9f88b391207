"""GPT-2's tokenizer, whole and smaller, against what is published of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.training.tokenizer import SIZE, gpt2_tokenizer, smaller_tokenizer

WHOLE = gpt2_tokenizer()
SMALL = smaller_tokenizer(["Not funny, not scary, not worth the ticket.", "很好看"], 500)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello world", [15496, 995]),  # OpenAI's encoder.py, and tiktoken's "gpt2"
        # From the documentation of transformers' GPT2Model.
        ("Hello, my dog is cute", [15496, 11, 616, 3290, 318, 13779]),
    ],
)
def test_the_ids_are_those_of_gpt2(text, ids):
    assert WHOLE(text)["input_ids"] == ids


def test_it_has_every_entry_and_a_padding_token():
    assert len(WHOLE) == SIZE == 50_257
    assert WHOLE.pad_token_id == WHOLE.eos_token_id == 50_256


@given(st.text(max_size=80))
def test_the_smaller_one_knows_every_text(text):
    assert SMALL.decode(SMALL(text)["input_ids"], clean_up_tokenization_spaces=False) == text


def test_the_smaller_one_keeps_the_frequent_words_whole_and_its_size():
    assert len(SMALL) <= 500
    assert SMALL.tokenize(" not worth") == ["Ġnot", "Ġworth"]


def test_it_is_the_same_after_it_was_saved(tmp_path):
    from transformers import AutoTokenizer

    SMALL.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again("Not funny, 很好看")["input_ids"] == SMALL("Not funny, 很好看")["input_ids"]
    assert again.pad_token_id == SMALL.pad_token_id
