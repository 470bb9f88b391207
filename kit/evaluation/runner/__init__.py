"""Asking a model many things under a quota: one call, resumable, capped, with a row for every prompt.

From the bottom up: ``requests``, ``answers`` and ``failures`` say what goes out and what comes back;
``journal`` keeps it; ``pacing`` and ``concurrency`` decide how fast, ``caps`` how much; ``engine`` puts them
together on an event loop; ``generation`` is the call, on ``background``'s loop, with ``progress``.
"""

from kit.evaluation.runner.answers import Answer
from kit.evaluation.runner.caps import Caps, Price, Spending
from kit.evaluation.runner.generation import estimate, generate
from kit.evaluation.runner.results import Run, Summary

__all__ = ["Answer", "Caps", "Price", "Run", "Spending", "Summary", "estimate", "generate"]
