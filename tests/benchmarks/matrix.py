"""Every lab in every language: ``python tests/benchmarks/matrix.py``.

- papermill: ``papermill.execute_notebook`` for one notebook after the other, as its documentation has it
- kit: ``kit run --all``, as many at a time as there are cores
- floor: the processor time of the kernels, and of all that they start, divided by the cores, and for each run
  the time of a notebook without cells, divided by the cores as well. Nothing that runs every cell can be
  faster. The processor time is that of the contender which took less of it.

The contenders run once, in this order, with the same parameters, the simulator in the kernel's own process,
and one thread of linear algebra for each kernel.
"""

import argparse
import logging
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

import nbformat  # noqa: E402
import papermill  # noqa: E402
from report import record, times  # noqa: E402

from kit import i18n, settings  # noqa: E402
from kit.notebooks import matrix  # noqa: E402

CORES = os.cpu_count() or 1


class Clock:
    """Wall-clock seconds, and processor seconds of the processes that ended meanwhile."""

    def __enter__(self) -> "Clock":
        self._begun, self._cpu = perf_counter(), self._children()
        return self

    def __exit__(self, *_details: object) -> None:
        self.seconds = perf_counter() - self._begun
        self.cpu = self._children() - self._cpu

    @staticmethod
    def _children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime


def with_papermill(entries: list[matrix.Entry], folder: Path) -> None:
    """Run one notebook after the other."""
    for entry in entries:
        sys.stderr.write(f"papermill: {entry.name}\n")
        with settings.child_environment(KIT_LOCALE=entry.locale):
            papermill.execute_notebook(
                entry.notebook,
                folder / f"{entry.name}.ipynb",
                {},
                cwd=str(entry.notebook.parent),
                progress_bar=False,
            )


def with_kit(entries: list[matrix.Entry], folder: Path) -> None:
    """Run the matrix in a process of its own, so that its workers' time can be told apart."""
    labs = sorted({entry.lab for entry in entries})
    locales = sorted({entry.locale for entry in entries})
    program = (
        "import sys; from pathlib import Path; from kit.notebooks import matrix;"
        "labs, locales, folder = sys.argv[1].split(), sys.argv[2].split(), Path(sys.argv[3]);"
        "found = list(matrix.run(matrix.plan(labs, locales, [matrix.USUAL], folder)));"
        "bad = [each for each in found if each.status == 'failed'];"
        "sys.exit(f'{bad}' if bad else 0)"
    )
    command = [sys.executable, "-c", program, " ".join(labs), " ".join(locales), str(folder)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    every = sorted(path.stem for path in (settings.labs_folder() / "en").glob("*.ipynb"))
    parser.add_argument("--labs", nargs="+", default=every)
    parser.add_argument("--locales", nargs="+", default=list(i18n.available()))
    given = parser.parse_args()
    logging.getLogger("papermill").addHandler(logging.NullHandler())
    settings.export("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings.export("KIT_HOME", str(folder / "home"))
        planned = matrix.plan(given.labs, given.locales, [matrix.USUAL], folder)
        entries = [entry for entry in planned.entries if not entry.skipped]
        empty = folder / "empty.ipynb"
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(metadata=kernel), empty)
        starts = [matrix.Entry(empty, "empty", "en")] * 3
        with_papermill(starts[:1], folder)  # what is slow only the first time
        with Clock() as start:
            with_papermill(starts, folder)
        with Clock() as one_by_one:
            with_papermill(entries, folder)
        with Clock() as ours:
            with_kit(entries, folder)
    start_seconds, start_cpu = start.seconds / len(starts), start.cpu / len(starts)
    cells = min(one_by_one.cpu, ours.cpu) - len(entries) * start_cpu
    floor = (cells + len(entries) * start_seconds) / CORES
    lines = [
        "| way | seconds | processor seconds | of the floor |",
        "|---|---:|---:|---:|",
        f"| papermill, one by one | {one_by_one.seconds:.0f} | {one_by_one.cpu:.0f} "
        f"| {one_by_one.seconds / floor:.2f} |",
        f"| kit, {CORES} at a time | {ours.seconds:.0f} | {ours.cpu:.0f} | {ours.seconds / floor:.2f} |",
        f"| floor | {floor:.0f} | {cells + len(entries) * start_cpu:.0f} | 1.00 |",
        "",
        f"{len(entries)} runs; an empty notebook takes {start_seconds:.1f} s.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    record(
        f"matrix of {len(entries)} runs (`matrix.py`)",
        f"papermill one by one; processor time of the cells ÷ {CORES} cores + kernel starts",
        f"{times(one_by_one.seconds / ours.seconds)} as fast; {ours.seconds / floor:.2f} of that floor",
    )


if __name__ == "__main__":
    main()
