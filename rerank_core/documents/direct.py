"""Files of text and tables, which are read in this process."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from rerank_core.documents.decoding import Unreadable, decode
from rerank_core.documents.limits import Limits
from rerank_core.documents.markup import markup_read, may_hold_markup, requested_markup
from rerank_core.documents.paste.json_documents import json_documents, json_lines
from rerank_core.documents.paste.json_text import NotJson, read_json
from rerank_core.documents.paste.markdown import read_markdown
from rerank_core.documents.paste.markdown_html import markdown_markup_read
from rerank_core.documents.paste.text_documents import read_paste
from rerank_core.documents.report import ParsedDocuments, Problem, controls
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.parquet import read_parquet
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import documents_of
from rerank_core.documents.tables.workbook import read_workbook

_BINARY_SHARE = 0.3


def read_directly(kind: str, filename: str, data: bytes, columns: dict[str, str], limits: Limits) -> ParsedDocuments:
    """Documents from a text, table or workbook that `detect_kind` has let through, in this process.

    Raises Unreadable for what cannot be read, InvalidDocumentsError for columns that cannot be met.
    """
    encoding = columns.pop("encoding", "")
    as_text = requested_markup(columns)
    if kind == "xlsx":
        return markup_read(_workbook(data, columns, limits), as_text=as_text)
    if kind == "parquet":
        return markup_read(_parquet(data, columns, limits), as_text=as_text)
    text, encoding, note = decode(data, encoding)
    text = text.removeprefix("\ufeff")
    columns.pop("sheet", None)
    if kind not in ("json", "jsonl") and controls(text):
        # what JSON escapes is meant, whatever it is; and where there are none, no document need be looked at for them
        limits = replace(limits, control_share=min(limits.control_share, _BINARY_SHARE))
    parsed = replace(_text(kind, text, columns, limits), source=filename, encoding=encoding)
    if may_hold_markup(text):
        parsed = (markdown_markup_read if kind == "markdown" else markup_read)(parsed, as_text=as_text)
    return replace(parsed, notes=(note, *parsed.notes)) if note else parsed


def _text(kind: str, text: str, columns: dict[str, str], limits: Limits) -> ParsedDocuments:
    if kind == "text":
        return read_paste(text, "auto", limits)
    if kind == "markdown":
        return read_markdown(text, limits)
    if kind in ("csv", "tsv"):
        table = read_delimited(text, limits, prefer="\t" if kind == "tsv" else ",")
        return documents_of(table, kind, limits, columns)
    columns.pop("header", None)
    if kind == "jsonl":
        return _json_lines(text, columns, limits)
    try:
        value = read_json(text)
    except NotJson as error:
        # JSON lines often come in a file that ends in .json
        parsed = json_lines(text, limits, "json", columns)
        if len(parsed.documents) > 1:
            return parsed
        return ParsedDocuments((), "json", (Problem(error.line, error.reason),))
    return json_documents(text, value, limits, "json", columns)


def _json_lines(text: str, columns: dict[str, str], limits: Limits) -> ParsedDocuments:
    """JSON lines; one array or object over several lines is read as the JSON that it is."""
    if text.lstrip()[:1] in ("[", "{"):
        with suppress(NotJson):
            return json_documents(text, read_json(text), limits, "jsonl", columns)
    return json_lines(text, limits, "jsonl", columns)


def _workbook(data: bytes, columns: dict[str, str], limits: Limits) -> ParsedDocuments:
    sheet = columns.pop("sheet", "")
    table, name, names = read_workbook(data, limits, sheet or None)
    if not table.rows:
        raise Unreadable("This workbook holds no rows.")
    return documents_of(table, "xlsx", limits, columns, sheet=name, sheets=names)


def _parquet(data: bytes, columns: dict[str, str], limits: Limits) -> ParsedDocuments:
    columns.pop("sheet", None)
    names, table = read_parquet(data, limits)
    if not table.rows:
        raise Unreadable("This Parquet file holds no rows.")
    named = replace(table, rows=[Row(0, names), *table.rows])
    return replace(documents_of(named, "parquet", limits, {**columns, "header": "yes"}), header=None)
