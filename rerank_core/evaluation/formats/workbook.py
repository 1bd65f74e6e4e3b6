"""Excel workbooks of queries, read in a process of their own: one built to hang or to fill memory takes only that
process with it, and whoever else looks at a page meanwhile is not kept waiting.

Run as `python -m rerank_core.evaluation.formats.workbook` this is that process: order and file on standard input, rows
on standard output. It gives up what it does not need before it looks at the file, as `documents.worker` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.isolated import wire
from rerank_core.documents.isolated.reader import environment
from rerank_core.documents.isolated.worker import begin
from rerank_core.documents.limits import Limits, megabytes
from rerank_core.documents.report import Problem
from rerank_core.documents.tables.table import Row, Table
from rerank_core.documents.tables.workbook import read_workbook
from rerank_core.errors import InvalidDocumentsError

__all__ = ["MEMORY_BYTES", "TIMEOUT_SECONDS", "read_workbook_apart"]

TIMEOUT_SECONDS = 60.0
MEMORY_BYTES = 2_000_000_000
"""What the process may use, where the system can limit that; more than for a list of documents, since collections
are larger."""

_MODULE = "rerank_core.evaluation.formats.workbook"
_SLOTS = threading.BoundedSemaphore(2)
_OVERHEAD = 100_000_000
_AGAIN = "Save it again from the program that made it, or as CSV."


def read_workbook_apart(
    data: bytes,
    limits: Limits,
    sheet: str | None = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
    memory: int = MEMORY_BYTES,
) -> tuple[Table, str | None, tuple[str, ...]]:
    """What `documents.workbook.read_workbook` gives, and raises, from a process of its own.

    `timeout` is in seconds on the clock, waiting for a free place not counted, and `memory` in bytes. Raises
    Unreadable as well where the reader runs out of either or breaks down.
    """
    order = wire.order_line("", {"sheet": sheet or ""}, limits, memory=memory, seconds=int(timeout) + 10)
    most = 4 * limits.expanded_bytes + _OVERHEAD
    with _SLOTS:
        answer = _ask(order, data, timeout, most)
    if answer is None:
        raise Unreadable(f"Reading this workbook took longer than {timeout:g} seconds and was stopped. {_AGAIN}")
    try:
        return _understood(answer, memory)
    except wire.Nonsense:
        raise Unreadable(f"The reader broke down over this workbook; it may be damaged. {_AGAIN}") from None


def _ask(order: bytes, data: bytes, timeout: float, most: int) -> bytes | None:
    """All that the process says, `most` bytes of it; None where it was still talking after `timeout` seconds."""
    try:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own module
            # -P: the folder that somebody happens to be in is no place to import from
            (sys.executable, "-P", "-W", "ignore", "-m", _MODULE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unreadable(f"The process that reads workbooks could not be started: {reason}.") from error
    assert process.stdin is not None
    assert process.stdout is not None
    heard: list[bytes] = []
    feeding = threading.Thread(target=_feed, args=(process.stdin, order, data), daemon=True)
    listening = threading.Thread(target=_listen, args=(process.stdout, most, heard), daemon=True)
    try:
        feeding.start()
        listening.start()
        listening.join(timeout)
        late = listening.is_alive()
    finally:
        process.kill()
        process.wait()
        feeding.join()  # both pipes end with the process
        listening.join()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()
    return None if late else b"".join(heard)


def _feed(pipe: IO[bytes], order: bytes, data: bytes) -> None:
    with suppress(OSError):  # the process may be gone before it has read everything
        pipe.write(order)
        pipe.write(data)
        pipe.close()


def _listen(pipe: IO[bytes], most: int, heard: list[bytes]) -> None:
    with suppress(OSError):
        heard.append(pipe.read(most))


def _understood(answer: bytes, memory: int) -> tuple[Table, str | None, tuple[str, ...]]:
    """The table in an answer, which may have been written by a file that took the reader over."""
    rows: list[Row] = []
    problems: list[Problem] = []
    for line in answer.splitlines():
        record = wire.record_of(line)
        kind = record["kind"]
        if kind == "row":
            rows.append(_row(record))
        elif kind == "problem":
            problems.append(wire.problem_of(record))
        elif kind == "done":
            sheet, sheets = record.get("sheet"), record.get("sheets")
            if not isinstance(sheet, str | None):
                raise wire.Nonsense
            return Table(rows, ragged=False, problems=tuple(problems)), sheet, tuple(_strings(sheets))
        elif kind == "refused":
            raise Unreadable(str(record.get("reason")))
        elif kind == "wrong":
            raise InvalidDocumentsError(str(record.get("message")), hint=str(record.get("hint")))
        elif kind == "memory":
            raise Unreadable(
                f"Reading this workbook takes more than {megabytes(memory)} of memory and was stopped. "
                "Split it, or save it as CSV."
            )
        else:
            raise wire.Nonsense
    raise wire.Nonsense


def _row(record: Mapping[str, Any]) -> Row:
    line = record.get("line")
    if not isinstance(line, int):
        raise wire.Nonsense
    return Row(line, _strings(record.get("cells")))


def _strings(values: object) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise wire.Nonsense
    return values


def main() -> None:
    """Read the order and the workbook from standard input, write the rows to standard output."""
    _, columns, limits, data, answers = begin()
    try:
        table, sheet, sheets = read_workbook(data, limits, columns["sheet"] or None)
        for row in table.rows:
            answers.write(wire.line("row", line=row.line, cells=list(row.cells)))
        for problem in table.problems:
            answers.write(wire.line("problem", line=problem.line, reason=problem.reason))
        answers.write(wire.line("done", sheet=sheet, sheets=list(sheets)))
    except Unreadable as error:
        answers.write(wire.line("refused", reason=error.reason))
    except InvalidDocumentsError as error:
        answers.write(wire.line("wrong", message=error.message, hint=error.hint or ""))
    except MemoryError:
        answers.write(wire.line("memory"))
    answers.flush()
    # nothing is left to tidy up, and a library that was confused by the file could hang on its way out
    os._exit(0)


if __name__ == "__main__":
    main()
