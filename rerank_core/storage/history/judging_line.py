"""Who judges a query set together and what was settled, as a part of a line of a history file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rerank_core.evaluation.judging.assignment import (
    MAX_NAME,
    MAX_RATERS,
    NOT_ASSIGNED,
    AssignedRater,
    Judging,
)
from rerank_core.evaluation.judging.settling import Settled, SettledGrade, as_rule
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE


def to_parts(judging: Judging, settled: Settled) -> dict[str, Any]:
    """The parts `judging` and `settled` of a line."""
    return {
        "judging": {
            "rule": judging.rule,
            "by": judging.by,
            "since": _written(judging.since),
            "pool": [[query, list(documents)] for query, documents in judging.pool.items()],
            "raters": [[one.name, _written(one.done)] for one in judging.raters],
        },
        "settled": [
            [query, document, one.grade, one.by, _written(one.at)]
            for query, own in settled.items()
            for document, one in own.items()
        ],
    }


def from_parts(line: Mapping[str, Any]) -> tuple[Judging, Settled]:
    """What `to_parts` wrote; nobody and nothing for a line of before there were such parts. Raises ValueError,
    TypeError and the like for anything else."""
    settled: dict[str, dict[str, SettledGrade]] = {}
    for query, document, grade, by, at in line.get("settled", ()):
        if isinstance(grade, bool) or not isinstance(grade, int) or not SMALLEST_GRADE <= grade <= LARGEST_GRADE:
            raise ValueError("a settled grade is none")
        when = _read(at)
        if when is None:
            raise ValueError("a settled grade has a time")
        settled.setdefault(_text(query), {})[_text(document)] = SettledGrade(grade, _text(by), when)
    if "judging" not in line:
        return NOT_ASSIGNED, settled
    given = line["judging"]
    raters = tuple(AssignedRater(_name(name), _read(done)) for name, done in given["raters"])
    if len(raters) > MAX_RATERS or len({one.name for one in raters}) < len(raters):
        raise ValueError("too many raters, or one twice")
    pool = {_text(query): _texts(documents) for query, documents in given["pool"]}
    return Judging(raters, pool, _text(given["by"]), _read(given["since"]), as_rule(_text(given["rule"]))), settled


def _written(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat()


def _read(written: object) -> datetime | None:
    if written is None:
        return None
    found = datetime.fromisoformat(_text(written))
    if found.tzinfo is None:
        raise ValueError("a time says where it is")
    return found.astimezone(UTC)


def _name(value: object) -> str:
    name = _text(value)
    if not name.strip() or len(name) > MAX_NAME:
        raise ValueError("a rater's name is none")
    return name


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError("a list is expected")
    return tuple(map(_text, values))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value
