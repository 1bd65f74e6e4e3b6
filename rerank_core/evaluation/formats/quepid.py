"""Ratings in the layouts of Quepid: one rating a row, a book with a column for each judge, and training data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import Table, unique_names
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.columns import is_role_name
from rerank_core.evaluation.formats.imported import ImportBuilder, Imported, check_cells, query_texts
from rerank_core.evaluation.formats.opensearch_csv import (
    column_key,
    csv_bytes,
    is_ratings_header,
    read_quepid_ratings,
    write_quepid_ratings,
)
from rerank_core.evaluation.grades.mapping import are_ratings

_QUERY_AND_DOCUMENT = ["query", "docid"]
# "3 qid:1 # 1370 star trek", with or without numbered features before the #
_LETOR = re.compile(r"docid\s*=\s*(\S+)", re.IGNORECASE)
_TRAINING = re.compile(r"\s*(?P<grade>\S+)\s+qid:(?P<query>\S+)(?P<features>[^#]*)(?:#(?P<about>.*))?")


def read_ratings(text: str) -> Imported:
    """Quepid's ratings: `query,docid,rating`, or of a book `query,docid` and a column for each judge, or training data
    for learning to rank, `rating qid:query # docid text of the query`. The judges' ratings are kept apart in `raters`.
    """
    if is_training_data([line for line in text[:10_000].split("\n")[:50] if line.strip()]):
        return _read_training_data(text)
    table = read_delimited(text, COLLECTION_LIMITS)
    if table.rows and _judges(table.rows[0].cells):
        return _read_book(table)
    return read_quepid_ratings(text)


def write_ratings(imported: Imported) -> bytes:
    """`query,docid,rating` for Quepid, or a column for each rater where their ratings are kept apart."""
    if not imported.raters:
        return write_quepid_ratings(imported)
    header = ["query", "docid", *imported.raters]
    if list(_judges(header)) != list(imported.raters):
        raise InvalidRequestError(
            f"The names of the raters cannot stand above columns: {', '.join(imported.raters)}.",
            hint="Download the ratings of one person at a time.",
        )
    rows: list[list[object]] = []
    for query, name in query_texts(imported, "Quepid").items():
        grades = [judgments.get(query, {}) for judgments in imported.raters.values()]
        documents = list(dict.fromkeys(document for own in grades for document in own))
        check_cells([name, *documents], "Quepid")
        rows += [[name, document, *(own.get(document) for own in grades)] for document in documents]
        if not documents:
            rows.append([name, "", *[""] * len(grades)])
    return csv_bytes([header, *rows])


def is_book(rows: Sequence[Row]) -> bool:
    """Whether a table is `query,docid` and columns that hold nothing but ratings, each with a judge's name above."""
    judges = _judges(rows[0].cells)
    return bool(judges) and are_ratings({cell for row in rows[1:] for cell in row.cells[2 : 2 + len(judges)]})


def is_training_data(lines: Sequence[str]) -> bool:
    """Whether most of these lines are `rating qid:query ...`."""
    data = [line for line in lines if not line.startswith("#")]
    return 2 * sum(_TRAINING.fullmatch(line.strip()) is not None for line in data) > len(data)


def _judges(header: Sequence[str]) -> tuple[str, ...]:
    """The names above the ratings of a book; empty where one of them means something else, or it is no book."""
    if [column_key(cell) for cell in header[:2]] != _QUERY_AND_DOCUMENT or is_ratings_header(header):
        return ()
    names = unique_names(header)[2:]
    return () if any(is_role_name(name) for name in names) else names


def _read_book(table: Table) -> Imported:
    header, *body = table.rows
    judges = _judges(header.cells)
    builder = ImportBuilder("quepid-ratings", problems=table.left_out(), reading_notes=list(table.notes))
    for line, cells in body:
        if len(cells) != len(header.cells):
            builder.refuse(line, f"This row has {len(cells)} cells where the header has {len(header.cells)}.")
            continue
        query, document, *ratings = (cell.strip() for cell in cells)
        if not query:
            builder.refuse(line, "The query is blank.")
            continue
        builder.query(line, query, query)
        if not document:
            if any(ratings):
                builder.refuse(line, "There is no document in this row.")
            continue
        _rate(builder, line, (query, document), dict(zip(judges, ratings, strict=True)))
    builder.raters = {judge: builder.raters[judge] for judge in judges if judge in builder.raters}
    names = ", ".join(f"'{judge}'" for judge in builder.raters)
    if len(builder.raters) > 1:
        builder.refuse(
            header.line, f"The columns {names} are read as ratings of {len(builder.raters)} people, kept apart."
        )
    elif builder.raters:
        builder.refuse(header.line, f"The column {names} is read as ratings of that person.")
    return builder.finish()


def _rate(builder: ImportBuilder, line: int, pair: tuple[str, str], ratings: Mapping[str, str]) -> None:
    """Take each judge's rating of a query and a document; their median is the rating of all."""
    query, document = pair
    if any(document in own.get(query, {}) for own in builder.raters.values()):
        builder.refuse(line, f"'{document}' was rated for '{query}' above; this row is left out.")
        return
    for judge, rating in ratings.items():
        builder.rate(line, query, document, rating, rater=judge)


def _read_training_data(text: str) -> Imported:
    builder = ImportBuilder("quepid-ratings")
    features = False
    nameless: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _TRAINING.fullmatch(line.strip())
        if found is None:
            builder.refuse(number, "This line is not 'rating qid:query # docid text of the query'.")
            continue
        query = found["query"]
        document, query_text = _about(found["about"] or "")
        if query_text:
            builder.query(number, query, query_text)
        if document:
            features = features or bool(found["features"].strip())
            builder.rate(number, query, document, found["grade"])
        else:
            nameless.append(number)
    if features:
        builder.refuse(0, "The numbered features before the # are left out; ratings and queries are read.")
    if nameless and not builder.judgments:
        builder.refuse(0, "The lines name no documents behind a #, so their ratings belong to none and are left out.")
    for number in nameless if builder.judgments else ():
        builder.refuse(number, "This line is not 'rating qid:query # docid text of the query'.")
    return builder.finish()


def _about(comment: str) -> tuple[str, str]:
    """The document and the text of the query in what stands behind the #: "7555 rambo", or "docid = GX029 inc = 1", as
    LETOR has it."""
    if named := _LETOR.match(comment.strip()):
        return named[1], ""
    document, _, query = comment.strip().partition(" ")
    return document, query.strip()
