"""The process that reads one file: `python -m rerank_core.documents.isolated.worker`, order and file on standard input.

It gives up what it does not need before it looks at the file: memory and time beyond a limit, writing files,
starting programs, the network. What it finds goes to standard output as it is found (see `wire`).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO

from rerank_core.documents import direct, kinds
from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract import Full, Sink, Source, read
from rerank_core.documents.isolated import wire
from rerank_core.documents.kinds import KINDS
from rerank_core.documents.limits import Limits
from rerank_core.documents.report import ParsedDocuments
from rerank_core.errors import InvalidDocumentsError

__all__ = ["begin", "give_up", "main", "run"]

_OPEN_FILES = 64
_NICE = 5
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill")
_CHANGING = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    """Read the order and the file from standard input, write records to standard output."""
    filename, columns, limits, data, answers = begin()
    run(filename, data, columns, limits, answers)
    answers.flush()
    # nothing is left to tidy up, and a library that was confused by the file could hang on its way out
    os._exit(0)


def begin() -> tuple[str, dict[str, str], Limits, bytes, BinaryIO]:
    """Take an order and its file from standard input and give up all rights that reading does not need; gives the
    file's name, the wished columns, the limits, the bytes, and where the records go."""
    order = sys.stdin.buffer.readline()
    data = sys.stdin.buffer.read()
    # what a library prints must not get between the records
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    filename, columns, limits, record = wire.order_of(order)
    give_up(int(record["memory"]), int(record["seconds"]))
    return filename, columns, limits, data, answers


def run(filename: str, data: bytes, columns: dict[str, str], limits: Limits, answers: BinaryIO) -> None:
    """Read one file and write what is found; the last record is "done", "refused", "wrong" or "memory"."""

    def write(record: bytes) -> None:
        answers.write(record)

    def progress(done: int, total: int, note: str) -> None:
        write(wire.line("progress", done=done, total=total, note=note))
        answers.flush()

    sink = Sink(
        limits,
        on_document=lambda document: write(wire.document_line(document)),
        on_problem=lambda problem: write(wire.line("problem", line=problem.line, reason=problem.reason)),
        on_note=lambda note: write(wire.line("note", note=note)),
        on_progress=progress,
    )
    try:
        parsed = _read(filename, data, columns, limits, sink)
        write(wire.line("done", **wire.details_of(parsed)))
    except Unreadable as error:
        write(wire.line("refused", reason=error.reason))
    except InvalidDocumentsError as error:
        write(wire.line("wrong", message=error.message, hint=error.hint))
    except MemoryError:
        write(wire.line("memory"))


def _read(filename: str, data: bytes, columns: dict[str, str], limits: Limits, sink: Sink) -> ParsedDocuments:
    kind = kinds.accept(filename, data, limits)
    if kind not in KINDS:
        parsed = direct.read_directly(kind, filename, data, columns, limits)
        with suppress(Full):
            for document in parsed.documents:
                sink.take(document)
        for problem in parsed.problems:
            sink.problem(problem, rows=0)
        for note in parsed.notes:
            sink.note(note)
        return replace(parsed, documents=())
    with suppress(Full):  # the sink has said so
        read(kind, data, Source(sink, filename))
    return ParsedDocuments((), kind, rows=sink.rows)


def give_up(memory: int, seconds: int) -> None:
    """Limit this process for good: its memory in bytes, its processor seconds, and what it may do at all."""
    try:
        import resource
    except ImportError:  # Windows has none; there the clock of the process that asked is the limit
        pass
    else:
        for limit, value in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, _OPEN_FILES),
        ):
            try:
                resource.setrlimit(limit, (value, value))
            except (ValueError, OSError):
                continue  # a system that knows the name only
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICE)  # whoever looks at a page meanwhile comes first
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop what no reader of documents has a reason to do."""
    if event.startswith((*_FORBIDDEN, *_CHANGING)):
        raise PermissionError(event)
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        if (isinstance(mode, str) and any(char in mode for char in "wax+")) or (
            isinstance(flags, int) and flags & _WRITING
        ):
            raise PermissionError(event)


if __name__ == "__main__":
    main()
