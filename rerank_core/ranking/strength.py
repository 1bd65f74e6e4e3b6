"""What a score means in words: strong, possible or weak, by what was measured for the model that gave it.

A score says nothing by itself: 0.09 is a sure answer from one model and none from another. Each `ModelSpec` has the
scores that were measured for it, and this is the one place that reads them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rerank_core.providers.spec import ModelSpec

Word = Literal["strong", "possible", "weak"]
State = Literal["answered", "unsure", "nothing"]

NOT_MEASURED = "Nobody has measured what this model's scores mean, so they stand as numbers without a word."
"""What to say where scores have no words."""

MEANINGS: dict[Word, str] = {
    "strong": "a result with this score usually answers",
    "possible": "a result with this score may answer or may not",
    "weak": "a result with this score is usually no answer",
}
"""What each word says of one result."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The scores at which the words of one model change.

    From `possible` on a score is possible, from `strong` on strong, below both weak. `strong` None: no score of this
    model is sure. Raises ValueError for a level that is no number and for a `strong` below `possible`.
    """

    possible: float
    strong: float | None = None

    def __post_init__(self) -> None:
        known = [level for level in (self.possible, self.strong) if level is not None]
        if not all(map(math.isfinite, known)) or known != sorted(known):
            raise ValueError("levels are numbers, strong not below possible")


def levels(model: ModelSpec | None, *, across_languages: bool = False) -> Levels | None:
    """What was measured for a model; None where nobody has.

    `across_languages` is whether query and documents differ in language (`rerank_core.language.differ`); a model
    without a threshold of its own for that has the usual levels there too.
    """
    if model is None or model.threshold is None:
        return None
    if across_languages and model.cross_language_threshold is not None:
        return Levels(model.cross_language_threshold, model.cross_language_strong)
    return Levels(model.threshold, model.strong)


def strength(score: float | None, at: Levels | None) -> Word | None:
    """The word for a score; None without a score or without levels."""
    if score is None or at is None:
        return None
    if at.strong is not None and score >= at.strong:
        return "strong"
    return "possible" if score >= at.possible else "weak"


def state(scores: Iterable[float | None], at: Levels | None) -> State | None:
    """What a whole list says, by its best score: answered (strong), unsure (possible) or nothing (weak).

    None where there are no levels or no scores, an empty list included.
    """
    best = max((score for score in scores if score is not None), default=None)
    of_best: dict[Word | None, State] = {"strong": "answered", "possible": "unsure", "weak": "nothing"}
    return of_best.get(strength(best, at))


def range_top(scores: Iterable[float | None], model: ModelSpec | None) -> float:
    """Where a bar for these scores ends: the top of the range that the model uses, so that bars can be told apart.

    In tenths up to 1: the model's `usual_top`, or the best score where that is higher. 1 where nobody has measured
    the model.
    """
    usual = None if model is None else model.usual_top
    if usual is None:
        return 1.0
    best = max((score for score in scores if score is not None), default=0.0)
    return min(1.0, max(usual, math.ceil(round(best * 10, 6)) / 10))


@dataclass(frozen=True, slots=True)
class ScoreScale:
    """How the scores of one list are shown: the levels of their words, None without words, and where a bar ends."""

    at: Levels | None = None
    top: float = 1.0

    def word(self, score: float | None) -> Word | None:
        """The word for a score of this list."""
        return strength(score, self.at)

    @property
    def words_text(self) -> str:
        """From where on which word holds: "Strong from 0.25, possible from 0.05, weak below." """
        if self.at is None:
            return NOT_MEASURED
        if self.at.strong is None:
            return f"Possible from {self.at.possible:g}, weak below; no score of this model is sure here."
        if self.at.strong == self.at.possible:
            return f"Strong from {self.at.strong:g}, weak below."
        return f"Strong from {self.at.strong:g}, possible from {self.at.possible:g}, weak below."

    @property
    def range_text(self) -> str:
        """What a bar's range is: "The bar's range is the one this model uses: 0 to 0.6." """
        return f"The bar's range is {'0 to 1' if self.top == 1 else f'the one this model uses: 0 to {self.top:g}'}."

    @property
    def text(self) -> str:
        """Both as one line for a legend."""
        return f"{self.words_text} {self.range_text}"


def scale_of(scores: Iterable[float | None], model: ModelSpec | None, at: Levels | None) -> ScoreScale:
    """How the scores of a model's list are shown."""
    return ScoreScale(at, range_top(scores, model))
