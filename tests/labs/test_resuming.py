"""A lab that dies anywhere and is run again has one of each thing, has paid once, and leaves nothing behind.

The cells of the rendered notebook run in processes that kill themselves with SIGKILL (``cells.py``), against
a simulator that lives on, as Azure would. ``test_killed_kernels.py`` kills real kernels and their runners.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.azure.ledger import Ledger, ledgers
from kit.cli import main
from kit.simulator import serve

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks and SIGKILL")

KEY = "velvet-otter-91"
KILLED = -9
CLEAN_UP = "## 12."
EPOCHS = 2  # the second job's: fewer than in the solution, to be quick


class Cells:
    """The server of ``cells.py``."""

    def __init__(self, process: "subprocess.Popen[str]", notebook: Path) -> None:
        self.process = process
        self.notebook = notebook

    def run(
        self, classroom: "Classroom", *, kill: int = -1, until: str = "", command: tuple[str, ...] = ()
    ) -> int:
        """Run the cells, or a command of the kit; return the exit status."""
        request = {
            **({"command": command} if command else {}),
            "notebook": str(self.notebook),
            "parameters": classroom.parameters,
            "answers": {"my_epochs": EPOCHS},
            "environment": classroom.environment,
            "until": until,
            "kill": kill,
            "log": str(classroom.log),
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(json.loads(self.process.stdout.readline()))


class Classroom:
    """A simulator, a learner's home and data, and what a run there leaves."""

    def __init__(self, url: str, state: object, folder: Path) -> None:
        self.state = state
        self.folder = folder
        self.log = folder / "events.log"
        self.environment = {
            "KIT_HOME": str(folder / "home"),
            "KIT_SIMULATOR_URL": url,
            "KIT_SIMULATOR_KEY": KEY,
            "KIT_LEARNER": "ana",
        }
        files = [folder / "training.jsonl", folder / "validation.jsonl"]
        colours = "red green blue white black brown grey pink gold teal lilac beige".split()  # noqa: SIM905
        for number, path in enumerate(files):
            lines = [
                json.dumps(
                    {
                        "messages": [
                            {"role": "user", "content": f"Say {colour}, {'please' if number else 'now'}."},
                            {"role": "assistant", "content": f"It is {colour}.\nBye."},
                        ]
                    }
                )
                for colour in colours
            ]
            path.write_text("\n".join(lines), encoding="utf-8")
        self.parameters = {"training_file": str(files[0]), "validation_file": str(files[1]), "n_epochs": 1}

    def bought(self) -> float:
        """Return what was bought, in US dollars: hosting goes by time, and a second run takes longer."""
        return sum(entry.cost for entry in self.ledger())

    def events(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines()

    def error(self) -> str:
        path = self.log.with_suffix(".error")
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def ledger(self) -> Ledger:
        [found] = ledgers(self.folder / "home" / "ledger" / "ana")
        assert isinstance(found, Ledger)
        return found

    async def _jobs(self):
        return await self.state.jobs.all()

    def held(self) -> dict[str, list[str]]:
        """Return what the simulator holds, read from its own state and not through the kit."""
        state = self.state
        return {
            "uploads": [file.filename for file in state.files.all() if file.purpose == "fine-tune"],
            "results": [file.filename for file in state.files.all() if file.purpose != "fine-tune"],
            "jobs": [job.request.n_epochs for job in state.jobs._jobs.values()],
            "models": [entry["id"] for entry in state.models.listing() if entry["owned_by"] == "user"],
            "deployments": [each.name for each in state.deployments.all() if each.name.startswith("brisa")],
        }

    def kit(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(main, list(arguments))
        return result.exit_code, result.output


@contextmanager
def classroom(folder: Path) -> Iterator[Classroom]:
    with serve(keys=(KEY,)) as server:
        yield Classroom(server.url, server.state, folder)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    folder = tmp_path_factory.mktemp("labs")
    arguments = ["render", "--locale", "en", "--audience", "instructor", "--out", str(folder)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("cells.py"))]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Cells(process, folder / "en" / "fine-tune.ipynb")
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(cells: Cells, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], float]:
    """Return the events of a run that nothing interrupts, up to the last step, and what it buys."""
    with classroom(tmp_path_factory.mktemp("undisturbed")) as room:
        assert cells.run(room, until=CLEAN_UP) == 0, room.error()
        return room.events(), room.bought()


def empty(room: Classroom) -> bool:
    """Tell whether the simulator holds nothing that a learner has created, but for records of jobs."""
    held = room.held()
    return not (held["uploads"] + held["results"] + held["models"] + held["deployments"])


def check_killed_at(number: int, cells: Cells, room: Classroom, spent: float, monkeypatch) -> None:
    """Kill a run at one event, run again, and look at what there is; then clean up."""
    assert cells.run(room, kill=number, until=CLEAN_UP) == KILLED
    assert cells.run(room, until=CLEAN_UP) == 0, room.error()
    held = room.held()
    assert len(held["uploads"]) == 2, held
    assert sorted(held["jobs"]) == [1, EPOCHS], held
    assert sorted(held["deployments"]) == ["brisa-base", "brisa-tuned"], held
    assert room.bought() == pytest.approx(spent)
    code, said = room.kit(monkeypatch, "cleanup")
    assert code == 0, said
    assert empty(room), room.held()


