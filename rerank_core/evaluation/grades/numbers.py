"""Ratings that are numbers of some kind: with fractions, in percent, out of five, as stars."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE, USUAL_LARGEST_GRADE


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader knows of the values that it was given: `grades` of those it can read, and `how` it did that, ""
    where there is nothing to say. With `listed` the grades belong behind it."""

    grades: Mapping[str, int]
    how: str = ""
    listed: bool = False


# A decimal comma, as spreadsheets in much of Europe write it; 1,000 may as well be a thousand and is neither.
_COMMA = re.compile(r"[-+]?(0,\d+|\d+,(\d{1,2}|\d{4,}))")
_NUMBER = re.compile(r"[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})(e[-+]?\d{1,2})?", re.IGNORECASE)
# "3 - Perfect", "3 (perfect)", "3) Perfect", "3: perfect", "3 = perfect"; "3-4" and "2,5 - good" are none
_LABELLED = re.compile(r"(?P<number>[-+]?\d{1,3})\s*[-–—:=()]+\s*[^\W\d_][^\n]*")
_PERCENT = re.compile(r"(?P<number>[-+\d.,e]{1,40})\s*[%％]", re.IGNORECASE)
_STAR_WORDS = (
    r"stars?|sterne?n?|[ée]toiles?|estrellas?|stell[ae]|estrelas?|ster(?:ren)?|points?|pts?\.?|punkte?n?|puntos?|"
    r"punt[io]|pontos?|punten"
)
_OUT_OF = re.compile(
    r"(?P<number>[\d.,]{1,20})\s*(?:/|⁄|\bout of\b|\bof\b|\bvon\b|\bsur\b|\bde\b|\bdi\b|\bsu\b|\bvan\b)\s*"
    rf"(?P<most>\d{{1,3}})(?:\s*(?:{_STAR_WORDS}))?",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"(?P<number>[\d.,]{{1,20}})\s*-?\s*(?:{_STAR_WORDS}|[★⭐🌟])", re.IGNORECASE)
_FILLED, _EMPTY = "★⭐🌟✭✮⭑", "☆✩⚝"
_DRAWN = re.compile(rf"[{_FILLED}*]{{0,10}}½?[{_EMPTY}]{{0,10}}")
_JOINERS = str.maketrans("", "", "\ufe0f\ufe0e \u00a0")

# What each grade is the so-manieth part of: the mean of three raters needs thirds, one decimal place tenths.
_FACTORS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 25, 50, 100)
_ROUNDED = (100, 50, 25, 20, 10, 5, 4, 3, 2, 1)
_FULL = 100
_LARGEST_WHOLE = 1000


def plain(values: Collection[str]) -> Read:
    """Numbers, with a label behind them or not."""
    numbers, labelled = {}, False
    # beside 0,384 the comma of 1,000 is a decimal one as well
    comma = any(_COMMA.fullmatch(value) for value in values)
    for value in values:
        found = _LABELLED.fullmatch(value)
        text = found["number"] if found else value
        number = parse(text.replace(",", ".") if comma else text)
        if number is not None:
            numbers[value] = number
            labelled = labelled or found is not None
    grades, how = scaled(numbers)
    if labelled and not how:
        return Read(grades, "The ratings are words, which count as grades", listed=True)
    return Read(grades, how)


def percent(values: Collection[str]) -> Read:
    """Percent, on the scale from 0 to 3 where no two of them become one there."""
    numbers = {}
    for value in values:
        found = _PERCENT.fullmatch(value)
        number = parse(found["number"]) if found else Fraction(0) if value == "0" else None
        if number is not None and 0 <= number <= _FULL:
            numbers[value] = number
    if not any(value != "0" for value in numbers):
        return Read({})
    most = USUAL_LARGEST_GRADE
    thirds = {value: _rounded(number * most / _FULL) for value, number in numbers.items()}
    if len(set(thirds.values())) == len(set(numbers.values())):
        return Read(thirds, f"The ratings are percent, which count on the scale from 0 to {most}", listed=True)
    grades, how = scaled(numbers)
    return Read(grades, how or "The ratings are percent; each counts as its number from 0 to 100.")


