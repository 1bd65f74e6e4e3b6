"""What people write as ratings, and the grades that stand for it: all values of a file at once, or none of them.

A measure takes whole numbers (see measures.measure). Numbers with fractions, percent, points out of five, stars, marks
and words are turned into such grades here, in a way that one sentence can say. Ratings that cannot be read are not
random: a judge's doubts are among them. So where one value is not known, none is taken, and a person says what each
stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rerank_core.evaluation.grades import numbers, vocabulary
from rerank_core.evaluation.grades.numbers import Read
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE

_SAID = 8

_READERS: Sequence[Callable[[Collection[str]], Read]] = (
    numbers.plain,
    numbers.percent,
    numbers.out_of,
    numbers.stars,
    vocabulary.letters,
    vocabulary.yes_and_no,
    vocabulary.degrees,
    vocabulary.marks,
)


@dataclass(frozen=True, slots=True)
class GradeMapping:
    """What the values of a column of ratings stand for.

    grades: value, without the blanks around it, to its grade, a whole number from -127 to 127; None for a value that
        says that there is no rating, such as "n/a". Empty where a value is not known.
    said: how the values became grades, in a sentence or more; "" where they are whole numbers that count as they are.
    unclear: the values of which it is not known what they stand for.
    proposed: what the other values stand for where some are unclear, for somebody who goes on by hand.
    """

    grades: Mapping[str, int | None] = field(default_factory=dict)
    said: str = ""
    unclear: tuple[str, ...] = ()
    proposed: Mapping[str, int | None] = field(default_factory=dict)


def map_ratings(values: Collection[str], chosen: Mapping[str, int | None] | None = None) -> GradeMapping:
    """Turn all values that ratings have into grades, or say which of them are unclear.

    A larger rating never gets a smaller grade. `chosen` is what a person said that some values stand for (None: no
    rating); what is left is read without them. Raises ValueError for a grade outside -127 to 127.
    """
    chosen = {value.strip(): grade for value, grade in (chosen or {}).items()}
    for grade in chosen.values():
        if grade is not None and not SMALLEST_GRADE <= grade <= LARGEST_GRADE:
            raise ValueError(f"The grade {grade} is not between {SMALLEST_GRADE} and {LARGEST_GRADE}.")
    distinct = dict.fromkeys(value.strip() for value in values if value.strip())
    by_hand = {value: chosen[value] for value in distinct if value in chosen}
    left = [value for value in distinct if value not in by_hand]
    none = vocabulary.no_rating(left)
    left = [value for value in left if value not in none]
    read = _best(left)
    known: dict[str, int | None] = {**read.grades, **dict.fromkeys(none), **by_hand}
    unclear = tuple(value for value in left if value not in read.grades)
    if unclear:
        return GradeMapping(unclear=unclear, proposed=known)
    return GradeMapping(known, " ".join(_sentences(read, none, by_hand)))


def turned_round(grades: Mapping[str, int]) -> dict[str, int]:
    """The same grades where the smallest is meant as the best, such as school grades in German: the largest becomes 0,
    each smaller one as much more as it is smaller. Raises ValueError where one would be over 127."""
    most, least = max(grades.values(), default=0), min(grades.values(), default=0)
    if most - least > LARGEST_GRADE:
        raise ValueError(f"The grades {least} to {most} are further apart than {LARGEST_GRADE}.")
    return {value: most - grade for value, grade in grades.items()}


def are_ratings(values: Collection[str]) -> bool:
    """Whether there are values and all of them can be read as ratings."""
    return any(value.strip() for value in values) and not map_ratings(values).unclear


def _best(values: Sequence[str]) -> Read:
    """What reads most of the values; the first of equals."""
    best = Read({})
    for reader in _READERS if values else ():
        read = reader(values)
        if len(read.grades) == len(values):
            return read
        if len(read.grades) > len(best.grades):
            best = read
    return best


def _sentences(read: Read, none: Collection[str], by_hand: Mapping[str, int | None]) -> list[str]:
    sentences = []
    if read.how:
        sentences.append(f"{read.how}: {_listed(read.grades)}." if read.listed else read.how)
    if none:
        some = ", ".join(f"'{value}'" for value in sorted(none)[:_SAID])
        sentences.append(f"{some} {'counts' if len(none) == 1 else 'count'} as no rating.")
    if by_hand:
        sentences.append(f"Mapped by hand: {_listed(by_hand)}.")
    return sentences


def _listed(grades: Mapping[str, int | None]) -> str:
    ordered = sorted(grades.items(), key=lambda pair: (pair[1] is None, -(pair[1] or 0)))
    said = [f"'{value[:40]}' as {'no rating' if grade is None else grade}" for value, grade in ordered]
    more = f", and {len(said) - _SAID:,} more" if len(said) > _SAID else ""
    return ", ".join(said[:_SAID]) + more
