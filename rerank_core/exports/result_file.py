"""A result as one HTML file that opens from disk, prints, and can be sent on to anybody.

The file needs nothing from outside and runs nothing: no script, no font, no picture. Queries and documents in it are
text, whatever they hold. What it says stands in `result_file.html.j2`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rerank_core.exports.html_template import environment
from rerank_core.exports.shared_result import SharedAnswer, SharedResult
from rerank_core.extras import require
from rerank_core.models import Document
from rerank_core.providers import provider
from rerank_core.rank_fields import fields_text
from rerank_core.ranking import movement_text
from rerank_core.ranking.heading import heading
from rerank_core.ranking.strength import ScoreScale

if TYPE_CHECKING:
    from jinja2 import Template

_START: Final = 240  # characters of a document in an order; the whole text stands below


@dataclass(frozen=True, slots=True)
class _Text:
    """A document as the file shows it; `place` counts from 1 in the initial order."""

    place: int
    title: str
    text: str
    name: str
    rating: int | None

    @property
    def start(self) -> str:
        return self.text if len(self.text) <= _START else self.text[:_START].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class _Row:
    """A document at its rank. `share` is how much of its bar is filled, in percent; `below_cut` marks the first row
    below the cut."""

    rank: int
    document: _Text
    score: str
    word: str
    share: float | None
    moved: str
    below_cut: bool

    @property
    def rating(self) -> int | None:
        return self.document.rating


@dataclass(frozen=True, slots=True)
class _Look:
    """What a model is called, and how its scores are shown."""

    name: str
    scale: ScoreScale


@dataclass(frozen=True, slots=True)
class _Column:
    """One model's order; `missing` is how many documents it left out."""

    look: _Look
    connection: str
    rows: tuple[_Row, ...]
    missing: int

    @property
    def name(self) -> str:
        return self.look.name

    @property
    def scored(self) -> bool:
        return any(row.share is not None for row in self.rows)


def result_html(result: SharedResult, headline: Sequence[str] = (), scales: Sequence[ScoreScale] = ()) -> bytes:
    """The result as one HTML file, UTF-8: the query, both orders with scores and moves, the models, the date, what they
    read, the ratings, and every document whole. `headline` are sentences that stand at its head, `scales` the words and
    the range of each answer's scores; without them scores stand as numbers on bars from 0 to 1.

    Raises ConfigurationError, with the command that brings it, where jinja2 is not installed.
    """
    require("A result as an HTML file", "evaluation", "jinja2", "markupsafe")
    documents = [_text(result, place, document) for place, document in enumerate(result.documents)]
    shown = scales or [ScoreScale()] * len(result.answers)
    columns = [
        _column(result, answer, _Look(name, scale), documents)
        for answer, name, scale in zip(result.answers, result.names, shown, strict=True)
    ]
    page = _template().render(
        result=result,
        headline=headline,
        day=f"{result.created.day} {result.created:%B %Y, %H:%M} UTC",
        read=fields_text(result.rank_fields),
        documents=documents,
        columns=columns,
    )
    return page.encode("utf-8", "replace")


def _text(result: SharedResult, place: int, document: Document) -> _Text:
    title, text = heading(document)
    return _Text(place + 1, (title or "").strip(), text.strip(), document.id or "", result.ratings.get(place))


def _column(result: SharedResult, answer: SharedAnswer, look: _Look, documents: Sequence[_Text]) -> _Column:
    scale = look.scale
    rows = []
    for rank, (place, score) in enumerate(zip(answer.order, answer.scores, strict=True), start=1):
        rows.append(
            _Row(
                rank,
                documents[place],
                "no score" if score is None else f"{score:.3f}",
                scale.word(score) or "",
                None if score is None else 100 * min(1.0, max(0.0, score / scale.top)),
                movement_text(place + 1, rank).partition(", ")[2],
                rank - 1 == result.top_n,
            )
        )
    label = provider(answer.provider).label
    return _Column(look, label, tuple(rows), len(documents) - len(rows))


@cache
def _template() -> Template:
    return environment(Path(__file__).parent).get_template("result_file.html.j2")
