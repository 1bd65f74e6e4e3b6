"""The queries of a data set with their candidates, read one after the other from JSON lines or Parquet."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

import fsspec  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from rerank_core.errors import InvalidDocumentsError, InvalidRequestError, RerankError
from rerank_core.models import RerankRequest

DOCUMENTS = ("documents", "candidates", "passages", "texts", "docs")
"""What the list of candidates of a row may be called."""
_ROWS = 200
_ID, _QUERY, _ONE, _ONE_ID = (
    ("query_id", "qid", "id"),
    ("query", "text"),
    ("document", "passage"),
    ("document_id", "docid"),
)


class Mark(NamedTuple):
    """Where a query begins in its data set, so that reading can begin there: at which byte of the lines or row of the
    table, on which line (from 1), and how many queries come before it."""

    at: int = 0
    line: int = 1
    queries: int = 0


BEGINNING = Mark()


@dataclass(frozen=True, slots=True)
class BulkQuery:
    """One query of the data set. `request` is None where its row makes no sense; `problem` then says why. `size` is
    how many candidates it has, `digest` stands for all of it, and it begins at `mark`."""

    id: str
    query: str
    request: RerankRequest | None
    problem: str
    digest: bytes
    mark: Mark = BEGINNING

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return 0 if self.request is None else len(self.request.documents)


class _Row(NamedTuple):
    """A row, or a sentence about one that is none; where it begins, and on which line."""

    content: Mapping[str, Any] | str
    at: int
    line: int


def read(address: str, model: str | None, rank_fields: Iterable[str], start: Mark = BEGINNING) -> Iterator[BulkQuery]:
    """The queries of a data set, in its order, from the one at `start` on; a row or a group of rows is in memory at a
    time.

    `address` is a path or any address that fsspec knows. A row is an object with a `query` and a list of `documents`
    (texts, or objects with a `text`), and perhaps an `id`; or it is one candidate, with `query` and `document`, and
    rows of one query follow each other. JSON lines end in .jsonl or .ndjson, perhaps with .gz; Parquet in .parquet.
    Raises InvalidRequestError for another ending, and where the address cannot be read.
    """
    fields = tuple(rank_fields)
    for place, (name, row, at) in enumerate(_grouped(_rows(address, start)), start.queries):
        mark = Mark(at.at, at.line, place)
        yield _query(str(place) if name is None else name, row, model, fields, mark)


def _rows(address: str, start: Mark) -> Iterator[_Row]:
    try:
        if address.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
            with fsspec.open(address, "rb", compression="infer") as lines:
                if start.at:
                    lines.seek(start.at)
                yield from _json_rows(lines, start)
        elif address.endswith((".parquet", ".pq")):
            with fsspec.open(address, "rb") as file, pq.ParquetFile(file) as table:
                _check_columns(address, table.schema_arrow.names)
                yield from _table_rows(table, start.at)
        else:
            raise InvalidRequestError(
                f"{address} is neither JSON lines nor Parquet.", hint="End it in .jsonl or .parquet."
            )
    except (OSError, ValueError, ImportError) as error:
        raise InvalidRequestError(f"{address} cannot be read: {error}.", hint="Check the address.") from error


def _check_columns(address: str, names: Sequence[str]) -> None:
    """Refuse a table none of whose rows could be scored, rather than write an error for each."""
    for wanted, known in (("query", _QUERY), ("documents or document", (*DOCUMENTS, *_ONE))):
        if not set(known) & set(names):
            raise InvalidRequestError(
                f"{address} has no column called {wanted}.",
                hint=f"Its columns are {', '.join(names[:20])}. Give a query and its documents, or a document a row.",
            )


def _json_rows(lines: Iterable[bytes], start: Mark) -> Iterator[_Row]:
    at = start.at
    for number, line in enumerate(lines, start.line):
        if line.strip():
            try:
                row = json.loads(line.decode("utf-8-sig" if not at else "utf-8", "replace"))
            except (ValueError, RecursionError):
                row = None
            said = f"Line {number:,} is not a JSON object."
            yield _Row(row if isinstance(row, Mapping) else said, at, number)
        at += len(line)


def _table_rows(table: Any, start: int) -> Iterator[_Row]:
    """The rows of a Parquet file from one on; groups of rows that end before it are not read."""
    row = 0
    groups: list[int] = []
    for group in range(table.num_row_groups):
        count = table.metadata.row_group(group).num_rows
        if not groups and row + count <= start:
            row += count
        else:
            groups.append(group)
    if groups:
        for batch in table.iter_batches(batch_size=_ROWS, row_groups=groups):
            for content in batch.to_pylist():
                if row >= start:
                    yield _Row(content, row, 0)
                row += 1


def _grouped(rows: Iterator[_Row]) -> Iterator[tuple[str | None, Mapping[str, Any] | str, _Row]]:
    """Rows of one candidate each put together by query; other rows as they are. With the id of the query, None where
    it has none of its own, and the row that it begins with."""

    def key(row: _Row) -> tuple[str, str] | object:
        if not _is_one(row.content):
            return object()
        return str(_first(row.content, _ID)), str(_first(row.content, _QUERY))

    for _, group in itertools.groupby(rows, key):
        begins = next(group)
        content = begins.content
        name = None if isinstance(content, str) else _first(content, _ID)
        if isinstance(content, str) or not _is_one(content):
            yield None if name is None else str(name), content, begins
            continue
        documents = [
            {"text": _first(row, _ONE), "id": _first(row, _ONE_ID), "title": row.get("title")}
            for row in (one.content for one in itertools.chain([begins], group))
            if isinstance(row, Mapping)
        ]
        made = {"query": _first(content, _QUERY), "documents": documents}
        yield None if name is None else str(name), made, begins


def _is_one(row: Mapping[str, Any] | str) -> TypeGuard[Mapping[str, Any]]:
    """Whether a row is one candidate."""
    return not isinstance(row, str) and isinstance(_first(row, _ONE), str) and _first(row, DOCUMENTS) is None


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _query(
    name: str, row: Mapping[str, Any] | str, model: str | None, fields: tuple[str, ...], mark: Mark
) -> BulkQuery:
    digest = hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).digest()
    if isinstance(row, str):
        return BulkQuery(name, "", None, row, digest, mark)
    query = _first(row, _QUERY)
    try:
        documents = _first(row, DOCUMENTS)
        if not isinstance(documents, list):
            raise InvalidDocumentsError("The row has no list of documents.")
        request = RerankRequest(query, [_document(one) for one in documents], model, rank_fields=fields)
    except RerankError as error:
        return BulkQuery(name, query if isinstance(query, str) else "", None, error.message, digest, mark)
    return BulkQuery(name, request.query, request, "", digest, mark)


def _document(value: Any) -> Any:
    """A candidate without the keys that a table has and this one has nothing in."""
    return {key: one for key, one in value.items() if one is not None} if isinstance(value, Mapping) else value
