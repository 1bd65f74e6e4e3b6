"""Files of queries, ratings or results: one by a call, several as a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rerank_core.documents.decoding import kind_of
from rerank_core.documents.isolated.process import OnProgress
from rerank_core.documents.limits import COLLECTION_LIMITS, SMALL_BYTES
from rerank_core.documents.reading import read_each
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.isolated import read_isolated
from rerank_core.evaluation.formats.registry import UNCLEAR_HINT, read_directly

if TYPE_CHECKING:
    from rerank_core.jobs import JobContext


RISKY = ("an Excel workbook", "a ZIP archive", "a gzip archive", "a Parquet file")


def read(filename: str, data: bytes, kind: str = "auto", *, columns: Mapping[str, str] | None = None) -> Imported:
    """Read a file of queries, documents, ratings or results.

    `kind` is a key of KINDS or "auto", which goes by the content first and by the file's name where the content
    leaves a choice. `columns` says which column of a table is what (see table.TABLE_ROLES), none where it is
    "". It may also name the "sheet" of a workbook and the "encoding" of a text, and say whether the first row of a
    table is a "header" ("yes" or "no"). HTML in the documents and their fields is read as the text that it shows, with
    a note, unless "markup" says "keep". What cannot be read is in `problems`, and the rest is there. Workbooks,
    archives, Parquet files and large texts are read in a process of their own, for at most a minute or, of a text,
    five seconds more for each megabyte.
    Raises InvalidRequestError for an unknown kind, for a column or sheet that does not exist, and where "auto" cannot
    tell what the file is.
    """
    imported = (read_directly if _is_simple(data) else read_isolated)(filename, data, kind, columns)
    if not imported.kind:
        raise InvalidRequestError(f"It is not clear what kind of file '{filename}' is.", hint=UNCLEAR_HINT)
    return imported


def read_files(
    context: JobContext,
    files: Sequence[tuple[str, bytes]],
    columns: Mapping[str, str] | None = None,
    *,
    on_read: Callable[[int, Imported], object] | None = None,
) -> tuple[Imported, ...]:
    """What each file holds, as `documents.read_files` does it for documents; `columns` may name the "kind" too.

    A file of which it is not clear what it is gives an import of the kind "" that says so, with its columns if it
    may be a table. Raises Cancelled, and InvalidRequestError as `read` does for what was requested.
    """
    requested = dict(columns or {})
    kind = requested.pop("kind", "auto")

    def read_one(name: str, data: bytes, progress: OnProgress, cancelled: Callable[[], bool]) -> Imported:
        if _is_simple(data):
            return read_directly(name, data, kind, requested)
        return read_isolated(name, data, kind, requested, on_progress=progress, cancelled=cancelled)

    return read_each(context, files, read_one, on_read)


def _is_simple(data: bytes) -> bool:
    """Whether a file is read at once: a small text. Archives of XML or of files can be built to hang or to fill
    memory, however small; what is far too large is refused at first sight."""
    return len(data) > COLLECTION_LIMITS.file_bytes or (len(data) <= SMALL_BYTES and kind_of(data) not in RISKY)
