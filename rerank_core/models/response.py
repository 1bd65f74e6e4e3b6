"""What comes back: the results, what they cost and how they came about. Frozen, slotted, validated when made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, cast, overload

from rerank_core import notebook
from rerank_core.models.documents import Document, TextsAlone, document_of
from rerank_core.models.later import held, make_when_read
from rerank_core.models.request import RerankRequest, documents_held
from rerank_core.rank_fields import text_offset

CostBasis = Literal["reported", "computed", "free", "unknown"]


@dataclass(frozen=True, slots=True)
class RankedDocument:
    """One row of an answer: its place now (`rank`, from 1), its place in the input (`index`, from 0).

    `relevance_score` is the model's own score, None where the provider has none or the document was
    blank and so never scored.
    """

    rank: int
    index: int
    relevance_score: float | None
    document: Document

    def __post_init__(self) -> None:
        if self.rank < 1 or self.index < 0:
            raise ValueError("rank counts from 1 and index from 0")
        if self.relevance_score is not None and not math.isfinite(self.relevance_score):
            raise ValueError("a relevance score is a finite number or None")


@dataclass(frozen=True, slots=True)
class TextSpan:
    """The part of a document's text that speaks to the query: `text[start:stop]`, in characters.

    `score` is how well it does by the model that chose it, None where it gave none; comparable within one document.
    Raises ValueError where the part is empty or begins before the text does.
    """

    start: int
    stop: int
    score: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise ValueError("a span begins at 0 or later and holds a character or more")


def spans_of_text(document: Document, rank_fields: Sequence[str], spans: Iterable[TextSpan]) -> tuple[TextSpan, ...]:
    """Parts of what a model read of a document (`ranked_text`) as parts of the document's own text.

    What lies in its title, or in another field, is left out.
    """
    offset = text_offset(document, rank_fields)
    if offset is None:
        return ()
    placed = []
    for span in spans:
        start, stop = max(0, span.start - offset), min(len(document.text), span.stop - offset)
        if start < stop:
            placed.append(TextSpan(start, stop, span.score))
    return tuple(placed)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider says it counted: search units and tokens, each summed over batches; None if any part is
    unknown. It is what the reply says, also where that cannot be and no cost was worked out from it."""

    search_units: float | None = None
    tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Money for one call. `basis` says where the number is from.

    reported: the provider named the amount; computed: our price table times the units or tokens it reported;
    free: it ran on this computer or on a server of one's own, amount 0; unknown: neither is known, amount None.
    `in_doubt` is what earlier attempts may have cost besides, those that got no whole answer and were made again: as
    much as the answered one.
    """

    amount: Decimal | None
    currency: str = "USD"
    basis: CostBasis = "unknown"
    in_doubt: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call has come: documents scored, documents in all, and the cost of what has been answered."""

    done: int
    total: int
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one request of a call; a call of several batches has several requests, and each may be tried again.

    `provider` was asked about so many `documents`. `latency_ms` is the wall clock from sending to the end, a wait for a
    free place included. `status` is that of HTTP where there was a reply, `code` that of the error. `again_in` are the
    seconds after which the same was tried again, None where it was not.
    """

    provider: str
    documents: int
    latency_ms: float
    outcome: Literal["answered", "failed"]
    status: int | None = None
    code: str = ""
    again_in: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class RerankResponse:
    """A whole answer: `results` best first. It can be iterated and indexed as they can.

    `latency_ms` is the wall clock of the call on this side, waits and retries included;
    `provider_latency_ms` what the provider says it took, where it does. `sent` and `raw` are the JSON
    body sent and received (a tuple of bodies where the call took several batches, None where nothing left
    the machine); neither ever holds a key. `warnings` are sentences for a person. `spans` are the parts of documents
    that the provider says speak to the query, by index: parts of each document's `text`, ascending and apart from each
    other; empty where it says none (`rerank_core.answering_spans` finds them for the models of this computer).
    `attempts` are all tries that it took, those of providers that were asked before among them.
    """

    results: tuple[RankedDocument, ...]
    model: str | None
    provider: str
    request: RerankRequest
    usage: Usage = Usage()
    cost: Cost = Cost(None)
    request_id: str | None = None
    latency_ms: float = 0.0
    provider_latency_ms: float | None = None
    sent: Any = field(default=None, hash=False)
    raw: Any = field(default=None, hash=False)
    warnings: tuple[str, ...] = ()
    spans: Mapping[int, tuple[TextSpan, ...]] = field(default_factory=dict, hash=False)
    attempts: tuple[Attempt, ...] = ()

    def __iter__(self) -> Iterator[RankedDocument]:
        """The results, best first."""
        return iter(self.results)

    def __len__(self) -> int:
        """How many results there are."""
        return len(held(_results, self))

    @overload
    def __getitem__(self, place: int) -> RankedDocument: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[RankedDocument, ...]: ...
    def __getitem__(self, place: int | slice) -> RankedDocument | tuple[RankedDocument, ...]:
        """The result at a place, from 0 (so its rank is one more), or those of a slice."""
        rows = held(_results, self)
        return rows.only(place) if isinstance(rows, _Rows) and isinstance(place, slice) else self.results[place]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON can hold it: the results with their documents, who answered and what it cost.

        Money is a string, so that no digit is lost. The bodies that were sent and received are left out, and so is the
        request but for its query. Metadata is as it was given, so JSON holds it where it held it before.
        """
        results: list[dict[str, Any]] = []
        for row in self.results:
            of = row.document
            found: dict[str, Any] = {"rank": row.rank, "index": row.index, "relevance_score": row.relevance_score}
            found |= {"id": of.id, "text": of.text, "metadata": dict(of.metadata)}
            if row.index in self.spans:
                found["spans"] = [
                    {"start": span.start, "stop": span.stop, "score": span.score} for span in self.spans[row.index]
                ]
            results.append(found)
        cost = self.cost
        return {
            "query": self.request.query,
            "provider": self.provider,
            "model": self.model,
            "results": results,
            "search_units": self.usage.search_units,
            "cost": {
                "amount": None if cost.amount is None else str(cost.amount),
                "currency": cost.currency,
                "basis": cost.basis,
                "in_doubt": str(cost.in_doubt),
            },
            "request_id": self.request_id,
            "latency_ms": self.latency_ms,
            "provider_latency_ms": self.provider_latency_ms,
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        """A few lines: who answered, and the first results."""
        return notebook.lines(self)

    def _repr_html_(self) -> str:
        """A table with bars, for a notebook."""
        return notebook.html(self)


# Without its checks, as `documents.document_of`.
_new = object.__new__
_set_rank, _set_index, _set_score, _set_document = (
    RankedDocument.__dict__[name].__set__ for name in ("rank", "index", "relevance_score", "document")
)


class _Rows(tuple[tuple[int, float | None], ...]):
    """Results that nobody has looked at yet: (index, score), best first, of the documents of `request`."""

    request: RerankRequest

    def only(self, places: slice) -> tuple[RankedDocument, ...]:
        """Those at some places."""
        chosen = range(*places.indices(len(self)))
        documents = documents_held(self.request)
        if isinstance(documents, TextsAlone) and len(chosen) == len(self):
            documents = self.request.documents  # all of them, so each is made once
        made = []
        for place in chosen:
            index, score = self[place]
            document = documents[index]
            made.append(row := _new(RankedDocument))
            _set_rank(row, place + 1)
            _set_index(row, index)
            _set_score(row, score)
            _set_document(row, document_of(document) if isinstance(document, str) else document)
        return tuple(made)


_results = RerankResponse.__dict__["results"]
make_when_read(_results, _Rows, lambda rows: rows.only(slice(None)))


def rows_of(request: RerankRequest, order: Iterable[tuple[int, float | None]]) -> tuple[RankedDocument, ...]:
    """The results of a request as a RerankResponse takes them, which makes them when they are looked at: (index, score)
    of each, both checked, best first."""
    rows = _Rows(order)
    rows.request = request
    return cast("tuple[RankedDocument, ...]", rows)
