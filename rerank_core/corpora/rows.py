"""A passage as it is written down wherever a corpus is kept, so that what is read back is the very same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document
from rerank_core.models.documents import document_of
from rerank_core.retrieval.passages import PARENT
from rerank_core.storage.sqlite_file import as_bytes, as_text


class PassageRow(NamedTuple):
    """`id` and `metadata` are JSON in ASCII, which carries what UTF-8 cannot: single halves of surrogate pairs.

    `parent` names the document that the passage was cut from, `size` is in bytes, `digest` tells a passage from one
    whose id, text or metadata are others.
    """

    place: int
    id: str | None
    parent: bytes | None
    size: int
    digest: bytes
    text: bytes
    metadata: str | None


def row_of(place: int, document: Document) -> PassageRow:
    """A document as a row at a place."""
    text = as_bytes(document.text)
    name = None if document.id is None else json.dumps(document.id)
    metadata = json.dumps(dict(document.metadata), default=str) if document.metadata else None
    parent = document.metadata.get(PARENT)
    digest = blake2b(digest_size=16)
    for part in (text, as_bytes(name or ""), as_bytes(metadata or "")):
        digest.update(len(part).to_bytes(8, "little") + part)
    size = len(text) + len(metadata or "") + len(name or "")
    return PassageRow(
        place, name, None if parent is None else as_bytes(str(parent)), size, digest.digest(), text, metadata
    )


def documents_of(rows: Sequence[tuple[Any, Any, Any]]) -> list[Document]:
    """Documents of ids, texts and metadata as a row has them. JSON is read as one list, which takes a tenth of the
    time. Raises ValueError, TypeError or InvalidDocumentsError for what no row holds."""
    names = json.loads(f"[{','.join(['null' if row[0] is None else row[0] for row in rows])}]")
    values = json.loads(f"[{','.join(['{}' if row[2] is None else row[2] for row in rows])}]")
    if not set(map(type, values)) <= {dict}:
        raise InvalidDocumentsError("A passage's metadata is not a mapping.")
    texts = [as_text(bytes(row[1])) for row in rows]
    return [
        document_of(text, name if name is None or type(name) is str else str(name), more)
        for text, name, more in zip(texts, names, values, strict=True)
    ]
