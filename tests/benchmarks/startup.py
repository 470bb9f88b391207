"""How long things take to begin: ``python tests/benchmarks/startup.py``.

Each line is a process of its own, from its start to its end; they take turns, and the fastest of the rounds
counts. The floor is an interpreter that does nothing, and the yardstick the import of the client that every
lab needs, whatever the kit does.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from report import record

ROOT = Path(__file__).resolve().parents[2]
YARDSTICK = "import openai"
WAYS = {
    "python": ["-c", "pass"],
    YARDSTICK: ["-c", YARDSTICK],
    "import kit": ["-c", "import kit"],
    "import kit.lab": ["-c", "import kit.lab"],
    "kit --help": ["-m", "kit", "--help"],
    "kit check": ["-m", "kit", "check"],
    "kit render --check": ["-m", "kit", "render", "--check"],
}


def measure(rounds: int) -> dict[str, float]:
    """Return the seconds of each way's fastest round."""
    best = dict.fromkeys(WAYS, float("inf"))
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "KIT_HOME": home}
        for _round in range(rounds):
            for way, words in WAYS.items():
                begun = perf_counter()
                subprocess.run(
                    [sys.executable, *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
                )
                best[way] = min(best[way], perf_counter() - begun)
    return best


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    best = measure(parser.parse_args().rounds)
    lines = ["| way | seconds | of “import openai” |", "|---|---:|---:|"]
    lines += [f"| {way} | {s:.2f} | {s / best[YARDSTICK]:.2f} |" for way, s in best.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    parts = [f"`{way}` {best[way] / best[YARDSTICK]:.2f}" for way in list(WAYS)[3:]]
    record("start-up", f"`{YARDSTICK}`, {best[YARDSTICK]:.1f} s", ", ".join(parts) + " of its time")


if __name__ == "__main__":
    main()
