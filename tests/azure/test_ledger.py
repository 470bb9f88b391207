"""The ledger: what was begun is known after a crash, what was deleted is forgotten."""

from kit.azure.ledger import Entry, Ledger


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
