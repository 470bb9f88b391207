"""The Batch API: everything handed over in files, for less money and up to a day of waiting.

https://learn.microsoft.com/azure/foundry/openai/how-to/batch · a file holds at most 100,000 requests and
200 MB. The journal keeps which batch has which requests, so that a restart goes on waiting for it instead of
paying for a second one. An order is written down before it is given, and given once: if the program ends
between the two, or the service's answer is lost, the batch is found among the service's by its metadata.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from kit.errors import N_, ServiceError, UsageError
from kit.evaluation.runner.answers import fields
from kit.evaluation.runner.failures import Failure, Kind, is_billed
from kit.evaluation.runner.journal import Journal
from kit.evaluation.runner.online import Options
from kit.evaluation.runner.progress import Progress
from kit.evaluation.runner.requests import Prompt, Request
from kit.evaluation.runner.results import NOT_SENT, Run, Summary
from kit.i18n import gettext as _
from kit.i18n import number

_MOST_REQUESTS, _MOST_BYTES = 100_000, 200_000_000
_ENDPOINT = "/v1/chat/completions"
_EVERY = 30.0  # seconds between two looks
_ENDED = {"completed", "failed", "expired", "cancelled"}
_MARK = "kit_order"  # the metadata by which a batch is found again


def run(  # noqa: PLR0913 - the parts of a run
    prompts: Iterable[Prompt],
    client: Any,
    options: Options,
    journal: Path | str | None,
    *,
    progress: bool,
    sleep: Callable[[float], None],
) -> Run:
    """Ask everything through the Batch API and return the rows when the last batch has ended.

    Args:
        prompts: as in :func:`~kit.evaluation.runner.generate`.
        client: the official synchronous client; ``files`` and ``batches`` are used.
        options: the choices of the run; the quota's rates do not apply to batches, and its price is taken as
            it is: who gives one halves it.
        journal: file of the answers; the orders are kept beside it.
        progress: whether to show how many requests have ended.
        sleep: how to wait, in seconds.

    Raises:
        ServiceError: the service refused a batch; its own reason is in the message.
        UsageError: there is no journal: a program that ends while it waits would pay twice.
    """
    if journal is None:
        raise UsageError(
            N_("A batch can take a day, and needs a journal that outlives this notebook."),
            advice=N_("Give “journal” a file name."),
        )
    with Journal(journal) as book:
        work = _Batches(client, options, book, _Orders(book.path))
        work.adopt()
        work.order(prompts)
        work.wait(sleep, progress)
        return work.result(None if not isinstance(prompts, Sized) else len(prompts))


@dataclass
class _Order:
    """One batch: its mark, its requests, and its identifier once the service has given one."""

    mark: str
    keys: list[str]
    id: str = ""
    done: bool = False


class _Orders:
    """The batches of a journal, in a file beside it: each is written down before it is ordered."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(journal.name + ".batches")
        self.all: dict[str, _Order] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").split("\n"):
                if line.endswith("}"):  # a torn line is an order that was not given
                    order = _Order(**json.loads(line))
                    self.all[order.mark] = order

    def write(self, order: _Order) -> None:
        """Add an order, or what became of it."""
        self.all[order.mark] = order
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(order.__dict__) + "\n")  # begins anew after a torn line


