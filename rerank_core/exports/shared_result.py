"""A result as it is handed on: the query, the documents, what each model gave, and when. No key, no address, no cost.

A link (`shared_link`) and a file (`result_file`) are made of it; of what a link held, the same comes back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.rank_fields import TITLE, written
from rerank_core.ranking.contender import Contender, short_names

ResultKind = Literal["playground", "compare", "search"]
"""Which page made a result: one model, several models, or a search in a collection."""

KINDS: Final[tuple[ResultKind, ...]] = get_args(ResultKind)
RECEIVED: Final = "As received: the order and the scores came with a link and were not computed on this computer."
_GRADES: Final = range(4)
_MAX_ANSWERS: Final = 4
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """What one model gave: `order` are places in the documents, best first, each with its score in `scores`.

    `provider` is the id of a connection, `model` that of its model, None where it has none. A score is a finite number
    or None. Raises ValueError where the two lists do not fit or a place comes twice.
    """

    provider: str
    model: str | None
    order: tuple[int, ...]
    scores: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if len(self.order) != len(self.scores) or len(set(self.order)) < len(self.order) or not self.order:
            raise ValueError("every place has one score and comes once")
        if any(place < 0 for place in self.order):
            raise ValueError("places count from 0")
        if any(score is not None and not math.isfinite(score) for score in self.scores):
            raise ValueError("a score is a finite number or none")

    @property
    def contender(self) -> Contender:
        """The model of its connection, with the name by which pages call it."""
        return Contender(self.provider, self.model)


@dataclass(frozen=True, slots=True)
class SharedResult:
    """One query with its documents and the orders that models gave them.

    `documents` are in their initial order, which `order_name` describes; of their metadata only text is kept. `top_n`
    is where the page cut. `created` is an aware time in UTC, to the second. `ratings` are grades from 0 to 3 by place
    in `documents`. `question` is what was typed where the query is a shorter form of it, `source` the name of the
    collection that was searched. Raises ValueError, or what RerankRequest raises, for what is no result.
    """

    kind: ResultKind
    query: str
    documents: tuple[Document, ...]
    answers: tuple[SharedAnswer, ...]
    created: datetime
    order_name: str = ""
    rank_fields: tuple[str, ...] = ("text",)
    top_n: int | None = None
    ratings: Mapping[int, int] = field(default_factory=dict, hash=False)
    question: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        places = range(len(self.documents))
        if self.kind not in KINDS or not 1 <= len(self.answers) <= _MAX_ANSWERS:
            raise ValueError("a result has a kind and one to four answers")
        if self.kind != "compare" and len(self.answers) > 1:
            raise ValueError("only a comparison has several answers")
        if len({(answer.provider, answer.model) for answer in self.answers}) < len(self.answers):
            raise ValueError("a model answers once")
        if any(place not in places for answer in self.answers for place in answer.order):
            raise ValueError("an answer names a document that is not there")
        if any(place not in places or grade not in _GRADES for place, grade in self.ratings.items()):
            raise ValueError("a rating is a grade from 0 to 3 of a document that is there")
        if self.top_n is not None and self.top_n < 1:
            raise ValueError("the cut is below at least one result")
        if self.created.tzinfo is None:
            raise ValueError("a result's time has a time zone")
        object.__setattr__(self, "created", self.created.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "ratings", dict(self.ratings))
        self.request(self.answers[0])

    @property
    def asked(self) -> str:
        """What was asked, as it was typed."""
        return self.question or self.query

    @property
    def names(self) -> tuple[str, ...]:
        """What to call the models, in the order of the answers."""
        return short_names([answer.contender for answer in self.answers])

    def request(self, answer: SharedAnswer) -> RerankRequest:
        """What a model was asked."""
        return RerankRequest(self.query, self.documents, answer.model, rank_fields=self.rank_fields)

    def responses(self) -> tuple[RerankResponse, ...]:
        """The answers as responses, each with a warning that it was received. What they cost is not known here."""
        return tuple(
            RerankResponse(
                results=tuple(
                    RankedDocument(rank, place, score, self.documents[place])
                    for rank, (place, score) in enumerate(zip(answer.order, answer.scores, strict=True), start=1)
                ),
                model=answer.model,
                provider=answer.provider,
                request=self.request(answer),
                cost=Cost(None),
                warnings=(RECEIVED,),
            )
            for answer in self.answers
        )


def shared_result(
    kind: ResultKind,
    responses: Sequence[RerankResponse],
    created: datetime,
    *,
    order_name: str = "",
    top_n: int | None = None,
    ratings: Mapping[int, int] | None = None,
    asked: tuple[str, str] = ("", ""),
) -> SharedResult:
    """What is handed on of these responses to one request. Of each document only its text, its id and the metadata
    that is read or shown stay; scores are rounded to six decimals. `asked` is the question as it was typed and the
    collection that was searched."""
    request = responses[0].request
    question, source = asked
    shown = dict.fromkeys((*request.rank_fields, TITLE, "section"))
    return SharedResult(
        kind,
        request.query,
        tuple(_stripped(document, tuple(shown)) for document in request.documents),
        tuple(
            SharedAnswer(
                response.provider,
                response.model,
                tuple(row.index for row in response.results),
                tuple(_rounded(row.relevance_score) for row in response.results),
            )
            for response in responses
        ),
        created,
        order_name=order_name,
        rank_fields=request.rank_fields,
        top_n=top_n,
        ratings=ratings or {},
        question="" if question == request.query else question,
        source=source,
    )


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, _DIGITS)


def _stripped(document: Document, names: Sequence[str]) -> Document:
    kept = {name: text for name in names if (text := written(document.metadata.get(name))).strip()}
    return Document(document.text, document.id, kept)
