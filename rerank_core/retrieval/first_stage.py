"""The first stage over a collection of passages: by keyword, by meaning, or by both together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rerank_core.errors import ConfigurationError, InvalidQueryError
from rerank_core.models import Document, texts_of
from rerank_core.offline.models import ENGLISH
from rerank_core.retrieval.condense import QUERY_TOKENS, Condensed, condense
from rerank_core.retrieval.embedding import VectorTable, embed_query, fingerprint, remember
from rerank_core.retrieval.passages import OnProgress, Passages

Kind = Literal["keyword", "embedding", "fused"]
KINDS: tuple[Kind, ...] = get_args(Kind)

CANDIDATES = (20, 50, 100, 200)
"""How many candidates a person may ask for."""

RRF_K = 60
"""The constant of reciprocal rank fusion, as its authors chose it."""

_DEPTH = 200  # places of each order that are fused, however few candidates are asked for


@dataclass(frozen=True, slots=True)
class Candidate:
    """One passage found. `index` is its place in the collection; `score` belongs to the kind of first stage:
    BM25 (above 0), cosine (-1..1) or the fused score (above 0), comparable within one search only.

    `keyword_rank` and `embedding_rank` count from 1, None where that stage was not asked or did not find it;
    `keyword_score` is its BM25, `cosine` its likeness in meaning, None likewise.
    """

    index: int
    score: float
    keyword_rank: int | None = None
    embedding_rank: int | None = None
    keyword_score: float | None = None
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a first stage found: `candidates` best first, `documents` the same in the same order.

    `query` is what was searched for; where the question was too long it is the part that was kept, and
    `condensed` says what was left out. `took_ms` is the time of the search alone, `searched` how many passages
    there are. An empty answer is no error: `notes` says why in a sentence for a person.
    """

    kind: Kind
    model: str | None
    query: str
    condensed: Condensed
    candidates: tuple[Candidate, ...]
    documents: tuple[Document, ...]
    searched: int
    took_ms: float
    notes: tuple[str, ...] = ()


class FirstStage:
    """Finds candidates among passages: a Corpus, or a PassageList in memory, by the fields that it says (its
    `rank_fields`).

    `kind` is "keyword" (BM25), "embedding" (vectors of a local model, nearest by cosine) or "fused" (both orders by
    reciprocal rank). `model` is the local model of the vectors. Raises ConfigurationError for an unknown kind and
    ModelNotFoundError for a model without vectors. Safe under threads where its passages are.
    """

    def __init__(self, passages: Passages, kind: Kind = "keyword", model: str = ENGLISH) -> None:
        if kind not in KINDS:
            raise ConfigurationError(f"There is no first stage called '{kind}'.", hint=f"Use {_either(KINDS)}.")
        fingerprint(model)
        self.passages = passages
        self.kind: Kind = kind
        self.model = None if kind == "keyword" else model

    def missing(self) -> int:
        """How many passages have to be indexed before the first search; 0 where it answers at once."""
        keyword = 0 if self.kind == "embedding" or self.passages.has_keyword_index() else len(self.passages)
        return max(keyword, self.passages.missing_vectors(self.model) if self.model is not None else 0)

    def prepare(self, on_progress: OnProgress | None = None) -> None:
        """Make the indexes that a search needs, so that it answers at once.

        `on_progress` hears passages done and passages in all, of the keyword index and then of the vectors; what
        it raises stops the work. Vectors that have been made are kept.
        """
        if self.kind != "embedding":
            self.passages.keyword_index(on_progress)
        if self.model is not None:
            self.passages.vectors(self.model, on_progress)

    def search(self, query: str, k: int = 100, *, limit: int = QUERY_TOKENS) -> Retrieved:
        """The up to `k` best passages. A query of more than `limit` estimated tokens is condensed, and says so.

        Raises InvalidQueryError for a blank query, ValueError for k below 1.
        """
        if not query.strip():
            raise InvalidQueryError("The query is empty.")
        if k < 1:
            raise ValueError("k must be 1 or more")
        index = self.passages.keyword_index() if self.kind != "embedding" else None
        table = self.passages.vectors(self.model) if self.model is not None else None
        started = time.perf_counter()
        condensed = condense(query, limit, index.rarity_in(query) if index is not None else None)
        depth = max(k, _DEPTH) if self.kind == "fused" else k
        by_word: list[tuple[int, float]] = []
        by_meaning: list[tuple[int, float]] = []
        if index is not None:
            by_word = [(hit.index, hit.score) for hit in index.search(condensed.text, depth)]
        if table is not None and self.model is not None:
            vector = embed_query(self.model, condensed.text)
            by_meaning = [] if vector is None else table.search(vector, depth)
        candidates = self._merged(by_word, by_meaning)[:k]
        took = (time.perf_counter() - started) * 1000
        documents = self.passages.get([candidate.index for candidate in candidates])
        if isinstance(table, VectorTable) and self.model is not None:
            texts = texts_of(documents, self.passages.rank_fields)
            remember(self.model, table, dict(zip((each.index for each in candidates), texts, strict=True)))
        size = len(index) if index is not None else len(table) if table is not None else 0
        return Retrieved(
            self.kind,
            self.model,
            condensed.text,
            condensed,
            tuple(candidates),
            tuple(documents),
            size,
            took,
            () if candidates else (_why_empty(self.kind, size),),
        )

    def _merged(self, by_word: list[tuple[int, float]], by_meaning: list[tuple[int, float]]) -> list[Candidate]:
        if self.kind == "keyword":
            return [Candidate(index, score, rank, None, score) for rank, (index, score) in enumerate(by_word, 1)]
        word_ranks = {index: (rank, score) for rank, (index, score) in enumerate(by_word, 1)}
        meaning_ranks = {index: (rank, score) for rank, (index, score) in enumerate(by_meaning, 1)}
        if self.kind == "fused":
            order = fuse([[index for index, _ in by_word], [index for index, _ in by_meaning]])
        else:
            order = by_word or by_meaning
        return [
            Candidate(index, score, word_rank, meaning_rank, word_score, cosine)
            for index, score in order
            for word_rank, word_score in [word_ranks.get(index, (None, None))]
            for meaning_rank, cosine in [meaning_ranks.get(index, (None, None))]
        ]


def fuse(orders: Iterable[Sequence[int]], k: int = RRF_K) -> list[tuple[int, float]]:
    """Reciprocal rank fusion of several orders: each adds 1 / (k + rank), rank from 1, to what it holds.

    Best first, ties in the order in which they were first met. Cormack, Clarke and Büttcher, "Reciprocal rank
    fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009. Worked example, k = 60: first
    in one order and third in the other is 1/61 + 1/63 = 0.0323. Raises ValueError where an order names the same
    one twice.
    """
    totals: dict[int, float] = {}
    for order in orders:
        if len(set(order)) != len(order):
            raise ValueError("an order names the same one twice")
        for rank, index in enumerate(order, 1):
            totals[index] = totals.get(index, 0.0) + 1 / (k + rank)
    return sorted(totals.items(), key=lambda item: -item[1])


def _why_empty(kind: Kind, size: int) -> str:
    if not size:
        return "There is nothing to search: the collection is empty."
    if kind == "keyword":
        return "No passage shares a word with this question. Try other words, or search by meaning."
    return "Nothing was found: the question holds nothing that the model can read."


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
