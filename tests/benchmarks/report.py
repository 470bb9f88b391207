"""The one line that a benchmark leaves for the table of all: what was measured, beside what, and the ratio.

``python tests/benchmarks`` names the file in an environment variable; run by itself, a script leaves none.
"""

import json
import os
from pathlib import Path

VARIABLE = "BENCHMARK_ROWS"


def record(what: str, beside: str, result: str) -> None:
    """Append a row to the table of all benchmarks, if one is being made."""
    if path := os.environ.get(VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([what, beside, result], ensure_ascii=False) + "\n")


def times(ratio: float) -> str:
    """Return how many times as fast something is, to the digits that a noisy machine can bear."""
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"
