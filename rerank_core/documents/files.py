"""Uploaded files to documents: what kind a file is decides who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rerank_core.documents.decoding import Unreadable, decode, kind_of
from rerank_core.documents.delimited import read_delimited
from rerank_core.documents.json_text import Damaged, read_json
from rerank_core.documents.limits import DEFAULT_LIMITS, Limits, over
from rerank_core.documents.markdown import read_markdown
from rerank_core.documents.paste import json_documents, json_lines, parse_documents
from rerank_core.documents.report import ParsedDocuments, Problem
from rerank_core.documents.tables import documents_of
from rerank_core.documents.workbook import read_workbook
from rerank_core.errors import InvalidDocumentsError

__all__ = ["FILE_KINDS", "read_documents"]

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
}
"""File name endings that can be read, and what reads them."""

_BINARY_SHARE = 0.3

_MODES = {"text": "lines", "markdown": "sections", "csv": "csv", "tsv": "tsv", "xlsx": "xlsx", "json": "json"}


def read_documents(
    filename: str, data: bytes, columns: Mapping[str, str] | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> ParsedDocuments:
    """Documents from one uploaded file.

    TXT splits as a paste does, Markdown by its headings; CSV, TSV and XLSX give one document a row, JSON
    and JSON lines one an item. For those `columns` says which column or key serves as "text", "id",
    "title", "rank", "score" or "url", guessed where it is silent and none where it is ""; every column but
    the text and the id stays in the metadata as it is. `columns` may also name the "sheet" of a workbook
    and say whether the first row is a "header" ("yes" or "no").

    What cannot be read comes back as problems, each a line and a sentence, and whatever can be read is
    kept. Raises InvalidDocumentsError only for what the caller must change: a role, column or sheet that
    does not exist, or arguments of the wrong type.
    """
    if not isinstance(filename, str):
        raise InvalidDocumentsError("The file's name is not text.", hint="Give the name with its ending.")
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidDocumentsError("The file's content is not bytes.", hint="Read the file in binary mode.")
    wishes = {str(role): str(name or "") for role, name in (columns or {}).items()}
    ending = filename.rsplit(".", 1)[-1].casefold() if "." in filename else ""
    kind = FILE_KINDS.get(ending, "")
    try:
        parsed = replace(_read(ending, kind, bytes(data), wishes, limits), source=filename)
    except Unreadable as error:
        return ParsedDocuments((), _MODES.get(kind, "lines"), (Problem(0, error.reason),), source=filename)

    if parsed.documents or parsed.problems:
        return parsed
    reason = "This file holds column names and no rows below them." if parsed.columns else "This file holds no text."
    return replace(parsed, problems=(Problem(0, reason),))


def _read(ending: str, kind: str, data: bytes, wishes: dict[str, str], limits: Limits) -> ParsedDocuments:
    if not kind:
        raise Unreadable(_unsupported(ending))
    if len(data) > limits.file_bytes:
        raise Unreadable(f"This file is {over(len(data), limits.file_bytes)}.")
    if not data.strip(b" \t\r\n\x0b\x0c\xef\xbb\xbf\xff\xfe\x00"):
        raise Unreadable("This file is empty.")
    found = kind_of(data)
    if kind == "xlsx":
        return _workbook(found, data, wishes, limits)
    if found == "an Excel workbook":
        raise Unreadable(f"This file is an Excel workbook although its name ends in .{ending}. Rename it to .xlsx.")
    if found:
        raise Unreadable(f"This file is {found}, not the text that its name promises.")
    text, note = decode(data)
    text = text.removeprefix("\ufeff")
    wishes.pop("sheet", None)
    if kind not in ("json", "jsonl"):
        # what JSON escapes is meant, whatever it is
        limits = replace(limits, control_share=min(limits.control_share, _BINARY_SHARE))
    parsed = _text(kind, text, wishes, limits)
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


def _workbook(found: str | None, data: bytes, wishes: dict[str, str], limits: Limits) -> ParsedDocuments:
    if found == "a password-protected Office file":
        raise Unreadable("This workbook is protected by a password. Save it without one and try again.")
    if found == "an old Excel workbook (.xls)":
        raise Unreadable("This is an old Excel workbook (.xls). Open it and save it as .xlsx.")
    if found != "an Excel workbook":
        raise Unreadable(f"This file's name says Excel workbook, but it is {found or 'something else'}.")
    sheet = wishes.pop("sheet", "")
    table, name, names = read_workbook(data, limits, sheet or None)
    if not table.rows:
        raise Unreadable("This workbook holds no rows.")
    return documents_of(table, "xlsx", limits, wishes, sheet=name, sheets=names)


def _unsupported(ending: str) -> str:
    kinds = "TXT, MD, CSV, TSV, XLSX, JSON or JSONL"
    if ending == "xls":
        return "This is an old Excel workbook (.xls). Open it and save it as .xlsx."
    named = f"Files that end in .{ending}" if ending else "Files without an ending in their name"
    return f"{named} cannot be read; use {kinds}."
