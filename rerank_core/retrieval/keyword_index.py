"""First-stage retrieval: BM25 over a collection in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rerank_core.models import DocumentInput, as_documents
from rerank_core.retrieval.bm25 import Parts, Postings, tokens_of
from rerank_core.retrieval.words import beginnings_of, pieces_of

__all__ = ["Hit", "KeywordIndex"]

PIECES_UP_TO = 20_000  # documents; above it word pieces cost more time and memory than they bring


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that shares something with the query: its place in the input and its BM25 score, above 0."""

    index: int
    score: float


class KeywordIndex:
    """BM25 over words and parts of words, for any language and without being told which.

    Case, accents (Latin, Greek, Cyrillic) and width are folded; Chinese, Japanese, Thai and other scripts
    without spaces are matched by pairs of characters. Up to 20,000 documents a word also counts as its runs of
    four characters, which finds inflected, compounded and mistyped words; above that as its first four and first
    six characters, a rough stem. It never changes once built, so threads can share it.
    """

    def __init__(self, postings: Postings, parts: Parts) -> None:
        self._postings = postings
        self._parts = parts

    @classmethod
    def build(cls, documents: Iterable[DocumentInput]) -> KeywordIndex:
        """Index strings, objects with a `text`, or Documents. Raises InvalidDocumentsError for anything else."""
        texts = [document.text for document in as_documents(documents)]
        parts = pieces_of if len(texts) <= PIECES_UP_TO else beginnings_of
        return cls(Postings.build(texts, parts), parts)

    def __len__(self) -> int:
        return self._postings.size

    def search(self, query: str, k: int = 100) -> list[Hit]:
        """The up to `k` documents that match best, best first, equal ones in input order.

        Documents that share nothing with the query are left out. Raises ValueError for k below 1.
        """
        if k < 1:
            raise ValueError("k must be 1 or more")
        scores = self._postings.scores(tokens_of(query, self._parts))
        found = np.flatnonzero(scores > 0)
        if len(found) > k:
            # Everything that could be among the first k, ties at the edge included; the rest need no sorting.
            edge = np.partition(scores[found], len(found) - k)[len(found) - k]
            found = found[scores[found] >= edge]
        order = found[np.argsort(-scores[found], kind="stable")][:k]
        return [Hit(index, score) for index, score in zip(order.tolist(), scores[order].tolist(), strict=True)]
