"""Settled grades as a file."""

from __future__ import annotations

from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.exports.tables import csv_text

_COLUMNS = ("query_id", "query", "docid", "rating", "settled_by", "settled_at")


def settled_csv(query_set: QuerySet) -> bytes:
    """`query_id,query,docid,rating,settled_by,settled_at`, a row for each settled grade: UTF-8 with a byte order
    mark, so that Excel reads it as such; times are ISO 8601 in UTC. Read as ratings, they are those of the file."""
    texts = {query.id: query.text for query in query_set.queries}
    rows = (
        (query, texts.get(query, query), document, one.grade, one.by, one.at.isoformat(timespec="seconds"))
        for query, own in query_set.settled.items()
        for document, one in own.items()
    )
    return csv_text([_COLUMNS, *rows]).encode("utf-8-sig")
