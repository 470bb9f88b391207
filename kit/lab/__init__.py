"""What a notebook imports: ``from kit import lab``.

The lesson itself, the calls of the official SDKs, stands in the notebook. Here is the plumbing around it:
starting and stopping, connecting, finding data, waiting, drawing, checking, and cleaning up, in the learner's
language.
"""

from kit.evaluation.experiments import Experiments
from kit.evaluation.metrics.classification import f1, precision, recall
from kit.evaluation.metrics.ngrams import bleu, chrf
from kit.evaluation.metrics.perplexity import corpus_perplexity
from kit.evaluation.metrics.proportions import accuracy
from kit.evaluation.metrics.rouge import rouge
from kit.evaluation.metrics.words import words
from kit.evaluation.prompting import choose_examples, few_shot
from kit.evaluation.sampling import split, stratified_sample
from kit.i18n import available as languages
from kit.i18n import duration, joined, number, percent
from kit.i18n import own_name as language_name
from kit.lab.checks import check, hint, score
from kit.lab.comparing import show_conversation, side_by_side, table
from kit.lab.connecting import connect
from kit.lab.contenders import tuned_model
from kit.lab.data import (
    count_tokens,
    data_file,
    languages_compared,
    leaks,
    most_tokens,
    read,
    read_results,
    validate,
)
from kit.lab.evaluating import (
    by_group,
    by_label,
    confusion,
    experiment_table,
    overview,
    parsed,
    read_labels,
    reliability_chart,
    reply,
    reviews,
    score_chart,
    score_table,
    sentiment,
    surest_mistakes,
    unread,
)
from kit.lab.models import base_model, comparison_model, estimate
from kit.lab.predicting import accepted, chat_model, forecast, predict, predict_on_spark
from kit.lab.preflight import budget, preflight
from kit.lab.resources import clean_up, created, marked, once, remaining, tags
from kit.lab.starting import finish, start, volume
from kit.lab.tracking import track
from kit.lab.training import (
    collator,
    gpt2_tokenizer,
    grouped_by_length,
    hardware,
    last_checkpoint,
    left_here,
    only_last_token,
    package,
    padding_costs,
    run_folder,
    serve,
    smaller_tokenizer,
    stop_serving,
    trackers,
    versions,
    watched,
)
from kit.lab.waiting import wait, watch_job
from kit.plots import loss_curves, score_bars, token_histogram

__all__ = [
    "Experiments",
    "accepted",
    "accuracy",
    "base_model",
    "bleu",
    "budget",
    "by_group",
    "by_label",
    "chat_model",
    "check",
    "choose_examples",
    "chrf",
    "clean_up",
    "collator",
    "comparison_model",
    "confusion",
    "connect",
    "corpus_perplexity",
    "count_tokens",
    "created",
    "data_file",
    "duration",
    "estimate",
    "experiment_table",
    "f1",
    "few_shot",
    "finish",
    "forecast",
    "gpt2_tokenizer",
    "grouped_by_length",
    "hardware",
    "hint",
    "joined",
    "language_name",
    "languages",
    "languages_compared",
    "last_checkpoint",
    "leaks",
    "left_here",
    "loss_curves",
    "marked",
    "most_tokens",
    "number",
    "once",
    "only_last_token",
    "overview",
    "package",
    "padding_costs",
    "parsed",
    "percent",
    "precision",
    "predict",
    "predict_on_spark",
    "preflight",
    "read",
    "read_labels",
    "read_results",
    "recall",
    "reliability_chart",
    "remaining",
    "reply",
    "reviews",
    "rouge",
    "run_folder",
    "score",
    "score_bars",
    "score_chart",
    "score_table",
    "sentiment",
    "serve",
    "show_conversation",
    "side_by_side",
    "smaller_tokenizer",
    "split",
    "start",
    "stop_serving",
    "stratified_sample",
    "surest_mistakes",
    "table",
    "tags",
    "token_histogram",
    "track",
    "trackers",
    "tuned_model",
    "unread",
    "validate",
    "versions",
    "volume",
    "wait",
    "watch_job",
    "watched",
    "words",
]
