"""A query set as bytes that give back exactly what went in. Ratings, the name and the fields that models read are not
in it: a store keeps them apart, since they change.

The bytes are a sign, a checksum of all that follows, the size of the documents, the documents (see
`evaluation.query_sets.packed`), which are not read until somebody looks at them, and all the rest as UTF-8 JSON. In
version 1 of the record all of it was one JSON text; such bytes are still read.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from rerank_core.documents.report import Problem
from rerank_core.evaluation.query_sets.packed import PackedDocuments, pack
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet, Written
from rerank_core.models import Document

_FORMAT = 2
_SIGN = b"RPQS"
_START = struct.Struct("<4sIQ")  # the sign, the checksum of what follows it, the size of the documents


def to_bytes(query_set: QuerySet) -> bytearray:
    """The set without what changes; `from_bytes` gives back an equal one."""
    numbers = {name: number for number, name in enumerate(query_set.documents)}
    data = bytearray(_START.size)  # all is written into it at once: a second copy would be large
    sizes = pack(query_set.documents.values(), data)
    size = len(data) - _START.size
    record = {
        "format": _FORMAT,
        "mark": secrets.token_hex(16),
        "name": query_set.name,
        "order_name": query_set.order_name,
        "queries": [
            [query.id, query.text, [numbers[name] for name in query.candidates], query.tag, query.lang, query.length]
            for query in query_set.queries
        ],
        "documents": list(numbers),
        "sizes": sizes,
        "problems": query_set.problems,
        "notes": query_set.notes,
        "answers": dict(query_set.answers),
        "scores": {
            query.id: [own.get(name) for name in query.candidates]
            for query in query_set.queries
            if (own := query_set.scores.get(query.id))
        },
        "file_notes": dict(query_set.file_notes),
    }
    data += json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    with memoryview(data) as written:
        _START.pack_into(data, 0, _SIGN, zlib.crc32(written[_START.size :]), size)
    return data


def from_bytes(data: bytes) -> QuerySet:
    """The set that `to_bytes` wrote, now or in an earlier version. Raises ValueError, KeyError, TypeError or IndexError
    for anything else."""
    if data[: len(_SIGN)] != _SIGN:
        return _from_json(bytes(data))
    if len(data) < _START.size:
        raise ValueError("cut off")
    _, checksum, size = _START.unpack_from(data)
    rest = memoryview(data)[_START.size :]
    if zlib.crc32(rest) != checksum:
        raise ValueError("other bytes than were written")
    record: dict[str, Any] = json.loads(str(rest[size:], "utf-8", "surrogatepass"))
    if record["format"] != _FORMAT:
        raise ValueError("another format")
    names = record["documents"]
    return _made(record, names, PackedDocuments(names, record["sizes"], rest[:size]), record["mark"])


def _from_json(data: bytes) -> QuerySet:
    """A set as version 1 wrote it."""
    record: dict[str, Any] = json.loads(data.decode("utf-8", "surrogatepass"))
    if record["format"] != 1:
        raise ValueError("another format")
    names = [row[0] for row in record["documents"]]
    documents = {name: Document(text, own, metadata) for name, text, own, metadata in record["documents"]}
    return _made(record, names, documents, hashlib.sha256(data).hexdigest())


def _made(record: Mapping[str, Any], names: Sequence[str], documents: Mapping[str, Document], mark: str) -> QuerySet:
    queries = tuple(
        Query(name, text, tuple([names[number] for number in candidates]), tag, lang, length)
        for name, text, candidates, tag, lang, length in record["queries"]
    )
    # what is asked for with `get` is not in the sets that were kept before there was a place for it
    scores = record.get("scores", {})
    return QuerySet(
        name=record["name"],
        queries=queries,
        documents=documents,
        order_name=record["order_name"],
        problems=tuple(Problem(line, reason) for line, reason in record["problems"]),
        notes=tuple(record["notes"]),
        answers=record.get("answers", {}),
        scores={query.id: _scores(query, scores[query.id]) for query in queries if query.id in scores},
        file_notes=record.get("file_notes", {}),
        written=Written(mark, queries, documents),
    )


def _scores(query: Query, scores: Sequence[float | None]) -> dict[str, float]:
    found = zip(query.candidates, scores, strict=True)
    return {name: score for name, score in found if score is not None}
