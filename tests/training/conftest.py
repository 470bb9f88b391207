"""What the tests of local training share: skipped where the extra is not installed."""

import pytest

from kit.training import extra

collect_ignore_glob = ["test_*.py"] if extra.missing() else []


def pytest_report_header() -> str:
    """Say why the folder is left out."""
    absent = extra.missing()
    return f"tests/training: left out, not installed: {', '.join(absent)}" if absent else ""


_TEXTS = ["a fine film", "dull and far too long", "wonderful", "a waste of time, sadly", "很好看", "难看"]
_LABELS = [1, 0, 1, 0, 1, 0]


@pytest.fixture(scope="session")
def texts():
    return _TEXTS


@pytest.fixture(scope="session")
def labels():
    return _LABELS


@pytest.fixture(scope="session")
def tokenizer(texts):
    from kit.training.tokenizer import smaller_tokenizer

    return smaller_tokenizer(texts, 600)


@pytest.fixture(scope="session")
def new_model(tokenizer):
    """Return a function that makes the same tiny model every time."""
    from transformers import GPT2Config, GPT2ForSequenceClassification, set_seed

    def make():
        set_seed(105)
        end = tokenizer.pad_token_id
        size = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64}
        names = {"id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 0, "positive": 1}}
        ends = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
        return GPT2ForSequenceClassification(GPT2Config(vocab_size=len(tokenizer), **size, **names, **ends))

    return make
