"""The ledger: what was begun is known after a crash, what was deleted is forgotten."""

import subprocess
import sys
import threading

import pytest

from kit.azure.ledger import Entry, Ledger, Place, ledgers
from kit.errors import LedgerError


def test_a_resource_is_known_before_and_after_it_exists(tmp_path):
    path = tmp_path / "ledger.json"
    entry = Ledger(path).begin(Entry("file", "f1", "train.jsonl"))
    reopened = Ledger(path)
    assert reopened.find("file", "f1") == entry
    assert entry.state == "creating"
    reopened.created(entry, "file-1")
    assert Ledger(path).find("file", "f1").id == "file-1"


def test_the_same_fingerprint_of_another_kind_is_another_resource(tmp_path):
    ledger = Ledger(tmp_path / "ledger.json")
    ledger.begin(Entry("file", "same", "a"))
    assert ledger.find("job", "same") is None


def test_a_deleted_resource_is_not_found_but_stays_on_record(tmp_path):
    path = tmp_path / "ledger.json"
    ledger = Ledger(path)
    ledger.deleted(ledger.created(ledger.begin(Entry("file", "f1", "a")), "file-1"))
    assert Ledger(path).find("file", "f1") is None
    assert [entry.state for entry in Ledger(path)] == ["deleted"]


def test_nothing_but_the_ledger_is_left_in_its_folder(tmp_path):
    Ledger(tmp_path / "ledger.json").begin(Entry("file", "f1", "a"))
    assert {entry.name for entry in tmp_path.iterdir()} <= {"ledger.json", "ledger.json.lock"}


def test_a_ledger_in_memory_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger = Ledger()
    ledger.begin(Entry("file", "f1", "a"))
    assert ledger.find("file", "f1") is not None
    assert list(tmp_path.iterdir()) == []


def test_it_says_whose_it_is_and_where(tmp_path):
    path = tmp_path / "ana" / "ledger.json"
    place = Place("fine-tune", "ana", "http://127.0.0.1:1", "s", "g", "a", True)
    Ledger(path, place).begin(Entry("file", "f1", "a"))
    assert Ledger(path).place == place
    assert [ledger.place for ledger in ledgers(tmp_path / "ana")] == [place]
    assert place.mark != Place("fine-tune", "bo").mark


@pytest.mark.parametrize("content", ["", "{", "[]", '{"entries": [{}], "payments": {}, "place": {}}'])
def test_a_damaged_ledger_is_named_and_not_overwritten(tmp_path, content):
    path = tmp_path / "ledger.json"
    path.write_text(content)
    with pytest.raises(LedgerError, match=r"(?s)ledger\.json cannot be read.*portal"):
        Ledger(path)
    assert path.read_text() == content


def test_a_damaged_ledger_does_not_hide_the_others(tmp_path):
    (tmp_path / "a.json").write_text("{")
    Ledger(tmp_path / "b.json", Place("evaluate")).begin(Entry("file", "f1", "a"))
    damaged, whole = ledgers(tmp_path)
    assert isinstance(damaged, LedgerError)
    assert whole.place.lab == "evaluate"


def test_what_was_paid_for_stays_paid_when_it_is_made_again(tmp_path):
    """A cancelled job is billed for what it did, and a deleted model was trained all the same."""
    path = tmp_path / "ledger.json"
    ledger = Ledger(path)
    for number in (1, 2):
        ledger.created(ledger.begin(Entry("job", "f", "a job", cost=0.4)), f"ftjob-{number}")
    assert Ledger(path).spent == pytest.approx(0.8)


def test_a_creation_that_is_tried_again_is_paid_once(tmp_path):
    ledger = Ledger(tmp_path / "ledger.json")
    ledger.begin(Entry("job", "f", "a job", cost=0.4))
    ledger.created(ledger.begin(Entry("job", "f", "a job", cost=0.4)), "ftjob-1")
    assert ledger.spent == pytest.approx(0.4)


def test_a_failed_job_is_refunded_once_and_for_all(tmp_path):
    path = tmp_path / "ledger.json"
    ledger = Ledger(path)
    ledger.created(ledger.begin(Entry("job", "f", "a job", cost=0.4)), "ftjob-1")
    ledger.refund("job", "ftjob-1")
    ledger.refund("job", "ftjob-2")
    assert Ledger(path).spent == 0
    ledger.created(ledger.begin(Entry("job", "f", "a job", cost=0.4)), "ftjob-2")
    assert Ledger(path).spent == pytest.approx(0.4)


def test_whoever_reads_meanwhile_sees_a_whole_ledger(tmp_path):
    path = tmp_path / "ledger.json"
    ledger, done = Ledger(path), threading.Event()
    ledger.begin(Entry("file", "0", "a" * 10_000))

    def write() -> None:
        for number in range(100):
            ledger.created(ledger.begin(Entry("file", str(number), "a" * 10_000)), f"file-{number}")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    sizes = []
    while not done.is_set():
        sizes.append(len(list(Ledger(path))))
    writer.join()
    assert sizes == sorted(sizes)  # never fewer entries than before, and never a torn file
    assert len(list(Ledger(path))) == 100


def test_two_notebooks_see_each_others_entries(tmp_path):
    path = tmp_path / "ledger.json"
    one, other = Ledger(path), Ledger(path)
    one.created(one.begin(Entry("file", "f1", "a")), "file-1")
    other.begin(Entry("job", "j1", "b"))
    with one.held():
        assert {(entry.kind, entry.id) for entry in one} == {("file", "file-1"), ("job", "")}


HOLDER = """
import sys
from pathlib import Path
from kit.azure.ledger import Ledger
with Ledger(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_notebook_waits_for_another_one_and_goes_on_when_that_is_killed(tmp_path, monkeypatch):
    path = tmp_path / "ledger.json"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        monkeypatch.setattr("kit.azure.ledger._PATIENCE", 0.05)
        with pytest.raises(LedgerError, match="Another notebook"), Ledger(path).held():
            pytest.fail("held twice")
        holder.kill()
    with Ledger(path).held():
        pass
