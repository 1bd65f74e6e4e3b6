"""What the board is told: rows that are checked when they are made, and the bounded JSON they become.

Nothing here ranks anything: the places come computed, this module only puts them into words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rerank_core.ranking.keeping import below_text
from rerank_core.ranking.orders import movement_text
from rerank_core.ranking.strength import MEANINGS, ScoreScale
from rerank_core.retrieval.marks import marked, segments

__all__ = ["LINES", "MAX_ROWS", "BoardEvent", "BoardRow", "BoardView", "Rating", "movement", "payload", "shown"]

MAX_ROWS = 50
"""Rows the board draws; longer lists belong in `pages.components.display.tables`."""

LINES = 30
"""How many first places of an order get a line to the next one."""

TEXT_CHARACTERS = 400
LEAD_CHARACTERS = 60  # what stands before a marked sentence; with more of it the mark would be cut off
TITLE_CHARACTERS = 160
TOOLTIP_CHARACTERS = 240

# Control characters have a picture of their own in Unicode (NUL is U+2400), so none is dropped in silence.
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"} | {0x7F: 0x2421}
_PICTURES |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_SPACES = re.compile(r"\s+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DIRECTIONS = {"▲": "up", "▼": "down"}
_JOINERS = "\u200d\ufe0e\ufe0f"

ANSWER_MEANING = "Marked: the sentence that matches the query best, by this model."
"""What a mark means, wherever one is drawn."""

Verdict = Literal["better", "worse"]


def shown(text: str, limit: int | None = None, *, one_line: bool = False) -> str:
    """The text as it can be put on a screen: lone surrogates and control characters made visible.

    `limit` is in characters; what is longer ends in an ellipsis. `one_line` folds runs of white space, line
    breaks included, into one space.
    """
    cut = text
    if limit is not None and len(text) > limit:
        # Folding white space shortens a text, so look a little further than the limit before cutting.
        cut = text[: limit * 4]
    if one_line:
        cut = " ".join(cut.split())
    if not cut.isprintable():
        cut = _SURROGATE.sub("\ufffd", cut.translate(_PICTURES))
    if limit is None or (len(cut) <= limit and len(text) <= limit * 4):
        return cut
    return cut[:limit].rstrip().rstrip(_JOINERS) + "…"


def movement(was: int, now: int) -> tuple[str, str, str]:
    """A move in three parts: what stands before the arrow, the arrow, and the arrow as it is read aloud.

    ("now 2, was 9, ", "▲7", "up 7 places"); the first two together are `ranking.movement_text`.
    """
    words = movement_text(was, now)
    start = words.rindex(", ") + 2
    arrow, places = words[start], words[start + 1 :]
    if arrow not in _DIRECTIONS:
        return words[:start], words[start:], "same place"
    return words[:start], words[start:], f"{_DIRECTIONS[arrow]} {places} place{'' if places == '1' else 's'}"


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One document and its two places, both counted from 1.

    `key` comes back in events and must be unique on the board. `initial_score` is the score of the initial
    order, where it has one; `score` the reranker's, None where it gave none. `rating` is a person's 0 (not
    relevant) to 3 (perfect). `tooltip` is shown on hover: "cosine 0.612, keyword match 0.40". `answers` are the parts
    of the text that speak to the query, (start, stop) in characters, ascending and apart; they are marked while the row
    is pointed at or has the focus.
    Raises ValueError for places below 1, scores that are not finite and ratings outside 0 to 3.
    """

    key: str
    was: int
    now: int
    text: str
    title: str | None = None
    initial_score: float | None = None
    score: float | None = None
    rating: int | None = None
    tooltip: str | None = None
    answers: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.was < 1 or self.now < 1:
            raise ValueError("places count from 1")
        if any(score is not None and not math.isfinite(score) for score in (self.initial_score, self.score)):
            raise ValueError("a score is a finite number or None")
        if self.rating is not None and self.rating not in (0, 1, 2, 3):
            raise ValueError("a rating is 0, 1, 2, 3 or None")

    @property
    def verdict(self) -> Verdict | None:
        """Whether the move helped, said only of rated rows: good ones (2, 3) should rise, bad ones (0) sink."""
        if self.rating in (None, 1) or self.was == self.now:
            return None
        return "better" if (self.rating != 0) == (self.now < self.was) else "worse"


@dataclass(frozen=True, slots=True)
class Rating:
    """A press of 0–3 on the row `key`; `value` None takes the rating back."""

    key: str
    value: int | None


@dataclass(frozen=True, slots=True)
class BoardEvent:
    """What a person did on the board since the last run of the page; mostly nothing.

    `picked`: the key of the document to show in full. `rated`: every press in the order they were made.
    `threshold`: where the handle was let go, 0 to 1.
    """

    picked: str | None = None
    rated: tuple[Rating, ...] = ()
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class BoardView:
    """How rows are shown. Those placed after `top_n` lie below the cut, those under `threshold` (0 to 1) are no answer.

    `threshold` None draws no handle to drag; 0 keeps everything and can be dragged up. `picked` marks the row whose
    document the page shows, `rating` lets rows be rated, `presenter` enlarges the type, where `lines` and `scores` can
    be left out. The words that a text shares with `question` are marked; None marks none. `scale` gives the reranker's
    scores their words and their bars a range other than 0 to 1. `headings`
    stand above the two orders. Raises ValueError for a `top_n` below 1.
    """

    top_n: int
    initial_name: str
    reranked_name: str = ""
    threshold: float | None = None
    picked: str | None = None
    rating: bool = False
    presenter: bool = False
    lines: bool = True
    scores: bool = True
    question: str | None = None
    scale: ScoreScale | None = None
    headings: tuple[str, str] = ("Initial order", "Reranked order")

    def __post_init__(self) -> None:
        if self.top_n < 1:
            raise ValueError("Top N is at least 1")


