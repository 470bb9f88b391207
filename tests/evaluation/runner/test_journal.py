"""The journal: what survives a killed process, torn and damaged lines, and two runs at once."""

import json
import os
import subprocess
import sys

import pytest

from kit.errors import UsageError
from kit.evaluation.runner.journal import Journal
from kit.evaluation.runner.segments import Segments

KEYS = [bytes([i]) * 16 for i in range(8)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "answers.jsonl"


def fill(path, n):
    with Journal(path) as book:
        for key in KEYS[:n]:
            book.append(key, {"text": f"answer {key[0]}"})


def test_what_was_written_is_found_again(path):
    fill(path, 3)
    with Journal(path) as book:
        assert list(book) == KEYS[:3]
        assert book.read(KEYS[1])["text"] == "answer 1"
        assert KEYS[3] not in book
        with pytest.raises(KeyError):
            book.read(KEYS[3])


def test_an_answer_is_with_the_operating_system_when_append_returns(path):
    with Journal(path) as book:
        book.append(KEYS[0], {"text": "x"})
        assert json.loads(path.read_text())["text"] == "x"


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_cut_off(path, cut):
    fill(path, 3)
    whole = path.read_bytes()
    os.truncate(path, len(whole) - cut)
    with Journal(path) as book:
        assert list(book) == KEYS[:2]
        book.append(KEYS[2], {"text": "again"})
    assert path.read_bytes().startswith(b"".join(whole.splitlines(keepends=True)[:2]))
    with Journal(path) as book:
        assert (list(book), book.damaged) == (KEYS[:3], 0)


def test_a_damaged_line_costs_its_own_answer_only(path):
    fill(path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:20] + b"\n" + lines[2])
    with Journal(path) as book:
        assert list(book) == [KEYS[0], KEYS[2]]
        assert book.read(KEYS[2])["text"] == "answer 2"
        assert book.damaged == 1


@pytest.mark.parametrize("text", ["两个字\u2028 e\u0301", "a\nb\r\nc", "half \ud83d of a pair", "\x00"])
def test_any_text_comes_back_unchanged(path, text):
    with Journal(path) as book:
        book.append(KEYS[0], {"text": text})
    with Journal(path) as book:
        assert book.read(KEYS[0])["text"] == text


OPENED = """
import sys
from kit.errors import UsageError
from kit.evaluation.runner.journal import Journal
try:
    Journal(sys.argv[1])
except UsageError as error:
    print(error.message)
"""


def test_two_runs_cannot_share_a_journal(path):
    with Journal(path), pytest.raises(UsageError, match="Another run"):
        Journal(path)
    Journal(path).close()


def test_nor_can_two_processes(path):
    with Journal(path):
        done = subprocess.run([sys.executable, "-c", OPENED, path], capture_output=True, check=True)
    assert b"Another run" in done.stdout


def test_the_answer_to_another_request_is_never_taken(path):
    fill(path, 3)
    with Journal(path) as book:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(lines[0] + lines[2] + lines[1])  # by something that keeps to no lock
        with pytest.raises(KeyError):
            book.read(KEYS[1])


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        Journal(tmp_path / "file" / "answers.jsonl")


def test_a_temporary_journal_goes_with_its_owner():
    book = Journal()
    path = book.path
    book.append(KEYS[0], {"text": "x"})
    book.close()
    assert book.read(KEYS[0])["text"] == "x"
    del book
    assert not path.exists()


def test_the_disk_is_asked_to_hold_it_once_a_second(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    clock = [0.0]
    book = Journal(path, now=lambda: clock[0])
    for i, key in enumerate(KEYS):
        clock[0] = i * 0.4
        book.append(key, {})
    assert len(synced) == 2  # at 1.2 and 2.4 seconds
    book.close()
    assert len(synced) == 3


def test_a_second_attempt_at_a_partition_knows_the_answers_of_the_first(tmp_path):
    first = Segments(tmp_path, "job-00001", chunk=3)
    for key in KEYS[:5]:
        first.append(key, {"text": "x"})
    assert len(list(tmp_path.iterdir())) == 2  # a file of three answers, and one that is being written
    second = Segments(tmp_path, "job-00001", chunk=3)  # the first was killed: nobody closed it
    assert [key in second for key in KEYS[:6]] == [True] * 5 + [False]
    assert KEYS[0] not in Segments(tmp_path, "job-00002")
    first.close()