@dataclass
class _Batches:
    """A run in batch mode."""

    client: Any
    options: Options
    book: Journal
    orders: _Orders
    keys: list[bytes] = field(default_factory=list)
    failures: dict[bytes, Failure] = field(default_factory=dict)
    stopped: str = ""
    sent: int = 0
    known: int = 0
    duplicates: int = 0

    def __post_init__(self) -> None:
        self.spending = self.options.spending()
        self._promised: dict[str, Request] = {}  # what this run has ordered, without the texts

    def adopt(self) -> None:
        """Find the batches whose identifier was not written down before the program ended."""
        lost = [order for order in self.orders.all.values() if not order.id and not order.done]
        if not lost:
            return
        given = self._given()
        for order in lost:
            order.id = given.get(order.mark, "")
            order.done = not order.id  # it was never given
            if order.done:
                self.spending.orders[order.mark] = 0.0
            self.orders.write(order)

    def _given(self) -> dict[str, str]:
        """Return the service's identifier of each batch that bears a mark."""
        return {(batch.metadata or {}).get(_MARK, ""): batch.id for batch in self.client.batches.list()}

    def order(self, prompts: Iterable[Prompt]) -> None:
        """Order what is neither answered nor under way."""
        waiting = {key for order in self.orders.all.values() if not order.done for key in order.keys}
        fresh = self._fresh(prompts, waiting)
        while batch := self._file(fresh):
            file, keys = batch
            with file:
                self._place(file, keys)

    def _fresh(self, prompts: Iterable[Prompt], waiting: set[str]) -> Iterator[Request]:
        seen: set[bytes] = set()
        for request in self.options.requests(prompts):
            self.keys.append(request.key)
            first = request.key not in seen
            seen.add(request.key)
            self.duplicates += not first
            self.known += first and request.key in self.book
            if not first or request.key in self.book or request.key.hex() in waiting or self.stopped:
                continue
            self.stopped = self.spending.forbids(request, 0.0)
            if not self.stopped:
                self.spending.promise(request)
                self.spending.items += 1
                self._promised[request.key.hex()] = replace(request, messages=(), parameters={})
                yield request

    def _file(self, requests: Iterator[Request]) -> tuple[Any, list[str]] | None:
        """Write as many requests into a temporary file as one batch may have."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who takes it
        keys: list[str] = []
        size = 0
        while len(keys) < _MOST_REQUESTS and size < _MOST_BYTES - 1_000_000:
            request = next(requests, None)
            if request is None:
                break
            body = {**request.parameters, "messages": request.messages}
            line = {"custom_id": request.key.hex(), "method": "POST", "url": _ENDPOINT, "body": body}
            size += file.write(
                json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
            )
            keys.append(request.key.hex())
        if not keys:
            file.close()
            return None
        file.seek(0)
        return file, keys

    def _place(self, file: Any, keys: list[str]) -> None:
        order = _Order(uuid4().hex, keys)
        self.spending.orders[order.mark] = self.spending.worst(self._promised[key] for key in keys)
        self.orders.write(order)
        # A file that arrives twice costs nothing, so the client may repeat this, but not the order itself.
        uploaded = self.client.files.create(file=("requests.jsonl", file), purpose="batch")
        try:
            order.id = (
                self.client.with_options(max_retries=0)
                .batches.create(
                    input_file_id=uploaded.id,
                    endpoint=_ENDPOINT,
                    completion_window="24h",
                    metadata={_MARK: order.mark},
                )
                .id
            )
        except Exception:  # the answer may be lost, and the batch under way
            order.id = self._given().get(order.mark, "")
            if not order.id:
                raise
        self.orders.write(order)
        self.sent += len(keys)

    def wait(self, sleep: Callable[[float], None], progress: bool) -> None:
        """Wait for all batches, taking the answers of each as it ends."""
        text = [""]
        line = Progress(lambda: text[0]) if progress else None
        while under_way := [order for order in self.orders.all.values() if not order.done]:
            found = [(order, self.client.batches.retrieve(order.id)) for order in under_way]
            text[0] = _progress([batch for _order, batch in found])
            if line is not None:
                line.glance()
            for order, batch in found:
                if batch.status in _ENDED:
                    self._take(order, batch)
            if all(order.done for order in under_way):
                break
            sleep(_EVERY)
        if line is not None:
            line.finish()

    def _take(self, order: _Order, batch: Any) -> None:
        """Write down the answers of a batch that has ended, and what it has cost."""
        before = self.spending.billed
        for identifier in (batch.output_file_id, batch.error_file_id):
            if identifier:
                for text in self.client.files.content(identifier).text.split("\n"):
                    if text:
                        self._book(json.loads(text))
        unanswered = [bytes.fromhex(key) for key in order.keys if bytes.fromhex(key) not in self.book]
        for key in unanswered:
            self._release(key)
            self.failures.setdefault(key, Failure(Kind.TRANSIENT, f"batch {batch.status}"))
        self.spending.orders[order.mark] = self.spending.billed - before
        self.book.sync()
        order.done = True
        self.orders.write(order)
        if batch.status == "failed":
            raise _refused(batch)

    def _book(self, line: dict[str, Any]) -> None:
        key = bytes.fromhex(line["custom_id"])
        response = line.get("response") or {}
        status, body = response.get("status_code"), response.get("body") or {}
        if status == 200:
            record = fields(body)
            self.book.append(key, record)
            self._release(key)
            self.spending.pay(record["prompt_tokens"], record["completion_tokens"])
            return
        error = body.get("error") or line.get("error") or {}
        reason = f"{error.get('code') or status}: {error.get('message', '')}"
        self._release(key, uncertain=is_billed(status, str(error.get("code"))))
        if status == 400:
            self.book.append(key, {"error": reason, "status": status})
        else:
            self.failures[key] = Failure(Kind.TRANSIENT, reason, status)

    def _release(self, key: bytes, *, uncertain: bool = False) -> None:
        """Give back what was set aside for a request; an earlier run's is not in this one's account."""
        request = self._promised.pop(key.hex(), None)
        if request is not None:
            self.spending.release(request, uncertain=uncertain)

    def result(self, total: int | None) -> Run:
        """Return the rows."""
        rows = Run(self.keys, self.failures, self.book, Summary(0, 0, 0, 0))
        errors = [row.error for row in rows if not row.ok]
        unsent = errors.count(NOT_SENT)
        spending = self.spending
        summary = Summary(
            prompts=len(self.keys),
            answered=len(rows) - len(errors),
            failed=len(errors) - unsent,
            left=None if self.stopped and total is None else unsent,
            known=self.known,
            duplicates=self.duplicates,
            sent=self.sent,
            prompt_tokens=spending.prompt_tokens,
            completion_tokens=spending.completion_tokens,
            cost=spending.cost if spending.price is not None else None,
            uncertain_cost=spending.uncertain_cost if spending.price is not None else None,
            stopped=self.stopped,
        )
        return Run(self.keys, self.failures, self.book, summary)


def _progress(batches: list[Any]) -> str:
    """Return a line on batches under way in the current language."""
    counts = [batch.request_counts for batch in batches if batch.request_counts is not None]
    done, total = sum(each.completed + each.failed for each in counts), sum(each.total for each in counts)
    status = ", ".join(sorted({batch.status for batch in batches}))
    return _("Batch: {status} · {done} of {total} requests ended").format(
        status=status, done=number(done), total=number(total)
    )


def _refused(batch: Any) -> ServiceError:
    listed = getattr(batch.errors, "data", None) or []
    reasons = "; ".join(str(each.message) for each in listed[:3])
    return ServiceError(
        N_("The service refused the batch {id}: {reason}"),
        advice=N_("Mend what it names and run the cell again; a refused batch is not billed."),
        id=batch.id,
        reason=reasons or batch.status,
    )
