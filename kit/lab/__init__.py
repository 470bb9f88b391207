"""What a notebook imports: ``from kit import lab``.

The lesson itself, the calls of the official SDKs, stands in the notebook. Here is the plumbing around it:
starting and stopping, connecting, finding data, waiting, drawing, checking, and cleaning up, in the learner's
language.
"""

from kit.i18n import date, duration, joined, money, number, percent
from kit.lab.checks import check, score
from kit.lab.comparing import show_conversation, side_by_side, table
from kit.lab.connecting import connect
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
from kit.lab.models import base_model, comparison_model, estimate, price
from kit.lab.resources import created, marked, once, remaining, tags
from kit.lab.starting import finish, on_databricks, start, volume
from kit.lab.waiting import wait, watch_job
from kit.plots import loss_curves, score_bars, token_histogram

__all__ = [
    "base_model",
    "check",
    "comparison_model",
    "connect",
    "count_tokens",
    "created",
    "data_file",
    "date",
    "duration",
    "estimate",
    "finish",
    "joined",
    "languages_compared",
    "leaks",
    "loss_curves",
    "marked",
    "money",
    "most_tokens",
    "number",
    "on_databricks",
    "once",
    "percent",
    "price",
    "read",
    "read_results",
    "remaining",
    "score",
    "score_bars",
    "show_conversation",
    "side_by_side",
    "start",
    "table",
    "tags",
    "token_histogram",
    "validate",
    "volume",
    "wait",
    "watch_job",
]
