"""The process in which a stranger's file is read: one that hangs, dies or fills memory takes only itself with it.

What is read in it is the business of whoever gives the order (`reader` for documents, `evaluation.formats.isolated`
for query sets); here are the start, the limits, progress, cancel and the end.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from rerank_core.documents.isolated import wire
from rerank_core.documents.isolated.start import start
from rerank_core.documents.kinds import ending_of
from rerank_core.documents.limits import megabytes
from rerank_core.errors import InvalidDocumentsError, InvalidRequestError
from rerank_core.jobs import Cancelled

TIMEOUT_SECONDS = 60.0

SIDE_BY_SIDE = max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
"""How many files are read at once: one for each core that this process may use, and two at least."""

_POLL_SECONDS = 0.05
_ANSWER_OVERHEAD = 100_000_000
_SLOTS = threading.BoundedSemaphore(SIDE_BY_SIDE)

OnProgress = Callable[[int, int, str], object]
"""Told pieces done, pieces in all and a few words ("page 3 of 20")."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a reading ended: "done", or "refused" with a `reason`, or too early: "time", "memory", "much" (it gives more
    than can be taken in), "died". `at` says where it was, " at page 3 of 20", or nothing."""

    kind: str
    order: wire.Order
    at: str = ""
    reason: str = ""

    def sentence(self, kept: str = "") -> str:
        """Why not everything was read, for a person; `kept` is a sentence, with a space before it, on what was."""
        if self.kind == "refused":
            return self.reason
        pasted = not self.order.filename
        what = "this text" if pasted else "this file"
        again = "Paste less of it." if pasted else "Split it, or save it again from the program that made it."
        if self.kind == "time":
            return (
                f"Reading {what} took longer than {self.order.seconds:g} seconds and was stopped{self.at}.{kept} "
                f"{again}"
            )
        if self.kind == "memory":
            return (
                f"Reading {what} takes more than {megabytes(self.order.limits.memory_bytes)} of memory and was "
                f"stopped{self.at}.{kept} {again}"
            )
        if self.kind == "much":
            return f"{what.capitalize()} gives more text than can be taken in.{kept} Split it."
        return (
            f"The reader broke down over {what}{self.at}; it may be damaged.{kept} "
            f"{'Paste less of it.' if pasted else 'Save it again from the program that made it.'}"
        )


def read_in_process(
    order: wire.Order,
    data: bytes,
    take: Callable[[wire.Record], object],
    *,
    answer_bytes: int,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Ending:
    """Have a file read in a process of its own, and hand each record that it finds, the last one included, to `take`.

    take: raises wire.Nonsense for a record that no honest reader writes, which ends the reading as "died".
    answer_bytes: about how much the records may hold together; some room is added.
    on_progress: called on this thread. What it raises stops the reading and comes out of here.
    cancelled: asked about twenty times a second; once it is true the process is stopped at once and Cancelled raised.

    Waiting for a free place (`SIDE_BY_SIDE` at once) does not count as reading time. Raises InvalidRequestError or
    InvalidDocumentsError for an order that cannot be carried out.
    """
    stop = cancelled or (lambda: False)
    while not _SLOTS.acquire(timeout=_POLL_SECONDS):
        _check(stop)
    try:
        _check(stop)
        try:
            process = _ReaderProcess(order, data, answer_bytes + _ANSWER_OVERHEAD)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            reason = f"The process that reads such files could not be started: {reason}."
            return Ending("refused", order, reason=reason)
        with process:
            return _follow(process, order, take, on_progress, stop)
    finally:
        _SLOTS.release()


def _check(stop: Callable[[], bool]) -> None:
    if stop():
        raise Cancelled("The work was cancelled.")


def _follow(
    process: _ReaderProcess,
    order: wire.Order,
    take: Callable[[wire.Record], object],
    on_progress: OnProgress | None,
    stop: Callable[[], bool],
) -> Ending:
    """Take what the process says until it has said everything, dies, or its time is over."""
    deadline = time.monotonic() + order.seconds
    at = ""
    while True:
        _check(stop)
        left = deadline - time.monotonic()
        if left <= 0:
            return Ending("time", order, at)
        try:
            answer = process.answers.get(timeout=min(left, _POLL_SECONDS))
        except queue.Empty:
            continue
        if answer in (_END, _TOO_MUCH):
            return Ending("died" if answer == _END else "much", order, at)
        try:
            record = wire.record_of(answer)
            kind = record["kind"]
            if kind == "progress":
                progress = wire.ReadingProgress(**wire.checked(wire.ReadingProgress, record))
                at = f" at {progress.note}"
            elif kind in ("refused", "memory"):
                return Ending(kind, order, at, str(record.get("reason")))
            elif kind == "wrong":
                raise _error_of(record)
            else:
                take(record)
                if kind == "done":
                    return Ending(kind, order, at)
        except wire.Nonsense:
            return Ending("died", order, at)
        if kind == "progress" and on_progress is not None:
            on_progress(*progress)


def _error_of(record: wire.Record) -> InvalidRequestError:
    documents = record.get("code") == InvalidDocumentsError.default_code
    hint = record.get("hint")
    return (InvalidDocumentsError if documents else InvalidRequestError)(
        str(record.get("message")), hint=str(hint) if hint else None
    )


_END, _TOO_MUCH = b"", b"\x00"


class _ReaderProcess:
    """The process, fed and listened to by a thread each, so that neither pipe can hold the other up."""

    def __init__(self, order: wire.Order, data: bytes, most: int) -> None:
        self.answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = start(order.reading, ending_of(order.filename))
        self._threads = [
            threading.Thread(target=_feed, args=(self._reader.source, order.line(), data), daemon=True),
            threading.Thread(target=_listen, args=(self._reader.answers, self.answers, most), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> _ReaderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.end()
        for thread in self._threads:
            thread.join()  # both pipes end with the process
        for pipe in (self._reader.source, self._reader.answers):
            with suppress(OSError):
                pipe.close()


def _feed(pipe: IO[bytes], order: bytes, data: bytes) -> None:
    with suppress(OSError):  # the process may be gone before it has read everything
        pipe.write(order)
        pipe.write(data)
        pipe.close()


def _listen(pipe: IO[bytes], answers: queue.SimpleQueue[bytes], most: int) -> None:
    left = most
    while left > 0 and (line := pipe.readline(left)):
        left -= len(line)
        if left > 0:
            answers.put(line)
    answers.put(_END if left > 0 else _TOO_MUCH)
