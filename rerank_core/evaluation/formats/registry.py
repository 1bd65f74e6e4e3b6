"""Query sets, ratings and runs from files and back to files, in the formats that other tools use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rerank_core.documents.decoding import Unreadable, decode, kind_of
from rerank_core.documents.kinds import requested_columns
from rerank_core.documents.limits import COLLECTION_LIMITS, megabytes
from rerank_core.documents.markup import requested_markup
from rerank_core.documents.report import Problem
from rerank_core.documents.tables.parquet import read_parquet
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats import (
    json_lines,
    opensearch_csv,
    quepid,
    rater_ratings,
    table,
    table_writing,
    topics,
    trec,
    unnamed,
)
from rerank_core.evaluation.formats.detection import detect
from rerank_core.evaluation.formats.gzipped import gunzip
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import dispatch, reranking
from rerank_core.evaluation.formats.json_files.loading import is_json
from rerank_core.evaluation.formats.kinds import KINDS, READABLE
from rerank_core.evaluation.formats.markup import markup_read
from rerank_core.evaluation.grades.values import RATINGS, mapped_by_hand

_READERS: Mapping[str, Callable[[str], Imported]] = {
    "quepid-ratings": quepid.read_ratings,
    "rater-ratings": rater_ratings.read_ratings,
    "quepid-snapshot": opensearch_csv.read_quepid_snapshot,
    "opensearch-judgments": opensearch_csv.read_opensearch_judgments,
    "opensearch-queries": json_lines.read_opensearch_queries,
    "trec-qrels": trec.read_qrels,
    "trec-run": trec.read_run,
    "trec-topics": topics.read_topics,
    "ranked-run": unnamed.read_ranked,
    "scored-run": unnamed.read_scored,
    "top1000": unnamed.read_top1000,
    "id-queries": unnamed.read_queries,
    "id-documents": unnamed.read_documents,
    "reranking": reranking.read_table,
}
_WRITERS: Mapping[str, Callable[[Imported], bytes]] = {
    "table": table_writing.write_table,
    "quepid-ratings": quepid.write_ratings,
    "rater-ratings": rater_ratings.write_ratings,
    "quepid-snapshot": opensearch_csv.write_quepid_snapshot,
    "opensearch-judgments": opensearch_csv.write_opensearch_judgments,
    "opensearch-queries": json_lines.write_opensearch_queries,
    "trec-qrels": trec.write_qrels,
    "trec-run": trec.write_run,
    "beir": json_lines.write_beir,
}
UNCLEAR_HINT = (
    "Choose its kind, or say which column is what; in the first row, names such as query, document, id, rank and "
    "rating are known."
)


def read_directly(filename: str, data: bytes, kind: str, columns: Mapping[str, str] | None) -> Imported:
    """What `reading.read` gives, read in this process whatever the file is; an import of no kind, with the columns
    that the file has if it is a table, where "auto" cannot tell what it is."""
    if kind != "auto" and kind not in READABLE:
        known = ", ".join(READABLE)
        raise InvalidRequestError(f"There is no kind of file called '{kind}'.", hint=f"Use one of {known}.")
    requested = requested_columns(columns)
    as_text = requested_markup(requested)
    with mapped_by_hand(requested.pop(RATINGS, "")):
        read = markup_read(_read(filename, data, kind, requested), as_text=as_text)
    if read.query_ids or read.documents or read.problems or read.reading_notes:
        return read
    return replace(read, problems=(Problem(0, "This file holds no rows, or none below the names of its columns."),))


def _read(filename: str, data: bytes, kind: str, requested: dict[str, str]) -> Imported:
    encoding = requested.pop("encoding", "")
    if not data or data.isspace():
        return unread(kind, "The file is empty.")
    if len(data) > COLLECTION_LIMITS.file_bytes:
        return unread(
            kind, f"The file has {megabytes(len(data))}; at most {megabytes(COLLECTION_LIMITS.file_bytes)} are read."
        )
    what = kind_of(data)
    try:
        if what == "an Excel workbook" and kind in ("auto", "table"):
            return table.read_table_workbook(data, requested)
        if what == "a Parquet file" and kind in ("auto", "table"):
            requested.pop("sheet", None)
            names, rows = read_parquet(data, COLLECTION_LIMITS, "evaluation")
            return table.read_rows("table", rows, names, requested)
        if what == "a ZIP archive" and kind in ("auto", "beir"):
            return json_lines.read_beir(data, encoding)
        if what == "a gzip archive":
            inside = gunzip(data)
            if kind_of(inside) == "a gzip archive":
                return unread(kind, "This gzip file holds another one. Unpack it first.")
            name = filename[:-3] if filename.lower().endswith(".gz") else filename
            return _read(name, inside, kind, {**requested, "encoding": encoding})
        if what is not None:
            known = "CSV, Excel (.xlsx), Parquet, JSON lines, TREC or BEIR" if kind == "auto" else READABLE[kind].label
            return unread(kind, f"This file is {what}, which is not read here. Save it in another format: {known}.")
        text, encoding, note = decode(data, encoding)
    except Unreadable as error:
        return unread(kind, error.reason)
    requested.pop("sheet", None)
    imported = _read_text(filename, text, kind, requested)
    notes = (note, *imported.reading_notes) if note else imported.reading_notes
    return replace(imported, encoding=encoding, reading_notes=notes)


def _read_text(filename: str, text: str, kind: str, columns: Mapping[str, str]) -> Imported:
    if is_json(filename, text) and kind in ("auto", *dispatch.KINDS) and not json_lines.is_streamed(text):
        return dispatch.read(text, kind, {role: name for role, name in columns.items() if role != "header"})
    if kind not in ("auto", "table", "beir", *_READERS):
        return unread(kind, f"This is no JSON, which '{READABLE[kind].label}' is.")
    if kind == "auto":
        # whoever says what a column is says that it is a table, whatever the columns are called
        kind = "table" if columns.keys() - {"header"} else detect(filename, text) or ""
    if not kind:
        if filename.lower().endswith((".json", ".jsonl", ".ndjson")):
            return Imported("", reading_notes=(dispatch.UNCLEAR,))
        unclear = f"It is not clear what kind of file this is. {UNCLEAR_HINT}"
        return replace(table.read_columns(text, columns), reading_notes=(unclear,))
    if kind == "table":
        return table.read_table(text, columns)
    if kind == "beir":
        return json_lines.read_beir_part(filename, text)
    return _READERS[kind](text)


def write(kind: str, imported: Imported) -> bytes:
    """The content as a file of this kind; `read` gives back all of it that the format has a place for.

    Raises InvalidRequestError for an unknown kind, where there is nothing to write, and where an id cannot be
    held by the format, so that nothing is lost in silence.
    """
    if kind not in KINDS:
        raise InvalidRequestError(f"There is no kind of file called '{kind}'.", hint=f"Use one of {', '.join(KINDS)}.")
    return _WRITERS[kind](imported)


def unread(kind: str, reason: str) -> Imported:
    """An import of nothing, and why; `kind` is what it was to be."""
    return Imported("table" if kind == "auto" else kind, problems=(Problem(0, reason),))
