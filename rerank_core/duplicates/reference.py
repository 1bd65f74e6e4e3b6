"""One text against many: how alike each is with it in wording and in meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rerank_core.duplicates.meaning import alike_with
from rerank_core.duplicates.pairs import MAX_TEXTS
from rerank_core.duplicates.wording import shared_wording_with
from rerank_core.errors import InvalidDocumentsError, InvalidQueryError
from rerank_core.models import Document, texts_of
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.retrieval.embedding import embed_passages

if TYPE_CHECKING:
    from rerank_core.models import RerankResponse
    from rerank_core.retrieval.embedding import Vectors
    from rerank_core.retrieval.passages import Passages

NEAREST = 200
"""How many of a larger collection are compared closely: the first that a search for the reference finds."""

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a text is compared with: `places` in the collection and the texts there, in the same order.

    `searched` is the size of the collection, the reference itself not counted; where it is more than `places`, only
    what a search found first was taken: by keyword, and by meaning too where the collection has its vectors.
    `rank_fields` are the fields of each text that are compared, those of the collection.
    """

    places: tuple[int, ...]
    documents: tuple[Document, ...]
    searched: int
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT

    @property
    def note(self) -> str:
        """Which were taken, in a sentence for a person; empty where it was all of them."""
        if self.searched == len(self.places):
            return ""
        return (
            f"Of {self.searched:,} texts the {len(self.places):,} that a search for the reference finds first were "
            "compared closely."
        )


@dataclass(frozen=True, slots=True)
class ComparedText:
    """One text next to the reference. `place` is where it stands in the collection.

    `wording` 0..1; `meaning` -1..1, None without a model; `relevance` is what a reranker gave it with the reference
    as the query, None where none was asked or it gives no scores, and `rank` its place in that order (from 1).
    """

    place: int
    document: Document
    wording: float
    meaning: float | None = None
    relevance: float | None = None
    rank: int | None = None


def candidates(
    passages: Passages,
    reference: str,
    model: str | None,
    *,
    leave_out: int | None = None,
    on_progress: OnProgress | None = None,
) -> Candidates:
    """What to compare a text with: all of a collection up to 2,000 texts, the nearest 200 of a larger one.

    `leave_out` is the place of the reference itself, where it is one of them. Raises InvalidQueryError for a blank
    reference and InvalidDocumentsError where nothing is left to compare it with.
    """
    from rerank_core.retrieval.first_stage import FirstStage

    if not reference.strip():
        raise InvalidQueryError("The reference text is empty.", hint="Paste the text to look for, or pick one.")
    size = len(passages)
    places: Sequence[int] = range(size)
    if size > MAX_TEXTS:
        # Vectors of a large collection take minutes to make, which one question is not worth.
        by_meaning = model is not None and not passages.missing_vectors(model)
        stage = FirstStage(passages, "fused", model or "") if by_meaning else FirstStage(passages)
        stage.prepare(on_progress)
        found = stage.search(reference, NEAREST + 1)
        places = [candidate.index for candidate in found.candidates if candidate.index != leave_out][:NEAREST]
    else:
        places = [place for place in places if place != leave_out]
    documents = passages.get(places)
    if not any(text.strip() for text in texts_of(documents, passages.rank_fields)):
        raise InvalidDocumentsError(
            "There is no text to compare the reference with.", hint="Paste or upload some texts, or choose others."
        )
    searched = size - (leave_out is not None and 0 <= leave_out < size)
    return Candidates(tuple(places), tuple(documents), searched, passages.rank_fields)


def compare(
    reference: str,
    against: Candidates,
    model: str | None,
    *,
    vectors: Vectors | None = None,
    response: RerankResponse | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[ComparedText, ...]:
    """The reference next to each candidate, in the candidates' order.

    `model` is a local embedding model, or None for wording alone; `vectors` are the candidates' by that model, made
    where they are not given; `response` is a reranker's answer to the reference as
    the query over the candidates in their order. `on_progress` as in `find_duplicates`.
    """
    texts = texts_of(against.documents, against.rank_fields)
    total = len(texts)

    def tick(done: int) -> None:
        if on_progress is not None:
            on_progress(done, total)

    meaning = None
    if model is not None:
        if vectors is None:
            vectors = embed_passages(model, texts, tick=tick)
        meaning = alike_with(embed_passages(model, [reference]), vectors, total, check=lambda: tick(total)).tolist()
    wording = shared_wording_with(reference, texts, check=lambda: tick(total)).tolist()
    ranked = {row.index: row for row in response.results} if response is not None else {}
    return tuple(
        ComparedText(
            place,
            document,
            wording[at],
            meaning[at] if meaning is not None else None,
            ranked[at].relevance_score if at in ranked else None,
            ranked[at].rank if at in ranked else None,
        )
        for at, (place, document) in enumerate(zip(against.places, against.documents, strict=True))
    )


def ranked(rows: Sequence[ComparedText], by: str) -> tuple[ComparedText, ...]:
    """The rows most alike first, by "wording", "meaning" or "relevance" (a reranker's own order), ties as they came."""
    if by == "relevance":
        return tuple(sorted(rows, key=lambda row: row.rank if row.rank is not None else len(rows) + 1))
    return tuple(sorted(rows, key=lambda row: -_value(row, by)))


def above(rows: Sequence[ComparedText], by: str, threshold: float | None) -> str:
    """How many rows count as alike, in a sentence for a person; without a threshold, how many there are."""
    if threshold is None:
        return f"{len(rows):,} {'text' if len(rows) == 1 else 'texts'}, most relevant to the reference first."
    number = sum(_value(row, by) >= threshold for row in rows)
    what = "nearly the same wording as" if by == "wording" else "a meaning similar to"
    if not number:
        return f"None of {len(rows):,} texts has {what} the reference at this threshold."
    return f"{number:,} of {len(rows):,} texts {'has' if number == 1 else 'have'} {what} the reference."


def _value(row: ComparedText, by: str) -> float:
    return (row.meaning if row.meaning is not None else -1.0) if by == "meaning" else row.wording
