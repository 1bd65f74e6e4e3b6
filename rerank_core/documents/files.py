"""Uploaded files to documents: what kind a file is decides who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.direct import read_directly
from rerank_core.documents.isolated.reader import read_isolated
from rerank_core.documents.kinds import (
    EXTRACTED_KINDS,
    content_of,
    detect_kind,
    failed_import,
    requested_columns,
    with_empty_note,
)
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.documents.report import ParsedDocuments


def read_documents(
    filename: str, data: bytes, columns: Mapping[str, str] | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> ParsedDocuments:
    """Documents from one uploaded file.

    TXT splits as a paste does, Markdown by its headings; CSV, TSV, XLSX and Parquet give one document a row, JSON
    and JSON lines one an item. For those `columns` says which column or key serves as "text", "id",
    "title", "rank", "score" or "url", guessed where it is silent and none where it is ""; every column but
    the text and the id stays in the metadata as it is. `columns` may also name the "sheet" of a workbook and
    the "encoding" of a text, and say whether the first row is a "header" ("yes" or "no"). HTML inside their fields,
    and inside Markdown, is read as the text that it shows, with a note, unless "markup" says "keep".

    PDF gives one document a page, PPTX one a slide, DOCX, HTML and EPUB one a section from heading to heading,
    EML the message and then its attachments, ZIP whatever the files inside give. Their ids name the place
    ("manual.pdf#p3"), their metadata the "file" and the "page", "slide", "section" or "chapter". They, and Parquet,
    are read in a process of their own, for at most a minute; `read_isolated` does the same with progress and cancel.

    What cannot be read comes back as problems, each a line and a sentence, and whatever can be read is
    kept. Raises InvalidDocumentsError only for what the caller must change: a role, column or sheet that
    does not exist, an unknown encoding, or arguments of the wrong type.
    """
    content = content_of(filename, data)
    requested = requested_columns(columns)
    try:
        kind = detect_kind(filename, content, limits)
        if kind in EXTRACTED_KINDS or kind == "parquet":  # what reads it is no Python
            return read_isolated(filename, content, requested, limits=limits)
        return with_empty_note(replace(read_directly(kind, filename, content, requested, limits), source=filename))
    except Unreadable as error:
        return failed_import(filename, error.reason)
