"""A passage as a document of a search engine, and back again without loss."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rerank_core.corpora.homes.tokens import joined, parent_key, tokens_of
from rerank_core.corpora.rows import PassageRow, documents_of
from rerank_core.keyword.bm25 import K1, B
from rerank_core.models import Document
from rerank_core.rank_fields import ranked_text
from rerank_core.retrieval.embedding import Vectors

SETTINGS = {"index": {"similarity": {"default": {"type": "BM25", "k1": K1, "b": B}}}}
# What is not listed here stands in `_source` alone: the id and the metadata, as JSON. `text` and `title` are indexed
# for other programs; this one searches `words`.
MAPPING = {
    "dynamic": False,
    "properties": {
        "place": {"type": "integer"},
        "document": {"type": "keyword"},
        "digest": {"type": "keyword"},
        "title": {"type": "text"},
        "text": {"type": "text"},
        "words": {"type": "text", "analyzer": "whitespace"},
    },
}
READ = ["place", "id", "text", "exact", "metadata"]


def source_of(row: PassageRow, document: Document, rank_fields: Sequence[str]) -> dict[str, Any]:
    """What the engine keeps of a passage. A text that no JSON carries is kept in base64 too."""
    title = document.metadata.get("title")
    source = {
        "place": row.place,
        "digest": row.digest.hex(),
        "text": document.text,
        "words": joined(tokens_of(ranked_text(document, rank_fields))),
        **({"title": title} if isinstance(title, str) else {}),
        **({} if row.id is None else {"id": row.id}),
        **({} if row.metadata is None else {"metadata": row.metadata}),
        **({} if row.parent is None else {"document": parent_key(row.parent).hex()}),
    }
    if not carried(row.text):
        source["exact"] = base64.b64encode(row.text).decode("ascii")
    return source


def carried(text: bytes) -> bool:
    """Whether JSON carries this text as it is: single halves of surrogate pairs it does not."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def passages_of(sources: Sequence[dict[str, Any]]) -> list[Document]:
    """What the engine kept, as passages again. Raises ValueError, TypeError or InvalidDocumentsError for what it never
    was given."""
    return documents_of([(each.get("id"), _text(each), each.get("metadata")) for each in sources])


def _text(source: dict[str, Any]) -> bytes:
    exact = source.get("exact")
    return source["text"].encode("utf-8") if exact is None else base64.b64decode(exact, validate=True)


def rows_of(vectors: Vectors, searched: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of vectors with their ids; `searched` where the engine compares them itself."""
    before, number = -1, 0
    for row, owner in zip(vectors.rows, vectors.owners.tolist(), strict=True):
        before, number = owner, number + 1 if owner == before else 0
        packed = base64.b64encode(np.ascontiguousarray(row, "<f4").tobytes()).decode("ascii")
        shown = {"vector": row.tolist()} if searched else {}
        yield f"{owner}-{number}", {"place": owner, "row": number, "packed": packed, **shown}


def vectors_of(sources: Sequence[dict[str, Any]], width: int) -> Vectors:
    """Rows as the engine kept them, in this order. Raises ValueError for what it never was given."""
    rows = b"".join(base64.b64decode(each["packed"], validate=True) for each in sources)
    return Vectors(
        np.frombuffer(rows, "<f4").astype(np.float32).reshape(len(sources), width),
        np.array([each["place"] for each in sources], np.int32),
    )
