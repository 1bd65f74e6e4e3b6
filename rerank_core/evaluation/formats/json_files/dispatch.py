"""Which tool a JSON file is from, and the reader for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.paste.json_documents import value_documents
from rerank_core.documents.paste.json_text import NotJson
from rerank_core.documents.report import Problem, Problems
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import (
    by_query,
    elasticsearch,
    events,
    label_studio,
    quepid_json,
    rag,
    reranking,
    rows,
)
from rerank_core.evaluation.formats.json_files.loading import JsonFile, Record, load
from rerank_core.evaluation.formats.table import from_documents

UNCLEAR = (
    "It is not clear what this JSON holds. What is known: objects with the keys query, document or id, and rating, "
    "rank or score, or a query with the list of its documents; judgments, query sets and answers of OpenSearch and "
    "Elasticsearch; Quepid's cases and books; ratings and runs by query, as ranx and MTEB write them."
)
_ONLY_DOCUMENTS = "No queries were found, so these are documents, for the queries of another file."
_SAMPLE = 50

_BY_RECORD: Sequence[tuple[str, Callable[[Record], bool]]] = (
    ("label-studio", label_studio.is_task),
    ("reranking", reranking.is_reranking),
    ("ubi-events", events.is_event),
    ("rag-log", rag.is_log),
)
_READERS: Mapping[str, Callable[[JsonFile], Imported]] = {
    "opensearch-judgments": lambda file: elasticsearch.read_judgments(file.value),
    "opensearch-queries": lambda file: elasticsearch.read_queries(file.value),
    "rank-eval": lambda file: elasticsearch.read_rank_eval(file.value if isinstance(file.value, dict) else {}),
    "search-answer": elasticsearch.read_answers,
    "quepid-ratings": lambda file: quepid_json.read(file.value if isinstance(file.value, dict) else {}),
    "json-judgments": lambda file: by_query.read(file.value, "json-judgments"),
    "json-run": lambda file: by_query.read(file.value, "json-run"),
    "label-studio": lambda file: label_studio.read(file.records),
    "reranking": lambda file: reranking.read(file.records),
    "ubi-events": lambda file: events.read(file.records),
    "rag-log": lambda file: rag.read(file.records),
}
KINDS = (*_READERS, "json")
"""The kinds that come as JSON."""


def kind_of(file: JsonFile) -> str | None:
    """What a JSON file is, None where it is nothing of an evaluation."""
    value = file.value
    if quepid_json.is_case(value) or quepid_json.is_book(value):
        return "quepid-ratings"
    if found := elasticsearch.kind_of(value):
        return found
    sample = [record for _, record in _records(file)[:_SAMPLE]]
    if sum("queryText" in record for record in sample) * 2 > len(sample):
        return "opensearch-queries"
    for kind, fits in _BY_RECORD:
        if 2 * sum(map(fits, sample)) > len(sample):
            return kind
    if sample and 2 * sum(_is_row(record) for record in sample) > len(sample):
        return "json"
    return "search-answer" if elasticsearch.answers_of(value) else by_query.kind_of(value)


def read(text: str, kind: str, columns: Mapping[str, str]) -> Imported:
    """What a JSON text holds; an import of the kind "" that says so where that is not clear. `kind` is one of KINDS or
    "auto". `columns` may say which key is what, where each object is a row."""
    try:
        file = load(text)
    except NotJson as error:
        reason = f"This file begins like JSON, and is none. {error.reason}"
        return _unclear(reason) if kind == "auto" else Imported(kind, problems=(Problem(error.line, reason),))
    found = "json" if columns and kind in ("auto", "json") else kind_of(file) if kind == "auto" else kind
    if found is None:
        return _documents(file)
    records = _records(file)
    if found == "json":
        imported = _rows(file, columns)
    elif kind == "auto" and found in ("json-judgments", "json-run"):
        imported = by_query.read(file.value, found, guessed=True)
    else:
        imported = _READERS[found](replace(file, records=tuple(records)))
    imported = file.named(imported) if records is file.records else _without_lines(imported)
    problems = Problems(found=file.problems.by_line(), more=file.problems.more)
    problems.take(imported.problems, imported.more_problems)
    return replace(imported, kind=found, problems=problems.by_line(), more_problems=problems.more)


def _records(file: JsonFile) -> Sequence[tuple[int, Record]]:
    """The objects of a file: those of its list, those under the one key that holds them, or those that an object has
    by name, each of them then with its name as the id of its query."""
    value = file.value
    if file.lines or not isinstance(value, dict) or rows.query_of(value) is not None or reranking.is_reranking(value):
        return file.records
    for inside in value.values():
        if (
            isinstance(inside, list)
            and inside
            and all(isinstance(one, dict) for one in inside)
            and any(rows.query_of(one) is not None or label_studio.is_task(one) for one in inside[:_SAMPLE])
        ):
            return list(enumerate(inside, start=1))
    if value and all(isinstance(one, dict) and rows.query_of(one) is not None for one in value.values()):
        return [(0, {"query_id": name, **one}) for name, one in value.items()]
    return file.records


def _is_row(record: Record) -> bool:
    return rows.query_of(record) is not None or rows.is_judgment(record)


def _rows(file: JsonFile, columns: Mapping[str, str]) -> Imported:
    """Rows, or queries with the list of their documents."""
    records = _records(file)
    listed = list(rows.nested(records))
    if not listed:
        listed = [(place, {**record, **(rows.query_of(record) or {})}) for place, record in records]
    return rows.read_as_table("json", listed, columns)


def _documents(file: JsonFile) -> Imported:
    """The documents of JSON without queries, as the import of documents reads it."""
    parsed = value_documents(file.value, lambda places: [0] * len(places), COLLECTION_LIMITS, "json")
    if not parsed.documents:
        return _unclear(UNCLEAR)
    imported = from_documents(parsed, "json")
    return replace(imported, reading_notes=(_ONLY_DOCUMENTS, *imported.reading_notes), columns=(), chosen={})


def _without_lines(imported: Imported) -> Imported:
    return replace(imported, problems=tuple(problem._replace(line=0) for problem in imported.problems))


def _unclear(reason: str) -> Imported:
    return Imported("", reading_notes=(reason,))
