"""Real kernels and the programs that run them, killed with SIGKILL while the service works for them.

The simulator lives in the test's process, as Azure would elsewhere. At a chosen creation it carries the
request out, kills its victims, and answers nobody. The lab is run once more, to its end: the simulator has
counted exactly one creation of each thing, and holds nothing any more.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from kit import settings
from kit.azure.ledger import Ledger
from kit.simulator import Simulator, serve

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")

KEY = "velvet-otter-91"
ONE_OF_EACH = {"file": 2, "job": 1, "deployment": 2}  # two files, and the tuned model beside another one
RUNNERS = {
    "papermill": ("papermill", "{notebook}", "{output}", "--no-progress-bar", "-p", "n_epochs", "1"),
    "kit": ("kit", "run", "fine-tune", "--locale", "pt", "--out", "{output}", "-p", "n_epochs=1"),
}


class Trap:
    """Counts what a simulator creates, and kills a running lab when it has created something.

    Args:
        server: the simulator.
        kind: what to wait for.
        victims: ``runner``, ``kernel`` or ``both``.
    """

    def __init__(self, server: Simulator, kind: str, victims: str) -> None:
        self.created: Counter[str] = Counter()
        self.runner: psutil.Process | None = None
        self.kind, self.victims = kind, victims
        self.kernels: list[psutil.Process] = []
        self.killed = False
        state = server.state
        for name, store, method in (
            ("file", state.files, "take_in"),
            ("job", state.jobs, "create"),
            ("deployment", state.deployments, "put"),
        ):
            self._watch(name, store, method)

    def _watch(self, name: str, store: Any, method: str) -> None:
        original = getattr(store, method)

        def counted(*args: Any, **options: Any) -> Any:
            done = original(*args, **options)
            self.created[name] += 1
            if name == self.kind and self.runner is not None:
                self._kill(self.runner)
            return done

        setattr(store, method, counted)

    def _kill(self, runner: psutil.Process) -> None:
        """Kill the first lab, and no other one after it."""
        self.runner = None
        children = runner.children(recursive=True)
        self.kernels = [child for child in children if "ipykernel_launcher" in child.cmdline()]
        victims = {"runner": [runner], "kernel": self.kernels, "both": [runner, *self.kernels]}[self.victims]
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
        self.killed = bool(self.kernels)


@pytest.fixture
def server() -> Iterator[Simulator]:
    with serve(keys=(KEY,)) as running:
        yield running


@pytest.fixture
def environment(server: Simulator, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "KIT_HOME": str(tmp_path / "home"),
        "KIT_SIMULATOR_URL": server.url,
        "KIT_SIMULATOR_KEY": KEY,
        "KIT_LEARNER": "ana",
    }


def command(runner: str, training_file: Path, output: Path) -> list[str]:
    notebook = settings.labs_folder() / "pt" / "fine-tune.ipynb"
    words = [word.format(notebook=notebook, output=output) for word in RUNNERS[runner]]
    validation = training_file.with_name("validation.jsonl")
    text = training_file.read_text(encoding="utf-8").replace("Say", "Now say")
    validation.write_text(text, encoding="utf-8")
    for name, path in (("training_file", training_file), ("validation_file", validation)):
        words += ["-p", name, str(path)]
    return [sys.executable, "-m", *words]


def outputs(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


@pytest.mark.parametrize(
    ("runner", "kind", "victims"),
    [
        ("papermill", "job", "both"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                ("papermill", "deployment", "runner"),
                ("kit", "file", "both"),
                ("kit", "job", "runner"),
                ("kit", "deployment", "kernel"),
                ("kit", "deployment", "both"),
            ]
        ),
    ],
)
def test_a_killed_lab_is_run_again_and_has_created_one_of_each(
    server: Simulator,
    environment: dict[str, str],
    training_file: Path,
    tmp_path: Path,
    *,
    runner: str,
    kind: str,
    victims: str,
):
    trap = Trap(server, kind, victims)
    words = command(runner, training_file, tmp_path / "out.ipynb")
    place: dict[str, Any] = {"cwd": tmp_path, "env": environment}
    log = tmp_path / "first.txt"  # no pipe: a kernel that is left alone would hold it open
    with log.open("w") as file, subprocess.Popen(words, stdout=file, stderr=file, **place) as first:
        trap.runner = psutil.Process(first.pid)
    assert trap.killed, log.read_text()
    assert first.returncode == (1 if victims == "kernel" else -signal.SIGKILL), log.read_text()
    [path] = (tmp_path / "home" / "ledger" / "ana").glob("*.json")
    if victims != "runner":  # else the kernel may live for another moment, and write
        assert [entry.state for entry in Ledger(path) if entry.kind == kind][-1] == "creating"

    again = subprocess.run(words, capture_output=True, text=True, check=False, **place)
    assert again.returncode == 0, again.stdout + again.stderr
    assert dict(trap.created) == ONE_OF_EACH
    assert "nada foi criado de novo" in outputs(tmp_path / "out.ipynb")
    psutil.wait_procs(trap.kernels)
    state = server.state
    assert state.files.all() == []
    assert [entry for entry in state.models.listing() if entry["owned_by"] == "user"] == []
    assert [each.name for each in state.deployments.all() if each.name.startswith("brisa")] == []
    [job] = state.jobs._jobs.values()  # a record that cannot be deleted
    assert job.request.n_epochs == 1  # as the runner's option said
    assert [entry.id for entry in Ledger(path) if entry.kind == "job"] == [job.id]
