"""What kind a file is: by its name, if its first bytes agree; and what can be said before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rerank_core.documents.decoding import Unreadable, kind_of
from rerank_core.documents.limits import Limits, over
from rerank_core.documents.report import ParsedDocuments, Problem
from rerank_core.errors import InvalidDocumentsError

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
    "parquet": "parquet",
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

KIND_NAMES = "PDF, DOCX, PPTX, HTML, EML, EPUB, TXT, MD, CSV, TSV, XLSX, Parquet, JSON, JSONL, or a ZIP of those"
"""The kinds in words, for a sentence or the help of an uploader."""

_MODES = {"text": "lines", "markdown": "sections"}

# What `kind_of` must make of each kind of binary file.
_CONTAINERS = {
    "pdf": "a PDF",
    "xlsx": "an Excel workbook",
    "parquet": "a Parquet file",
    "docx": "a Word document",
    "pptx": "a PowerPoint presentation",
    "epub": "an EPUB book",
    "zip": "a ZIP archive",
}

# Kinds of other programs: what a file of each is, and the ending to save it with instead.
_OLD = {
    "xls": ("an old Excel workbook", "xlsx"),
    "doc": ("an old Word document", "docx"),
    "ppt": ("an old PowerPoint presentation", "pptx"),
    "odt": ("an OpenDocument text", "docx"),
    "rtf": ("a rich text file", "docx"),
    "odp": ("an OpenDocument presentation", "pptx"),
    "ods": ("an OpenDocument workbook", "xlsx"),
    "msg": ("an Outlook mail", "eml"),
    "mht": ("a saved web page", "html"),
    "mhtml": ("a saved web page", "html"),
}

TABLES_PACKED = frozenset(("xlsx", "parquet"))
"""Kinds of tables that are packed: like those that are extracted, they are read in a process of their own."""

EXTRACTED_KINDS = {
    "html": "web page",
    "eml": "mail",
    **{kind: name.partition(" ")[2] for kind, name in _CONTAINERS.items() if kind not in TABLES_PACKED},
}
"""The kinds that are read by `extract`, and what each is called in a sentence."""


def content_of(filename: str, data: bytes) -> bytes:
    """The content as bytes. Raises InvalidDocumentsError where name or content are of the wrong type."""
    if not isinstance(filename, str):
        raise InvalidDocumentsError("The file's name is not text.", hint="Give the name with its ending.")
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidDocumentsError("The file's content is not bytes.", hint="Read the file in binary mode.")
    return bytes(data)


def requested_columns(columns: Mapping[str, str] | None) -> dict[str, str]:
    """What `columns` asks for, as strings. Raises InvalidDocumentsError where it is no mapping."""
    if columns is not None and not isinstance(columns, Mapping):
        raise InvalidDocumentsError(
            "The columns are not given as an object of roles and names.",
            hint="Give them as {'text': 'Body', 'id': 'SKU'}, or leave them out.",
        )
    return {str(role): str(name or "") for role, name in (columns or {}).items()}


def failed_import(filename: str, reason: str) -> ParsedDocuments:
    """An import of nothing, and why."""
    kind = FILE_KINDS.get(ending_of(filename), "")
    return ParsedDocuments((), _MODES.get(kind, kind or "lines"), (Problem(0, reason),), source=filename)


def with_empty_note(parsed: ParsedDocuments) -> ParsedDocuments:
    """The import with a sentence where it would be nothing without a word."""
    if parsed.documents or parsed.problems:
        return parsed
    reason = "This file holds column names and no rows below them." if parsed.columns else "This file holds no text."
    return replace(parsed, problems=(Problem(0, reason),))


def ending_of(filename: str) -> str:
    """What follows the last point of a file's name, in small letters; "" where there is none."""
    return filename.rsplit(".", 1)[-1].casefold() if "." in filename else ""


def detect_kind(filename: str, data: bytes, limits: Limits, *, briefly: bool = False) -> str:
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
    elif right := next((kind for kind, name in _CONTAINERS.items() if name == found), None):
        raise Unreadable(f"This file is {found} although its name ends in .{ending}. Rename it to .{right}.")
    elif found:
        raise Unreadable(f"This file is {found}, not the text that its name promises.")
    return kind


def _check_container(kind: str, found: str | None, data: bytes) -> None:
    """Refuse what is not the kind of packed or binary file that its name says."""
    name = _CONTAINERS[kind].partition(" ")[2]
    if found == _CONTAINERS[kind] or (kind == "zip" and data.startswith((b"PK\x03\x04", b"PK\x05\x06"))):
        return
    if kind == "pdf" and b"%PDF-" in data[:1024]:
        return
    if found == "a password-protected Office file":
        raise Unreadable(f"This {name.split()[-1]} is protected by a password. Save it without one and try again.")
    if found == "an old Excel workbook (.xls)":
        raise Unreadable(f"This is {found}. Open it and save it as .xlsx.")
    if found == "an old Office file" and kind in ("xlsx", "docx", "pptx"):
        raise Unreadable(f"This is an old {name}. Open it and save it as .{kind}.")
    if found == "a damaged archive":
        raise Unreadable(f"This {name} is damaged and could not be read.")
    raise Unreadable(f"This file's name says {name}, but it is {found or 'something else'}.")


def _unsupported(ending: str, briefly: bool) -> str:
    if ending in _OLD:
        name, instead = _OLD[ending]
        return f"This is {name} (.{ending}). Open it and save it as .{instead}."
    named = f"Files that end in .{ending}" if ending else "Files without an ending in their name"
    return f"{named} cannot be read{'' if briefly else f'; use {KIND_NAMES}'}."
