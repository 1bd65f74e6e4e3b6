"""Ratings and snapshots as Quepid and OpenSearch's search relevance workbench write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.guess import guess_columns
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.imported import (
    ImportBuilder,
    Imported,
    check_cells,
    parse_number,
    query_texts,
)
from rerank_core.evaluation.formats.unnamed import RATINGS_NOTE, read_rows
from rerank_core.exports.tables import csv_text

_RATINGS = ("query", "docid", "rating")
_SNAPSHOT = ("Snapshot Name", "Snapshot Time", "Case ID", "Query Text", "Doc ID", "Doc Position")
_NOTES = {
    "snapshotname": "snapshot_name",
    "snapshottime": "snapshot_time",
    "caseid": "case_id",
    "teamname": "team_name",
    "casename": "case_name",
}
_KNOWN = {*_NOTES, "querytext", "docid", "docposition", "position", "rating"}
_OPTIONAL = {"Team Name": "team_name", "Case Name": "case_name"}


def column_key(name: str) -> str:
    """A column name as it is compared here: "Doc ID", "doc_id" and "docid" are the same."""
    return fields.normal(name).replace(" ", "")


def is_ratings_header(cells: Sequence[str]) -> bool:
    """Whether a row is `query,docid,rating` in any spelling."""
    return [column_key(cell) for cell in cells] == list(_RATINGS)


def is_snapshot_header(cells: Sequence[str]) -> bool:
    """Whether a row is the header of a Quepid snapshot or of a static file for one."""
    keys = {column_key(cell) for cell in cells}
    return {"querytext", "docid"} <= keys and bool(keys & {"docposition", "position", "snapshotname"})


def read_quepid_ratings(text: str) -> Imported:
    """Quepid's ratings: `query,docid,rating`; a query may stand alone (`star trek,,`). The text is the query's id."""
    return _read_ratings(text, "quepid-ratings")


def read_opensearch_judgments(text: str) -> Imported:
    """OpenSearch's judgments: `query,docid,rating` with or without a header; every cell must be filled."""
    return _read_ratings(text, "opensearch-judgments")


def read_quepid_snapshot(text: str) -> Imported:
    """A Quepid snapshot: one row a result, with its position; the files for static cases are read too.

    Columns beyond Quepid's own become metadata of the document, the one that looks most like its text also its
    text. A row without a document stands for a query that found nothing, one with a rating and no position for a
    document that was rated and not found. Of several snapshots in one file the first is read.
    """
    table = read_delimited(text, COLLECTION_LIMITS, by_quepid=True)
    builder = ImportBuilder("quepid-snapshot", problems=table.left_out(), reading_notes=list(table.notes))
    rows = list(table.rows)
    if not rows or not is_snapshot_header(rows[0].cells):
        builder.refuse(
            rows[0].line if rows else 0, "A snapshot begins with a row of column names, Query Text among them."
        )
        return builder.finish()
    names = [cell.strip() for cell in rows[0].cells]
    keys = [column_key(name) for name in names]
    extra = [name for name, key in zip(names, keys, strict=True) if key not in _KNOWN]
    text_column = guess_columns(extra, [_extra(row.cells, names, extra) for row in rows[1:50]]).chosen.get("text")
    if text_column:
        builder.notes["text_column"] = text_column
    for line, cells in rows[1:]:
        if len(cells) != len(names):
            builder.refuse(line, f"This row has {len(cells)} cells where the header has {len(names)}.")
            continue
        row = dict(zip(keys, cells, strict=True))
        _snapshot_row(builder, line, row, dict(zip(extra, _extra(cells, names, extra), strict=True)), text_column)
    return builder.finish()


def write_quepid_ratings(imported: Imported) -> bytes:
    """`query,docid,rating` for Quepid; queries without ratings stand alone."""
    rows: list[list[object]] = []
    for query, name in query_texts(imported, "Quepid").items():
        grades = imported.judgments.get(query, {})
        check_cells([name, *grades], "Quepid")
        rows += [[name, document, grade] for document, grade in grades.items()] or [[name, "", ""]]
    if not rows:
        raise InvalidRequestError("There are no queries to write.", hint="Load or rate some first.")
    return csv_bytes([list(_RATINGS), *rows])


def write_opensearch_judgments(imported: Imported) -> bytes:
    """`query,docid,rating` for OpenSearch, which reads a file line by line, so that no cell may hold a line break."""
    if not any(imported.judgments.values()):
        raise InvalidRequestError("There are no judgments to write.", hint="Rate some results first.")
    rows: list[list[object]] = []
    for query, name in query_texts(imported, "OpenSearch").items():
        grades = imported.judgments.get(query, {})
        check_cells([name, *grades] if grades else [], "OpenSearch", one_line=True)
        rows += [[name, document, grade] for document, grade in grades.items()]
    return csv_bytes([list(_RATINGS), *rows])


