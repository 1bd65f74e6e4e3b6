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


def _unsupported(ending: str, briefly: bool) -> str:
    if ending in _OLD:
        return f"This is {_OLD[ending]} (.{ending}). Open it and save it as {_INSTEAD[ending]}."
    named = f"Files that end in .{ending}" if ending else "Files without an ending in their name"
    return f"{named} cannot be read{'' if briefly else f'; use {KIND_NAMES}'}."


EXTRACTED_KINDS = {
    "pdf": "PDF",
    "docx": "Word document",
    "pptx": "PowerPoint presentation",
    "html": "web page",
    "eml": "mail",
    "epub": "EPUB book",
    "zip": "ZIP archive",
}
"""The kinds that are read here, and what each is called in a sentence."""
