"""Files, and what was pasted, as a job, with progress over all of it and a cancel that works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rerank_core.documents.files import read_documents
from rerank_core.documents.isolated.process import SIDE_BY_SIDE, TIMEOUT_SECONDS, OnProgress
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
    each. As many files are read side by side as there are cores. `columns` as for `read_documents`, for every file.
    `on_read` is told, in their order, the place (from 0) of each file that has been read and what it holds, so that a
    cancel loses only the files that come after it.
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
    progress = _Progress(context, [name for name, _ in files])
    stopped = threading.Event()

    def one(place: int) -> Parsed:
        name, data = files[place]
        progress.tell(place, 0, 1, "reading")
        parsed = read(name, data, partial(progress.tell, place), lambda: stopped.is_set() or context.cancelled)
        progress.end(place)
        return parsed

    found: list[Parsed] = []
    with ThreadPoolExecutor(max(1, min(SIDE_BY_SIDE, len(files))), "rerank-reading") as threads:
        under_way = [threads.submit(copy_context().run, one, place) for place in range(len(files))]
        try:
            for place, future in enumerate(under_way):
                found.append(parsed := future.result())
                if on_read is not None:
                    on_read(place, parsed)
        finally:
            stopped.set()
            threads.shutdown(wait=False, cancel_futures=True)
    context.progress(progress.total, progress.total, note="")
    return tuple(found)


class _Progress:
    """How far several files are, told by the threads that read them."""

    def __init__(self, context: JobContext, names: Sequence[str]) -> None:
        self._context, self._names = context, names
        self._steps, self._done = [0] * len(names), 0
        self._notes: dict[int, str] = {}  # of the files that are being read
        self._lock = threading.Lock()
        self.total = _STEPS * len(names)

    def tell(self, place: int, done: int, pieces: int, note: str) -> None:
        """A file is so far. Raises Cancelled."""
        with self._lock:
            self._set(place, done * _STEPS // pieces if pieces > 0 else 0)
            self._notes[place] = note
            self._say()

    def end(self, place: int) -> None:
        """A file has been read. Raises Cancelled."""
        with self._lock:
            self._set(place, _STEPS)
            self._notes.pop(place, None)
            self._say()

    def _say(self) -> None:
        """Of several files, the first that is still being read is named."""
        place = min(self._notes, default=None)
        note = "" if place is None else f"{self._names[place]}: {self._notes[place]}"
        self._context.progress(self._done, self.total, note=note)

    def _set(self, place: int, steps: int) -> None:
        more = min(_STEPS, steps) - self._steps[place]
        if more > 0:
            self._steps[place] += more
            self._done += more


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
