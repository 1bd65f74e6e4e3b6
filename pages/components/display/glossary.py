"""The words of the field in one sentence each, for whoever meets them for the first time. Pages show them on hover."""

from __future__ import annotations

RERANKING = (
    "Reranking: a search finds texts that may fit; a model then reads each of them together with your question and "
    "puts those that answer it on top."
)
"""What reranking is, in one line for a first visit."""

TOP_N = (
    "How many results you would show. Moving it sends nothing: all documents are scored, and the ones below are folded."
)
SEARCH_UNITS = (
    "What hosted services bill: one unit is one query over up to 100 documents; a long document counts as several."
)
FIRST_STAGE = "The search before the reranking: it finds the candidates, quickly and free."
CANDIDATES = "The results of the first search, which the model then reads one by one. More find more and cost more."
SEARCHED = "How many passages the knowledge base has in all."
MATCHES_THERE = "How many documents the search engine says that it found; the candidates are the first of them."
LATENCY = "From pressing to the whole reply, on this side, with waits and retries."
PROVIDER_LATENCY = "What the provider says of its own time, without the way there and back."

_MEASURES = {
    "nDCG": (
        "How near the order is to the best one that these ratings allow, from 0 to 1. Better rated results count more, "
        "and the first places count most"
    ),
    "RR": "One divided by the place of the first relevant result: 1 if it is first, 0.5 if second, 0 if there is none",
    "AP": "The precision at the place of each relevant result, averaged: 1 if all relevant ones stand first",
    "P": "Precision: the share of the first results that are relevant",
    "R": "Recall: the share of all relevant documents that stand among the first results",
    "Judged": "The share of the first results that somebody rated; the other figures trust it",
}


def measure(name: str) -> str:
    """A measure in a sentence: "nDCG@10", "RR", "P(rel=2)@5". Empty for one that is not known here."""
    kind, _, depth = name.partition("@")
    said = _MEASURES.get(kind.partition("(")[0], "")
    if not said:
        return ""
    return f"{said}. Over the first {depth} results." if depth else f"{said}."