def event_of(name: str, sent: object, seen: int) -> tuple[BoardEvent, int]:
    """What a browser sent under this name, checked like anything from outside: nonsense is no event.

    Ratings up to the number `seen` were heard before; gives the event and the number that is the last one now.
    """
    match name, sent:
        case "picked", str():
            return BoardEvent(picked=sent), seen
        case "threshold", int() | float():
            return BoardEvent(threshold=min(1.0, max(0.0, float(sent)))), seen
        case "ratings", list():
            rated = []
            for entry in sent:
                match entry:
                    case [int(number), str(row), None | 0 | 1 | 2 | 3 as value] if number > seen:
                        seen = number
                        rated.append(Rating(row, value))
            return BoardEvent(rated=tuple(rated)), seen
    return BoardEvent(), seen


def payload(rows: Sequence[BoardRow], view: BoardView, *, folded: bool, seen: int) -> dict[str, Any]:
    """The board as plain JSON, at most about 60 kB of text however long the documents are.

    `folded` is whether the rows below Top N are, `seen` the number of the last rating that was heard. Raises ValueError
    for more than MAX_ROWS rows and for a repeated key.
    """
    if len(rows) > MAX_ROWS:
        raise ValueError(f"the board draws at most {MAX_ROWS} rows")
    if len({row.key for row in rows}) != len(rows):
        raise ValueError("two rows share a key")
    top_n, threshold = view.top_n, view.threshold
    below = sum(row.now > top_n for row in rows)
    scored = any(row.score is not None for row in rows)
    scale = view.scale or ScoreScale()
    return {
        "rows": [_row(row, view) for row in rows],
        "top": top_n,
        "threshold": None if threshold is None or not scored else min(1.0, max(0.0, threshold)),
        "lines": LINES,
        "picked": view.picked,
        "rating": view.rating,
        "presenter": view.presenter,
        "without": {"lines": not view.lines, "scores": not view.scores},
        "folded": folded,
        "seen": seen,
        # A score off the 0–1 axis is shown as a number: a clamped bar would say something untrue.
        "bars": {
            "left": _on_axis([row.initial_score for row in rows]),
            "right": _on_axis([row.score for row in rows]),
        },
        "range": scale.top,
        "meanings": {word: f"{_sentence(word)}: {meaning}." for word, meaning in MEANINGS.items()},
        # The initial order often has no scores at all; its rows then give that room to the text.
        "scored": any(row.initial_score is not None for row in rows),
        "labels": {
            "initial": view.headings[0],
            "reranked": view.headings[1],
            "initialName": shown(view.initial_name, 80, one_line=True),
            "rerankedName": shown(view.reranked_name, 80, one_line=True),
            "noScore": "no score",
            "cut": _sentence(below_text(top_n)),
            "show": f"Show {below} {below_text(top_n)}",
            "hide": f"Fold {below} {below_text(top_n)}",
            "scale": scale.text if view.scale is not None and scored else "",
            "marked": "Marked",
            "meaning": ANSWER_MEANING.removeprefix("Marked") + " Point at a row to see it.",
            "empty": "No documents to show. Add some above, then rerank.",
        },
    }


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _row(row: BoardRow, view: BoardView) -> dict[str, Any]:
    question = view.question
    words, move, spoken = movement(row.was, row.now)
    text = shown(row.text, TEXT_CHARACTERS, one_line=True) or "(blank)"
    here = {"key": row.key, "was": row.was, "now": row.now, "text": text, "rating": row.rating}
    here |= {"scores": {"left": row.initial_score, "right": row.score}, "words": words, "move": move, "spoken": spoken}
    maybe = {
        "answer": _answer(row.text, row.answers) if row.answers else None,
        "pieces": [[piece.text, piece.marked] for piece in marked(text, question)] if question else None,
        "title": shown(row.title, TITLE_CHARACTERS, one_line=True) if row.title else None,
        "strength": view.scale.word(row.score) if view.scale is not None else None,
        "tooltip": shown(row.tooltip, TOOLTIP_CHARACTERS) if row.tooltip else None,
        "verdict": row.verdict,
    }
    return here | {name: value for name, value in maybe.items() if value}  # most have none of these


def _answer(text: str, answers: Sequence[tuple[int, int]]) -> list[list[Any]]:
    """The text around its marks as pieces, [text, whether it is marked], beginning so that the first can be seen."""
    first = answers[0][0]
    lead = shown(text[:first], one_line=True)
    pieces: list[list[Any]] = []
    if lead:
        pieces.append([f"{lead} " if len(lead) <= LEAD_CHARACTERS else "… ", False])
    left = TEXT_CHARACTERS
    for part, mark in segments(text[first:], [(start - first, stop - first) for start, stop in answers]):
        if left <= 0:
            break
        flat = shown(_SPACES.sub(" ", part[: left * 4]), left)
        pieces.append([flat, "answer" if mark else False])
        left -= len(flat)
    return pieces


def _on_axis(scores: Sequence[float | None]) -> bool:
    known = [score for score in scores if score is not None]
    return bool(known) and all(0 <= score <= 1 for score in known)
