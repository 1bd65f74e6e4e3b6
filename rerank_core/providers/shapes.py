"""Which kind of server a reply comes from, by the shape of its body: to say which connection fits an address."""

from __future__ import annotations

from typing import Any

from rerank_core.providers.replies import inside


def seen(body: Any) -> str | None:
    """A sentence on which kind of rerank server sends such a body and which connection to choose; None for others."""
    found = _kind(body)
    return None if found is None else f"This looks like {found[0]}: choose {found[1]}."


def _kind(body: Any) -> tuple[str, str] | None:
    if isinstance(body, list):
        return ("a TEI server", "TEI") if _rows(body, "score") else None
    if not isinstance(body, dict):
        return None
    kinds = (
        (_rows(body.get("results"), "relevance_score"), "a server of Cohere's or Jina's shape", "vLLM or Jina"),
        (_rows(body.get("data"), "relevance_score"), "a server of Voyage's shape", "Voyage"),
        (_rows(body.get("data"), "score"), "a server of Mixedbread's shape", "Mixedbread or Pinecone"),
        (_rows(body.get("rankings"), "logit"), "an NVIDIA NIM", "NVIDIA"),
        (isinstance(body.get("scores"), list), "a server of DeepInfra's shape", "DeepInfra"),
        (isinstance(inside(body, "output", "results"), list), "a server of DashScope's shape", "DashScope"),
        (_rows(body.get("results"), "score"), "a server of Isaacus' shape", "Isaacus"),
        (_rows(body.get("records"), "score"), "a server of Google's shape", "Vertex AI"),
        (isinstance(body.get("answers"), dict), "a decision model", "Decision model"),
        (isinstance(body.get("answers"), list), "OpenAI's Decisions", "OpenAI Decisions"),
        ("reranked_candidates" in body, "FlashRank over HTTP", "FlashRank HTTP"),
    )
    return next(((what, choose) for is_it, what, choose in kinds if is_it), None)


def _rows(rows: Any, score: str) -> bool:
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) and score in row for row in rows)
