"""The batches of one simulator: real requests out of a file, answered along the virtual clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kit.simulator.answers.occasion import Occasion
from kit.simulator.batches import batch_input
from kit.simulator.batches.batch import SECONDS_PER_REQUEST, TERMINAL, WINDOW_SECONDS, Batch, Result
from kit.simulator.batches.batch_input import Line
from kit.simulator.clock import VirtualClock
from kit.simulator.errors import invalid_payload, not_found, wrong_state
from kit.simulator.files.files import FileStore
from kit.simulator.identifiers import Identifiers
from kit.simulator.persistence.journal import Journal, command
from kit.simulator.wire import compact

Execute = Callable[[str, Mapping[str, Any], Occasion], Awaitable[tuple[int, dict[str, Any]]]]

_VALIDATION_SECONDS = 20.0
_FINALIZING_SECONDS = 10.0
_CANCELLING_SECONDS = 30.0
_DEFECT = {"code": "InternalServerError", "message": "The simulator made a mistake."}
_LOST = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed, because the batch was cancelled."),
}


class BatchStore:
    """Creates batches, moves them along the virtual clock, and looks them up.

    Args:
        execute: answers one request, with status and body: address, body, occasion.
    """

    def __init__(
        self,
        clock: VirtualClock,
        identifiers: Identifiers,
        files: FileStore,
        journal: Journal,
        execute: Execute,
    ) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._files = files
        self._journal = journal
        self._execute = execute
        self._batches: dict[str, Batch] = {}
        journal.register(self)

    @command("batch.create")
    def create(
        self,
        endpoint: str,
        input_file_id: str,
        metadata: dict[str, str] | None,
        output_expires: int | None,
        seconds_per_request: float = SECONDS_PER_REQUEST,
    ) -> Batch:
        """Create a batch and begin its computation.

        Args:
            endpoint: the address its requests go to.
            input_file_id: where they are.
            metadata: the client's own notes.
            output_expires: seconds after which its results are deleted; None to keep them.
            seconds_per_request: virtual seconds that each request takes.

        Raises:
            ApiError: its file is missing, or of another purpose.
        """
        file = self._files.get(input_file_id)
        if file.purpose != "batch":
            raise invalid_payload(
                f"The purpose of the file is '{file.purpose}', not 'batch'.", "input_file_id"
            )
        digits = self._identifiers.hexadecimal("batch")
        now = self._clock.now
        batch = Batch(
            f"batch_{digits}", endpoint, input_file_id, metadata, output_expires, seconds_per_request, now
        )
        self._journal.hold(input_file_id, batch.id)
        if (kept := self._journal.kept(f"{batch.id}:results")) is not None:
            known = json.loads(kept)
            batch.n_lines, batch.problems = len(known["results"]), tuple(known["problems"])
            batch.results = known["results"]
        else:
            batch.reading = asyncio.create_task(self._read(batch, file.content))
            batch.work = asyncio.create_task(self._work(batch, int(digits, 16)))
        batch.timeline.at(now + _VALIDATION_SECONDS, lambda moment: self._begin(batch, moment))
        self._batches[batch.id] = batch
        return batch

    async def get(self, batch_id: str) -> Batch:
        """Return a batch as it is now; waits for its computation where the virtual clock has overtaken it.

        Raises:
            ApiError: there is none of that identifier.
        """
        batch = self._batches.get(batch_id)
        if batch is None:
            raise not_found("The batch")
        await self._catch_up(batch)
        return batch

    async def all(self) -> list[Batch]:
        """Return all batches as they are now, newest first."""
        batches = list(self._batches.values())
        for batch in batches:
            await self._catch_up(batch)
        return batches[::-1]

    async def cancel(self, batch_id: str) -> Batch:
        """Cancel a batch; what has been answered by now stays answered.

        Raises:
            ApiError: there is none of that identifier, or it has ended.
        """
        batch = await self.get(batch_id)
        self._cancel(batch_id, batch.n_done(self._clock.now), batch.moments.get("in_progress"))
        return batch

    @command("batch.cancel")
    def _cancel(self, batch_id: str, done: int, begun: float | None) -> None:
        """Cancel; how far the batch is stands in the command, as a replay may not know it yet."""
        batch = self._batches[batch_id]
        if batch.status in TERMINAL:
            raise wrong_state(f"The batch has ended as '{batch.status}' and cannot be cancelled.")
        if batch.status == "cancelling":
            return
        now = self._clock.now
        batch.timeline.take_all()
        if begun is not None:
            batch.moments["in_progress"] = begun
        batch.become("cancelling", now)
        batch.n_wanted = done
        over = now + _CANCELLING_SECONDS
        batch.timeline.at(over, lambda moment: self._end(batch, "cancelled", done, moment))

    def settle(self) -> None:
        """Let happen what is due and needs no computation that is still under way."""
        for batch in self._batches.values():
            while batch.timeline.due(self._clock.now) and batch.ready:
                batch.timeline.step(self._clock.now)

    @property
    def busy(self) -> bool:
        """Whether a batch is being computed or waits for its turn."""
        return any(batch.work is not None and not batch.work.done() for batch in self._batches.values())

    async def close(self) -> None:
        """Stop what is being computed."""
        tasks = [task for batch in self._batches.values() for task in (batch.reading, batch.work) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _catch_up(self, batch: Batch) -> None:
        while batch.timeline.due(self._clock.now):
            if batch.ready:
                batch.timeline.step(self._clock.now)
                continue
            task = batch.reading if batch.status == "validating" else batch.work
            assert task is not None
            await asyncio.wait([task])  # a client that gives up waiting does not cancel the batch
            task.result()
            # Others who waited for the same may have gone on from here already: look again.

    async def _read(self, batch: Batch, content: bytes) -> tuple[Line, ...]:
        address = batch_input.plain_address(batch.endpoint)
        read = await asyncio.to_thread(batch_input.read, content, address)
        batch.n_lines, batch.problems = len(read.lines), read.problems
        return read.lines

    async def _work(self, batch: Batch, seed: int) -> None:
        assert batch.reading is not None
        lines = await batch.reading
        identifiers = Identifiers(seed)
        results: list[Result] = []
        for number, line in enumerate(lines):
            answer: dict[str, Any] = {}
            if batch.is_wanted(number):
                answer = await self._answer(batch, line, identifiers)
            request_id = identifiers.uuid("request")
            results.append({"custom_id": line.custom_id, "request_id": request_id, **answer})
        kept = {"results": results, "problems": batch.problems}
        self._journal.keep(f"{batch.id}:results", compact(kept))
        batch.results = results

    async def _answer(self, batch: Batch, line: Line, identifiers: Identifiers) -> dict[str, Any]:
        occasion = Occasion(identifiers, batch.created + _VALIDATION_SECONDS)
        try:
            status, body = await self._execute(batch_input.plain_address(batch.endpoint), line.body, occasion)
        except Exception:  # a mistake of the simulator spoils one answer, not the batch
            status, body = 500, {"error": _DEFECT}
        return {"status": status, "body": body}

    def _begin(self, batch: Batch, moment: float) -> None:
        if batch.problems:
            batch.become("failed", moment)
            self._journal.release(batch.id)
            return
        assert batch.n_lines is not None
        n_lines, seconds = batch.n_lines, batch.seconds_per_request
        batch.become("in_progress", moment)
        over = moment + n_lines * seconds
        limit = batch.created + WINDOW_SECONDS
        if over > limit:
            batch.n_wanted = done = int((limit - moment) / seconds)
            batch.timeline.at(limit, lambda when: self._end(batch, "expired", done, when))
            return
        batch.timeline.at(over, lambda when: batch.become("finalizing", when))
        end = over + _FINALIZING_SECONDS
        batch.timeline.at(end, lambda when: self._end(batch, "completed", n_lines, when))

    def _end(self, batch: Batch, status: str, done: int, moment: float) -> None:
        """End a batch of whose requests the first ``done`` have been answered, and leave its files."""
        assert batch.results is not None
        results = batch.results
        answered, lost = results[:done], results[done:]
        good = [_answered(batch, result) for result in answered if result["status"] == 200]
        bad = [_answered(batch, result) for result in answered if result["status"] != 200]
        bad += [_unanswered(batch, result, *_LOST[status]) for result in lost]
        batch.n_completed, batch.n_failed = len(good), len(bad)
        batch.output_file_id = self._file(batch, "output", good, moment)
        batch.error_file_id = self._file(batch, "error", bad, moment)
        batch.become(status, moment)
        batch.reading = batch.work = batch.results = None  # its files say all of it
        self._journal.release(batch.id)

    def _file(self, batch: Batch, kind: str, records: list[dict[str, Any]], moment: float) -> str | None:
        if not records:
            return None
        digits = Identifiers(int(batch.id.removeprefix("batch_"), 16)).hexadecimal(f"{kind} file")
        content = b"".join(compact(record) + b"\n" for record in records)
        name = f"{batch.id}_{kind}.jsonl"
        file = self._files.add_results(f"file-{digits}", name, content, moment, "batch_output")
        self._files.expire(file, batch.output_expires)
        return file.id


def _answered(batch: Batch, result: Result) -> dict[str, Any]:
    response = {"status_code": result["status"], "request_id": result["request_id"], "body": result["body"]}
    return {**_head(batch, result), "response": response, "error": None}


def _unanswered(batch: Batch, result: Result, code: str, message: str) -> dict[str, Any]:
    return {**_head(batch, result), "response": None, "error": {"code": code, "message": message}}


def _head(batch: Batch, result: Result) -> dict[str, Any]:
    return {"id": f"batch_req_{result['request_id'].replace('-', '')}", "custom_id": result["custom_id"]}
