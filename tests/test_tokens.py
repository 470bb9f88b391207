"""Expected counts come from OpenAI's cookbook, from tiktoken itself, or from hand arithmetic beside them."""

import subprocess
import sys

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tiktoken

from kit import tokens
from kit.azure import models
from kit.errors import SettingsError, UsageError
from kit.tokens import counting, words
from tests.cookbook import CONVERSATION


def count_texts(texts, name="o200k_base"):
    """Count texts as messages without a role: 3 tokens for the conversation, 3 for the message."""
    conversations = [[{"content": text}] for text in texts]
    return [each.total - 6 for each in tokens.count_conversations(conversations, name)]


@pytest.mark.parametrize(("name", "expected"), [("o200k_base", 124), ("cl100k_base", 129)])
def test_conversation_counts_what_the_service_counted(name, expected):
    assert tokens.count_conversations([CONVERSATION], name) == [(expected, 0)]


@pytest.mark.parametrize("text", ["hello world", "coração", "你好，世界", "🚲 ¿Dónde?", ""])
@pytest.mark.parametrize("name", ["o200k_base", "o200k_harmony"])
def test_texts_agree_with_tiktoken(text, name):
    assert count_texts([text], name) == [len(tiktoken.get_encoding(name).encode(text))]


def test_assistant_share_is_the_content_alone():
    messages = [
        {"role": "user", "content": "hello world"},  # 3 + "user" 1 + 2 tokens
        {
            "role": "assistant",
            "content": "hello",
            "weight": 1,
        },  # 3 + "assistant" 1 + 1; a weight is no text
    ]
    assert tokens.count_conversations([messages]) == [(6 + 5 + 3, 1)]


def test_special_tokens_in_what_a_user_wrote_are_ordinary_text():
    encoded = tiktoken.get_encoding("o200k_base").encode("<|endoftext|>", disallowed_special=())
    assert count_texts(["<|endoftext|>"]) == [len(encoded)]
    assert len(encoded) > 1


def test_lone_surrogates_are_counted():
    assert count_texts(["half \ud83d"])[0] > 1


def test_content_parts_and_tool_calls():
    parts = [{"type": "text", "text": "hello world"}, {"type": "image_url", "image_url": {"url": "x" * 900}}]
    assert tokens.count_conversations([[{"role": "user", "content": parts}]]) == [(3 + 1 + 2 + 3, 0)]
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function"}]}
    spelled = count_texts(['[{"id":"a","type":"function"}]'])[0]
    assert tokens.count_conversations([[call]]) == [(3 + 1 + spelled + 3, 0)]


@pytest.fixture
def in_words(monkeypatch):
    """Let few texts be counted in the way of many; see :mod:`kit.tokens.words`."""
    monkeypatch.setattr(counting, "_MANY", 0)


CUT = ["o200k_base", "o200k_harmony", "cl100k_base"]
SPACES = [chr(n) for n in range(sys.maxunicode + 1) if chr(n).isspace()]
AWKWARD = [
    *["", " ", "  ", "   ", "\n", "\r\n", "\n\n", " \n", "\t", *SPACES],
    *["it", "It'S", "'s", "’s", "IT", "don't", "a\u0301", "\u0301", "不", "，", "🚲", "1", "1234"],
    *["/", "//", ".", "...", "!?", '"', "_", "-", "<|endof", "text|>", "<|endoftext|>"],
    *["\ud83d", "\ude80", "\x00", "\x01", "\ufeff", "\u200b"],
]


def one_by_one(texts, name):
    encode = tiktoken.get_encoding(name).encode_ordinary
    return [len(encode(text)) for text in texts]


def test_many_texts_keep_their_order_and_repeats():
    texts = [f"{'word ' * (n % 200)}{n}" for n in range(1700)] * 2
    assert sum(map(len, set(texts))) > 300_000
    assert count_texts(texts) == one_by_one(texts, "o200k_base")


def test_more_than_a_million_characters_are_counted_in_words(monkeypatch):
    texts = [f"text {n} of {'all sorts ' * 100}" for n in range(1000)]
    monkeypatch.setattr(words, "_BLOCK", 400_000)
    monkeypatch.setattr(words, "_CHUNK", 1_000)
    monkeypatch.setattr(words, "_MOST", 500)
    seen = []
    monkeypatch.setattr(words, "count", lambda *given, count=words.count: seen.append(1) or count(*given))
    assert count_texts(texts) == one_by_one(texts, "o200k_base")
    assert seen


@pytest.mark.usefixtures("in_words")
@pytest.mark.parametrize("name", CUT)
def test_texts_that_end_and_begin_awkwardly_count_as_they_do_alone(name):
    """Many texts go to tiktoken in one call: spaces, words and marks must not grow together."""
    texts = [left + filler + right for left in AWKWARD for filler in ("", "x", " x ") for right in AWKWARD]
    assert count_texts(texts, name) == one_by_one(texts, name)


