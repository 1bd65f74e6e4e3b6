"""The queries of a data set with their candidates, read one after the other from JSON lines or Parquet."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class BulkQuery:
    """One query of the data set. `request` is None where its row makes no sense; `problem` then says why. `size` is
    how many candidates it has, and `digest` stands for all of it."""

    id: str
    query: str
    request: RerankRequest | None
    problem: str
    digest: bytes

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return 0 if self.request is None else len(self.request.documents)


def read(address: str, model: str | None, rank_fields: Iterable[str]) -> Iterator[BulkQuery]:
    """The queries of a data set, in its order; a row or a group of rows is in memory at a time.

    `address` is a path or any address that fsspec knows. A row is an object with a `query` and a list of `documents`
    (texts, or objects with a `text`), and perhaps an `id`; or it is one candidate, with `query` and `document`, and
    rows of one query follow each other. JSON lines end in .jsonl or .ndjson, perhaps with .gz; Parquet in .parquet.
    Raises InvalidRequestError for another ending, and where the address cannot be read.
    """
    fields = tuple(rank_fields)
    for place, (name, row) in enumerate(_grouped(_rows(address))):
        yield _query(str(place) if name is None else name, row, model, fields)


def _rows(address: str) -> Iterator[Mapping[str, Any] | str]:
    """Each row, or a sentence about one that is none."""
    plain = address.removesuffix(".gz")
    try:
        if plain.endswith((".jsonl", ".ndjson")):
            with fsspec.open(address, "rt", encoding="utf-8", compression="infer", errors="replace") as lines:
                yield from _json_rows(lines)
        elif address.endswith((".parquet", ".pq")):
            with fsspec.open(address, "rb") as file, pq.ParquetFile(file) as table:
                for batch in table.iter_batches(batch_size=_ROWS):
                    yield from batch.to_pylist()
        else:
            raise InvalidRequestError(
                f"{address} is neither JSON lines nor Parquet.", hint="End it in .jsonl or .parquet."
            )
    except (OSError, ValueError, ImportError) as error:
        raise InvalidRequestError(f"{address} cannot be read: {error}.", hint="Check the address.") from error


def _json_rows(lines: io.TextIOBase) -> Iterator[Mapping[str, Any] | str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        yield row if isinstance(row, Mapping) else f"Line {number:,} is not a JSON object."


def _grouped(rows: Iterator[Mapping[str, Any] | str]) -> Iterator[tuple[str | None, Mapping[str, Any] | str]]:
    """Rows of one candidate each put together by query; other rows as they are. With the id of the query, None where
    it has none of its own."""

    def key(row: Mapping[str, Any] | str) -> tuple[str, str] | object:
        if isinstance(row, str) or not isinstance(_first(row, _ONE), str) or _first(row, DOCUMENTS) is not None:
            return object()
        return str(_first(row, _ID)), str(_first(row, _QUERY))

    for _, group in itertools.groupby(rows, key):
        first = next(group)
        if isinstance(first, str) or not isinstance(_first(first, _ONE), str) or _first(first, DOCUMENTS) is not None:
            found = None if isinstance(first, str) else _first(first, _ID)
            yield None if found is None else str(found), first
            continue
        documents = [
            {"text": _first(row, _ONE), "id": _first(row, _ONE_ID), "title": row.get("title")}
            for row in itertools.chain([first], group)
            if isinstance(row, Mapping)
        ]
        found = _first(first, _ID)
        yield None if found is None else str(found), {"query": _first(first, _QUERY), "documents": documents}


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _query(name: str, row: Mapping[str, Any] | str, model: str | None, fields: tuple[str, ...]) -> BulkQuery:
    digest = hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).digest()
    if isinstance(row, str):
        return BulkQuery(name, "", None, row, digest)
    query = _first(row, _QUERY)
    try:
        documents = _first(row, DOCUMENTS)
        if not isinstance(documents, list):
            raise InvalidDocumentsError("The row has no list of documents.")
        request = RerankRequest(query, [_document(one) for one in documents], model, rank_fields=fields)
    except RerankError as error:
        return BulkQuery(name, query if isinstance(query, str) else "", None, error.message, digest)
    return BulkQuery(name, request.query, request, "", digest)


def _document(value: Any) -> Any:
    """A candidate without the keys that a table has and this one has nothing in."""
    return {key: one for key, one in value.items() if one is not None} if isinstance(value, Mapping) else value
