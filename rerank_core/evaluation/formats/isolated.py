"""Query sets of one file, read in the process in which documents are read too: the end that asks and the one that
answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from rerank_core.documents.decoding import kind_of
from rerank_core.documents.isolated import wire
from rerank_core.documents.isolated.process import TIMEOUT_SECONDS, OnProgress, read_in_process
from rerank_core.documents.report import Problem
from rerank_core.evaluation.formats import registry
from rerank_core.evaluation.formats.imported import LIMITS, Imported
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE

# A text, unlike an archive, can need no more than so many times its size, so a large one gets the room and the time.
_TEXT_EXPANSION = 10
_TEXT_BYTES_A_SECOND = 1_000_000

_ENTRIES = 1_000
_KIND = "kind"


def read_isolated(
    filename: str,
    data: bytes,
    kind: str = "auto",
    columns: Mapping[str, str] | None = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Imported:
    """What `read` gives, from a process of its own. The options are as for `documents.read_isolated`; a large text is
    given more memory and time than they say.

    A reader that runs out of time or memory, dies or talks nonsense is a problem in the import, which then holds
    nothing else. Raises InvalidRequestError as `read` does.
    """
    limits = LIMITS
    if kind_of(data) is None:
        limits = replace(limits, memory_bytes=limits.memory_bytes + _TEXT_EXPANSION * len(data))
        timeout += len(data) // _TEXT_BYTES_A_SECOND
    order = wire.Order(__name__, filename, {**(columns or {}), _KIND: kind}, limits, timeout)
    found = _ImportedRecords()
    ending = read_in_process(
        order,
        data,
        found.take,
        answer_bytes=4 * LIMITS.expanded_bytes,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    return found.imported or registry.unread(kind, ending.sentence())


def answer(order: wire.Order, data: bytes, say: wire.Say) -> None:
    """In the process: read one file and say what it holds; the last record is "done". Raises Unreadable,
    InvalidRequestError and MemoryError."""
    columns = dict(order.columns)
    say("progress", done=0, total=2, note="reading")
    imported = registry.read_directly(order.filename, data, columns.pop(_KIND), columns)
    say("progress", done=1, total=2, note="taking over")
    for name in _CHECKS:
        for entries in _portions(getattr(imported, name)):
            say("entries", name=name, entries=entries)
    for rater, judgments in imported.raters.items():
        for entries in _portions(judgments):
            say("rater", rater=rater, entries=entries)
    for problem in imported.problems:
        say("problem", **problem._asdict())
    say("done", imported=imported.kind, notes=imported.reading_notes, **wire.layout_record(imported))


def _portions(entries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries, some at a time: one line for all of them would need their memory once more."""
    left = iter(entries.items())
    while portion := dict(islice(left, _ENTRIES)):
        yield portion


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_grades(value: object) -> bool:
    return isinstance(value, dict) and all(
        type(grade) is int and SMALLEST_GRADE <= grade <= LARGEST_GRADE for grade in value.values()
    )


def _are_scores(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(score, float) for score in value.values())


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("queries", "documents", "titles", "answers", "tags", "notes"), _is_text),
    "judgments": _are_grades,
    "run": _are_texts,
    "scores": _are_scores,
    "metadata": _is_object,
}


class _ImportedRecords:
    """What the process has said of one file so far; `imported` is None until it has said that this is all."""

    def __init__(self) -> None:
        self.imported: Imported | None = None
        self._values: dict[str, Any] = {name: {} for name in _CHECKS}
        self._raters: dict[str, dict[str, Mapping[str, int]]] = {}
        self._problems: list[Problem] = []

    def take(self, record: wire.Record) -> None:
        """One record. Raises wire.Nonsense."""
        kind = record["kind"]
        if kind == "entries":
            self._take_entries(record)
        elif kind == "rater" and isinstance(record.get("rater"), str):
            self._raters.setdefault(record["rater"], {}).update(_checked(record, _are_grades))
        elif kind == "problem":
            self._problems.append(wire.problem_of(record))
        elif kind == "done" and record.get("imported") in ("", *registry.KINDS):
            self.imported = Imported(
                record["imported"],
                raters=self._raters,
                problems=tuple(self._problems),
                reading_notes=wire.strings_of(record.get("notes")),
                **self._values,
                **wire.layout_of(record),
            )
        else:
            raise wire.Nonsense

    def _take_entries(self, record: wire.Record) -> None:
        name = record.get("name")
        if name not in self._values:
            raise wire.Nonsense
        entries = _checked(record, _CHECKS[name])
        self._values[name].update({key: tuple(value) for key, value in entries.items()} if name == "run" else entries)


def _checked(record: wire.Record, check: Callable[[object], bool]) -> dict[str, Any]:
    entries = record.get("entries")
    if not isinstance(entries, dict) or not all(map(check, entries.values())):
        raise wire.Nonsense
    return entries
