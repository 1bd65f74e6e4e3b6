"""Uploaded files to documents: what kind a file is decides who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rerank_core.documents.decoding import Unreadable, decode, kind_of
from rerank_core.documents.extract import KINDS
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits, over
from rerank_core.documents.paste.json_text import Damaged, read_json
from rerank_core.documents.paste.markdown import read_markdown
from rerank_core.documents.paste.parse import json_documents, json_lines, parse_documents
from rerank_core.documents.report import ParsedDocuments, Problem
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.table import documents_of
from rerank_core.documents.tables.workbook import read_workbook
from rerank_core.errors import InvalidDocumentsError

__all__ = ["FILE_KINDS", "KIND_NAMES", "accept", "read_directly", "read_documents"]

FILE_KINDS: Mapping[str, str] = {
    "txt": "text",
    "text": "text",
    "md": "markdown",
    "markdown": "markdown",
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "xlsx": "xlsx",
    "xlsm": "xlsx",
    "json": "json",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "pdf": "pdf",
    "docx": "docx",
    "docm": "docx",
    "pptx": "pptx",
    "pptm": "pptx",
    "ppsx": "pptx",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "eml": "eml",
    "epub": "epub",
    "zip": "zip",
}
"""File name endings that can be read, and what reads them."""

KIND_NAMES = "PDF, DOCX, PPTX, HTML, EML, EPUB, TXT, MD, CSV, TSV, XLSX, JSON, JSONL, or a ZIP of those"
"""The kinds in words, for a sentence or the help of an uploader."""

_BINARY_SHARE = 0.3

_MODES = {"text": "lines", "markdown": "sections"}

# What each kind of binary file is called, what `kind_of` must make of it, and what an old one is saved as.
_CONTAINERS = {
    "pdf": ("PDF", "a PDF", ""),
    "xlsx": ("Excel workbook", "an Excel workbook", ".xlsx"),
    "docx": ("Word document", "a Word document", ".docx"),
    "pptx": ("PowerPoint presentation", "a PowerPoint presentation", ".pptx"),
    "epub": ("EPUB book", "an EPUB book", ""),
    "zip": ("ZIP archive", "a ZIP archive", ""),
}
_ENDINGS = {
    "a PDF": ".pdf",
    "an Excel workbook": ".xlsx",
    "a Word document": ".docx",
    "a PowerPoint presentation": ".pptx",
    "an EPUB book": ".epub",
    "a ZIP archive": ".zip",
}
_OLD = {
    "xls": "an old Excel workbook",
    "doc": "an old Word document",
    "ppt": "an old PowerPoint presentation",
    "odt": "an OpenDocument text",
    "rtf": "a rich text file",
    "odp": "an OpenDocument presentation",
    "ods": "an OpenDocument workbook",
    "msg": "an Outlook mail",
    "mht": "a saved web page",
    "mhtml": "a saved web page",
}
_INSTEAD = {
    **dict.fromkeys(("xls", "ods"), ".xlsx"),
    **dict.fromkeys(("doc", "odt", "rtf"), ".docx"),
    **dict.fromkeys(("ppt", "odp"), ".pptx"),
    "msg": ".eml",
    **dict.fromkeys(("mht", "mhtml"), ".html"),
}


def read_documents(
    filename: str, data: bytes, columns: Mapping[str, str] | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> ParsedDocuments:
    """Documents from one uploaded file.

    TXT splits as a paste does, Markdown by its headings; CSV, TSV and XLSX give one document a row, JSON
    and JSON lines one an item. For those `columns` says which column or key serves as "text", "id",
    "title", "rank", "score" or "url", guessed where it is silent and none where it is ""; every column but
    the text and the id stays in the metadata as it is. `columns` may also name the "sheet" of a workbook
    and say whether the first row is a "header" ("yes" or "no").

    PDF gives one document a page, PPTX one a slide, DOCX, HTML and EPUB one a section from heading to heading,
    EML the message and then its attachments, ZIP whatever the files inside give. Their ids name the place
    ("manual.pdf#p3"), their metadata the "file" and the "page", "slide", "section" or "chapter". They are read
    in a process of their own, for at most a minute; `read_isolated` does the same with progress and cancel.

    What cannot be read comes back as problems, each a line and a sentence, and whatever can be read is
    kept. Raises InvalidDocumentsError only for what the caller must change: a role, column or sheet that
    does not exist, or arguments of the wrong type.
    """
    content = checked(filename, data)
    wishes = wished(columns)
    try:
        kind = accept(filename, content, limits)
        if kind in KINDS:
            from rerank_core.documents.isolated.reader import read_isolated

            return read_isolated(filename, content, wishes, limits=limits)
        return told(replace(read_directly(kind, filename, content, wishes, limits), source=filename))
    except Unreadable as error:
        return refused(filename, error.reason)


def checked(filename: str, data: bytes) -> bytes:
    """The content as bytes. Raises InvalidDocumentsError where name or content are of the wrong type."""
    if not isinstance(filename, str):
        raise InvalidDocumentsError("The file's name is not text.", hint="Give the name with its ending.")
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidDocumentsError("The file's content is not bytes.", hint="Read the file in binary mode.")
    return bytes(data)


def wished(columns: Mapping[str, str] | None) -> dict[str, str]:
    """What `columns` asks for, as strings. Raises InvalidDocumentsError where it is no mapping."""
    if columns is not None and not isinstance(columns, Mapping):
        raise InvalidDocumentsError(
            "The columns are not given as an object of roles and names.",
            hint="Give them as {'text': 'Body', 'id': 'SKU'}, or leave them out.",
        )
    return {str(role): str(name or "") for role, name in (columns or {}).items()}


def refused(filename: str, reason: str) -> ParsedDocuments:
    """An import of nothing, and why."""
    kind = FILE_KINDS.get(ending_of(filename), "")
    return ParsedDocuments((), _MODES.get(kind, kind or "lines"), (Problem(0, reason),), source=filename)


def told(parsed: ParsedDocuments) -> ParsedDocuments:
    """The import with a sentence where it would be nothing without a word."""
    if parsed.documents or parsed.problems:
        return parsed
    reason = "This file holds column names and no rows below them." if parsed.columns else "This file holds no text."
    return replace(parsed, problems=(Problem(0, reason),))


def ending_of(filename: str) -> str:
    """What follows the last point of a file's name, in small letters; "" where there is none."""
    return filename.rsplit(".", 1)[-1].casefold() if "." in filename else ""


