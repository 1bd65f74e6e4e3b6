"""A name for what a service is sent: two requests of one name would get the same answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from rerank_core.models import Document, RerankRequest
from rerank_core.rank_fields import ranked_text


def address_text(base_url: str | None, options: Mapping[str, str]) -> str:
    """Where a service is, and how it is spoken to, as one text: equal only where both are."""
    return f"{base_url or ''}{json.dumps(sorted(options.items())) if options else ''}"


def texts_name(documents: Iterable[Document], rank_fields: Iterable[str]) -> str:
    """A name for the texts of these documents in this order, as a model reads them: by their fields, without their
    ids."""
    fields = tuple(rank_fields)
    return _hash([ranked_text(document, fields) for document in documents])


def sent_name(connection: str, address: str, model: str | None, query: str, texts: str) -> str:
    """A name for what one service is sent to rank all documents: 64 characters. `connection` is the provider's id,
    `address` is made by `address_text`, `texts` by `texts_name`."""
    return _hash([connection, address, model, query, texts])


def whole_list_name(connection: str, address: str, request: RerankRequest) -> str:
    """The `sent_name` of a request; empty for one that asks for a part of the list alone."""
    if request.top_n is not None and request.top_n < len(request.documents):
        return ""
    texts = texts_name(request.documents, request.rank_fields)
    return sent_name(connection, address, request.model, request.query, texts)


def _hash(parts: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")).hexdigest()
