"""Query sets of one file, read in the process in which documents are read too: the end that asks and the one that
answers."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from rerank_core.documents.decoding import kind_of
from rerank_core.documents.isolated import wire
from rerank_core.documents.isolated.process import TIMEOUT_SECONDS, OnProgress, read_in_process
from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.report import Problems
from rerank_core.evaluation.formats import registry
from rerank_core.evaluation.formats.imported import MAPPINGS, Imported
from rerank_core.evaluation.formats.kinds import READABLE
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE

# A text, unlike an archive, can need no more than so many times its size, so a large one gets the room and the time,
# also on a computer that does much else.
_TEXT_EXPANSION = 10
_TEXT_BYTES_A_SECOND = 200_000

_ENTRIES = 1_000
# the fields that are sent some entries at a time, and those that come with the last record
_MAPPINGS = ("run", *(name for name in MAPPINGS if name != "raters"))
_DETAILS = (
    "more_problems",
    "reading_notes",
    "rating_values",
    "rating_grades",
    "rating_note",
    "row_order",
    "aliases",
    "markup",
    *wire.LAYOUT,
)


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
    limits = COLLECTION_LIMITS
    if kind_of(data) is None:
        limits = replace(limits, memory_bytes=limits.memory_bytes + _TEXT_EXPANSION * len(data))
        timeout += len(data) // _TEXT_BYTES_A_SECOND
    order = wire.Order(__name__, filename, {**(columns or {}), "kind": kind}, limits, timeout)
    found = _ImportedRecords()
    ending = read_in_process(
        order,
        data,
        found.take,
        answer_bytes=4 * COLLECTION_LIMITS.expanded_bytes,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    return found.imported or registry.unread(kind, ending.sentence(kept=" No row of it was kept."))


def answer(order: wire.Order, data: bytes, say: wire.Say) -> None:
    """In the process: read one file and say what it holds; the last record is "done". Raises Unreadable,
    InvalidRequestError and MemoryError."""
    columns = dict(order.columns)
    if kind_of(data) is None:
        gc.disable()  # this process ends with the file, and looking through ever more rows is a fifth of its time
    say("progress", done=0, total=2, note="reading")
    imported = registry.read_directly(order.filename, data, columns.pop("kind"), columns)
    say("progress", done=1, total=2, note="taking over")
    for name in _MAPPINGS:
        for entries in _portions(getattr(imported, name)):
            say("entries", name=name, entries=entries)
    for rater, judgments in imported.raters.items():
        for entries in _portions(judgments):
            say("rater", rater=rater, entries=entries)
    for problem in imported.problems:
        say("problem", **problem._asdict())
    say("done", imported=imported.kind, **wire.values_of(imported, _DETAILS))


def _portions(entries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries, some at a time: one line for all of them would need their memory once more."""
    left = iter(entries.items())
    while portion := dict(islice(left, _ENTRIES)):
        yield portion


class _ImportedRecords:
    """What the process has said of one file so far; `imported` is None until it has said that this is all."""

    def __init__(self) -> None:
        self.imported: Imported | None = None
        self._values: dict[str, Any] = {name: {} for name in (*_MAPPINGS, "raters")}
        self._problems = Problems(COLLECTION_LIMITS.problems)

    def take(self, record: wire.Record) -> None:
        """One record. Raises wire.Nonsense."""
        kind, rater = record["kind"], record.get("rater")
        if kind == "entries" and record.get("name") in _MAPPINGS:
            self._values[record["name"]].update(_entries(record, record["name"]))
        elif kind == "rater" and isinstance(rater, str):
            self._values["raters"].setdefault(rater, {}).update(_entries(record, "judgments"))
        elif kind == "problem":
            self._problems.take([wire.problem_of(record)])
        elif kind == "done" and record.get("imported") in ("", *READABLE):
            details = wire.checked(Imported, record, _DETAILS)
            details["more_problems"] = max(0, details["more_problems"]) + self._problems.more
            self.imported = Imported(record["imported"], problems=self._problems.by_line(), **self._values, **details)
        else:
            raise wire.Nonsense


def _entries(record: wire.Record, name: str) -> dict[str, Any]:
    """The entries in a record, for a field of Imported. Raises wire.Nonsense."""
    entries: dict[str, Any] = wire.checked(Imported, {name: record.get("entries")}, [name])[name]
    if name == "judgments":
        grades = (grade for judged in entries.values() for grade in judged.values())
        if not all(SMALLEST_GRADE <= grade <= LARGEST_GRADE for grade in grades):
            raise wire.Nonsense
    return entries
