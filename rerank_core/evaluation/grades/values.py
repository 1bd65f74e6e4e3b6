"""The values that stand as ratings in a file while it is read, and what a person said that they stand for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from rerank_core.documents.report import count
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.grades.mapping import GradeMapping, map_ratings
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE

RATINGS = "ratings"
"""What `read` takes a mapping by hand under, beside the columns."""

MOST_VALUES = 200
"""How many different values a file's ratings are listed with."""

_NAMED = 6
_BY_HAND: ContextVar[Mapping[str, int | None] | None] = ContextVar("ratings mapped by hand", default=None)
_SAY_SO = (
    'Say with "Map ratings" which grade each value stands for (in code: columns={"ratings": \'{"value": grade}\'}), '
    "or choose another column."
)


@contextmanager
def mapped_by_hand(requested: str) -> Iterator[None]:
    """While this is open, what is read takes these values for these grades. `requested` is a JSON object of values
    and grades, null for no rating; "" for none. Raises InvalidRequestError where it is something else."""
    token = _BY_HAND.set(_grades_in(requested) if requested else None)
    try:
        yield
    finally:
        _BY_HAND.reset(token)


def is_by_hand() -> bool:
    """Whether somebody said what values stand for, for what is being read."""
    return _BY_HAND.get() is not None


def _grades_in(requested: str) -> dict[str, int | None]:
    try:
        grades = json.loads(requested)
    except (ValueError, RecursionError):
        grades = None
    if not isinstance(grades, dict) or not all(map(_is_grade, grades.values())):
        raise InvalidRequestError(
            "The grades of the ratings are not given as values and whole numbers.",
            hint=f'Give them as {{"good": 2, "bad": 0}}, with grades from {SMALLEST_GRADE} to {LARGEST_GRADE}.',
        )
    return grades


def _is_grade(grade: object) -> bool:
    return grade is None or (type(grade) is int and SMALLEST_GRADE <= grade <= LARGEST_GRADE)


@dataclass(slots=True)
class RatingValues:
    """Each value that stands as a rating, with a number that stands for it until all of them are known."""

    counts: Counter[str] = field(default_factory=Counter)
    _numbers: dict[str, int] = field(default_factory=dict)
    _values: list[str] = field(default_factory=list)

    def number(self, value: str) -> int:
        """The number of a value."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._values)
            self._values.append(value)
        return number

    def value(self, number: int) -> str:
        """The value of a number."""
        return self._values[number]

    def mapping(self) -> GradeMapping:
        """What all of them stand for."""
        return map_ratings(self._values, _BY_HAND.get())

    def grades(self, mapping: GradeMapping) -> list[int | None]:
        """The grade of each number."""
        return [mapping.grades[value] for value in self._values]

    def listed(self) -> dict[str, int]:
        """The values with how often each stands, the most frequent ones where there are very many."""
        return dict(self.counts.most_common(MOST_VALUES))

    def refusal(self, mapping: GradeMapping) -> str:
        """Why no rating was taken over."""
        number = self.counts.total()
        some = ", ".join(f"'{value[:40]}' ({self.counts[value]:,})" for value in mapping.unclear[:_NAMED])
        more = f" and {len(mapping.unclear) - _NAMED:,} more" if len(mapping.unclear) > _NAMED else ""
        taken = "was" if number == 1 else "were"
        return (
            f"{count(number, 'rating')} {taken} not taken over, since it is not known what {some}{more} stands for. "
            f"{_SAY_SO}"
        )
