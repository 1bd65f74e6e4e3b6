"""PDF, Word, PowerPoint, web pages, mails, books and archives to documents.

Readers put what they find into a sink as they go. They run in a process of their own (`documents.isolated`),
since the libraries behind them meet files that were made to break them; nothing here is imported before a file
of that kind is read.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract.sink import LimitReached, SourceFile
from rerank_core.documents.kinds import EXTRACTED_KINDS
from rerank_core.documents.report import ParsedDocuments, Problem

_READERS = {
    "pdf": ("pdf", "read_pdf"),
    "docx": ("word", "read_word"),
    "pptx": ("slides", "read_slides"),
    "html": ("web", "read_html"),
    "epub": ("book", "read_book"),
    "eml": ("mail", "read_mail"),
    "zip": ("bundle", "read_bundle"),
}
_LIBRARIES: dict[str, tuple[str, ...]] = {
    "pdf": ("pypdfium2",),
    "docx": ("mammoth", "selectolax.lexbor", "encodings.cp437", "xml.dom.expatbuilder"),
    "html": ("selectolax.lexbor",),
    "epub": ("selectolax.lexbor",),
    "eml": ("selectolax.lexbor",),
}
_WITH_PARTS = frozenset(("eml", "zip"))


def read(kind: str, data: bytes, source: SourceFile) -> None:
    """Read a file of one of EXTRACTED_KINDS into its source's sink.

    Raises Unreadable, with a sentence, for what cannot be read at all, and LimitReached where a limit of the whole
    import is reached. Never raises anything else, except MemoryError.
    """
    if kind in _WITH_PARTS and source.depth >= source.limits.depth:
        raise Unreadable(
            f"Archives and mails lie more than {source.limits.depth} deep inside one another; this one was not read."
        )
    module, name = _READERS[kind]
    reader = getattr(import_module(f"{__name__}.{module}"), name)
    try:
        if kind in _WITH_PARTS:
            reader(data, source, read_part)
        else:
            reader(data, source)
    except (Unreadable, LimitReached, MemoryError):
        raise
    except RecursionError as error:
        raise Unreadable(f"This {EXTRACTED_KINDS[kind]} is nested too deeply to be read.") from error
    except Exception as error:  # what damaged files make libraries raise has no common base
        raise Unreadable(f"This {EXTRACTED_KINDS[kind]} is damaged and could not be read.") from error


def prepare(kind: str) -> None:
    """Import what reads files of one of EXTRACTED_KINDS."""
    for name in (f"{__name__}.{_READERS[kind][0]}", *_LIBRARIES.get(kind, ())):
        import_module(name)


def read_part(name: str, data: bytes, source: SourceFile) -> None:
    """Read a file from inside an archive or a mail, by its name. Raises Unreadable, LimitReached and MemoryError."""
    from rerank_core.documents import direct, kinds

    kind = kinds.detect_kind(name, data, source.limits, briefly=True)
    if kind in EXTRACTED_KINDS:
        read(kind, data, source)
    else:
        _take_parsed(direct.read_directly(kind, name, data, {}, source.limits), source)


def _take_parsed(parsed: ParsedDocuments, source: SourceFile) -> None:
    """Put what a direct reader made of a text or table inside an archive into the sink.

    A document's own id stays; one without is named by its place ("all.zip/notes.txt#3").
    """
    for number, document in enumerate(parsed.documents, 1):
        metadata = document.metadata if "file" in document.metadata else {**document.metadata, "file": source.label}
        source.sink.take(replace(document, id=document.id or f"{source.label}#{number}", metadata=metadata))
    for line, reason in parsed.problems:
        source.sink.problem(Problem(line, f"{source.inside}: {reason}"), rows=0)
    source.sink.rows += parsed.left_out
    source.sink.more_problems += parsed.more_problems
    for note in parsed.notes:
        source.note(note)
    if not parsed.documents and not parsed.problems:
        source.refuse("This file holds no text.")
