"""Which results are kept: those within Top N that reach the threshold. Boards, tables, counts and files ask here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rerank_core.ranking.strength import ScoreScale

KEPT, UNDER = "kept", "under the threshold"


def below_text(top_n: int) -> str:
    """What lies after the cut: "below Top 5"."""
    return f"below Top {top_n:,}"


def reaches(score: float | None, threshold: float | None) -> bool:
    """Whether a score is at or above the threshold: any is without one, none is where there is no score."""
    return threshold is None or (score is not None and score >= threshold)


def fate(rank: int, score: float | None, top_n: int, threshold: float | None) -> str:
    """What becomes of the result at `rank` (from 1): "kept", "below Top 5" or "under the threshold".

    What is both below Top N and under the threshold is said to be under the threshold, since a longer Top N would
    not bring it back.
    """
    if not reaches(score, threshold):
        return UNDER
    return KEPT if rank <= top_n else below_text(top_n)


@dataclass(frozen=True, slots=True)
class Reading:
    """How somebody reads a list: what its scores mean, and what is kept of it. `top_n` None keeps every rank."""

    scale: ScoreScale = field(default_factory=ScoreScale)
    top_n: int | None = None
    threshold: float | None = None

    def fate(self, rank: int, score: float | None) -> str:
        """What becomes of the result at `rank`."""
        return fate(rank, score, rank if self.top_n is None else self.top_n, self.threshold)


def kept(scores: Sequence[float | None], top_n: int, threshold: float | None) -> int:
    """How many results are kept; `scores` in the order of the ranks, best first."""
    return sum(reaches(score, threshold) for score in scores[:top_n])


def kept_text(scores: Sequence[float | None], top_n: int, threshold: float | None) -> str:
    """The count for a person: "Keeps 3 of 10"."""
    count = kept(scores, top_n, threshold)
    if count == len(scores):
        return f"Keeps all {count:,}"
    return f"Keeps {format(count, ',') if count else 'none'} of {len(scores):,}"
