"""Which grade counts where several people rated a document: the settled one, else one by a rule."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Rule = Literal["median", "mean", "majority"]

DEFAULT_RULE: Rule = "median"

RULES: Mapping[Rule, str] = {
    "median": "the median, the lower of the two middle ones",
    "mean": "the mean as a whole grade, a half rounded down",
    "majority": "the grade that most gave, the lower one of several",
}
"""What each rule says, in words; the first is the one that counts until somebody chooses another."""


@dataclass(frozen=True, slots=True)
class SettledGrade:
    """The grade that was decided on, by whom and when (aware, UTC)."""

    grade: int
    by: str
    at: datetime


Settled = Mapping[str, Mapping[str, SettledGrade]]
"""Settled grades by query id and document id."""


def as_rule(text: str) -> Rule:
    """The rule of that name, the default for any other text."""
    return next((rule for rule in get_args(Rule) if rule == text), DEFAULT_RULE)


def agreed_grade(grades: Sequence[int], rule: Rule = DEFAULT_RULE) -> int:
    """One grade out of several people's, by this rule. Raises ValueError for no grades.

    Worked example: 0, 2, 3 and 3 give 2 by the median, 2 by the mean (exactly 2) and 3 by the majority.
    """
    if not grades:
        raise ValueError("no grade was given")
    if len(grades) == 1:
        return grades[0]
    if rule == "mean":
        return -((len(grades) - 2 * sum(grades)) // (2 * len(grades)))  # ceil(mean - 1/2)
    if rule == "majority":
        times = Counter(grades)
        most = max(times.values())
        return min(grade for grade, number in times.items() if number == most)
    return statistics.median_low(grades)
