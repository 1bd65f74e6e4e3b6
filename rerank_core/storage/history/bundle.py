"""Everything of a history as one file, and back: lines of JSON, compressed by gzip, one thing a line.

The first line says what it is. Runs come before the entries that are of them, query sets before their experiments. What
is there already, by its id, is left as it is, so that a file may be read twice. Numbers are those of this database.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Any

from sqlalchemy import Connection, select

from rerank_core.storage.history.filing import include_run
from rerank_core.storage.history.record import PAGES, HistoryEntry, HistoryPage, Made, Wanted
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.pieces import cut, joined
from rerank_core.storage.run_record import from_bytes, to_bytes
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema.history import history
from rerank_core.storage.schema.runs import runs
from rerank_core.storage.sqlite_file import UNREADABLE, StoreError

FORMAT, VERSION = "rerank-playground-history", 1
MOST_BYTES = 4_000_000_000
"""Bytes of a file once it is unpacked."""

MOST_LINE = 256_000_000
_AT_ONCE = 200


class HistoryFileError(StoreError):
    """A file of a history cannot be read. What was taken in before stays."""

    default_code = "history_file"
    default_hint = "What was taken in before that stays. Ask for the file once more."


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of a file: entries that are new, and those that were there already."""

    new: int
    known: int


def write_history(store: HistoryStore, to: IO[bytes], wanted: Wanted | None = None) -> int:
    """Write everything that who asks lists, or what is `wanted`, to a binary file; how many entries that were. Raises
    StoreError."""
    count = 0
    with gzip.GzipFile(fileobj=to, mode="wb", mtime=0) as packed:

        def line(record: dict[str, Any]) -> None:
            packed.write(json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n")

        line({"format": FORMAT, "version": VERSION})
        written: set[str] = set()
        for entry in _all(store, wanted or Wanted()):
            for record in _records(store, entry, written):
                line(record)
            count += 1
    return count


def history_bytes(store: HistoryStore, wanted: Wanted | None = None) -> bytes:
    """What `write_history` writes."""
    target = io.BytesIO()
    write_history(store, target, wanted)
    return target.getvalue()


def read_history(store: HistoryStore, source: IO[bytes]) -> TakenIn:
    """Take in what `write_history` wrote; all of it belongs to who asks from then on, and nothing is shared. Raises
    HistoryFileError for anything else, and StoreError where it cannot be kept."""
    lines = _lines(source)
    first = next(lines, {})
    if first.get("format") != FORMAT:
        raise HistoryFileError(
            "This is no file of a history.",
            hint="Use one that was saved on the History page; its name ends in .history.gz.",
        )
    if first.get("version") != VERSION:
        raise HistoryFileError("This file was written by a newer version.", hint="Update the playground.")
    reader = _Reader(store)
    for record in lines:
        try:
            reader.take(record)
        except UNREADABLE as error:
            raise HistoryFileError("A line of this file cannot be read; it is damaged.") from error
    return TakenIn(reader.new, reader.known)


# Out


def _all(store: HistoryStore, wanted: Wanted) -> Iterator[HistoryEntry]:
    while True:
        found = store.find(wanted, _AT_ONCE)
        yield from found.entries
        if not found.more:
            return
        wanted = replace(wanted, before=found.entries[-1].cursor)


def _records(store: HistoryStore, entry: HistoryEntry, written: set[str]) -> Iterator[dict[str, Any]]:
    """The lines of an entry: what it is of and has not been written yet, then the entry."""
    for run_id in entry.runs:
        if run_id not in written:
            run = RunStore(store.database).acting_for(store.actor).get(run_id)
            if run is not None:
                written.add(run_id)
                of_it = {"id": run_id, "asked": store.request_of(run_id), "ratings": list(run.ratings.items())}
                payload, documents = to_bytes(run)
                whole = {"run": _packed(payload), "documents": _packed(joined(cut(documents)))}
                yield {"kind": "run"} | whole | of_it
    yield {
        "kind": "entry",
        "id": entry.id,
        "page": entry.page,
        "runs": list(entry.runs),
        "name": entry.name,
        "note": entry.note,
        "tags": list(entry.tags),
        "pinned": entry.ownership.pinned,
        "context": store.context(entry.id),
    }


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# In


def _lines(source: IO[bytes]) -> Iterator[dict[str, Any]]:
    left = MOST_BYTES
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as packed:
            while line := packed.readline(MOST_LINE + 1):
                left -= len(line)
                if left < 0 or len(line) > MOST_LINE:
                    raise HistoryFileError(
                        "This file is larger than what is taken in at once.", hint="Save a part of the history."
                    )
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError("a line is an object")
                yield record
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise HistoryFileError(
            "This is no file of a history, or it is damaged.",
            hint="Use one that was saved on the History page; its name ends in .history.gz.",
        ) from error


class _Reader:
    """Takes in a thing with its entry, which comes after what it is of."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self._runs: dict[str, dict[str, Any]] = {}
        self.new = self.known = 0

    def take(self, record: dict[str, Any]) -> None:
        """One line. Raises what is in UNREADABLE where it is none of ours."""
        kind = record["kind"]
        if kind == "entry":
            self._entry(record)
            return
        if kind == "run":
            self._runs[_text(record["id"])] = record

    def _entry(self, record: dict[str, Any]) -> None:
        thing, page, store = _text(record["id"]), record["page"], self._store
        if page not in PAGES:
            raise ValueError("an unknown page")
        with store.database.write(store.subject) as db:
            if db.execute(select(history.c.number).where(history.c.id == thing)).first() is not None:
                self.known += 1
                return
            self._run_entry(db, thing, page, record)
            store.rename(thing, _text(record["name"]))
            store.note(thing, _text(record["note"]))
            store.tag(thing, [_text(tag) for tag in record["tags"]])
            if record["pinned"] is True:
                store.pin(thing)
        self.new += 1

    def _run_entry(self, db: Connection, thing: str, page: HistoryPage, record: dict[str, Any]) -> None:
        mine = RunStore(self._store.database).acting_for(self._store.actor)
        context = _text(record["context"])
        for place, run_id in enumerate(map(_text, record["runs"])):
            made = Made(page, thing, place, context=context)
            there = db.execute(select(runs.c.created).where(runs.c.id == run_id)).scalar()
            if there is not None:
                include_run(db, run_id, made, there)
                continue
            given = self._runs.pop(run_id)
            ratings = {int(index): int(grade) for index, grade in given["ratings"]}
            run = from_bytes(base64.b64decode(given["run"]), base64.b64decode(given["documents"]), ratings)
            if run.id != run_id:
                raise ValueError("another run")
            mine.save(run, replace(made, asked=_text(given["asked"])))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value
