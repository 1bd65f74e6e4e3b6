"""Objects as rows of a table: one a document of a query, or a query with the list of its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.report import Problem
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import Table
from rerank_core.documents.tables.values import cell
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files.loading import Placed, Record
from rerank_core.evaluation.formats.kinds import READABLE
from rerank_core.evaluation.formats.table import read_rows

QUERIES = ("query", "query text", "question", "user input", "user query", "search query", "search term", "prompt", "q")
"""Names of the key that holds a query, best first, as `fields.normal` has them."""

_MOST_CELLS, _FEWEST_COLUMNS = 2_000_000, 50
_IDS = ("query id", "qid", "question id", "q id", "topic id", "id")
LISTS = fields.listed_names(
    "documents, docs, results, hits, candidates, passages, ctxs, contexts, retrieved contexts, retrieved documents, "
    "source documents, ratings, judgments, judgements, search results, items, chunks"
)
"""Names of the key that holds the documents of a query, best first."""

_TEXTS = ("text", "content", "contents", "body", "passage", "segment", "page content", "chunk")
_LEVELS = 2


def key_of(record: Record, names: Sequence[str]) -> str | None:
    """The key of an object that is best known by one of the names."""
    keys = {fields.normal(str(key)): key for key in reversed(list(record))}
    return next((keys[name] for name in names if name in keys), None)


def query_of(record: Record) -> dict[str, str] | None:
    """What an object says of its query, as roles; None where it has no key for one."""
    key = key_of(record, QUERIES)
    if key is None:
        return None
    value = record[key]
    if isinstance(value, dict):
        text, name = key_of(value, ("text", *QUERIES, "title")), key_of(value, _IDS)
        found = {"query": cell(value[text]) if text else "", "query_id": cell(value[name]) if name else ""}
    else:
        found = {"query": cell(value)}
        name = key_of(record, _IDS[:-1])
        if name is not None and not isinstance(record[name], dict | list):
            found["query_id"] = cell(record[name])
    known = {role: text for role, text in found.items() if text.strip()}
    return known or {"query": ""}


def documents_under(record: Record) -> str | None:
    """The key of a query's documents: a list of objects or of texts under a name that is known."""
    key = key_of(record, LISTS)
    if key is None or not isinstance(record[key], list):
        return None
    return key if all(isinstance(one, dict | str) for one in record[key]) else None


def nested(records: Iterable[Placed]) -> Iterator[tuple[int, dict[str, Any]]]:
    """A row for each document of objects that hold a query and the list of its documents; one without documents is a
    row as well. Keys of the query's own are left out but for its id."""
    for place, record in records:
        about = query_of(record)
        key = documents_under(record)
        if about is None or key is None:
            continue
        if "query_id" not in about and (name := key_of(record, ("id",))) is not None:
            about["query_id"] = cell(record[name])
        if not record[key]:
            yield place, about
        for document in record[key]:
            yield place, {**about, **(flat(document) if isinstance(document, dict) else {"document": document})}


def flat(record: Record) -> dict[str, Any]:
    """An object whose parts are what it holds inside: `doc`, `_source`, `metadata` and the like are opened, the outer
    name winning."""
    found: dict[str, Any] = {}
    level: list[Record] = [record]
    for _ in range(_LEVELS):
        inside: list[Record] = []
        for one in level:
            for key, value in one.items():
                if isinstance(value, dict):
                    inside.append(value)
                else:
                    found.setdefault(str(key), value)
        level = inside
    return found


def read(
    kind: str, rows: Iterable[tuple[int, Mapping[str, Any]]], roles: Mapping[str, str], notes: Sequence[str] = ()
) -> Imported:
    """Rows of which it is known what each key is; a role whose key is in none of them is left out."""
    listed = list(rows)
    keys = {str(key) for _, row in listed for key in row}
    if not listed:
        return Imported(kind, problems=(Problem(0, f"This file holds nothing that '{READABLE[kind].label}' has."),))
    return read_as_table(kind, listed, {role: key if key in keys else "" for role, key in roles.items()}, notes)


def read_as_table(
    kind: str,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    columns: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Imported:
    """Rows as the table that they would be in a spreadsheet, with a column for each key, of very many only those that
    most rows have."""
    listed = list(rows)
    names, left = columns_of([row for _, row in listed], set((columns or {}).values()))
    if left:
        notes = (*notes, f"The objects have {left:,} more different keys, which few of them have; they were left out.")
    table = Table([Row(place, [cell(row.get(name)) for name in names]) for place, row in listed], ragged=False)
    return read_rows(kind, table, names, columns, notes)


def columns_of(rows: Sequence[Mapping[str, Any]], wanted: Set[str]) -> tuple[list[str], int]:
    """The keys that rows have, in their order, and how many were left out. As many objects as there are keys, each with
    a key of its own, would make a table of the square of their number; then those count that most rows have, and those
    that are `wanted`."""
    counts = Counter(str(key) for row in rows for key in row)
    most = min(COLLECTION_LIMITS.columns, max(_FEWEST_COLUMNS, _MOST_CELLS // max(1, len(rows))))
    kept = (
        set(counts) if len(counts) <= most else {name for name, _ in counts.most_common(most)} | wanted & counts.keys()
    )
    return [name for name in counts if name in kept], len(counts) - len(kept)


def is_judgment(record: Record) -> bool:
    """Whether an object names a query by its id and a document, as one line of judgments or of a run does."""
    names = {fields.normal(str(key)) for key in record}
    return bool(names & {"query id", "qid", "q id"}) and bool(
        names & {"corpus id", "doc id", "docid", "docno", "document id", "passage id", "pid", "product id"}
    )
