"""The formats of queries, ratings and results that are known, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: its `label` and `description` for a person, and the usual `file_name` of such a file."""

    id: str
    label: str
    description: str
    file_name: str


def _by_id(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.id: kind for kind in kinds}


KINDS = _by_id(
    Kind("table", "Spreadsheet", "CSV or Excel with query and document columns", "queries.csv"),
    Kind("quepid-ratings", "Quepid ratings", "CSV: query, docid, rating", "ratings.csv"),
    Kind("rater-ratings", "Ratings of each rater", "CSV: query, docid, rater, rating, a row each", "ratings.csv"),
    Kind("quepid-snapshot", "Quepid snapshot", "CSV: one row a result, with its position", "snapshot.csv"),
    Kind("opensearch-judgments", "OpenSearch judgments", "CSV: query, docid, rating", "judgments.csv"),
    Kind("opensearch-queries", "OpenSearch query set", "JSON lines, or one query a line", "queries.ndjson"),
    Kind("trec-qrels", "TREC qrels", "query, 0, document, grade", "judgments.qrels"),
    Kind("trec-run", "TREC run", "query, Q0, document, rank, score, name", "results.run"),
    Kind("beir", "BEIR collection", "ZIP of corpus.jsonl, queries.jsonl and qrels", "collection.zip"),
)
"""Every format that can be read and written, by its id."""

READ_ONLY = _by_id(
    Kind("trec-topics", "TREC topics", "<top> or <topic> with a number and a title", "topics.txt"),
    Kind("ranked-run", "Run with ranks", "query, document, rank, as MS MARCO has them", "run.tsv"),
    Kind("scored-run", "Run with scores", "query, document, score", "run.tsv"),
    Kind("top1000", "MS MARCO top 1000", "query id, document id, query, document", "top1000.tsv"),
    Kind("id-queries", "Queries with ids", "id and query, without names above", "queries.tsv"),
    Kind("id-documents", "Documents with ids", "id and text, without names above", "collection.tsv"),
    Kind("json", "JSON", "rows or nested lists: query, documents, id, text, rating", "queries.json"),
    Kind("json-judgments", "Ratings by query", "JSON: {query: {document: rating}}", "qrels.json"),
    Kind("json-run", "Run by query", "JSON: {query: {document: score}}", "run.json"),
    Kind("rank-eval", "_rank_eval", "Elasticsearch's request with ratings, or its answer", "rank_eval.json"),
    Kind("search-answer", "Search results", "JSON as a search engine answers", "results.json"),
    Kind("reranking", "Relevant and other texts", "query, positive, negative, a line each", "reranking.jsonl"),
    Kind("rag-log", "RAG log", "questions with what was retrieved", "rag.jsonl"),
    Kind("label-studio", "Label Studio", "JSON of tasks and annotations", "project.json"),
    Kind("ubi-events", "UBI events", "searches and clicks, which are no ratings", "ubi.ndjson"),
)
"""The formats that are read and not written, by their ids."""

READABLE: Mapping[str, Kind] = {**KINDS, **READ_ONLY}
"""Every format that can be read, by its id."""
