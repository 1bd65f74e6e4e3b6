"""Long documents to chunks that know where they come from, and results of chunks back to documents.

A chunk's text is exactly a piece of its document's text, and its metadata says which: CHUNK_KEYS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from rerank_core.documents.report import count
from rerank_core.documents.splitting import BySize, Piece, paragraphs, sections
from rerank_core.errors import InvalidRequestError
from rerank_core.models import Document, DocumentInput, RankedDocument, as_documents
from rerank_core.pricing.estimates import CostEstimate, estimate_cost, money_text
from rerank_core.pricing.table import PriceTable
from rerank_core.rank_fields import TEXT_ONLY

How = Literal["off", "paragraph", "size", "heading"]

CHUNK_KEYS = ("chunk_parent", "chunk_document", "chunk_number", "chunk_count", "chunk_start", "chunk_end")
"""Metadata of a chunk: its document's id (None without one) and place (from 0) in the list that was chunked, its
own number (from 1), how many chunks the document has, and the characters (from 0, end excluded) that it covers."""

MAX_CHUNKS = 500_000
_REPORT_EVERY = 50


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk belongs: see CHUNK_KEYS."""

    parent: str | None
    document: int
    number: int
    count: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """A document in an order of chunks: its rank (from 1) by its best chunk, and all its chunks, best first.

    `parent` is the document's id, None without one. A document that was not chunked is its own only chunk.
    """

    rank: int
    parent: str | None
    best: RankedDocument
    chunks: tuple[RankedDocument, ...]


@dataclass(frozen=True, slots=True)
class ChunkCost:
    """What chunking does to the cost of one search: the estimates with whole documents and with chunks."""

    whole: CostEstimate
    chunked: CostEstimate
    documents: int
    chunks: int

    @property
    def difference(self) -> Decimal | None:
        """Chunked minus whole; None where either amount is unknown."""
        if self.whole.amount is None or self.chunked.amount is None:
            return None
        return self.chunked.amount - self.whole.amount

    @property
    def sentence(self) -> str:
        """For a person: "12 documents make 48 chunks; a search is estimated at $0.002 instead of $0.001."."""
        made = f"{count(self.documents, 'document')} make {count(self.chunks, 'chunk')}"
        if self.documents == 1:
            made = made.replace(" make ", " makes ")
        difference = self.difference
        if difference is None:
            return f"{made}; what a search costs is unknown."
        if not difference:
            return f"{made}; a search is estimated at {money_text(self.chunked.amount)} either way."
        amounts = f"{money_text(self.chunked.amount)} instead of {money_text(self.whole.amount)}"
        return f"{made}; a search is estimated at {amounts}."


def chunk(
    documents: Iterable[DocumentInput],
    how: How,
    *,
    tokens: int = 200,
    overlap: int = 40,
    on_progress: Callable[[int, int], object] | None = None,
) -> tuple[Document, ...]:
    """The documents in chunks, in order; a document of one chunk stays as it is.

    "off": all stay. "paragraph": a chunk for each block between blank lines; one of fewer than SHORT_TOKENS
    tokens, such as a heading, goes with the next. "size": chunks of at most `tokens` tokens, as estimated by
    `pricing.estimate_tokens`, cut at the best place there is (paragraph, line, sentence, word), each beginning
    with up to `overlap` tokens from the end of the one before, from a sentence or a word on. "heading": a chunk
    from each Markdown or HTML heading to the next, with "section" in its metadata; a document without headings
    stays.

    No text is lost but white space between chunks. A chunk keeps its document's metadata, adds CHUNK_KEYS, and
    its id is its document's with its number ("manual.pdf#p3/2"), or None.
    `on_progress` is told now and then how many documents are done and how many there are.
    Raises InvalidRequestError for an unknown way, sizes that make no sense or more than MAX_CHUNKS chunks,
    InvalidDocumentsError for what is no document, ConfigurationError where the splitter is not installed.
    """
    if how not in get_args(How):
        raise InvalidRequestError(
            f"There is no way of chunking called '{how}'.", hint=f"Use one of {', '.join(get_args(How))}."
        )
    whole = as_documents(documents)
    if how == "off":
        return whole
    spans = _spans_by(how, tokens, overlap)
    chunks: list[Document] = []
    for place, document in enumerate(whole):
        if on_progress is not None and not place % _REPORT_EVERY:
            on_progress(place, len(whole))
        found = spans(document.text)
        if len(chunks) + len(found) > MAX_CHUNKS:
            raise InvalidRequestError(
                f"This makes more than {MAX_CHUNKS:,} chunks.", hint="Use larger chunks with less overlap."
            )
        chunks += _chunks_of(document, place, found) if len(found) > 1 else [document]
    if on_progress is not None:
        on_progress(len(whole), len(whole))
    return tuple(chunks)


