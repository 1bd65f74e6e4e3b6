"""The answers of one contender as they are kept, each of which becomes an order and scores when it is looked at."""

from __future__ import annotations

import math
from abc import abstractmethod
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from rerank_core.evaluation.query_sets.query_set import Query

Made = TypeVar("Made")


class PackedAnswer(NamedTuple):
    """One answer: `places` among the candidates of its query, best first, as unsigned numbers of four bytes, and
    `scores` as floats of eight bytes in the same order, not a number where there is none."""

    query: Query
    places: bytes
    scores: bytes

    def known(self) -> Iterator[tuple[str, float]]:
        """Document ids with their scores, best first. What was added to the query after it was read is left out."""
        candidates = self.query.candidates
        both = zip(array("I", self.places), array("d", self.scores), strict=True)
        return ((candidates[place], score) for place, score in both if place < len(candidates))


class _Looked(Mapping[str, Made], Generic[Made]):
    """Query id to what is made of its answer, once."""

    def __init__(self, answers: Sequence[PackedAnswer]) -> None:
        self._answers = {answer.query.id: answer for answer in answers}
        self._made: dict[str, Made] = {}

    @abstractmethod
    def _make(self, answer: PackedAnswer) -> Made: ...

    def __getitem__(self, query_id: str) -> Made:
        found = self._made.get(query_id)
        if found is None:
            found = self._made[query_id] = self._make(self._answers[query_id])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def __contains__(self, query_id: object) -> bool:
        return query_id in self._answers


class Orders(_Looked[tuple[str, ...]]):
    """Query id to document ids, best first."""

    def _make(self, answer: PackedAnswer) -> tuple[str, ...]:
        return tuple([name for name, _ in answer.known()])


class Scores(_Looked[dict[str, float]]):
    """Query id to the scores of those documents that have one."""

    def _make(self, answer: PackedAnswer) -> dict[str, float]:
        return {name: score for name, score in answer.known() if not math.isnan(score)}