@pytest.mark.usefixtures("in_words")
@pytest.mark.parametrize("name", CUT)
@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(texts=st.lists(st.lists(st.one_of(st.sampled_from(AWKWARD), st.text())).map("".join)))
def test_texts_of_anything_count_as_they_do_alone(name, texts):
    assert count_texts(texts, name) == one_by_one(texts, name)


def test_limit_cost_and_comparison():
    assert tokens.longer_than([5, 9, 10, 11], 9) == [2, 3]
    # 3 million at 0.40 and half a million at 1.60
    assert tokens.cost(3_000_000, 500_000, read_price=0.4, write_price=1.6) == pytest.approx(2.0)
    assert tokens.compared({"en": 100, "zh": 132}, "en") == {"en": 1, "zh": 1.32}
    with pytest.raises(UsageError, match="“fr” has no tokens"):
        tokens.compared({"en": 100}, "fr")


def test_many_conversations_count_as_each_one_does():
    conversations = [CONVERSATION[: n % 6 + 1] for n in range(30)]
    one_by_one = [tokens.count_conversations([each])[0] for each in conversations]
    assert tokens.count_conversations(conversations) == one_by_one


def test_a_summary_of_many_of_one_and_of_none():
    assert tokens.summary([3, 1, 4, 1, 5, 9, 2, 6, 5, 35]) == tokens.TokenSummary(1, 35, 7.1, 4.5)
    assert tokens.summary([7]) == tokens.TokenSummary(7, 7, 7, 7)
    with pytest.raises(UsageError, match="nothing to summarize"):
        tokens.summary([])


def test_unknown_encoding_names_the_known_ones():
    with pytest.raises(UsageError, match=r"(?s)“o201k”.*o200k_base"):
        tokens.encoding("o201k")


def test_a_model_with_its_own_tokenizer_is_not_guessed():
    with pytest.raises(UsageError, match="tokenizer of its own"):
        count_texts(["hello"], models.find("Llama-3.3-70B-Instruct").encoding)


def test_every_encoding_of_the_model_table_exists():
    for model in models.table().values():
        assert not model.encoding or tokens.encoding(model.encoding).name == model.encoding


NO_NETWORK = """
import socket
def refuse(*_): raise OSError("no network in this test")
socket.socket.connect = socket.getaddrinfo = refuse
from kit import tokens
names = "o200k_base", "o200k_harmony", "cl100k_base"
print([tokens.count_conversations([[{"content": "你好 world"}]], name)[0].total - 6 for name in names])
try:
    tokens.encoding("p50k_base")
except Exception as error:
    print(type(error).__name__)
"""


def test_counting_needs_no_network(tmp_path, monkeypatch):
    tokens.work_offline()
    expected = [
        len(tiktoken.get_encoding(name).encode("你好 world")) for name in ("o200k_base", "cl100k_base")
    ]
    monkeypatch.setenv("KIT_HOME", str(tmp_path))
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    run = subprocess.run([sys.executable, "-c", NO_NETWORK], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == [str([expected[0], *expected]), SettingsError.__name__]
    assert len(list((tmp_path / "tiktoken").iterdir())) == 2


def test_harmony_is_there_where_tiktoken_is_too_old_to_know_it(monkeypatch):
    tokens.work_offline()
    theirs = tiktoken.get_encoding("o200k_harmony")
    monkeypatch.delitem(tiktoken.registry.ENCODING_CONSTRUCTORS, "o200k_harmony")
    monkeypatch.delitem(tiktoken.registry.ENCODINGS, "o200k_harmony")
    tokens.work_offline()
    ours = tiktoken.get_encoding("o200k_harmony")
    assert ours is not theirs
    assert ours._special_tokens == theirs._special_tokens
    text = "Olá! 你好，世界 <|channel|>final"
    assert ours.encode(text, allowed_special="all") == theirs.encode(text, allowed_special="all")
    assert ours.n_vocab == theirs.n_vocab


def _as_in_0_9(encoding, text, **_options):
    return np.array(encoding.encode(text, allowed_special="all"))


@pytest.mark.usefixtures("in_words")
@pytest.mark.parametrize("older", [None, _as_in_0_9], ids=["0.7", "0.9"])
def test_counts_are_the_same_with_an_older_tiktoken(monkeypatch, older):
    texts = ["Olá!", "你好，世界", "", "half a pair \ud83d", "a <|endoftext|> b"]
    if older:
        monkeypatch.setattr(tiktoken.Encoding, "encode_to_numpy", older)
    else:
        monkeypatch.delattr(tiktoken.Encoding, "encode_to_numpy", raising=False)
    assert count_texts(texts) == one_by_one(texts, "o200k_base")
