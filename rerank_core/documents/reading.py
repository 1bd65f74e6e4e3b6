"""Files, and what was pasted, as a job, with progress over all of it and a cancel that works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from rerank_core.documents.files import read_documents
from rerank_core.documents.isolated.process import TIMEOUT_SECONDS, OnProgress
from rerank_core.documents.isolated.reader import read_isolated
from rerank_core.documents.kinds import EXTRACTED_KINDS, FILE_KINDS, TABLES_PACKED, ending_of
from rerank_core.documents.limits import DEFAULT_LIMITS, SMALL_BYTES, Limits
from rerank_core.documents.paste.parse import parse_documents
from rerank_core.documents.report import ParsedDocuments
from rerank_core.models import Document

if TYPE_CHECKING:
    from rerank_core.jobs import JobContext

Parsed = TypeVar("Parsed")

_STEPS = 100
# A workbook or a packed table can be built to hang or to fill memory like the office files.
_APART = frozenset((*EXTRACTED_KINDS, *TABLES_PACKED))
_LABELS = ("title", "url")


def read_files(
    context: JobContext,
    files: Sequence[tuple[str, bytes]],
    columns: Mapping[str, str] | None = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
    limits: Limits = DEFAULT_LIMITS,
    on_read: Callable[[int, ParsedDocuments], object] | None = None,
) -> tuple[ParsedDocuments, ...]:
    """What each file, given as its name and its bytes, holds: `jobs.submit(read_files, files, owner=...)`.

    Progress counts 100 steps a file and says which file and page it is at; names are anybody's text. Workbooks,
    files of the other risky kinds and large ones are read in a process of their own, for at most `timeout` seconds
    each. `columns` as for `read_documents`, for every file. `on_read` is told the place (from 0) of each file
    that has been read and what it holds, so that a cancel loses only the files that come after it.
    Raises Cancelled, soon after somebody cancels the job, and InvalidDocumentsError as `read_documents` does.
    """

    def read(name: str, data: bytes, progress: OnProgress, cancelled: Callable[[], bool]) -> ParsedDocuments:
        if FILE_KINDS.get(ending_of(name)) not in _APART and len(data) <= SMALL_BYTES:
            return read_documents(name, data, columns, limits=limits)
        return read_isolated(
            name, data, columns, timeout=timeout, on_progress=progress, cancelled=cancelled, limits=limits
        )

    return read_each(context, files, read, on_read)


def read_paste(
    context: JobContext,
    text: str,
    mode: str = "auto",
    *,
    limits: Limits = DEFAULT_LIMITS,
    markup_as_text: bool = True,
) -> ParsedDocuments:
    """What was pasted, as a job: `parse_documents` with progress and a cancel that works. Raises Cancelled, and
    InvalidDocumentsError as that does."""

    def progress(done: int, pieces: int, note: str) -> None:
        context.progress(max(0, done), max(1, pieces, done), note=note)

    return parse_documents(
        text,
        mode,
        limits=limits,
        markup_as_text=markup_as_text,
        on_progress=progress,
        cancelled=lambda: context.cancelled,
    )


def read_each(
    context: JobContext,
    files: Sequence[tuple[str, bytes]],
    read: Callable[[str, bytes, OnProgress, Callable[[], bool]], Parsed],
    on_read: Callable[[int, Parsed], object] | None,
) -> tuple[Parsed, ...]:
    """What `read` makes of each file, given its name, its bytes, whom to tell progress and whom to ask for a cancel;
    the rest is as for `read_files`."""
    found: list[Parsed] = []
    total = _STEPS * len(files)
    for place, (name, data) in enumerate(files):

        def progress(done: int, pieces: int, note: str, name: str = name, start: int = _STEPS * place) -> None:
            share = done * _STEPS // pieces if pieces > 0 else 0
            context.progress(start + min(_STEPS, max(0, share)), total, note=f"{name}: {note}")

        progress(0, 1, "reading")
        parsed = read(name, data, progress, lambda: context.cancelled)
        found.append(parsed)
        if on_read is not None:
            on_read(place, parsed)
    context.progress(total, total, note="")
    return tuple(found)


def with_source(parsed: ParsedDocuments, name: str) -> tuple[Document, ...]:
    """The documents of one file as a knowledge base keeps them.

    Each says in its metadata which "file" it is from, and the columns that were chosen as title and link are there
    as "title" and "url", where everything that shows a passage looks for them. A column that is called so and was
    not chosen stays under another name ("title column").
    """
    return tuple(_sourced(document, parsed, name) for document in parsed.documents)


def _sourced(document: Document, parsed: ParsedDocuments, name: str) -> Document:
    metadata = {"file": name, **document.metadata}
    if parsed.columns:
        for label in _LABELS:
            column = parsed.chosen.get(label)
            if column == label:
                continue
            if label in metadata:
                metadata[f"{label} column"] = metadata.pop(label)
            if column is not None and document.metadata.get(column):
                metadata[label] = document.metadata[column]
    return replace(document, metadata=metadata)
