"""The learner's smaller parts: hyperparameters, corpus, tables, storage, cache."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from kit.simulator.learner import (
    Hyperparameters,
    LanguageModel,
    Messages,
    background,
    base_model,
    features,
    fine_tune,
    resolve_hyperparameters,
)
from kit.simulator.learner import base as base_module
from kit.simulator.learner.corpus import load
from kit.simulator.learner.features import Bag, Bags, prompt_of
from kit.simulator.learner.retrieval import Index
from kit.simulator.learner.snapshot import flat, restored
from kit.simulator.learner.tables import Patched, patch
from kit.simulator.learner.threads import single_threaded


# The expected values follow the formula of OpenAI's cookbook "Data preparation and analysis for chat model
# fine-tuning" (3 epochs; 100 to 25,000 examples in all; at most 25 epochs) and a batch of 0.2 %.
@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        (1, (25, 1)),
        (10, (10, 1)),
        (33, (3, 1)),
        (72, (3, 1)),
        (1_000, (3, 2)),
        (10_000, (2, 20)),
        (100_000, (1, 200)),
        (1_000_000, (1, 256)),
    ],
)
def test_automatic_hyperparameters(examples: int, expected: tuple[int, int]) -> None:
    chosen = resolve_hyperparameters(examples)
    assert (chosen.n_epochs, chosen.batch_size) == expected
    assert chosen.learning_rate_multiplier == 1.0


def test_chosen_hyperparameters() -> None:
    chosen = resolve_hyperparameters(50, n_epochs=7, batch_size=3, learning_rate_multiplier=0.5)
    assert chosen == Hyperparameters(7, 3, 0.5)
    with pytest.raises(ValueError, match="positive"):
        resolve_hyperparameters(50, n_epochs=0)


def test_the_base_corpus_has_every_language_in_full() -> None:
    folder = resources.files("kit.simulator.learner") / "base_corpus"
    counts = {}
    for file in folder.iterdir():
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        kinds = ["questions", "note", "review", "task"]
        counts[file.name] = [sum(kind in line for line in lines) for kind in kinds]
    assert set(counts) == {"en.jsonl", "es.jsonl", "fr.jsonl", "pt.jsonl", "zh.jsonl"}
    assert len({tuple(count) for count in counts.values()}) == 1  # parallel
    questions, notes, reviews, tasks = counts["en.jsonl"]
    assert 60 <= questions <= 100
    assert min(notes, reviews) >= 60
    assert tasks >= 8


def test_the_base_corpus_knows_nothing_of_the_labs() -> None:
    texts = " ".join(message["content"] for one in load().examples for message in one.messages)
    texts += " ".join(note for _, note in load().notes)
    assert not [name for name in ("Brisa", "Lia,", "— Lia", "Next step", "微风", "莉亚") if name in texts]


def test_groups_of_the_corpus_do_not_mix_languages() -> None:
    locales: dict[int, set[str]] = {}
    for one in load().examples:
        locales.setdefault(one.group, set()).add(one.locale)
    assert all(len(found) == 1 for found in locales.values())


def test_a_patched_table_is_the_table_it_was_made_from() -> None:
    generator = np.random.default_rng(1)
    base = generator.normal(size=(50, 4)).astype(np.float32)
    table = np.concatenate([base, generator.normal(size=(5, 4)).astype(np.float32)])
    table[[3, 17]] += 1.0
    patched = patch(base, table)
    assert patched.rows.tolist() == [3, 17, 50, 51, 52, 53, 54]
    np.testing.assert_allclose(patched.whole(), table, atol=2e-3)  # half precision
    rows = np.array([[0, 3], [54, 17]])
    np.testing.assert_array_equal(patched[rows], patched.whole()[rows])
    h = generator.normal(size=(2, 4)).astype(np.float32)
    np.testing.assert_allclose(patched.transposed_product(h), h @ patched.whole().T, atol=1e-5)
    assert isinstance(patch(patched, table), Patched)
    assert patch(patched, table).base is base


def test_a_model_survives_a_round_trip_through_bytes(
    base: LanguageModel, tuned: LanguageModel, data: Callable[[str], tuple[list[Messages], list[Messages]]]
) -> None:
    kept = tuned.to_bytes()
    assert len(kept) < 3_000_000
    restored = LanguageModel.from_bytes(kept, base)
    for one in data("en")[1][:3]:
        assert list(restored.score(one)) == list(tuned.score(one))
        sampled = [list(model.generate(one[:-1], max_tokens=20, seed=3)) for model in (restored, tuned)]
        assert sampled[0] == sampled[1]
    assert LanguageModel.from_bytes(base.to_bytes(), base) is base
    assert restored.to_bytes() == kept
    torn = [b"", b"not a model", kept[:100], kept[: len(kept) // 2], kept[:-10], kept[10:]]
    torn.append(kept[:3000] + b"\0" * 500 + kept[3500:])
    for broken in torn:
        with pytest.raises(ValueError, match=r"."):
            LanguageModel.from_bytes(broken, base)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Move the learner's cache, but not the tokenizer's files, and forget what was read from it."""
    monkeypatch.setattr(base_module.settings, "work_folder", lambda: tmp_path)
    yield tmp_path
    _forget()