def accept(filename: str, data: bytes, limits: Limits, *, briefly: bool = False) -> str:
    """The kind that a file is read as, by its name, if its first bytes agree.

    With `briefly` the sentence for an unknown kind does not list those that are known.
    Raises Unreadable, with a sentence, for kinds that cannot be read, for files that are empty, too large, or
    something else than their name says.
    """
    ending = ending_of(filename)
    kind = FILE_KINDS.get(ending, "")
    if not kind:
        raise Unreadable(_unsupported(ending, briefly))
    if len(data) > limits.file_bytes:
        raise Unreadable(f"This file is {over(len(data), limits.file_bytes)}.")
    if not data.strip(b" \t\r\n\x0b\x0c\xef\xbb\xbf\xff\xfe\x00"):
        raise Unreadable("This file is empty.")
    found = kind_of(data)
    if kind in _CONTAINERS:
        _check_container(kind, found, data)
    elif found in _ENDINGS:
        raise Unreadable(f"This file is {found} although its name ends in .{ending}. Rename it to {_ENDINGS[found]}.")
    elif found:
        raise Unreadable(f"This file is {found}, not the text that its name promises.")
    return kind


def _check_container(kind: str, found: str | None, data: bytes) -> None:
    """Refuse what is not the kind of packed or binary file that its name says."""
    name, needed, modern = _CONTAINERS[kind]
    if found == needed or (kind == "zip" and data.startswith((b"PK\x03\x04", b"PK\x05\x06"))):
        return
    if kind == "pdf" and b"%PDF-" in data[:1024]:
        return
    if found == "a password-protected Office file":
        raise Unreadable(f"This {name.split()[-1]} is protected by a password. Save it without one and try again.")
    if found == "an old Excel workbook (.xls)":
        raise Unreadable(f"This is {found}. Open it and save it as .xlsx.")
    if found == "an old Office file" and modern:
        raise Unreadable(f"This is an old {name}. Open it and save it as {modern}.")
    if found == "a damaged archive":
        raise Unreadable(f"This {name} is damaged and could not be read.")
    raise Unreadable(f"This file's name says {name}, but it is {found or 'something else'}.")


def read_directly(kind: str, filename: str, data: bytes, wishes: dict[str, str], limits: Limits) -> ParsedDocuments:
    """Documents from a text, table or workbook that `accept` has let through, in this process.

    Raises Unreadable for what cannot be read, InvalidDocumentsError for wishes that cannot be met.
    """
    if kind == "xlsx":
        return _workbook(data, wishes, limits)
    text, note = decode(data)
    text = text.removeprefix("\ufeff")
    wishes.pop("sheet", None)
    if kind not in ("json", "jsonl"):
        # what JSON escapes is meant, whatever it is
        limits = replace(limits, control_share=min(limits.control_share, _BINARY_SHARE))
    parsed = replace(_text(kind, text, wishes, limits), source=filename)
    return replace(parsed, notes=(note, *parsed.notes)) if note else parsed


def _text(kind: str, text: str, wishes: dict[str, str], limits: Limits) -> ParsedDocuments:
    if kind == "text":
        return parse_documents(text, limits=limits)
    if kind == "markdown":
        return read_markdown(text, limits)
    if kind in ("csv", "tsv"):
        table = read_delimited(text, limits, prefer="\t" if kind == "tsv" else ",")
        return documents_of(table, kind, limits, wishes)
    wishes.pop("header", None)
    if kind == "jsonl":
        return _json_lines(text, wishes, limits)
    try:
        value = read_json(text)
    except Damaged as error:
        # JSON lines often come in a file that ends in .json
        parsed = json_lines(text, limits, "json", wishes)
        if len(parsed.documents) > 1:
            return parsed
        return ParsedDocuments((), "json", (Problem(error.line, error.reason),))
    return json_documents(text, value, limits, "json", wishes)


def _json_lines(text: str, wishes: dict[str, str], limits: Limits) -> ParsedDocuments:
    """JSON lines; one array or object over several lines is read as the JSON that it is."""
    if text.lstrip()[:1] in ("[", "{"):
        try:
            value = read_json(text)
        except Damaged:
            pass
        else:
            return json_documents(text, value, limits, "jsonl", wishes)
    return json_lines(text, limits, "jsonl", wishes)


def _workbook(data: bytes, wishes: dict[str, str], limits: Limits) -> ParsedDocuments:
    sheet = wishes.pop("sheet", "")
    table, name, names = read_workbook(data, limits, sheet or None)
    if not table.rows:
        raise Unreadable("This workbook holds no rows.")
    return documents_of(table, "xlsx", limits, wishes, sheet=name, sheets=names)


def _unsupported(ending: str, briefly: bool) -> str:
    if ending in _OLD:
        return f"This is {_OLD[ending]} (.{ending}). Open it and save it as {_INSTEAD[ending]}."
    named = f"Files that end in .{ending}" if ending else "Files without an ending in their name"
    return f"{named} cannot be read{'' if briefly else f'; use {KIND_NAMES}'}."
