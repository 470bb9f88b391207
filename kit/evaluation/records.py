"""Rows of local data files: CSV and TSV, JSON Lines, JSON, Parquet, and folders of them.

Every row keeps where it stands, so that whoever finds fault with it can say so.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kit.errors import N_, DataError

csv.field_size_limit(10_000_000)  # characters; a novel has two million


class Record(NamedTuple):
    """One row: its columns, the file, and its number there: the line, or the row where there are no lines."""

    values: Mapping[str, Any]
    file: str
    row: int


def read_records(path: Path) -> Iterator[Record]:
    """Yield the rows of a file, or of all data files of a folder in order of their names.

    A folder whose subfolders hold ``.txt`` files is a data set, too: the subfolder's name is the label (the
    form of the IMDB archive, ``pos/…txt`` and ``neg/…txt``).

    Raises:
        DataError: there is no such file, its kind is not known, or a row cannot be read.
    """
    if path.is_dir():
        yield from _folder(path)
        return
    if not path.is_file():
        raise DataError(
            N_("There is no file {file}."), advice=N_("Check the path and the working folder."), file=path
        )
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            N_("{file}: files of this kind cannot be read."),
            advice=N_("Use one of these: {kinds}."),
            file=path,
            kinds=", ".join(READERS),
        )
    try:
        yield from reader(path)
    except UnicodeDecodeError as error:
        raise DataError(
            N_("{file}: the file is not in UTF-8."),
            advice=N_("Save it again with the encoding UTF-8."),
            file=path,
        ) from error
    except OSError as error:
        raise DataError(
            N_("{file} cannot be read: {reason}"),
            advice=N_("Check that the file is complete and that you may read it."),
            file=path,
            reason=error,
        ) from error


def _folder(folder: Path) -> Iterator[Record]:
    texts = [path for path in sorted(folder.glob("*/*.txt")) if path.is_file()]
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in READERS]
    if not texts and not files:
        raise DataError(
            N_("The folder {folder} holds no data."),
            advice=N_(
                "It may hold files of these kinds: {kinds}, or one subfolder for each label with a .txt file "
                "for each text."
            ),
            folder=folder,
            kinds=", ".join(READERS),
        )
    for path in files:
        yield from read_records(path)
    for path in texts:
        text = _decoded(path)
        yield Record({"text": text, "label": path.parent.name}, f"{path.parent.name}/{path.name}", 1)


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            N_("{file}: the file is not in UTF-8."),
            advice=N_("Save it again with the encoding UTF-8."),
            file=path,
        ) from error


def _table(path: Path) -> Iterator[Record]:
    """Read a table; spreadsheets in many countries write semicolons, so the header decides."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        file.seek(0)
        reader = csv.DictReader(file, delimiter=max(",;\t", key=header.count), strict=True)
        try:
            for values in reader:
                if None in values or None in values.values():
                    raise DataError(
                        N_("{file} line {row}: the row has not as many columns as the header."),
                        advice=N_("Put quotation marks around a text that contains the separator."),
                        file=path.name,
                        row=reader.line_num,
                    )
                yield Record(values, path.name, reader.line_num)
        except csv.Error as error:
            raise DataError(
                N_("{file} line {row}: this is no row of a table ({reason})."),
                advice=N_("Write a quotation mark within a text twice."),
                file=path.name,
                row=reader.line_num + 1,
                reason=error,
            ) from error


def _json_lines(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8-sig") as file:
        for row, line in enumerate(file, 1):
            if line.strip():
                yield Record(_object(line, path, row), path.name, row)


def _object(line: str, path: Path, row: int) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(
            N_("{file} line {row}: this is not JSON ({reason})."),
            advice=N_("Write one complete object on each line: {example}"),
            file=path.name,
            row=row,
            reason=error.msg,
            example='{"text": "…", "label": "…"}',
        ) from error
    return _checked(values, path, row)


def _checked(values: object, path: Path, row: int) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise DataError(
            N_("{file}, row {row}: this is not an object with names and values."),
            advice=N_("Write every row like this: {example}"),
            file=path.name,
            row=row,
            example='{"text": "…", "label": "…"}',
        )
    return values


def _json(path: Path) -> Iterator[Record]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(
            N_("{file} line {row}: this is not JSON ({reason})."),
            advice=N_("A file with one object on each line is to end in .jsonl."),
            file=path.name,
            row=error.lineno,
            reason=error.msg,
        ) from error
    rows = content if isinstance(content, list) else [content]
    for row, values in enumerate(rows, 1):
        yield Record(_checked(values, path, row), path.name, row)


def _parquet(path: Path) -> Iterator[Record]:
    import pyarrow
    from pyarrow import parquet

    row = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1000):
                for values in batch.to_pylist():
                    row += 1
                    yield Record(values, path.name, row)
    except pyarrow.ArrowException as error:
        raise DataError(
            N_("{file} cannot be read: {reason}"),
            advice=N_("Check that the file is complete and that you may read it."),
            file=path,
            reason=error,
        ) from error


READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".csv": _table,
    ".tsv": _table,
    ".jsonl": _json_lines,
    ".json": _json,
    ".parquet": _parquet,
}
