"""The nouns of a rerank call: frozen, slotted, and validated when they are made."""

from rerank_core.models.documents import Document, DocumentInput, as_documents, texts_of
from rerank_core.models.request import RerankRequest
from rerank_core.models.response import (
    Attempt,
    Cost,
    CostBasis,
    Progress,
    RankedDocument,
    RerankResponse,
    TextSpan,
    Usage,
    rows_of,
    spans_of_text,
)

__all__ = [
    "Attempt",
    "Cost",
    "CostBasis",
    "Document",
    "DocumentInput",
    "Progress",
    "RankedDocument",
    "RerankRequest",
    "RerankResponse",
    "TextSpan",
    "Usage",
    "as_documents",
    "rows_of",
    "spans_of_text",
    "texts_of",
]
