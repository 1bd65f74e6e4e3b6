"""Pinecone Inference: https://docs.pinecone.io/reference/api/2026-07/inference/rerank."""

from __future__ import annotations

from functools import partial
from typing import Any

from rerank_core.errors import PermissionDeniedError
from rerank_core.providers import complaints, standard
from rerank_core.providers.auth import KeyHeader
from rerank_core.providers.spec import Batch, ModelSpec, ProviderSpec, ServiceFacts

_MODELS = (
    ModelSpec("bge-reranker-v2-m3", "BGE v2 m3", "For many languages; reads 1,024 tokens of a pair.", languages="many"),
    ModelSpec("cohere-rerank-4-fast", "Cohere 4 Fast", "For many languages; Cohere's model.", languages="many"),
    ModelSpec(
        "cohere-rerank-3.5",
        "Cohere 3.5",
        "For results that must match old ones.",
        languages="many",
        notice="Since 1 August 2026 Pinecone answers cohere-rerank-3.5 with cohere-rerank-4-fast: other scores.",
    ),
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request: documents are objects there, and long ones are cut."""
    body = standard.build(batch, returned="return_documents")
    body["documents"] = [{"text": text} for text in batch.texts]
    return {**body, "rank_fields": ["text"], "parameters": {"truncate": "END"}}


_HINTS = standard.hints(
    "PINECONE_API_KEY", {PermissionDeniedError: "The model may have been retired; choose another one."}
)

PINECONE = ProviderSpec(
    id="pinecone",
    label="Pinecone",
    description="Rerank models that Pinecone serves. Needs a Pinecone key; rerank units cost money.",
    docs_url="https://docs.pinecone.io/reference/api/2026-07/inference/rerank",
    build=build,
    parse=partial(standard.parse, rows="data", score="score"),
    explain=partial(complaints.explain, "Pinecone", _HINTS),
    path="/rerank",
    key_variable="PINECONE_API_KEY",
    base_url_variable="PINECONE_BASE_URL",
    default_base_url="https://api.pinecone.io",
    auth=KeyHeader("Api-Key", ""),
    fixed_headers={"X-Pinecone-Api-Version": "2026-07"},
    models=_MODELS,
    default_model=_MODELS[0].id,
    max_documents=100,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the pinecone SDK 10.2.0 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="Pinecone, and again here.",
        limits="100 documents a request with bge-reranker-v2-m3, 200 with Cohere's; lists go in requests of 100.",
        billed="Rerank units (usage.rerank_units); their price is not known here.",
    ),
)
