"""The requests and replies of three rerank services that programs are written for: Cohere, Jina and TEI.

Sources, read 2026-11-29: docs.cohere.com/reference/rerank (v2) and its v1, api.jina.ai/redoc, and the OpenAPI
document of text-embeddings-inference. Cohere's v2 is at /v2/rerank; Cohere's v1 and Jina's agree in what they ask and
differ only in fields that the other's clients ignore, so both are at /v1/rerank; TEI's is /rerank with `texts`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rerank_core.errors import InvalidRequestError, RerankError
from rerank_core.models import RankedDocument, RerankRequest, RerankResponse
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.rank_fields import TEXT_ONLY

Shape = Literal["cohere v2", "cohere v1", "tei"]
PATHS = ("/v2/rerank", "/v1/rerank", "/rerank")


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """A request as it came: what to rank, in which shape to answer, and whether with the texts."""

    request: RerankRequest
    shape: Shape
    with_texts: bool


def shape_of(path: str, body: object) -> Shape:
    """Whose request this is: by its path, and at /rerank by what its body calls the documents."""
    if path.rstrip("/") == PATHS[0]:
        return "cohere v2"
    return "tei" if isinstance(body, Mapping) and "texts" in body and "documents" not in body else "cohere v1"


def read(path: str, body: object) -> ServedRequest:
    """What a request asks for. Raises InvalidRequestError, or one of its kinds, in a sentence about what is wrong."""
    if not isinstance(body, Mapping):
        raise InvalidRequestError("The body is not a JSON object.", hint="Send an object with query and documents.")
    shape = shape_of(path, body)
    if shape == "tei":
        if body.get("raw_scores"):
            raise InvalidRequestError("This server has no raw scores.", hint="Leave raw_scores out, or send false.")
        request = RerankRequest(body.get("query", ""), body.get("texts") or (), None)
        return ServedRequest(request, shape, body.get("return_text") is True)
    fields = body.get("rank_fields")
    request = RerankRequest(
        body.get("query", ""),
        body.get("documents") or (),
        body.get("model") or None,
        body.get("top_n"),
        rank_fields=tuple(fields) if isinstance(fields, list) else TEXT_ONLY,
    )
    # Jina's clients read the texts from the reply unless they said otherwise; v2 of Cohere has no such field.
    return ServedRequest(request, shape, shape == "cohere v1" and body.get("return_documents") is not False)


def reply(asked: ServedRequest, response: RerankResponse) -> object:
    """The answer in the shape of the request. A blank document, which no model scores, has 0.0 and stands last."""
    if asked.shape == "tei":
        return [
            {"index": row.index, "score": _score(row)} | ({"text": row.document.text} if asked.with_texts else {})
            for row in response.results
        ]
    results = [
        {"index": row.index, "relevance_score": _score(row)}
        | ({"document": {"text": row.document.text}} if asked.with_texts else {})
        for row in response.results
    ]
    units = response.usage.search_units
    meta = {
        "api_version": {"version": asked.shape[-1]},
        "billed_units": {"search_units": 0 if response.cost.basis == "free" or units is None else units},
    }
    whole: dict[str, Any] = {"id": response.request_id or str(uuid.uuid4()), "results": results, "meta": meta}
    if asked.shape == "cohere v1":
        texts = [document.text for document in response.request.documents]
        tokens = len(texts) * estimate_tokens(response.request.query) + sum(map(estimate_tokens, texts))
        whole |= {"object": "list", "model": response.model, "usage": {"total_tokens": tokens}}
    return whole


def refusal(shape: Shape, error: RerankError) -> dict[str, Any]:
    """An error in the shape of the request: the sentence and what to do, never a text of the request."""
    if shape == "tei":
        return {
            "error": str(error),
            "error_type": "Validation" if isinstance(error, InvalidRequestError) else "Backend",
        }
    return {"message": str(error), "detail": str(error)}


def _score(row: RankedDocument) -> float:
    return 0.0 if row.relevance_score is None else row.relevance_score
