"""What the process that reads a file says to the one that asked: JSON, a line at a time, trusted by neither.

The reader may have been taken over by the file that it reads, so nothing here can do more than make documents,
problems and sentences; anything else is Nonsense.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, NamedTuple, Protocol, get_args, get_origin, get_type_hints

from rerank_core.documents.limits import Limits
from rerank_core.documents.report import Problem

LAYOUT = ("columns", "chosen", "unsure", "samples", "header", "sheet", "sheets", "encoding")
"""What an import, of documents or of queries, says of how its file was read."""

Record = Mapping[str, Any]
"""A line as it was understood; "kind" says what it is."""


class Say(Protocol):
    """Writes one record: its kind, and its values by their names."""

    def __call__(self, kind: str, **values: Any) -> object: ...


class Nonsense(ValueError):
    """A line that no honest reader writes."""


def line(kind: str, **values: Any) -> bytes:
    """One record. Every reading knows "problem", "progress", "done", "refused", "wrong" and "memory"."""
    return (
        json.dumps({"kind": kind, **values}, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass") + b"\n"
    )


def record_of(data: bytes) -> dict[str, Any]:
    """The record in a line. Raises Nonsense."""
    try:
        record = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise Nonsense from error
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        raise Nonsense
    return record


def values_of(value: object, names: Iterable[str]) -> dict[str, Any]:
    """These fields of a value, for a record."""
    return {name: getattr(value, name) for name in names}


def checked(kind: type[Any], record: Record, names: Iterable[str] = ()) -> dict[str, Any]:
    """These fields of a class, by default all, as a record has them. Raises Nonsense where one is not of the type that
    the class says."""
    checks = _checks_of(kind)  # type: ignore[arg-type]  # a class can be hashed
    return {name: checks[name](record.get(name)) for name in names or checks}


@cache
def _checks_of(kind: type[Any]) -> Mapping[str, Callable[[Any], Any]]:
    return {name: _check_of(hint) for name, hint in get_type_hints(kind).items()}


def _check_of(hint: Any) -> Callable[[Any], Any]:
    """What gives a value of this type for one that came as JSON, where a tuple is a list, and raises Nonsense for any
    other. True is no number."""
    base, inside = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: value
    if base is tuple:
        part = _check_of(inside[0])
        return lambda value: tuple([part(one) for one in _exactly(value, list)])
    if base is Mapping:
        part = _check_of(inside[1])

        def entries(value: Any) -> Any:
            # there may be millions, so those that are alike are looked at together
            if inside[1] is Any or set(map(type, _exactly(value, dict).values())) <= {inside[1]}:
                return _exactly(value, dict)
            return {name: part(one) for name, one in value.items()}

        return entries
    kinds = inside or (hint,)
    return lambda value: _exactly(value, *kinds)


def _exactly(value: Any, *kinds: type[Any]) -> Any:
    if type(value) not in kinds:
        raise Nonsense
    return value


class ReadingProgress(NamedTuple):
    """Pieces done, pieces in all and a few words."""

    done: int
    total: int
    note: str


def problem_of(record: Record) -> Problem:
    """The problem in a record. Raises Nonsense."""
    problem = Problem(**checked(Problem, record))
    return problem._replace(line=max(0, problem.line))


@dataclass(frozen=True, slots=True)
class Order:
    """What to read and how.

    reading: the module whose function `answer` reads the file. columns: what was requested, as for `read_documents`.
    seconds: on the clock, for the reading itself.
    """

    reading: str
    filename: str
    columns: Mapping[str, str]
    limits: Limits
    seconds: float

    def line(self) -> bytes:
        """The line before the file's bytes."""
        return line("order", **asdict(self))

    @classmethod
    def of(cls, data: bytes) -> Order:
        """The order in a line."""
        record = record_of(data)
        values = {each.name: record[each.name] for each in fields(cls)}
        return cls(**values | {"limits": Limits(**record["limits"])})
