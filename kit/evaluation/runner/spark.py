"""The same run on a Spark data frame: the engine inside each partition, the quota divided among them.

The traps of calling a paid service from Spark, and what is done about each:

- Every action computes its data frame again, and would pay again. Here one single action makes the calls and
  returns figures only; the answers go to files, and what the caller gets is read from a table of them.
- A task that failed is started again from its first row. Each answer is in a file before it counts, and the
  next attempt at a partition reads what the last one wrote.
- Every partition at full rate would be refused most of the time: each gets its share of quota and caps.
- A batch of rows that must be finished before the next is begun leaves the quota unused at its end: the
  engine reads on across batches.

Under one quota Spark makes no call faster than a single machine does. It pays where the data are large.
"""

import asyncio
import dataclasses
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kit import errors
from kit.errors import N_, KitError, UsageError
from kit.evaluation.runner.caps import Caps
from kit.evaluation.runner.engine import Ask
from kit.evaluation.runner.online import Connect, Options, summarize
from kit.evaluation.runner.requests import Prompt, identity, split
from kit.evaluation.runner.results import Summary
from kit.evaluation.runner.segments import Segments

_KEY = "request_key"
_REPORT = "key string, error string, status int, summary string"
_ANSWER = (
    "key string, text string, finish_reason string, error string, status int, prompt_tokens long, "
    "completion_tokens long, logprobs array<double>, seconds double, model string"
)


@dataclass(frozen=True)
class SparkRun:
    """The result of a run on Spark.

    Attributes:
        frame: the input's rows and columns with the columns of the answers beside them, read from the table.
        table: where it is stored.
        summary: the run in figures; its rows are distinct requests, those of earlier runs not among them.
    """

    frame: Any
    table: str
    summary: Summary

    def __repr__(self) -> str:
        return str(self.summary)


def run(  # noqa: PLR0913 - the parts of a run
    frame: Any,
    connect: Ask | Connect,
    options: Options,
    folder: Path | str | None,
    *,
    column: str,
    partitions: int,
) -> SparkRun:
    """Ask for every row of a data frame and return it with the answers.

    Args:
        frame: a Spark data frame.
        connect: a function without parameters that connects and returns the function that asks; connections
            do not travel to the workers.
        options: the choices of the run; caps on cost, tokens and items are divided among the partitions.
        folder: where answers and table go; all workers must reach it as a path.
        column: the column with prompts: texts, or arrays of messages.
        partitions: how many run at once; at most as many as the cluster has cores.

    Raises:
        UsageError: there is no folder, or the cluster starts tasks twice on suspicion.
        ServiceError: the service lets nobody in.
    """
    from pyspark.sql.functions import crc32

    spark = frame.sparkSession
    segments, table = _places(folder)
    if str(spark.conf.get("spark.speculation", "false")).lower() == "true":
        raise UsageError(
            N_("The cluster may start a slow task a second time, and its requests would be paid twice."),
            advice=N_("Set “spark.speculation” to false."),
        )
    keyed = _keyed(frame, column, options.parameters)
    todo = keyed.select(_KEY, column).dropDuplicates([_KEY])
    if any(segments.glob("*.jsonl")):
        todo = todo.join(_answers(spark, segments).select(_KEY), _KEY, "left_anti")
    work = partial(
        _partition,
        connect=connect,
        options=_share(options, partitions),
        column=column,
        folder=str(segments),
        job=uuid.uuid4().hex[:12],
    )
    # The one action that makes calls. Partitions go by the key, so that a second attempt has the same rows;
    # by its checksum, because after dropDuplicates Spark would leave out an exchange by the key itself.
    parts = todo.repartition(partitions, crc32(_KEY))
    reports = parts.mapInPandas(work, _REPORT).collect()
    summary, failures = _reported(reports)
    rows = keyed.join(_answers(spark, segments, failures), _KEY, "left").drop(_KEY)
    rows.write.mode("overwrite").save(str(table))  # Spark's own default: Parquet, and Delta on Databricks
    return SparkRun(spark.read.load(str(table)), str(table), summary)


def _places(folder: Path | str | None) -> tuple[Path, Path]:
    if folder is None:
        raise UsageError(
            N_("A run on Spark needs a folder for its answers."),
            advice=N_("Give “journal” a folder that all workers can write, such as one in a volume."),
        )
    segments = Path(folder).absolute() / "segments"
    segments.mkdir(parents=True, exist_ok=True)
    return segments, Path(folder).absolute() / "table"


