"""Ratings in tidy form: one row for each query, document and rater."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.imported import UNNAMED_RATER, ImportBuilder, Imported, check_cells
from rerank_core.evaluation.formats.opensearch_csv import column_key, csv_bytes

_COLUMNS = ("query", "docid", "rater", "rating")
_WITH_IDS = ("query_id", *_COLUMNS)
_HEADERS = {tuple(map(column_key, names)): names for names in (_COLUMNS, _WITH_IDS)}


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row is `query,docid,rater,rating` in any spelling, `query_id` before it or not."""
    return tuple(map(column_key, cells)) in _HEADERS


def read_ratings(text: str) -> Imported:
    """`query,docid,rater,rating`, or `query_id,query,docid,rater,rating` where a query's id is not its text.

    Each rater's ratings are kept apart in `raters`; a second one of the same rater for the same pair is reported and
    left out. A query may stand alone. Where no row names a rater they are the ratings of the file.
    """
    table = read_delimited(text, COLLECTION_LIMITS, by_quepid=True)
    builder = ImportBuilder("rater-ratings", problems=table.left_out(), reading_notes=list(table.notes))
    if not table.rows or not is_header(table.rows[0].cells):
        builder.refuse(
            table.rows[0].line if table.rows else 0,
            f"Such ratings begin with a row of column names: {','.join(_COLUMNS)}.",
        )
        return builder.finish()
    header, *body = table.rows
    names = _HEADERS[tuple(map(column_key, header.cells))]
    place = names.index("rater")
    apart = any(len(row.cells) > place and row.cells[place].strip() for row in body)
    for line, cells in body:
        if len(cells) != len(names):
            builder.refuse(line, f"This row has {len(cells)} cells where the header has {len(names)}.")
            continue
        row = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        query = row.get("query_id", row["query"])
        if not query:
            builder.refuse(line, "The query is blank.")
            continue
        builder.query(line, query, row["query"] or query)
        if row["docid"]:
            builder.rate(
                line, query, row["docid"], row["rating"], rater=(row["rater"] or UNNAMED_RATER) if apart else ""
            )
        elif row["rating"]:
            builder.refuse(line, "There is no document in this row.")
    return builder.finish()


def write_ratings(imported: Imported) -> bytes:
    """The ratings in that form, each rater's where they are kept apart, without a rater's name where they are not.
    Queries without ratings stand alone."""
    rows = list(_rows(imported))
    if not rows:
        raise InvalidRequestError("There are no queries to write.", hint="Load or rate some first.")
    check_cells([cell for row in rows for cell in row[:2]], "a table")
    check_cells([str(cell) for row in rows for cell in row[2:4] if cell != ""], "a table")
    same = all(row[0] == row[1] for row in rows)
    return csv_bytes([_COLUMNS, *(row[1:] for row in rows)] if same else [_WITH_IDS, *rows])


def _rows(imported: Imported) -> Iterator[list[str]]:
    by_rater = imported.raters or {"": imported.judgments}
    for query in imported.query_ids:
        text = imported.queries.get(query, query)
        rated = [(rater, own.get(query, {})) for rater, own in by_rater.items()]
        documents = dict.fromkeys(document for _, grades in rated for document in grades)
        if not documents:
            yield [query, text, "", "", ""]
        for document in documents:
            for rater, grades in rated:
                if document in grades:
                    yield [query, text, document, rater, str(grades[document])]
