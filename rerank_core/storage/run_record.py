"""A run worth keeping: one reranking with everything needed to show it again, and its form as bytes.

The documents stand apart from the rest, so that a store keeps each once. The bytes are UTF-8 JSON that gives back
exactly what went in: floats and decimals to the last digit, lone surrogates and NULs in texts, tuples, dates. What JSON
has no form for is written as {"$type": ..., "value": ...}, and so is the text of a document in what was sent.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from rerank_core.exports.shared_result import RECEIVED
from rerank_core.models import Attempt, Cost, Document, RankedDocument, RerankRequest, RerankResponse, TextSpan, Usage
from rerank_core.pricing.estimates import CostEstimate
from rerank_core.rank_fields import TEXT_ONLY

GRADES = range(4)
"""The ratings a person can give: 0 not relevant, 1 related, 2 relevant, 3 the answer."""

_FORMAT, _WITH_DOCUMENTS = 2, 1
_TYPE = "$type"
_LONG = 40  # characters of a text that what was sent refers to instead of having it again


def new_id() -> str:
    """An id that nobody can guess: 16 characters for 96 random bits."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class Run:
    """One reranking as it was shown.

    `order_name` says what the initial order was ("as pasted", "by keyword (BM25)"), `top_n` where the screen
    cut, `ratings` a grade from 0 to 3 by index in the input, `estimate` what was expected before.
    `created` is an aware time in UTC. Raises ValueError for a rating that is none or a time without zone.
    """

    response: RerankResponse
    order_name: str = ""
    top_n: int | None = None
    estimate: CostEstimate | None = None
    ratings: Mapping[int, int] = field(default_factory=dict, hash=False)
    id: str = field(default_factory=new_id)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        for index, grade in self.ratings.items():
            check_rating(index, grade, len(self.documents))
        if self.created.tzinfo is None:
            raise ValueError("a run's time has a time zone")
        object.__setattr__(self, "ratings", dict(self.ratings))
        object.__setattr__(self, "created", self.created.astimezone(UTC))

    @property
    def request(self) -> RerankRequest:
        """What was asked."""
        return self.response.request

    @property
    def query(self) -> str:
        """The query as it was typed."""
        return self.request.query

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents in their initial order."""
        return self.request.documents

    @property
    def rank_fields(self) -> tuple[str, ...]:
        """The fields of each document that the model read."""
        return self.request.rank_fields

    @property
    def connection(self) -> str:
        """The id of the provider that answered."""
        return self.response.provider

    @property
    def received(self) -> bool:
        """Whether it came with a link: nothing was computed here, so cost and time are not known."""
        return RECEIVED in self.response.warnings

    @property
    def model(self) -> str | None:
        """The model that answered, None where the provider has none."""
        return self.response.model


def check_rating(index: int, grade: int, documents: int) -> None:
    """Raise ValueError unless this is a grade from 0 to 3 for a document that exists."""
    if isinstance(grade, bool) or grade not in GRADES:
        raise ValueError(f"a rating is a whole number from {GRADES[0]} to {GRADES[-1]}, not {grade!r}")
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < documents:
        raise ValueError(f"there is no document at index {index!r}")


def to_bytes(run: Run) -> tuple[bytes, list[bytes]]:
    """The run as UTF-8 JSON, and each of its documents; `from_bytes` gives back an equal one. Ratings are not in it: a
    store keeps them apart, so that rating a row does not rewrite the run.

    A metadata value of a type that is neither JSON, Decimal, date, datetime, tuple nor bytes is kept as its text.
    """
    response, documents = run.response, run.documents
    places = {one.text: place for place, one in enumerate(documents) if len(one.text) >= _LONG}
    rows = [
        [row.rank, row.index, row.relevance_score] + ([] if _is_own(row, documents) else [_document(row.document)])
        for row in response.results
    ]
    record = {
        "format": _FORMAT,
        "id": run.id,
        "created": run.created.isoformat(),
        "order_name": run.order_name,
        "top_n": run.top_n,
        "request": {
            "query": run.query,
            "documents": len(documents),
            "model": run.request.model,
            "top_n": run.request.top_n,
            "return_documents": run.request.return_documents,
            "rank_fields": list(run.request.rank_fields),
        },
        "response": {
            "results": rows,
            "model": response.model,
            "provider": response.provider,
            "search_units": response.usage.search_units,
            "cost": [
                _packed(response.cost.amount),
                response.cost.currency,
                response.cost.basis,
                _packed(response.cost.in_doubt),
            ],
            "request_id": response.request_id,
            "latency_ms": response.latency_ms,
            "provider_latency_ms": response.provider_latency_ms,
            "sent": _packed(response.sent, places),
            "raw": _packed(response.raw, places),
            "warnings": list(response.warnings),
            "spans": [
                [index, [[span.start, span.stop, span.score] for span in spans]]
                for index, spans in response.spans.items()
            ],
            "attempts": [list(astuple(attempt)) for attempt in response.attempts],
        },
        "estimate": None if run.estimate is None else _estimate(run.estimate),
    }
    return _json(record), [_json(_document(document)) for document in documents]


def from_bytes(data: bytes, documents: bytes = b"[]", ratings: Mapping[int, int] | None = None) -> Run:
    """The run that `to_bytes` wrote, with its documents as a JSON list and these ratings; or one that was written with
    its documents inside. Raises ValueError for anything else."""
    try:
        record = json.loads(data.decode("utf-8", "surrogatepass"))
        if record["format"] not in (_FORMAT, _WITH_DOCUMENTS):
            raise ValueError(f"format {record['format']!r} is not known")
        if record["format"] == _FORMAT:
            apart = json.loads(documents.decode("utf-8", "surrogatepass"))
            if len(apart) != record["request"]["documents"]:
                raise ValueError("some of its documents are not there")
            record["request"]["documents"] = apart
        return _run(record, ratings or {})
    except (KeyError, TypeError, IndexError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"not a saved run: {error!r}") from error


def _run(record: Mapping[str, Any], ratings: Mapping[int, int]) -> Run:
    asked, answer = record["request"], record["response"]
    documents = tuple(_unpacked_document(packed) for packed in asked["documents"])
    request = RerankRequest(
        asked["query"],
        documents,
        asked["model"],
        asked["top_n"],
        asked["return_documents"],
        asked.get("rank_fields", TEXT_ONLY),  # older runs read the text alone
    )
    amount, currency, basis, *in_doubt = answer["cost"]  # older runs have three parts
    response = RerankResponse(
        results=tuple(
            RankedDocument(rank, index, score, _unpacked_document(own[0]) if own else documents[index])
            for rank, index, score, *own in answer["results"]
        ),
        model=answer["model"],
        provider=answer["provider"],
        request=request,
        usage=Usage(answer["search_units"]),
        cost=Cost(_unpacked(amount), currency, basis, *map(_unpacked, in_doubt)),
        request_id=answer["request_id"],
        latency_ms=answer["latency_ms"],
        provider_latency_ms=answer["provider_latency_ms"],
        sent=_unpacked(answer["sent"], documents),
        raw=_unpacked(answer["raw"], documents),
        warnings=tuple(answer["warnings"]),
        # older runs know of none
        spans={index: tuple(TextSpan(*span) for span in spans) for index, spans in answer.get("spans", ())},
        attempts=tuple(Attempt(*attempt) for attempt in answer.get("attempts", ())),
    )
    estimate = record["estimate"]
    return Run(
        response=response,
        order_name=record["order_name"],
        top_n=record["top_n"],
        estimate=None
        if estimate is None
        else CostEstimate(**{key: _unpacked(value) for key, value in estimate.items()}),
        ratings=ratings,
        id=record["id"],
        created=datetime.fromisoformat(record["created"]),
    )


def _is_own(row: RankedDocument, documents: tuple[Document, ...]) -> bool:
    return row.index < len(documents) and documents[row.index] == row.document


def _document(document: Document) -> list[Any]:
    return [document.text, document.id, _packed(dict(document.metadata))]


def _unpacked_document(packed: list[Any]) -> Document:
    text, name, metadata = packed
    return Document(text, name, _unpacked(metadata))


def _estimate(estimate: CostEstimate) -> dict[str, Any]:
    return {name: _packed(getattr(estimate, name)) for name in CostEstimate.__dataclass_fields__}


_WRITERS: dict[type, Callable[[Any], Any]] = {
    Decimal: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    bytes: bytes.hex,
    tuple: lambda value: [_packed(item) for item in value],
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "Decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": bytes.fromhex,
    "tuple": lambda value: tuple(_unpacked(item) for item in value),
}
_TEXT_OF = "text of document"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


_NOWHERE: Mapping[str, int] = {}


def _packed(value: Any, places: Mapping[str, int] = _NOWHERE) -> Any:
    """A value as JSON; the forms in `_WRITERS`, and dicts that JSON would change, are marked with their type. `places`
    says which texts are a document's, and of which."""
    kind = type(value)
    if kind is str and places and (place := places.get(value)) is not None:
        return {_TYPE: _TEXT_OF, "value": place}
    if value is None or kind in (str, int, float, bool):
        return value
    if kind is list:
        return [_packed(item, places) for item in value]
    if isinstance(value, Mapping):
        if _TYPE not in value and all(type(key) is str for key in value):
            return {key: _packed(item, places) for key, item in value.items()}
        return {_TYPE: "dict", "value": [[_packed(key), _packed(item, places)] for key, item in value.items()]}
    if kind in _WRITERS:
        return {_TYPE: kind.__name__, "value": _WRITERS[kind](value)}
    return str(value)


def _unpacked(value: Any, documents: Sequence[Document] = ()) -> Any:
    if isinstance(value, list):
        return [_unpacked(item, documents) for item in value]
    if isinstance(value, dict):
        if _TYPE not in value:
            return {key: _unpacked(item, documents) for key, item in value.items()}
        kind, inner = value[_TYPE], value["value"]
        if kind == _TEXT_OF:
            return documents[inner].text
        if kind == "dict":
            return {_unpacked(key): _unpacked(item, documents) for key, item in inner}
        return _READERS[kind](inner)
    return value
