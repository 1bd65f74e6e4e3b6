"""A table of queries with their documents in which no row needs a look of its own, taken over column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import eq, ne
from typing import NamedTuple

from rerank_core.documents.tables.rows import PlainRows
from rerank_core.documents.tables.table import is_error
from rerank_core.evaluation.formats.imported import ImportBuilder
from rerank_core.evaluation.formats.json_files.annotations import chosen_in

_ROLES = frozenset(("query", "query_id", "document", "id", "rating"))


class _Taken(NamedTuple):
    """What a table says: texts of queries and documents, further fields of documents, and for each query its documents
    in their order with what stands as the rating, "" for none; `ratings` are all of those."""

    queries: Mapping[str, str]
    documents: Mapping[str, str]
    metadata: Mapping[str, dict[str, str]]
    pairs: Mapping[str, Mapping[str, str]]
    ratings: Sequence[str]


def take_columns(
    builder: ImportBuilder, rows: PlainRows, names: Sequence[str], roles: Mapping[str, str], *, places: bool
) -> bool:
    """Take the rows of a table with the columns `names` into a builder that has none yet, which gives what taking them
    one by one gives in a tenth of the time. `places` says that they are lists of results and not ratings alone.

    False, with the builder as it was, where that cannot be said: where something is blank, stands twice or otherwise
    above, or is an error of a spreadsheet, and where a column has another role than queries, documents and ratings.
    """
    if len(names) != rows.width or roles.keys() - _ROLES or not rows:
        return False
    columns = {role: rows.column(names.index(name)) for role, name in roles.items()}
    further = {name: rows.column(place) for place, name in enumerate(names) if name not in roles.values()}
    may_be_wrong = "#" in rows.beginnings and any(is_error(cell) for cells in columns.values() for cell in cells)
    taken = None if may_be_wrong else _taken(columns, further)
    if taken is None:
        return False
    builder.queries.update(taken.queries)
    builder.documents.update(taken.documents)
    builder.metadata.update(taken.metadata)
    numbers = builder.numbers_of(Counter(taken.ratings), chosen_in)
    for query, own in taken.pairs.items():
        if places:
            builder.places[query] = dict.fromkeys(own, ())  # equal keys leave the order as it is
        rated = {document: numbers[rating] for document, rating in own.items() if rating in numbers}
        if rated:
            builder.judgments[query] = rated
    return True


def _taken(columns: Mapping[str, Sequence[str]], further: Mapping[str, Sequence[str]]) -> _Taken | None:
    """What these columns say; None where a row needs a look of its own."""
    queries = list(map(str.strip, columns["query_id" if "query_id" in columns else "query"]))
    asked = list(map(str.strip, columns["query"])) if "query" in columns and "query_id" in columns else queries
    bodies: Sequence[str] = columns.get("document", ())
    if "id" in columns:
        documents = list(map(str.strip, columns["id"]))
        if not all(map(str.strip, bodies)):
            return None
    else:
        documents = bodies = list(map(str.strip, bodies))
    if not (all(queries) and all(asked) and all(documents)):
        return None
    ratings = list(map(str.strip, columns.get("rating", ()))) or [""] * len(queries)
    texts, bodies_by_name = _one_each(queries, asked), _one_each(documents, bodies)
    fields, pairs = _fields(documents, further), _pairs(queries, documents, ratings)
    if texts is None or bodies_by_name is None or fields is None or pairs is None:
        return None
    return _Taken(texts, bodies_by_name, fields, pairs, ratings)


def _one_each(names: Sequence[str], texts: Sequence[str]) -> dict[str, str] | None:
    """Name to text, without any where there are no texts; None where a name stands for two."""
    found = dict(zip(names, texts, strict=False))
    even = names is texts or not texts or len(found) == len(names)
    return found if even or all(map(eq, map(found.__getitem__, names), texts)) else None


def _fields(documents: Sequence[str], further: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]] | None:
    """The further cells of each document, those that are not empty; None where two of its rows have others."""
    rows = list(zip(*further.values(), strict=True))
    found = dict(zip(documents, rows, strict=False))
    if len(found) < len(rows) and not all(map(eq, map(found.__getitem__, documents), rows)):
        return None
    kept = {
        name: {field: cell for field, cell in zip(further, row, strict=True) if cell} for name, row in found.items()
    }
    return {name: cells for name, cells in kept.items() if cells}


def _pairs(
    queries: Sequence[str], documents: Sequence[str], ratings: Sequence[str]
) -> dict[str, dict[str, str]] | None:
    """The documents of each query with their ratings, both as they first stand; None where a pair stands twice."""
    changes = [place for place, differs in enumerate(map(ne, queries, queries[1:]), start=1) if differs]
    found: dict[str, dict[str, str]] = {}
    for start, end in zip([0, *changes], [*changes, len(queries)], strict=True):
        own = dict(zip(documents[start:end], ratings[start:end], strict=True))
        if queries[start] in found:
            found[queries[start]].update(own)
        else:
            found[queries[start]] = own
    return found if sum(map(len, found.values())) == len(queries) else None
