"""Documents of one file, read in the process of its own: the end that asks and the end that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from rerank_core.documents import extract, kinds
from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.direct import read_directly
from rerank_core.documents.extract.sink import LimitReached, Sink, SourceFile
from rerank_core.documents.isolated import wire
from rerank_core.documents.isolated.process import TIMEOUT_SECONDS, OnProgress, read_in_process
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.documents.report import ParsedDocuments, Problems, count
from rerank_core.models import Document

_DOCUMENT = ("text", "id", "metadata")
# what an import says besides its documents, problems, notes and source
_DETAILS = (
    "mode",
    "query",
    "model",
    "top_n",
    "rows",
    "rank_fields",
    "preview",
    "markup",
    "more_problems",
    *wire.LAYOUT,
)


def read_isolated(
    filename: str,
    data: bytes,
    columns: Mapping[str, str] | None = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> ParsedDocuments:
    """Documents from one file of any kind, as `read_documents` gives them, read in a process of its own.

    timeout: seconds on the clock for the reading itself; waiting for a free place (one for each core) is
        not counted.
    on_progress: called on this thread with pieces done, pieces in all and a few words ("page 3 of 20"). What
        it raises stops the reading and comes out of here.
    cancelled: asked about twenty times a second; once it is true the process is stopped at once and
        `jobs.Cancelled` is raised. In a job: `cancelled=lambda: context.cancelled`.

    A reader that runs out of time or memory, dies or talks nonsense is a problem in the import, never an
    exception, and the documents found before that are kept. Raises InvalidDocumentsError as `read_documents`
    does.
    """
    content = kinds.content_of(filename, data)
    requested = kinds.requested_columns(columns)
    try:
        kinds.detect_kind(filename, content, limits)  # what is refused at first sight needs no process
    except Unreadable as error:
        return kinds.failed_import(filename, error.reason)
    order = wire.Order(__name__, filename, requested, limits, timeout)
    parsed = documents_of(order, content, on_progress=on_progress, cancelled=cancelled)
    return kinds.with_empty_note(replace(parsed, source=filename))


def documents_of(
    order: wire.Order, content: bytes, *, on_progress: OnProgress | None, cancelled: Callable[[], bool] | None
) -> ParsedDocuments:
    """Have an order for documents carried out, and put together what the process has found, as `read_isolated` does."""
    found = _DocumentRecords(order.limits)
    ending = read_in_process(
        order,
        content,
        found.take,
        answer_bytes=4 * order.limits.text_characters,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    parsed = found.parsed
    if parsed is None:
        rows = len(found.documents) + len(found.problems)
        reason = ending.sentence(_kept(len(found.documents)))
        parsed = replace(kinds.failed_import(order.filename, reason), rows=rows)
    # a direct reader counts lines; the others say in words where a problem is, in their own order
    found.problems.take(parsed.problems, parsed.more_problems)
    return replace(
        parsed,
        documents=tuple(found.documents),
        problems=found.problems.by_line(),
        more_problems=found.problems.more,
        notes=tuple(found.notes),
    )


def _kept(number: int) -> str:
    if not number:
        return ""
    return f" The {count(number, 'document')} found before that {'is' if number == 1 else 'are'} kept."


class _DocumentRecords:
    """What the process has found of one file so far; `parsed` is None until it has said that this is all."""

    def __init__(self, limits: Limits) -> None:
        self.documents: list[Document] = []
        self.problems = Problems(limits.problems)
        self.notes: list[str] = []
        self.parsed: ParsedDocuments | None = None
        self._limits = limits

    def take(self, record: wire.Record) -> None:
        """One record. Raises wire.Nonsense."""
        kind = record["kind"]
        if kind == "document" and len(self.documents) < self._limits.documents:
            self.documents.append(Document(**wire.checked(Document, record)))
        elif kind == "problem":
            self.problems.take([wire.problem_of(record)])
        elif kind == "note":
            self.notes.append(str(record.get("note")))
        elif kind == "done":
            parsed = ParsedDocuments((), **wire.checked(ParsedDocuments, record, _DETAILS))
            self.parsed = replace(parsed, rows=max(0, parsed.rows), more_problems=max(0, parsed.more_problems))
        else:
            raise wire.Nonsense


def prepare(ending: str) -> None:
    """In the process that others are forked from: import what reads files whose names end so."""
    kind = kinds.FILE_KINDS.get(ending, "")
    if kind in kinds.EXTRACTED_KINDS:
        extract.prepare(kind)


def answer(order: wire.Order, data: bytes, say: wire.Say) -> None:
    """In the process: read one file and say what is found; the last record is "done". Raises Unreadable,
    InvalidDocumentsError and MemoryError."""
    kind = kinds.detect_kind(order.filename, data, order.limits)
    if kind in kinds.EXTRACTED_KINDS:
        sink = _sink(order, say)
        with suppress(LimitReached):  # the sink has said so
            extract.read(kind, data, SourceFile(sink, order.filename))
        _done(ParsedDocuments((), kind, rows=sink.rows), sink, say)
    else:
        say_documents(order, read_directly(kind, order.filename, data, dict(order.columns), order.limits), say)


def say_documents(order: wire.Order, parsed: ParsedDocuments, say: wire.Say) -> None:
    """In the process: say what was read at once."""
    sink = _sink(order, say)
    with suppress(LimitReached):
        for document in parsed.documents:
            sink.take(document)
    for problem in parsed.problems:
        sink.problem(problem, rows=0)
    for note in parsed.notes:
        sink.note(note)
    _done(parsed, sink, say)


def _sink(order: wire.Order, say: wire.Say) -> Sink:
    return Sink(
        order.limits,
        on_document=lambda document: say("document", **wire.values_of(document, _DOCUMENT)),
        on_problem=lambda problem: say("problem", **problem._asdict()),
        on_note=lambda note: say("note", note=note),
        on_progress=lambda done, total, note: say("progress", done=done, total=total, note=note),
    )


def _done(parsed: ParsedDocuments, sink: Sink, say: wire.Say) -> None:
    parsed = replace(parsed, more_problems=parsed.more_problems + sink.more_problems)
    say("done", **wire.values_of(parsed, _DETAILS))
