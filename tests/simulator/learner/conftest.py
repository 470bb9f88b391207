"""Models that are trained once for all tests of the learner."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from kit import settings
from kit.simulator.learner import (
    LanguageModel,
    Messages,
    Token,
    TrainingRun,
    base_model,
    fine_tune,
    resolve_hyperparameters,
)

LIBRARY = Path(__file__).with_name("library.jsonl")  # in French, for these tests: 8 topics, 3 + 1 wordings

Split = tuple[list[Messages], list[Messages]]


def read(path: Path) -> list[Messages]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["messages"] for line in lines]


@cache
def conversations(locale: str) -> Split:
    """Return (training, validation) of a locale or of "library"; skips where a language has no data yet."""
    if locale == "library":
        found = read(LIBRARY)
        return found[:24], found[24:]
    folder = settings.labs_folder() / "data" / locale
    paths = [folder / f"support-{part}.jsonl" for part in ("train", "validation")]
    if not all(path.exists() for path in paths):
        pytest.skip(f"no data for {locale} in {folder}")
    training, validation = map(read, paths)
    return training, validation


@cache
def tuned_run(locale: str) -> TrainingRun:
    training, validation = conversations(locale)
    chosen = resolve_hyperparameters(len(training))
    return fine_tune(base_model(), training, validation, chosen, seed=105)


def text(tokens: Iterable[Token]) -> str:
    return b"".join(token.data for token in tokens).decode("utf-8")


@pytest.fixture(scope="session")
def base() -> LanguageModel:
    return base_model()


@pytest.fixture(scope="session")
def answer() -> Callable[[LanguageModel, Messages], str]:
    """Answer a prompt at temperature 0."""

    def greedy(model: LanguageModel, prompt: Messages) -> str:
        return text(model.generate(prompt, max_tokens=150, temperature=0))

    return greedy


@pytest.fixture(scope="session")
def tuned() -> LanguageModel:
    """A model tuned on the English support data."""
    return tuned_run("en").checkpoints[-1].model


@pytest.fixture(scope="session")
def data() -> Callable[[str], Split]:
    return conversations


@pytest.fixture(scope="session")
def run_of() -> Callable[[str], TrainingRun]:
    return tuned_run