def test_every_step_is_watched(undisturbed: tuple[list[str], float]):
    """Two files, two jobs and two deployments, each with its intent, its request and its record."""
    events, spent = undisturbed
    for moment in ("before", "after"):
        assert events.count(f"{moment} POST /files") == 2
        assert events.count(f"{moment} POST /fine_tuning/jobs") == 2
        assert events.count(f"{moment} PUT deployment") == 2
        for kind in ("file", "job", "deployment"):
            assert events.count(f"{moment} intent {kind}") == 2
    assert spent > 0


@pytest.mark.parametrize(
    "event",
    ["after POST /files", "after POST /fine_tuning/jobs", "after PUT deployment", "before record model"],
)
def test_a_killed_lab_goes_on_where_it_was(
    event: str, cells: Cells, undisturbed: tuple[list[str], float], tmp_path: Path, monkeypatch
):
    """The worst moments: the service has done its work, and nobody has noted it."""
    events, spent = undisturbed
    with classroom(tmp_path) as room:
        check_killed_at(events.index(event), cells, room, spent, monkeypatch)


@pytest.mark.slow
def test_a_lab_killed_anywhere_goes_on_where_it_was(
    cells: Cells, undisturbed: tuple[list[str], float], tmp_path: Path, monkeypatch
):
    events, spent = undisturbed
    assert len(events) >= 12
    for number in range(len(events)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with classroom(folder) as room:
            check_killed_at(number, cells, room, spent, monkeypatch)


CLEANUP = ("cleanup",)


def check_cleanup_killed_at(number: int, cells: Cells, room: Classroom, monkeypatch) -> None:
    """Kill ``kit cleanup`` at one event, and call it again."""
    assert cells.run(room, until=CLEAN_UP) == 0, room.error()
    assert cells.run(room, kill=number, command=CLEANUP) == KILLED
    code, said = room.kit(monkeypatch, "cleanup")
    assert code == 0, said
    assert empty(room), room.held()
    assert "Nothing" in room.kit(monkeypatch, "resources")[1]


@pytest.fixture(scope="module")
def cleaned(cells: Cells, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the events of a cleanup that nothing interrupts."""
    with classroom(tmp_path_factory.mktemp("cleaned")) as room:
        assert cells.run(room, until=CLEAN_UP) == 0, room.error()
        before = len(room.events())
        assert cells.run(room, command=CLEANUP) == 0, room.error()
        assert empty(room), room.held()
        return room.events()[before:]


def test_every_step_of_a_cleanup_is_watched(cleaned: list[str]):
    """Two deployments; two models and their checkpoints; two files and two of results."""
    for moment in ("before", "after"):
        assert cleaned.count(f"{moment} DELETE deployment") == 2
        assert sum(event.startswith(f"{moment} DELETE /models/") for event in cleaned) >= 2
        assert sum(event.startswith(f"{moment} DELETE /files/") for event in cleaned) == 4
        assert cleaned.count(f"{moment} strike out deployment") == 2


def test_a_killed_cleanup_ends_with_nothing_when_it_is_called_again(
    cells: Cells, cleaned: list[str], tmp_path: Path, monkeypatch
):
    """The worst moment: the service has begun to delete, and nobody has noted it."""
    with classroom(tmp_path) as room:
        check_cleanup_killed_at(cleaned.index("after DELETE deployment"), cells, room, monkeypatch)


@pytest.mark.slow
def test_a_cleanup_killed_anywhere_ends_with_nothing_when_it_is_called_again(
    cells: Cells, cleaned: list[str], tmp_path: Path, monkeypatch
):
    assert len(cleaned) >= 12
    for number in range(len(cleaned)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with classroom(folder) as room:
            check_cleanup_killed_at(number, cells, room, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("then", ["the command", "the lab"])
def test_a_lab_killed_in_its_own_last_step_leaves_nothing_after_either_way_on(
    then: str, cells: Cells, tmp_path: Path, monkeypatch
):
    """The deletion of the first deployment has been accepted, and nobody waits for its end."""
    with classroom(tmp_path) as room:
        assert cells.run(room, until=CLEAN_UP) == 0, room.error()
        # A second run finds everything again, so its first deletion is the first that there is.
        room.log.write_text("", encoding="utf-8")
        assert cells.run(room, until=CLEAN_UP) == 0, room.error()
        again = len(room.events())
        assert cells.run(room, kill=again + 1) == KILLED
        assert room.events()[-1] == "after DELETE deployment"
        if then == "the command":
            assert room.kit(monkeypatch, "cleanup")[0] == 0
        else:
            assert cells.run(room) == 0, room.error()
        assert empty(room), room.held()