def write_quepid_snapshot(imported: Imported) -> bytes:
    """A run as a Quepid snapshot, with the ratings, the documents' text, title and metadata as further columns.

    The text goes into the column that it came from, by default "text". Rows of documents that were rated and not
    found have no position.
    """
    if not imported.run:
        raise InvalidRequestError("There is no run to write.", hint="Rerank some queries first.")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = {"snapshot_name": "Rerank Playground", "snapshot_time": now, "case_id": "", **imported.notes}
    optional = {column: notes[note] for column, note in _OPTIONAL.items() if notes.get(note)}
    head = [*optional.values(), notes["snapshot_name"], notes["snapshot_time"], notes["case_id"]]
    rated = ["Rating"] * any(imported.judgments.values())
    extra, cells_of = _extra_columns(imported)
    rows: list[list[object]] = [[*optional, *_SNAPSHOT, *rated, *extra]]
    for query, name in query_texts(imported, "Quepid").items():
        grades = imported.judgments.get(query, {})
        ranks = {document: rank for rank, document in enumerate(imported.run.get(query, ()), start=1)}
        check_cells([name, *ranks, *grades], "Quepid")
        for document in dict.fromkeys([*ranks, *grades]):
            about = [ranks.get(document), *[grades.get(document)] * len(rated)]
            own = cells_of(document)
            rows.append([*head, name, document, *about, *(own.get(column, "") for column in extra)])
        if not ranks and query in imported.run:
            rows.append([*head, name, "", "", *[""] * len(rated + extra)])
    return csv_bytes(rows)


def _extra_columns(imported: Imported) -> tuple[list[str], Callable[[str], dict[str, str]]]:
    """The further columns of a snapshot, and what gives the cells that a document has in them. A column whose name
    means something else there gets another name."""
    found = dict.fromkeys(str(name) for cells in imported.metadata.values() for name in cells)
    text = imported.notes.get("text_column", "")
    taken = _KNOWN if text else {*_KNOWN, "text"}
    names = {name: f"{name} (2)" if column_key(name) in taken else name for name in found}
    text = text or "text"
    extra = list(dict.fromkeys([*["title"] * bool(imported.titles), *names.values()]))
    if imported.documents and text not in extra:
        extra.append(text)

    def cells_of(document: str) -> dict[str, str]:
        cells = {names[str(name)]: str(cell) for name, cell in imported.metadata.get(document, {}).items()}
        if imported.titles:
            cells["title"] = imported.title(document)
        if document in imported.documents:
            cells[text] = imported.documents[document]
        return cells

    return extra, cells_of


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as UTF-8 CSV without a byte order mark, which these programs would read as a part of the first name."""
    return csv_text(rows).encode()


def _read_ratings(text: str, kind: str) -> Imported:
    table = read_rows(text) if kind == "opensearch-judgments" else read_delimited(text, COLLECTION_LIMITS)
    builder = ImportBuilder(kind, problems=table.left_out(), reading_notes=list(table.notes))
    named = bool(table.rows) and is_ratings_header(table.rows[0].cells)
    below = table.rows[1:] if named else table.rows
    if below and not named:
        builder.reading_notes.append(RATINGS_NOTE)
    for line, cells in below:
        if len(cells) != 3:
            builder.refuse(line, f"This row has {len(cells)} cells; it takes 3: query, docid and rating.")
            continue
        query, document, rating = (cell.strip() for cell in cells)
        if kind == "opensearch-judgments" and not (query and document and rating):
            builder.refuse(line, "Query, document id and rating must all be filled.")
        elif not query:
            builder.refuse(line, "The query is blank.")
        else:
            builder.query(line, query, query)
            if document and rating:
                builder.rate(line, query, document, rating)
            elif document or rating:
                builder.refuse(line, f"There is no {'rating' if document else 'document'} in this row.")
    return builder.finish()


def _extra(cells: Sequence[str], names: Sequence[str], extra: Sequence[str]) -> list[str]:
    by_name = dict(zip(names, cells, strict=False))
    return [by_name.get(name, "") for name in extra]


def _snapshot_row(
    builder: ImportBuilder, line: int, row: dict[str, str], extra: dict[str, str], text_column: str | None
) -> None:
    for key, note in _NOTES.items():
        value = row.get(key, "").strip()
        if value and builder.notes.setdefault(note, value) != value and key == "snapshotname":
            builder.refuse(line, f"This row is of another snapshot, '{value}'; '{builder.notes[note]}' is read.")
            return
    query, document = row["querytext"].strip(), row["docid"].strip()
    position = row.get("docposition", row.get("position", "")).strip()
    if not query:
        builder.refuse(line, "The query is blank.")
        return
    builder.query(line, query, query)
    if not document:
        builder.places.setdefault(query, {})
        if position:
            builder.refuse(line, "The document id is blank.")
        return
    rating = row.get("rating", "").strip()
    if position or not rating or not {"docposition", "position"} & row.keys():
        try:
            place = parse_number(position, "position") if position else float("inf")
        except ValueError as error:
            builder.refuse(line, str(error))
            return
        if not builder.place(line, query, document, (place, line)):
            return
    if rating:
        builder.rate(line, query, document, rating)
    if extra:
        builder.cells(line, document, extra, blank=True)
    if text_column and extra[text_column].strip():
        builder.documents.setdefault(document, extra[text_column])
