"""How much of a query's weight in words each document of a list holds, 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence

from rerank_core.retrieval.bm25 import Postings, tokens_of

__all__ = ["keyword_shares"]


def keyword_shares(query: str, texts: Sequence[str]) -> list[float]:
    """BM25 of each text over words and character 4-grams, divided by the query's total idf.

    1 would be every token of the query, endlessly often; a good answer has 0.3 to 0.6. Rarity is counted in
    this list, so the numbers belong to this list. A query without words gives 0 everywhere.
    """
    asked = list(dict.fromkeys(tokens_of(query, pieces=True)))
    postings = Postings.build(texts, pieces=True)
    total = sum(map(postings.idf, asked))
    if not total:
        return [0.0] * len(texts)
    return [min(1.0, score / total) for score in postings.scores(asked).tolist()]
