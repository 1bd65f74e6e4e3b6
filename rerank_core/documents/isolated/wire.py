"""What the process that reads a file says to the one that asked: JSON, a line at a time, trusted by neither.

The reader may have been taken over by the file that it reads, so nothing here can do more than make documents,
problems and sentences; anything else is Nonsense.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from rerank_core.documents.limits import Limits
from rerank_core.documents.report import ParsedDocuments, Problem
from rerank_core.models import Document

_LAYOUT = ("columns", "chosen", "header", "sheet", "sheets", "encoding")
_DETAILS = ("mode", "query", "model", "top_n", "rows", "preview")


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


def document_record(document: Document) -> dict[str, Any]:
    """The values of a record of one document."""
    return {"text": document.text, "id": document.id, "metadata": dict(document.metadata)}


def record_of(data: bytes) -> dict[str, Any]:
    """The record in a line. Raises Nonsense."""
    try:
        record = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise Nonsense from error
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        raise Nonsense
    return record


def document_of(record: Record) -> Document:
    """The document in a record. Raises Nonsense."""
    text, name, metadata = record.get("text"), record.get("id"), record.get("metadata")
    if not isinstance(text, str) or not isinstance(name, str | None) or not isinstance(metadata, dict):
        raise Nonsense
    return Document(text, name, metadata)


def problem_of(record: Record) -> Problem:
    """The problem in a record. Raises Nonsense."""
    place, reason = record.get("line"), record.get("reason")
    if not isinstance(place, int) or isinstance(place, bool) or not isinstance(reason, str):
        raise Nonsense
    return Problem(max(0, place), reason)


def progress_of(record: Record) -> tuple[int, int, str]:
    """Pieces done, pieces in all and a few words. Raises Nonsense."""
    done, total, note = record.get("done"), record.get("total"), record.get("note")
    if not isinstance(done, int) or not isinstance(total, int) or not isinstance(note, str):
        raise Nonsense
    return done, total, note


def layout_record(parsed: Any) -> dict[str, Any]:
    """What an import, of documents or of queries, says of how its file was read."""
    return {name: getattr(parsed, name) for name in _LAYOUT}


def layout_of(record: Record) -> dict[str, Any]:
    """The same in a record. Raises Nonsense."""
    found = {name: record.get(name) for name in _LAYOUT}
    for name in ("columns", "sheets"):
        found[name] = strings_of(found[name])
    if not isinstance(found["chosen"], dict) or not isinstance(found["header"], bool | None):
        raise Nonsense
    strings_of(list(found["chosen"].values()))
    if any(not isinstance(found[name], str | None) for name in ("sheet", "encoding")):
        raise Nonsense
    return found


def details_record(parsed: ParsedDocuments) -> dict[str, Any]:
    """Everything that an import says besides its documents, problems, notes and source."""
    return {name: getattr(parsed, name) for name in _DETAILS} | layout_record(parsed)


def with_details(record: Record, **rest: Any) -> ParsedDocuments:
    """The import of a "done" record and the rest of its fields. Raises Nonsense."""
    found: dict[str, Any] = {name: record.get(name) for name in _DETAILS}
    if not isinstance(found["mode"], str) or any(
        not isinstance(found[name], str | None) for name in ("query", "model")
    ):
        raise Nonsense
    for name in ("rows", "top_n"):
        if not isinstance(found[name], int | None) or isinstance(found[name], bool):
            raise Nonsense
    preview = found["preview"]
    if not isinstance(preview, list):
        raise Nonsense
    for row in preview:
        if not isinstance(row, dict):
            raise Nonsense
        strings_of(list(row.values()))
    found |= {"preview": tuple(preview), "rows": max(0, found["rows"] or 0)}
    return ParsedDocuments(**found, **layout_of(record), **rest)


def strings_of(values: object) -> tuple[str, ...]:
    """A list of strings. Raises Nonsense."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Nonsense
    return tuple(values)


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