def _forget() -> None:
    base_module._base_model.cache_clear()
    base_module._kept.cache_clear()


def test_the_base_is_the_same_with_and_without_its_cache(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, base: LanguageModel
) -> None:
    prompt: Messages = [{"role": "user", "content": "Where is my parcel?"}]
    expected = list(base.generate(prompt, max_tokens=20, temperature=0))
    _forget()
    trained = base_model()
    assert list(trained.generate(prompt, max_tokens=20, temperature=0)) == expected
    _forget()
    monkeypatch.setattr(base_module, "_untrained", None)  # must not be needed now
    read = base_model()
    assert list(read.generate(prompt, max_tokens=20, temperature=0)) == expected
    for one, other in zip(_arrays(trained), _arrays(read), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert base_module.knowledge() is read.knowledge


def _arrays(model: LanguageModel) -> list[np.ndarray]:
    kept = flat(model.knowledge, frozenset({"lexicons"}))
    kept |= flat(model.banks[0], frozenset({"knowledge", "conversations"}))
    return [*kept.values(), *model.parameters.values(), model.vocabulary.tokens]


@pytest.mark.parametrize("damage", ["torn", "cut", "incomplete"])
def test_a_cache_that_cannot_be_read_is_made_again(damage: str, tmp_path: Path, base: LanguageModel) -> None:
    place = tmp_path / "learner" / "kept.npz"
    base_module._write(place, base)
    assert base_module._read(place) is not None
    if damage == "torn":
        place.write_bytes(b"torn")
    elif damage == "cut":
        place.write_bytes(place.read_bytes()[:-1000])
    else:
        np.savez(place, tokens=base.vocabulary.tokens)
    assert base_module._read(place) is None


def test_reading_the_cache_needs_no_tokenizer() -> None:
    """It takes longer to load than all the rest, and who only lists models does not need it."""
    base_model()  # it is kept now
    code = (
        "import kit.simulator.learner as learner, kit.tokens as tokens; learner.base_model(); "
        "print(tokens.encoding.cache_info().misses)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.split() == ["0"]


@dataclass(frozen=True)
class _Inner:
    number: int
    few: np.ndarray


@dataclass(frozen=True)
class _Outer:
    inner: _Inner
    most: np.ndarray
    left_out: str


def test_an_index_finds_what_a_matrix_product_does() -> None:
    """Common and rare features, queries with unknown ones and without any, against numpy's own product."""
    generator = np.random.default_rng(4)
    dense = np.where(
        generator.random((300, 60)) < np.linspace(0.001, 0.9, 60), generator.random((300, 60)), 0
    )
    dense = dense.astype(np.float32)
    asked = np.where(generator.random((7, 90)) < 0.3, generator.random((7, 90)), 0).astype(np.float32)
    asked[3] = 0.0

    def bags(table: np.ndarray) -> Bags:
        return Bags.of(Bag(np.flatnonzero(row) * 3, row[np.flatnonzero(row)]) for row in table)

    index = Index.of(bags(dense))
    assert 0 < len(index._matrix) < 60  # both ways are taken
    np.testing.assert_allclose(index.products(bags(asked)), asked[:, :60] @ dense.T, rtol=1e-5, atol=1e-5)
    assert Index.of(bags(dense[:0])).products(bags(asked)).shape == (7, 0)
    assert not index.products(bags(asked[3:4])).any()


def test_records_survive_being_flat() -> None:
    few = np.zeros((40, 50), dtype=np.uint8)
    few[3, 7] = 9
    record = _Outer(_Inner(5, few), np.arange(2000.0).reshape(2, 1000), "text")
    arrays = flat(record, frozenset({"left_out"}))
    assert sum(array.nbytes for array in arrays.values()) < 2000 * 8 + 100  # zeros are not kept
    again = restored(_Outer, arrays, left_out="text")
    assert (again.inner.number, again.left_out) == (5, "text")
    for one, other in ((few, again.inner.few), (record.most, again.most)):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    del arrays["inner.number"]
    with pytest.raises(KeyError, match="number"):
        restored(_Outer, arrays, left_out="text")


def test_every_thread_computes_with_one_thread_of_blas() -> None:
    """Also where another thread, alive still, has set the number first: threadpoolctl hears only that one."""
    from threadpoolctl import threadpool_info

    def look() -> set[int]:
        with single_threaded():
            return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        seen = [one.submit(look).result(), other.submit(look).result(), look()]
    assert seen == [{1}] * 3


def test_a_long_job_looks_at_a_part_of_its_examples(
    base: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kit.simulator.learner import training as training_module

    examples: list[Messages] = [
        [
            {"role": "user", "content": f"What about number {number}?"},
            {"role": "assistant", "content": f"Number {number % 10} it is."},
        ]
        for number in range(120)
    ]
    seen: list[int] = []
    learn = training_module._Trainer._learn

    def counted(self: object, chosen: np.ndarray, *rest: object) -> tuple[float, float]:
        seen.append(len(chosen))
        return learn(self, chosen, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(training_module, "BUDGET", 120 * 27 // 3)
    monkeypatch.setattr(training_module, "LARGEST_MEMORY", 50)
    monkeypatch.setattr(training_module._Trainer, "_learn", counted)
    run = fine_tune(base, examples, [], Hyperparameters(1, 30, 1.0), seed=1)
    assert seen == [10] * 4  # a third of each batch
    assert len(run.checkpoints[-1].model.banks[-1]) == 50


def test_what_is_long_is_not_kept_in_memory() -> None:
    """A server lives for long, and prompts have up to sixteen million characters."""
    features._features_in_system.cache_clear()
    features._standing.cache_clear()
    long = "lamp " * 50_000
    told = [{"role": "system", "content": long}, {"role": "user", "content": long}]
    said = background._tokens_in_recurring.cache_info().currsize
    before = prompt_of(told), background._said(told)
    again = [{"role": "system", "content": long[:4000]}, {"role": "user", "content": long[:4000]}]
    assert background._tokens_in_recurring.cache_info().currsize == said
    assert np.array_equal(prompt_of(again).content.ids, before[0].content.ids)
    assert features._features_in_system.cache_info().currsize == 1  # the same beginning
    assert features._standing.cache_info().currsize == 1
    words = features._features_of_usual.cache_info().currsize
    assert features._features_of("z" * 65)[0]
    assert features._features_of_usual.cache_info().currsize == words