def _share(options: Options, partitions: int) -> Options:
    """Return the options of one of so many partitions."""
    caps = options.caps
    divided = Caps(
        cost=None if caps.cost is None else caps.cost / partitions,
        tokens=None if caps.tokens is None else caps.tokens // partitions,
        items=None if caps.items is None else caps.items // partitions,
        seconds=caps.seconds,
    )
    return dataclasses.replace(options, share=options.share / partitions, caps=divided)


def _keyed(frame: Any, column: str, parameters: Mapping[str, Any]) -> Any:
    """Return the frame with the identity of each row's request."""

    def add(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            keys = [identity(*split(_prompt(value), parameters)).hex() for value in batch[column]]
            yield batch.assign(**{_KEY: keys})

    fields = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in frame.schema.fields)
    return frame.mapInPandas(add, f"{fields}, {_KEY} string")


def _prompt(value: Any) -> Prompt:
    """Return a column's value as a prompt: Arrow gives arrays of structs as arrays of dictionaries."""
    if isinstance(value, str):
        return str(value)
    return [dict(message) for message in value]


def _partition(  # noqa: PLR0913 - a task gets all it needs
    batches: Iterable[Any],
    *,
    connect: Ask | Connect,
    options: Options,
    column: str,
    folder: str,
    job: str,
) -> Iterator[Any]:
    """Run the engine over one partition; yield rows of figures and of failures."""
    import pandas as pd
    from pyspark import TaskContext

    context = TaskContext.get()
    part = f"{job}-{context.partitionId() if context is not None else 0:05d}"
    book = Segments(Path(folder), part)
    prompts = (_prompt(value) for batch in batches for value in batch[column])

    async def work() -> list[tuple[str | None, str | None, int | None, str | None]]:
        engine = options.engine(connect, prompts, book, asyncio.get_running_loop().time())
        await engine.run()
        engine.drain()
        counts = engine.counts
        answered = counts.answered + counts.known
        summary = summarize(
            engine, answered=answered, failed=counts.failed, left=counts.read - answered - counts.failed
        )
        rows = [(key.hex(), each.reason, each.status, None) for key, each in engine.failures.items()]
        return [*rows, (None, None, None, json.dumps(dataclasses.asdict(summary)))]

    try:
        found = asyncio.run(work())
    except KitError as error:  # told to the driver as what it is, not as the end of a worker
        fields = {name: str(value) for name, value in error.fields.items()}
        told = json.dumps([type(error).__name__, error.message, error.advice, fields])
        found = [(None, told, None, None)]
    finally:
        book.close()
    frame = pd.DataFrame(found, columns=["key", "error", "status", "summary"])
    yield frame.astype({"status": "Int32"})


def _reported(reports: list[Any]) -> tuple[Summary, list[tuple[str, str, int | None]]]:
    """Return the figures of all partitions together, and the failures that are in no file."""
    failures = [(row.key, row.error, row.status) for row in reports if row.key is not None]
    for row in reports:
        if row.key is None and row.error is not None:
            name, message, advice, fields = json.loads(row.error)
            raise getattr(errors, name)(message, advice=advice, **fields)
    parts = [Summary(**json.loads(row.summary)) for row in reports if row.summary is not None]

    def total(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        return None if None in values else sum(values)

    summed = {
        field.name: total(field.name) for field in dataclasses.fields(Summary) if field.name != "stopped"
    }
    longest = {name: max((getattr(part, name) for part in parts), default=0.0) for name in _LONGEST}
    stopped = next((part.stopped for part in parts if part.stopped), "")
    return Summary(**{**summed, **longest}, stopped=stopped), failures


_LONGEST = ("seconds", "longest_wait_asked")


def _answers(spark: Any, segments: Path, failures: list[tuple[str, str, int | None]] | None = None) -> Any:
    """Return the answers on disk, each once, and the failures that have none, as a data frame."""
    found = spark.read.schema(_ANSWER).json(str(segments)).where("key is not null")  # a torn line has none
    if failures:
        lost = spark.createDataFrame(failures, "key string, error string, status int")
        found = found.unionByName(lost, allowMissingColumns=True)
    return found.dropDuplicates(["key"]).withColumnRenamed("key", _KEY)
