"""The nouns of a rerank call: frozen, slotted, and validated when they are made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Integral
from typing import Any, Literal, overload

from rerank_core import notebook
from rerank_core.errors import InvalidDocumentsError, InvalidQueryError, InvalidRequestError
from rerank_core.rank_fields import TEXT, TEXT_ONLY, checked_fields, ranked_text, text_offset

CostBasis = Literal["reported", "computed", "free", "unknown"]


@dataclass(frozen=True, slots=True)
class Document:
    """A piece of text to be ranked.

    `id` is the caller's own name for it and `metadata` whatever else belongs to it; neither leaves the
    machine. An id that is not a string is turned into one (9 becomes "9"). Raises InvalidDocumentsError
    where `text` is not a string or `metadata` not a mapping.
    """

    text: str
    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidDocumentsError(f"A document's text is {_kind(self.text)}, not a string.")
        if not isinstance(self.metadata, Mapping):
            raise InvalidDocumentsError(f"A document's metadata is {_kind(self.metadata)}, not a mapping.")
        if self.id is not None and not isinstance(self.id, str):
            object.__setattr__(self, "id", str(self.id))
        object.__setattr__(self, "metadata", dict(self.metadata))


DocumentInput = str | Mapping[str, Any] | Document


def as_documents(values: Iterable[DocumentInput]) -> tuple[Document, ...]:
    """Turn strings, objects with a `text` and Documents into Documents; the input is left as it was.

    Keys of an object other than `text`, `id` and `metadata` (where that is a mapping) become metadata.
    Raises InvalidDocumentsError, naming the place, for anything else.
    """
    _check_list(values)
    return tuple(_as_document(value, place) for place, value in enumerate(values))


def texts_of(values: Iterable[DocumentInput], rank_fields: Sequence[str] = TEXT_ONLY) -> list[str]:
    """The ranked texts of whatever `as_documents` takes, and with its errors; quicker for a list of strings."""
    _check_list(values)
    values = list(values)
    if all(isinstance(value, str) for value in values) and TEXT in rank_fields:
        return [value for value in values if isinstance(value, str)]
    return [ranked_text(document, rank_fields) for document in as_documents(values)]


def _check_list(values: object) -> None:
    """Refuse what is no list of documents, although much of it can be iterated: a table gives its columns' names."""
    is_other = isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable)
    if is_other or getattr(values, "ndim", 1) != 1:
        raise InvalidDocumentsError(f"The documents are {_kind(values)}, not a list.")


def _as_document(value: object, place: int) -> Document:
    if type(value) is str:
        return _document_of(value)
    if isinstance(value, Document):
        return value
    if isinstance(value, str):
        return Document(value)
    if isinstance(value, Mapping):
        text = value.get("text")
        if not isinstance(text, str):
            wrong = f"its text is {_kind(text)}" if "text" in value else "it has no 'text'"
            raise InvalidDocumentsError(f"Document {place + 1} cannot be ranked: {wrong}.")
        nested = value.get("metadata")
        metadata = dict(nested) if isinstance(nested, Mapping) else {}
        dropped = {"text", "id"} | ({"metadata"} if isinstance(nested, Mapping) else set())
        metadata.update({str(key): item for key, item in value.items() if key not in dropped})
        return Document(text, value.get("id"), metadata)
    raise InvalidDocumentsError(f"Document {place + 1} is {_kind(value)}, not a string or an object with text.")


def _kind(value: object) -> str:
    """A Python type in words that a person reads."""
    names = {type(None): "nothing", bool: "true or false", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), f"a {type(value).__name__}")


@dataclass(frozen=True, slots=True, init=False)
class RerankRequest:
    """One query and the candidates to put in order, checked when it is made.

    `documents` holds Documents in their initial order, whatever form they were given in. `model` None is
    the provider's default. `top_n` is how many results to keep, None for all, at least 1. `rank_fields` are the
    fields that make up the text that is sent (see `rerank_core.rank_fields`): "text", or names in the metadata.
    Raises InvalidQueryError, InvalidDocumentsError or InvalidRequestError before anything is sent.
    """

    query: str
    documents: tuple[Document, ...]
    model: str | None
    top_n: int | None
    return_documents: bool
    rank_fields: tuple[str, ...]

    def __init__(
        self,
        query: str,
        documents: Iterable[DocumentInput],
        model: str | None = None,
        top_n: int | None = None,
        return_documents: bool = False,
        rank_fields: Iterable[str] = TEXT_ONLY,
    ) -> None:
        if not isinstance(query, str):
            raise InvalidQueryError(f"The query is {_kind(query)}, not a string.")
        if not query.strip():
            raise InvalidQueryError("The query is empty.")
        candidates = as_documents(documents)
        if not candidates:
            raise InvalidDocumentsError("There are no documents.")
        fields = checked_fields(rank_fields)
        if not any(ranked_text(document, fields).strip() for document in candidates):
            raise InvalidDocumentsError("All documents are blank.")
        if model is not None and (not isinstance(model, str) or not model.strip()):
            wrong = "blank" if isinstance(model, str) else f"{_kind(model)}, not a name"
            raise InvalidRequestError(f"The model is {wrong}.", hint="Name a model, or leave it out for the default.")
        if top_n is not None:
            if isinstance(top_n, bool) or not isinstance(top_n, Integral):  # numpy's integers are Integral, no int
                raise InvalidRequestError(f"top_n is {_kind(top_n)}, not a whole number.", hint="Use 1 or more.")
            top_n = int(top_n)
            if top_n < 1:
                raise InvalidRequestError(f"top_n is {top_n}.", hint="Use 1 or more, or leave it out for all.")
        if not isinstance(return_documents, bool):
            raise InvalidRequestError("return_documents is not true or false.", hint="Use True or False.")
        for name, value in (
            ("query", query),
            ("documents", candidates),
            ("model", model),
            ("top_n", top_n),
            ("return_documents", return_documents),
            ("rank_fields", fields),
        ):
            object.__setattr__(self, name, value)


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
        return len(self.results)

    @overload
    def __getitem__(self, place: int) -> RankedDocument: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[RankedDocument, ...]: ...
    def __getitem__(self, place: int | slice) -> RankedDocument | tuple[RankedDocument, ...]:
        """The result at a place, from 0 (so its rank is one more), or those of a slice."""
        return self.results[place]

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


# Made without their checks, for the thousands of rows of one call
#
# A frozen dataclass sets each field through object.__setattr__ and looks at it again in __post_init__. Setting its
# slots themselves gives the same object: 0.4 µs in place of 1.4 for a Document, 0.5 in place of 0.9 for a
# RankedDocument. A call with 1,000 documents takes the client 2.1 ms in place of 2.9 (Python 3.11).

_new = object.__new__
_set_text, _set_id, _set_metadata = (Document.__dict__[name].__set__ for name in ("text", "id", "metadata"))
_set_rank, _set_index, _set_score, _set_document = (
    RankedDocument.__dict__[name].__set__ for name in ("rank", "index", "relevance_score", "document")
)


def _document_of(text: str) -> Document:
    document = _new(Document)
    _set_text(document, text)
    _set_id(document, None)
    _set_metadata(document, {})
    return document


def checked_row(rank: int, index: int, score: float | None, document: Document) -> RankedDocument:
    """A RankedDocument of values that have been checked."""
    row = _new(RankedDocument)
    _set_rank(row, rank)
    _set_index(row, index)
    _set_score(row, score)
    _set_document(row, document)
    return row
