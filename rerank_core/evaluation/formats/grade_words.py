"""Ratings that people write as words, and the grades they stand for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rerank_core.documents.tables import fields
from rerank_core.documents.tables.table import Row
from rerank_core.evaluation.formats.imported import ImportBuilder

_WORDS = {
    3: "perfect, excellent, exact, highly relevant, very relevant, fully relevant, perfectly relevant",
    2: "relevant, good, mostly relevant",
    1: "partially relevant, partly relevant, somewhat relevant, slightly relevant, marginally relevant, partial, "
    "related, fair, ok, yes, true",
    0: "not relevant, irrelevant, non relevant, unrelated, bad, poor, wrong, no, false",
}
GRADES = {word: grade for grade, words in _WORDS.items() for word in words.split(", ")}
"""Words to grades from 0, not relevant, to 3, as good as it gets; compared in lower case, `-` and `_` as spaces."""

_SAID = 8

# "3 - Perfect", "3 (perfect)", "3) Perfect", "3: perfect", "3 = perfect"; "3-4" and "2,5 - good" are none
_LABELLED = re.compile(r"(?P<grade>[-+]?\d{1,3})\s*[-–—:=()]+\s*[^\W\d_][^\n]*")


def read(words: Collection[str]) -> dict[str, int]:
    """Each word with its grade, where all of them are known; else nothing: a word among numbers, or one that is not
    known, is a slip that somebody should look at. A number with a label behind it counts as the number, whatever the
    others are."""
    labelled = {word: int(found["grade"]) for word in words if (found := _LABELLED.fullmatch(word))}
    if labelled:
        return labelled
    grades = {word: GRADES.get(fields.normal(word)) for word in words}
    return {word: grade for word, grade in grades.items() if grade is not None} if None not in grades.values() else {}


def as_grades(builder: ImportBuilder, rows: Sequence[Row], place: int) -> Sequence[Row]:
    """The rows with grades in place of the words of that column, as far as `read` knows them; that is said once."""
    grades = read({row.cells[place].strip() for row in rows if place < len(row.cells)} - {""})
    if not grades:
        return rows
    said = [f"'{word}' as {grade}" for word, grade in sorted(grades.items(), key=lambda pair: -pair[1])]
    more = f", and {len(said) - _SAID:,} more" if len(said) > _SAID else ""
    builder.refuse(0, f"The ratings are words, which count as grades: {', '.join(said[:_SAID])}{more}.")
    return [
        Row(
            row.line,
            [str(grades.get(cell.strip(), cell)) if at == place else cell for at, cell in enumerate(row.cells)],
        )
        for row in rows
    ]
