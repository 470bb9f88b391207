"""Every benchmark, one after the other: ``python tests/benchmarks``.

Each script runs in a process of its own, with nothing beside it, and shows its tables. What it leaves in
:mod:`report` becomes one table of ratios, followed by all the tables, in ``runs/benchmarks.md``; the README
shows the first. It takes about half an hour on two cores. A script whose packages are not installed is left
out, and the table says so.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from report import VARIABLE

HERE = Path(__file__).resolve().parent
# In the order of the README's table; the words after a name are what the whole run gives it.
SCRIPTS = {
    "simulator": ["--memory", "100000"],
    "learner": ["--only", "speed"],
    "runner": [],
    "tokens": [],
    "metrics": [],
    "training": [],
    "film_reviews": [],
    "matrix": [],
    "startup": [],
    "localization": [],
}


def main() -> int:
    """Run the scripts and write the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=list(SCRIPTS))
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks.md"))
    given = parser.parse_args()
    rows, details, failed = [], [], []
    for name in given.only:
        sys.stderr.write(f"── {name}\n")
        found, text, status = run(name)
        rows += found
        details += [f"\n## `{name}.py`\n", text.strip()]
        if status:
            failed.append(name)
            rows.append([f"`{name}.py`", "", "did not run to its end"])
    lines = ["| what | beside | result |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text("\n".join([*lines, *details]) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(lines) + f"\n\n{given.output}\n")
    return 1 if failed else 0


def run(name: str) -> tuple[list[list[str]], str, int]:
    """Run one script; return its rows, what it printed, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        command = [sys.executable, str(HERE / f"{name}.py"), *SCRIPTS[name]]
        environment = os.environ | {VARIABLE: str(file)}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        sys.stderr.write(done.stdout)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines], done.stdout, done.returncode


if __name__ == "__main__":
    sys.exit(main())
