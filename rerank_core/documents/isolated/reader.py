"""Files read in a process of their own: one that hangs, dies or fills memory takes only itself with it."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from rerank_core.documents import kinds
from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.isolated import wire
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits, megabytes
from rerank_core.documents.report import ParsedDocuments, Problem, count
from rerank_core.errors import InvalidDocumentsError
from rerank_core.jobs import Cancelled
from rerank_core.models import Document

__all__ = ["MEMORY_BYTES", "TIMEOUT_SECONDS", "environment", "read_isolated"]

TIMEOUT_SECONDS = 60.0
MEMORY_BYTES = 1_000_000_000

_POLL_SECONDS = 0.05
_ANSWER_OVERHEAD = 100_000_000
_SLOTS = threading.BoundedSemaphore(max(2, min(4, os.cpu_count() or 1)))
# What a Python needs to start; keys, proxies and everything else in the environment stay here.
_PASSED_ON = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")

OnProgress = Callable[[int, int, str], object]


def read_isolated(
    filename: str,
    data: bytes,
    columns: Mapping[str, str] | None = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    memory: int = MEMORY_BYTES,
) -> ParsedDocuments:
    """Documents from one file of any kind, as `read_documents` gives them, read in a process of its own.

    timeout: seconds on the clock for the reading itself; waiting for a free place (four at once at most) is
        not counted.
    on_progress: called on this thread with pieces done, pieces in all and a few words ("page 3 of 20"). What
        it raises stops the reading and comes out of here.
    cancelled: asked about twenty times a second; once it is true the process is stopped at once and
        `jobs.Cancelled` is raised. In a job: `cancelled=lambda: context.cancelled`.
    memory: bytes that the process may use, where the system can limit that (Linux; not macOS or Windows).

    A reader that runs out of time or memory, dies or talks nonsense is a problem in the import, never an
    exception, and the documents found before that are kept. Raises InvalidDocumentsError as `read_documents`
    does.
    """
    content = kinds.checked(filename, data)
    wishes = kinds.wished(columns)
    try:
        kinds.accept(filename, content, limits)  # what is refused at first sight needs no process
    except Unreadable as error:
        return kinds.refused(filename, error.reason)
    stop = cancelled or (lambda: False)
    while not _SLOTS.acquire(timeout=_POLL_SECONDS):
        _check(stop)
    try:
        _check(stop)
        order = wire.order_line(filename, wishes, limits, memory=memory, seconds=int(timeout) + 10)
        try:
            reader = _Reader(order, content, 4 * limits.text_characters + _ANSWER_OVERHEAD)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            return kinds.refused(filename, f"The process that reads such files could not be started: {reason}.")
        found = _Import(filename, limits, timeout, memory)
        with reader:
            _follow(reader, found, time.monotonic() + timeout, on_progress, stop)
        return found.result()
    finally:
        _SLOTS.release()


def _check(stop: Callable[[], bool]) -> None:
    if stop():
        raise Cancelled("The work was cancelled.")


def _follow(
    reader: _Reader, found: _Import, deadline: float, on_progress: OnProgress | None, stop: Callable[[], bool]
) -> None:
    """Take what the reader says until it has said everything, dies, or its time is over."""
    while found.ending is None:
        _check(stop)
        left = deadline - time.monotonic()
        if left <= 0:
            found.ending = "time"
            return
        try:
            record = reader.answers.get(timeout=min(left, _POLL_SECONDS))
        except queue.Empty:
            continue
        if record is _END:
            found.ending = "died"
        elif record is _TOO_MUCH:
            found.ending = "much"
        else:
            found.take(record, on_progress)


class _Import:
    """What has come of one file so far, and how it ended."""

    def __init__(self, filename: str, limits: Limits, timeout: float, memory: int) -> None:
        self.ending: str | None = None
        self._filename = filename
        self._limits = limits
        self._timeout = timeout
        self._memory = memory
        self._documents: list[Document] = []
        self._problems: list[Problem] = []
        self._notes: list[str] = []
        self._last: dict[str, Any] = {}
        self._at = ""

    def take(self, data: bytes, on_progress: OnProgress | None) -> None:
        """One line of the reader's."""
        progress = None
        try:
            record = wire.record_of(data)
            kind = record["kind"]
            if kind == "document" and len(self._documents) < self._limits.documents:
                self._documents.append(wire.document_of(record))
            elif kind == "problem":
                self._problems.append(wire.problem_of(record))
            elif kind == "note":
                self._notes.append(str(record.get("note")))
            elif kind == "progress":
                progress = wire.progress_of(record)
                self._at = f" at {progress[2]}"
            elif kind in ("done", "refused", "wrong", "memory"):
                if kind == "done":
                    wire.with_details(record, documents=())
                self._last, self.ending = record, kind
            else:
                raise wire.Nonsense
        except wire.Nonsense:
            self.ending = "died"
            return
        if progress is not None and on_progress is not None:
            on_progress(*progress)

    def result(self) -> ParsedDocuments:
        """The import; where it ended too early, with a sentence about that."""
        if self.ending == "wrong":
            message, hint = self._last.get("message"), self._last.get("hint")
            raise InvalidDocumentsError(str(message), hint=str(hint) if hint else None)
        if self.ending == "done":
            parsed = wire.with_details(self._last, documents=tuple(self._documents))
        else:
            parsed = kinds.refused(self._filename, self._sentence())
            rows = len(self._documents) + len(self._problems)
            self._problems += parsed.problems
            parsed = replace(parsed, documents=tuple(self._documents), rows=rows)
        # a direct reader counts lines; the others say in words where a problem is, in their own order
        problems = tuple(sorted(self._problems, key=lambda problem: problem.line))
        return kinds.told(replace(parsed, problems=problems, notes=tuple(self._notes), source=self._filename))

    def _sentence(self) -> str:
        if self.ending == "refused":
            return str(self._last.get("reason"))
        kept = ""
        if self._documents:
            number = len(self._documents)
            kept = f" The {count(number, 'document')} found before that {'is' if number == 1 else 'are'} kept."
        if self.ending == "time":
            return (
                f"Reading this file took longer than {self._timeout:g} seconds and was stopped{self._at}.{kept} "
                "Split it, or save it again from the program that made it."
            )
        if self.ending == "memory":
            return (
                f"Reading this file takes more than {megabytes(self._memory)} of memory and was stopped{self._at}."
                f"{kept} Split it, or save it again from the program that made it."
            )
        if self.ending == "much":
            return f"This file gives more text than can be taken in.{kept} Split it."
        return (
            f"The reader broke down over this file{self._at}; it may be damaged.{kept} "
            "Save it again from the program that made it."
        )


_END, _TOO_MUCH = b"", b"\x00"


class _Reader:
    """The process, fed and listened to by a thread each, so that neither pipe can hold the other up."""

    def __init__(self, order: bytes, data: bytes, most: int) -> None:
        self.answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own module
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._threads = [
            threading.Thread(target=_feed, args=(self._process.stdin, order, data), daemon=True),
            threading.Thread(target=_listen, args=(self._process.stdout, self.answers, most), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()  # both pipes end with the process
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
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


def _command() -> Sequence[str]:
    # -P: the folder that somebody happens to be in is no place to import from
    return (sys.executable, "-P", "-W", "ignore", "-m", "rerank_core.documents.isolated.worker")


def environment() -> dict[str, str]:
    """What the process gets to know: how to find the same packages, and nothing of anybody's keys."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    places = [str(Path(place).resolve()) for place in sys.path if isinstance(place, str)]
    return {**passed, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