def out_of(values: Collection[str]) -> Read:
    """ "4/5", "4 out of 5", "4 von 5": the first number, or on one scale where the second ones differ."""
    parts: dict[str, tuple[Fraction, int]] = {}
    for value in values:
        found = _OUT_OF.fullmatch(value)
        number = parse(found["number"]) if found else None
        if found and number is not None and 0 <= number <= int(found["most"]) and int(found["most"]) > 0:
            parts[value] = number, int(found["most"])
    if not parts:
        return Read({})
    scales = {most for _, most in parts.values()}
    common = math.lcm(*scales)
    if common > LARGEST_GRADE:
        return Read({})
    grades, how = scaled({value: number * common / most for value, (number, most) in parts.items()})
    return Read(grades, how or f"The ratings are points out of {common}", listed=not how)


def stars(values: Collection[str]) -> Read:
    """Drawn stars and numbers of stars or points."""
    # where nobody uses the filled star, the other one is what is counted
    drawn = {value: value.translate(_JOINERS) for value in values}
    counted = _FILLED + "*" if any(char in text for text in drawn.values() for char in _FILLED + "*") else _EMPTY
    numbers = {}
    for value, text in drawn.items():
        if text and _DRAWN.fullmatch(text):
            numbers[value] = sum(char in counted for char in text) + Fraction("½" in text, 2)
        elif found := _COUNTED.fullmatch(value):
            number = parse(found["number"])
            if number is not None:
                numbers[value] = number
    grades, how = scaled(numbers)
    return Read(grades, how or "The ratings are stars or points, and their number counts", listed=not how)


def parse(text: str) -> Fraction | None:
    """A number as people write it, with a point or a decimal comma; None for anything else."""
    text = with_point(text)
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def with_point(cell: str) -> str:
    """A cell without blanks around it, a decimal comma in it as a point."""
    text = cell.strip()
    return text.replace(",", ".") if "," in text and _COMMA.fullmatch(text) else text


def scaled(numbers: Mapping[str, Fraction]) -> tuple[dict[str, int], str]:
    """Whole numbers from -127 to 127 in the proportions of these numbers, and how that was done; "" where they are
    such numbers. nDCG, which divides gains by gains, is the same at any factor. Nothing where they do not fit: beyond
    1,000 a number is no rating."""
    if not numbers:
        return {}, ""
    largest, smallest = max(numbers.values()), min(numbers.values())
    whole = all(number.denominator == 1 for number in numbers.values())
    if whole and smallest >= SMALLEST_GRADE and largest <= LARGEST_GRADE:
        return {value: int(number) for value, number in numbers.items()}, ""
    size = max(largest, -smallest)
    if size > _LARGEST_WHOLE:
        return {}, ""
    if size > LARGEST_GRADE:
        made = _times(numbers, _FULL / size)
        if whole and len(set(made.values())) < len(set(numbers.values())):
            return {}, ""  # 1, 2 and 200: ranks perhaps, or a slip
        return made, f"The ratings go to {_said(size)}; they are scaled to go to {_FULL}."
    factor = _exact_factor(numbers, size) or next(one for one in _ROUNDED if size * one <= LARGEST_GRADE)
    grades = _times(numbers, Fraction(factor))
    example = next((value for value, number in numbers.items() if number.denominator != 1), "")
    if factor == 1:
        return grades, f"The ratings have fractions and are rounded to whole numbers: '{example}' as {grades[example]}."
    how = f"The ratings have fractions. All of them are taken times {factor}, which leaves nDCG as it is: '{example}' "
    return grades, f"{how}counts as {grades[example]}. From 1 on a document counts as relevant."


def _exact_factor(numbers: Mapping[str, Fraction], size: Fraction) -> int | None:
    """The smallest factor that makes all of these whole, but for what was rounded off when they were written."""
    for factor in _FACTORS:
        if size * factor > LARGEST_GRADE:
            break
        made = {number: _rounded(number * factor) for number in numbers.values()}
        if len(set(made.values())) == len(made) and all(
            abs(number * factor - made[number]) <= _slack(value) * factor for value, number in numbers.items()
        ):
            return factor
    return None


def _slack(value: str) -> Fraction:
    """How far a number may be off as it is written: 0.67 stands for two thirds too, 0.7 for itself."""
    places = len(value.replace(",", ".").partition(".")[2])
    return Fraction(1, 2 * 10**places) if 2 <= places <= 30 else Fraction(0)


def _times(numbers: Mapping[str, Fraction], factor: Fraction) -> dict[str, int]:
    return {value: _rounded(number * factor) for value, number in numbers.items()}


def _rounded(number: Fraction) -> int:
    """The nearest whole number, the larger one of two, so that a larger number never gives a smaller one."""
    return math.floor(number + Fraction(1, 2))


def _said(number: Fraction) -> str:
    return f"{float(number):,.6g}"
