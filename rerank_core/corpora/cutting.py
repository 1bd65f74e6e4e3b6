"""Documents on their way into a corpus, cut into passages that know their document, and results put back together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rerank_core.documents.chunking import How, chunk, place_of
from rerank_core.models import Document, RankedDocument
from rerank_core.retrieval.passages import PARENT


def cut(
    documents: Sequence[Document],
    how: How,
    *,
    tokens: int = 200,
    overlap: int = 40,
    source: str = "",
    on_progress: Callable[[int, int], object] | None = None,
) -> tuple[Document, ...]:
    """Cut documents as `documents.chunking.chunk` does and name each passage's document in its metadata.

    `source` (a file's name) tells documents without an id apart. `on_progress` is told now and then how many
    documents are done and how many there are; what it raises stops the work. Raises what `chunk` raises.
    """
    passages = chunk(documents, how, tokens=tokens, overlap=overlap, on_progress=on_progress)
    return tuple(_named(passage, source) for passage in passages)


def first_of(documents: Iterable[Document], characters: int) -> tuple[Document, ...]:
    """The documents from the first on, as many as hold about `characters` characters; at least one."""
    found: list[Document] = []
    left = characters
    for document in documents:
        if found and left < len(document.text):
            break
        found.append(document)
        left -= len(document.text)
    return tuple(found)


def _named(passage: Document, source: str) -> Document:
    place = place_of(passage)
    if place is None:
        return passage
    name = place.parent or f"{source or 'document'} {place.document + 1}"
    return replace(passage, metadata={**passage.metadata, PARENT: name})


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document by its best passage: `was` and `now` are its ranks (from 1) among documents, `passages` how many of
    its passages were candidates."""

    was: int
    now: int
    best: RankedDocument
    passages: int


def by_document(results: Iterable[RankedDocument]) -> tuple[DocumentRow, ...]:
    """Results of passages as results of documents, best first: each stands where its best passage stands.

    A passage that names no document is one by itself. Before and after are counted alike: the first passage of a
    document in an order is its place in that order.
    """
    rows = list(results)
    best: dict[object, RankedDocument] = {}
    counts: dict[object, int] = {}
    first: dict[object, int] = {}
    for row in rows:
        key = row.document.metadata.get(PARENT) or row.index
        best.setdefault(key, row)
        counts[key] = counts.get(key, 0) + 1
        first[key] = min(first.get(key, row.index), row.index)
    before = {key: rank for rank, key in enumerate(sorted(first, key=first.__getitem__), 1)}
    return tuple(DocumentRow(before[key], rank, row, counts[key]) for rank, (key, row) in enumerate(best.items(), 1))
