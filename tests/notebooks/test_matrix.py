"""A matrix of runs with real kernels: results, reports, what is left out the second time, and what dies."""

import importlib
import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kit import settings
from kit.notebooks import matrix, matrix_report

PARAMETERS = new_code_cell('scenario = "happy"  # what goes wrong', metadata={"tags": ["parameters"]})


def entry(folder: Path, lab: str, source: str, locale: str = "en", **facts: Any) -> matrix.Entry:
    cells = [PARAMETERS, new_markdown_cell("## 1. First step"), new_code_cell(source)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    path = folder / "labs" / locale / f"{lab}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)
    return matrix.Entry(path, lab, locale, **facts)


@pytest.fixture
def planned(tmp_path: Path) -> matrix.Plan:
    entries = [
        entry(tmp_path, "good", "print(6 * 7)"),
        entry(tmp_path, "good", "print(6 * 7)", "pt"),
        entry(tmp_path, "bad", "1 / 0"),
        entry(tmp_path, "away", "", skipped="not installed: torch"),
    ]
    return matrix.Plan(entries, tmp_path / "runs", jobs=2, timeout=120)


def statuses(results: list[matrix.Result]) -> dict[str, str]:
    return {result.entry.name: result.status for result in results}


def test_every_run_is_reported_and_its_notebook_kept(planned: matrix.Plan):
    results = list(matrix.run(planned))
    assert statuses(results) == {
        "good-en": "passed",
        "good-pt": "passed",
        "bad-en": "failed",
        "away-en": "skipped",
    }
    [bad] = [result for result in results if result.status == "failed"]
    assert bad.message == "cell 3, “1. First step”: ZeroDivisionError: division by zero"
    shown = json.loads((planned.folder / "good-pt.ipynb").read_text(encoding="utf-8"))
    assert shown["cells"][-1]["outputs"][0]["text"] in ("42\n", ["42\n"])


def test_a_scenario_may_stop_a_run_with_an_explanation_and_with_nothing_else(tmp_path: Path):
    stops = "from kit.errors import {0}\nraise {0}('It stopped.')"
    entries = [
        entry(tmp_path, "explained", stops.format("ServiceError"), scenario="flaky"),
        entry(tmp_path, "misspelt", stops.format("UsageError"), scenario="flakey"),
        entry(tmp_path, "broken", "1 / 0", scenario="flaky"),
        entry(tmp_path, "usual", stops.format("ServiceError")),
    ]
    results = list(matrix.run(matrix.Plan(entries, tmp_path / "runs", jobs=2, timeout=120)))
    assert statuses(results) == {
        "explained-en-flaky": "stopped",
        "misspelt-en-flakey": "failed",
        "broken-en-flaky": "failed",
        "usual-en": "failed",
    }


def test_what_passed_and_has_not_changed_is_left_out(planned: matrix.Plan, tmp_path: Path):
    list(matrix.run(planned))
    again = replace(planned, changed=True)
    assert statuses(list(matrix.run(again)))["good-en"] == "unchanged"
    entry(tmp_path, "good", "print(6 * 8)")
    found = statuses(list(matrix.run(again)))
    assert (found["good-en"], found["good-pt"], found["bad-en"]) == ("passed", "unchanged", "failed")
    (planned.folder / "good-pt.ipynb").unlink()
    found = statuses(list(matrix.run(again)))
    assert (found["good-en"], found["good-pt"]) == ("unchanged", "passed")


def test_what_passed_runs_again_after_a_package_was_upgraded(tmp_path: Path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "site")
    good = entry(tmp_path, "good", "print(6 * 7)")
    planned = matrix.Plan([good], tmp_path / "runs", jobs=1, timeout=120, changed=True)
    package = tmp_path / "site" / "sample_package.dist-info"
    package.mkdir(parents=True)
    found = []
    for version in ("1.0", "1.0", "1.1"):
        facts = f"Metadata-Version: 2.1\nName: sample-package\nVersion: {version}\n"
        (package / "METADATA").write_text(facts)
        importlib.invalidate_caches()
        found += [result.status for result in matrix.run(planned)]
    assert found == ["passed", "unchanged", "passed"]


def test_a_run_that_ends_without_a_word_fails_and_the_matrix_goes_on(tmp_path: Path):
    deadly = entry(tmp_path, "deadly", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    results = list(matrix.run(matrix.Plan([deadly], tmp_path / "runs", jobs=1, timeout=120)))
    assert statuses(results) == {"deadly-en": "failed"}
    assert results[0].message


def test_a_worker_that_dies_fails_its_run_alone(tmp_path: Path):
    deadly = entry(tmp_path, "deadly", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    others = [entry(tmp_path, f"good-{n}", "print(6 * 7)") for n in range(3)]
    planned = matrix.Plan([deadly, *others], tmp_path / "runs", jobs=2, timeout=120)
    results = list(matrix.run(planned))
    assert statuses(results) == {
        "deadly-en": "failed",
        "good-0-en": "passed",
        "good-1-en": "passed",
        "good-2-en": "passed",
    }
    [died] = [result for result in results if result.status == "failed"]
    assert died.message == "The process that ran it died."


def test_whoever_stops_reading_stops_the_workers_and_what_is_done_is_kept(tmp_path: Path):
    quick = entry(tmp_path, "quick", "print(6 * 7)")
    endless = entry(tmp_path, "endless", "import threading; threading.Event().wait()")
    planned = matrix.Plan([endless, quick], tmp_path / "runs", jobs=2, timeout=120)
    results = matrix.run(planned)
    assert next(results).entry == quick
    results.close()
    assert multiprocessing.active_children() == []
    again = matrix.Plan([quick], tmp_path / "runs", jobs=1, timeout=120, changed=True)
    assert [result.status for result in matrix.run(again)] == ["unchanged"]


def test_runs_of_one_lab_in_one_language_keep_their_results_apart(tmp_path: Path, monkeypatch):
    """Learners' and instructors' editions would else write the same files, and delete them at the end."""
    monkeypatch.setenv("KIT_HOME", str(tmp_path / "home"))
    source = (
        "from kit import lab\nlab.start('fine-tune-local', {})\n"
        "folder = lab.volume('main', 'default')\n"
        "assert not list(folder.iterdir())\n(folder / 'model').touch()\nlab.finish()"
    )
    entries = [entry(tmp_path, "twice", source, audience=audience) for audience in ("learner", "instructor")]
    results = list(matrix.run(matrix.Plan(entries, tmp_path / "runs", jobs=1, timeout=120)))
    assert statuses(results) == {"twice-en": "passed", "twice-en-instructor": "passed"}
    for each in entries:
        assert (tmp_path / "runs" / "results" / each.name / "score.json").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes of this kind")
def test_runs_that_wait_take_no_core_from_the_others(tmp_path: Path):
    """Each end of a pipe waits for the other: with one place for both, neither run would ever end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    entries = [
        entry(tmp_path, "quick", f"open({str(pipe)!r}, 'w').close()"),
        entry(tmp_path, "patient", f"open({str(pipe)!r}).close()", scenario="throttled", waits=True),
    ]
    planned = matrix.Plan(entries, tmp_path / "runs", jobs=1, more=1, timeout=120)
    assert set(statuses(list(matrix.run(planned))).values()) == {"passed"}


def test_reports_say_the_same_to_people_and_to_programs(planned: matrix.Plan):
    results = list(matrix.run(planned))
    matrix_report.write(results, planned.folder, 12.5)
    table = (planned.folder / "report.md").read_text(encoding="utf-8")
    assert "| good | ✓" in table
    assert "\nRuns: 4. ✓ Passed: 2. – Skipped: 1. ✗ Failed: 1. Time: 12 s.\n" in table
    # The attributes of the JUnit schema that continuous integration reads (testmoapp/junitxml).
    [suite] = ElementTree.parse(planned.folder / "report.xml").getroot().findall("testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "4",
        "failures": "1",
        "skipped": "1",
        "errors": "0",
    }
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "ZeroDivisionError" in str(failure.get("message"))
    rows = json.loads((planned.folder / "report.json").read_text(encoding="utf-8"))["runs"]
    assert {row["lab"] for row in rows} == {"good", "bad", "away"}


def test_a_lab_without_scenarios_runs_once(tmp_path: Path):
    planned = matrix.plan(["fine-tune", "fine-tune-local"], ["en"], ["happy", "flaky"], tmp_path)
    assert sorted(each.name for each in planned.entries) == [
        "fine-tune-en",
        "fine-tune-en-flaky",
        "fine-tune-local-en",
    ]


def test_the_instructors_editions_are_rendered_and_run_beside_the_learners(tmp_path: Path):
    planned = matrix.plan(["evaluate"], ["pt"], ["happy"], tmp_path, audiences=["learner", "instructor"])
    learner, instructor = planned.entries
    assert (learner.name, instructor.name) == ("evaluate-pt", "evaluate-pt-instructor")
    assert learner.notebook == settings.labs_folder() / "pt" / "evaluate.ipynb"
    cells = nbformat.read(instructor.notebook, as_version=4).cells
    assert any("solution" in cell.metadata.get("tags", []) for cell in cells)
    result = matrix.Result(instructor, "passed", 1.0, 7, 7)
    assert "| evaluate · instructor | ✓ 1 s · 7/7 |" in matrix_report.markdown([result], 1.0)


def test_every_run_has_files_of_its_own(tmp_path: Path):
    names = {
        matrix.Entry(tmp_path, "lab", "pt", scenario, audience=audience).name
        for scenario in ("happy", "flaky")
        for audience in ("learner", "instructor")
    }
    assert names == {"lab-pt", "lab-pt-flaky", "lab-pt-instructor", "lab-pt-instructor-flaky"}
