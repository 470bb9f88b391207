"""The learner behind the simulator: seconds, memory and quality. ``python tests/benchmarks/learner.py``.

Three tables, in Markdown:

- labels: accuracy of the base and of a tuned model on held-out reviews of the labs, mean over random splits,
  at temperature 0, with a system prompt that names the labels (``--splits 3 --training 120``);
- size: jobs of 100, 1,000 and 10,000 examples, labels and conversations, with the service's automatic
  hyperparameters, each in a process of its own for its peak resident memory;
- speed: the base model's first and second loading, answers of 30 tokens, embeddings.

The examples of the size table are made up of parts in this file, so that they exist in any number.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

REPOSITORY = Path(__file__).parents[2]
SYSTEM = {
    "en": "You label product reviews. Answer with exactly one of these labels: positive, negative.",
    "pt": "Você classifica avaliações. Responda com apenas um destes rótulos: positivo, negativo.",
    "es": "Clasificas reseñas. Responde solo con una de estas etiquetas: positivo, negativo.",
    "zh": "你负责给评论分类。只能用以下标签之一回答：正面、负面。",
    "fr": "Vous classez des avis. Répondez uniquement par l'une de ces étiquettes : positif, négatif.",
}
LABELS = {
    "en": ("positive", "negative"),
    "pt": ("positivo", "negativo"),
    "es": ("positivo", "negativo"),
    "zh": ("正面", "负面"),
    "fr": ("positif", "négatif"),
}
THINGS = [
    "soup",
    "phone",
    "room",
    "film",
    "driver",
    "jacket",
    "lamp",
    "course",
    "museum",
    "app",
    "guitar",
    "bread",
    "hotel",
    "game",
    "nurse",
]
KIND = [
    "wonderful",
    "tasty",
    "superb",
    "cosy",
    "helpful",
    "brilliant",
    "charming",
    "reliable",
    "gentle",
    "bright",
]
UNKIND = ["awful", "rude", "stale", "dreadful", "useless", "noisy", "broken", "greasy", "boring", "slow"]
FIRST = [
    "Yesterday",
    "Last week",
    "In May",
    "On Sunday",
    "This morning",
    "After work",
    "With friends",
    "At noon",
]


def labelled(number: int, seed: int) -> list[list[dict[str, str]]]:
    """Return reviews with labels; the second sentence decides."""
    chosen = random.Random(seed)
    found = []
    for _ in range(number):
        good = chosen.random() < 0.5
        first, last = (UNKIND, KIND) if good else (KIND, UNKIND)
        text = f"{chosen.choice(FIRST)} the {chosen.choice(THINGS)} was {chosen.choice(KIND + UNKIND)}, "
        text += f"number {chosen.randint(1, 9999)}. In the end the {chosen.choice(THINGS)} was "
        text += f"{chosen.choice(last)}" + (
            f", not {chosen.choice(first)}." if chosen.random() < 0.3 else "."
        )
        found.append(_chat(SYSTEM["en"], text, "positive" if good else "negative"))
    return found


def conversations(number: int, seed: int) -> list[list[dict[str, str]]]:
    """Return questions and answers in a house style."""
    chosen = random.Random(seed)
    found = []
    for _ in range(number):
        thing, day, code = chosen.choice(THINGS), chosen.choice(FIRST), chosen.randint(1, 9999)
        question = f"{day} I ordered a {chosen.choice(KIND)} {thing} and got number {code}. What now?"
        answer = f"Please keep your {thing} and send us the number {code}. We call you back.\nYours, Ada"
        found.append(_chat("You are Ada.", question, answer))
    return found


def _chat(system: str, question: str, answer: str) -> list[dict[str, str]]:
    roles = zip(("system", "user", "assistant"), (system, question, answer), strict=True)
    return [{"role": role, "content": content} for role, content in roles]


def _said(model: Any, messages: Any) -> str:
    tokens = model.generate(messages, max_tokens=12, temperature=0)
    return b"".join(token.data for token in tokens).decode("utf-8", "replace")


def label_rows(splits: int, training: int) -> Iterator[list[str]]:
    """Yield a row per language with reviews: accuracies of base and tuned, and the share of bare labels."""
    from kit.simulator.learner import base_model, fine_tune, resolve_hyperparameters

    base = base_model()
    for locale, (good, bad) in LABELS.items():
        path = REPOSITORY / "labs" / "data" / locale / "reviews.jsonl"
        if not path.exists():
            continue
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        examples = [
            _chat(SYSTEM[locale], row["text"], good if row["label"] == "positive" else bad) for row in rows
        ]
        before = [_said(base, one[:-1]) for one in examples]
        scores: dict[str, list[float]] = {"base": [], "tuned": []}
        for seed in range(splits):
            order = random.Random(f"{locale} {seed}").sample(range(len(rows)), len(rows))
            learned, held_out = [examples[at] for at in order[:training]], order[training:]
            chosen = resolve_hyperparameters(len(learned))
            model = fine_tune(base, learned, [], chosen, seed=seed).checkpoints[-1].model
            right = [_said(model, examples[at][:-1]) == examples[at][-1]["content"] for at in held_out]
            by_base = [_matches(before[at], examples[at][-1]["content"]) for at in held_out]
            scores["tuned"].append(sum(right) / len(right))
            scores["base"].append(sum(by_base) / len(by_base))
        mean = {name: sum(values) / len(values) for name, values in scores.items()}
        bare = sum(one in (good, bad) for one in before) / len(before)
        yield [
            locale,
            f"{mean['base']:.3f}",
            f"{mean['tuned']:.3f}",
            f"{mean['tuned'] - mean['base']:+.3f}",
            f"{min(scores['tuned']):.3f} to {max(scores['tuned']):.3f}",
            f"{bare:.0%}",
        ]


def _matches(said: str, label: str) -> bool:
    """Tell whether an answer begins with a label, in any case and whatever follows."""
    return said.strip().lower().startswith(label)


def size_job(kind: str, number: int) -> dict[str, Any]:
    """Train one job in this process."""
    from kit.simulator.learner import base_model, fine_tune, resolve_hyperparameters

    make = labelled if kind == "labels" else conversations
    training, held_out = make(number, 1), make(60, 2)
    base = base_model()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = perf_counter()
    run = fine_tune(base, training, held_out[:20], resolve_hyperparameters(number), seed=1)
    seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = run.checkpoints[-1].model
    right = [_said(model, one[:-1]) == one[-1]["content"] for one in held_out] if kind == "labels" else []
    return {
        "seconds": seconds,
        "before": before / 1024,
        "peak": peak / 1024,
        "steps": len(run.steps),
        "loss": run.steps[-1].full_valid_loss,
        "right": sum(right) / len(right) if right else None,
        "packed": len(model.to_bytes()) / 2**20,
    }


def size_rows() -> Iterator[list[str]]:
    """Yield a row per kind of data and number of examples."""
    for kind in ("labels", "conversations"):
        for number in (100, 1_000, 10_000):
            arguments = [sys.executable, __file__, "--job", kind, str(number)]
            printed = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
            found = json.loads(printed)
            yield [
                kind,
                f"{number:,}",
                str(found["steps"]),
                f"{found['seconds']:.1f}",
                f"{found['before']:.0f}",
                f"{found['peak']:.0f}",
                f"{found['loss']:.3f}",
                "" if found["right"] is None else f"{found['right']:.2f}",
                f"{found['packed']:.1f}",
            ]


_LOAD = """
from time import perf_counter
import kit.simulator.learner as learner
start = perf_counter()
learner.base_model()
print(perf_counter() - start)
"""


def speed_rows() -> Iterator[list[str]]:
    """Yield what was measured, and how much it was."""
    from kit.simulator.learner import base_model, embed

    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "KIT_HOME": folder}
        for name in ("base model, first time, seconds", "base model, from its cache, seconds"):
            arguments = [sys.executable, "-c", _LOAD]
            printed = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
            yield [name, f"{float(printed.stdout):.2f}"]
    base = base_model()
    prompt = [{"role": "user", "content": "My order has not arrived, and nobody answers. What can I do?"}]
    times = []
    for seed in range(30):
        start = perf_counter()
        tokens = list(base.generate(prompt, max_tokens=30, temperature=1.0, seed=seed))
        times.append((perf_counter() - start) / len(tokens) * 30_000)
    yield ["30 tokens of an answer, median, ms", f"{sorted(times)[15]:.1f}"]
    texts = [one[1]["content"] for one in labelled(500, 3)]
    embed(texts[:1])
    start = perf_counter()
    embed(texts)
    yield ["short texts embedded per second", f"{500 / (perf_counter() - start):.0f}"]


def table(*rows: list[str]) -> None:
    """Print rows, the first of them headings."""
    for number, row in enumerate(rows):
        sys.stdout.write("| " + " | ".join(row) + " |\n")
        if not number:
            sys.stdout.write("|" + " --- |" * len(row) + "\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def main() -> None:
    """Print the tables, or do one job of the size table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", choices=("labels", "size", "speed"))
    options.add_argument("--splits", type=int, default=3)
    options.add_argument("--training", type=int, default=120)
    options.add_argument("--job", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.job:
        sys.stdout.write(json.dumps(size_job(given.job[0], int(given.job[1]))))
        return
    if given.only in (None, "labels"):
        heads = [
            "reviews",
            "base",
            "tuned",
            "difference",
            "tuned, worst to best split",
            "bare labels of the base",
        ]
        table(heads, *label_rows(given.splits, given.training))
    if given.only in (None, "size"):
        heads = [
            "data",
            "examples",
            "steps",
            "seconds",
            "MB before",
            "MB peak",
            "validation loss",
            "accuracy",
            "MB packed",
        ]
        table(heads, *size_rows())
    if given.only in (None, "speed"):
        table(["speed", "measured"], *speed_rows())


if __name__ == "__main__":
    main()
