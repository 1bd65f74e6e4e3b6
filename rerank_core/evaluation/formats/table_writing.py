"""A set of queries as one spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rerank_core.documents.tables import fields
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.columns import TABLE_ROLES
from rerank_core.evaluation.formats.imported import Imported, check_cells
from rerank_core.evaluation.formats.opensearch_csv import csv_bytes


def write_table(imported: Imported) -> bytes:
    """The import as one CSV, a row for each document of each query, that `read_table` gives back unchanged.

    Columns that would only repeat another (query_id, id) or stay empty are left out.
    """
    queries = imported.query_ids
    if not queries:
        raise InvalidRequestError("There are no queries to write.", hint="Load or rate some first.")
    rows: list[dict[str, object]] = []
    for query in queries:
        about = {"query_id": query, "query": imported.queries.get(query, query), "tag": imported.tags.get(query, "")}
        check_cells([query, about["query"], about["tag"] or "-"], "a table")
        ranked, grades = imported.run.get(query, ()), imported.judgments.get(query, {})
        scores = imported.scores.get(query, {})
        check_cells([*ranked, *grades], "a table")
        ranks = {document: rank for rank, document in enumerate(ranked, start=1)}
        for document in dict.fromkeys([*ranked, *grades]):
            rows.append(
                {
                    **{_beside(str(name)): str(cell) for name, cell in imported.metadata.get(document, {}).items()},
                    **about,
                    "id": document,
                    "document": imported.documents.get(document, ""),
                    "title": imported.title(document),
                    "rank": ranks.get(document),
                    "score": scores.get(document),
                    "rating": grades.get(document),
                }
            )
        if not ranked and not grades:
            rows.append(dict(about))
    wanted = _needed(rows)
    return csv_bytes([wanted, *([row.get(name) for name in wanted] for row in rows)])


def _beside(column: str) -> str:
    """The name of a further column, another one where it would be taken for a column of the table's own."""
    mine = column != "title" and fields.normal(column) in {fields.normal(role) for role in TABLE_ROLES}
    return f"{column} (2)" if mine else column


def _needed(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The columns worth writing. Ranks always are, since without them the place of a row would count."""
    used = {name for row in rows for name, value in row.items() if value not in (None, "")} | {
        "query",
        "document",
        "rank",
    }
    if all(row["query_id"] == row["query"] for row in rows):
        used.discard("query_id")
    if all(row.get("id", "") == row.get("document", "") for row in rows):
        used.discard("id")
    extra = dict.fromkeys(name for row in rows for name in row if name not in TABLE_ROLES)
    return [name for name in (*TABLE_ROLES, *extra) if name in used]
