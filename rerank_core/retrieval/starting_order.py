"""The initial order of a run: as listed, by a rank or score that came with the documents, or by keyword."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rerank_core.documents.order import number_of, order_by
from rerank_core.documents.tables import fields
from rerank_core.documents.working_list import WorkingList
from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document, texts_of
from rerank_core.rank_fields import TITLE_AND_TEXT

StartBy = Literal["listed", "rank", "score", "keyword"]


@dataclass(frozen=True, slots=True)
class StartingOrder:
    """The candidates as they go into a run; `name` says how the order came about ("by uploaded score")."""

    documents: tuple[Document, ...]
    name: str


def has_number(working: WorkingList, by: Literal["rank", "score"]) -> bool:
    """Whether any document carries a rank or a score to sort by."""
    names = frozenset(fields.NAMES[by])
    return any(
        fields.normal(str(key)) in names and number_of(value) is not None
        for document in working.documents
        for key, value in document.metadata.items()
    )


def start_order(
    working: WorkingList, by: StartBy, query: str, rank_fields: Sequence[str] = TITLE_AND_TEXT
) -> StartingOrder:
    """Put the working list in the order that a run starts from; equals keep their places.

    By keyword (BM25) is by the words of these fields, those that a model is to read. The documents without any word of
    the query come last, as they were listed. Raises InvalidDocumentsError where no document has a rank or score, or
    `by` is none of the four.
    """
    documents = working.documents
    if by == "listed":
        return StartingOrder(documents, working.order_name)
    if by == "rank":
        return StartingOrder(order_by(documents, "rank").documents, "by uploaded rank")
    if by == "score":
        return StartingOrder(order_by(documents, "score").documents, "by uploaded score")
    if by == "keyword":
        from rerank_core.retrieval import KeywordIndex

        index = KeywordIndex.build(texts_of(documents, rank_fields))
        hits = [hit.index for hit in index.search(query, k=len(documents))] if documents else []
        found = set(hits)
        rest = [place for place in range(len(documents)) if place not in found]
        return StartingOrder(tuple(documents[place] for place in [*hits, *rest]), "by keyword (BM25)")
    raise InvalidDocumentsError(f"There is no order '{by}'.", hint="Use 'listed', 'rank', 'score' or 'keyword'.")


def initial_scores(documents: tuple[Document, ...]) -> tuple[float | None, ...]:
    """The scores that the documents came with, one for each, on whatever scale they are; None where one has none."""
    scores = []
    for document in documents:
        name = fields.first_named(document.metadata, "score")
        scores.append(None if name is None else number_of(document.metadata[name]))
    return tuple(scores)