def place_of(document: Document) -> ChunkPlace | None:
    """Where a chunk belongs; None for a document that is no chunk."""
    parent, *numbers = (document.metadata.get(key) for key in CHUNK_KEYS)
    if not isinstance(parent, str | None):
        return None
    places = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
    return ChunkPlace(parent, *places) if len(places) == len(numbers) else None


def around(parent: Document, part: Document, characters: int = 600) -> tuple[str, str, str]:
    """A chunk in its surroundings: up to that many characters before it, its text, and as many after it.

    Nothing is around a chunk whose document has changed since, or a document that is no chunk.
    """
    place = place_of(part)
    if place is None or parent.text[place.start : place.end] != part.text:
        return "", part.text, ""
    before = parent.text[max(0, place.start - characters) : place.start]
    return before, part.text, parent.text[place.end : place.end + characters]


def group_by_parent(results: Iterable[RankedDocument]) -> tuple[DocumentResult, ...]:
    """Results of chunks as results of documents, in the order of each one's best chunk.

    Chunks belong together where their document's id and place and their "file" agree. The order given is the
    order of relevance: the first chunk of a document is its best.
    """
    groups: dict[object, list[RankedDocument]] = {}
    for result in results:
        place = place_of(result.document)
        key: object = result.index
        if place is not None:
            key = (place.parent, place.document, str(result.document.metadata.get("file")))
        groups.setdefault(key, []).append(result)
    found = []
    for rank, rows in enumerate(groups.values(), 1):
        place = place_of(rows[0].document)
        parent = rows[0].document.id if place is None else place.parent
        found.append(DocumentResult(rank, parent, rows[0], tuple(rows)))
    return tuple(found)


def chunk_cost(
    provider: str,
    model: str | None,
    query: str,
    documents: Sequence[DocumentInput],
    chunks: Sequence[DocumentInput],
    *,
    prices: PriceTable | None = None,
    rank_fields: Sequence[str] = TEXT_ONLY,
) -> ChunkCost:
    """What one search over these documents costs whole and in these chunks.

    Give what would be sent: all of a list, or the candidates that the first stage leaves of a corpus, and the fields
    of each that a model reads. Raises
    as `pricing.estimate_cost` does.
    """
    return ChunkCost(
        estimate_cost(provider, model, query, documents, prices=prices, rank_fields=rank_fields),
        estimate_cost(provider, model, query, chunks, prices=prices, rank_fields=rank_fields),
        len(documents),
        len(chunks),
    )


_Spans = Callable[[str], Sequence[Piece]]


def _spans_by(how: How, tokens: int, overlap: int) -> _Spans:
    if how == "paragraph":
        return lambda text: [(span, {}) for span in paragraphs(text)]
    if how == "heading":
        return sections
    for name, value, least in (("tokens", tokens, 1), ("overlap", overlap, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidRequestError(f"'{name}' is {value!r}.", hint=f"Use a whole number of {least} or more.")
    if overlap >= tokens:
        raise InvalidRequestError(
            f"An overlap of {overlap:,} tokens leaves nothing of a chunk of {tokens:,}.",
            hint="Use an overlap smaller than the chunk; a fifth of it is usual.",
        )
    return BySize(tokens, overlap)


def _chunks_of(document: Document, place: int, spans: Sequence[Piece]) -> Iterator[Document]:
    for number, ((start, end), own) in enumerate(spans, 1):
        metadata = {**document.metadata, **own}
        if "section" in own and isinstance(above := document.metadata.get("section"), str) and above:
            metadata["section"] = f"{above} > {own['section']}"
        metadata |= dict(zip(CHUNK_KEYS, (document.id, place, number, len(spans), start, end), strict=True))
        name = None if document.id is None else f"{document.id}/{number}"
        yield Document(document.text[start:end], name, metadata)
