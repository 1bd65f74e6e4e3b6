"""The passages of one corpus in an SQLite file: appended to in whole transactions, read one by one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rerank_core.corpora.errors import CorpusError, damaged, explained, newer, not_found
from rerank_core.corpora.limits import MAX_PASSAGES, MAX_TEXT_BYTES
from rerank_core.corpora.rows import PassageRow, documents_of, row_of
from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document
from rerank_core.rank_fields import TEXT_ONLY, ranked_text
from rerank_core.storage.locks import create_private
from rerank_core.storage.ownership import EVERYBODYS, Ownership
from rerank_core.storage.sqlite_file import UNREADABLE, as_bytes, as_text, transaction

_APPLICATION_ID = 0x52504C43  # "RPLC"
# Version 1 had no rank_fields: its passages are read by their texts alone. Versions 1 and 2 had no owner: a corpus of
# then is everybody's.
_VERSION = 3
_BUSY_SECONDS = 20.0
_AT_ONCE = 500
_MOST_IDLE = 4
_MOST_PASSAGES = 2**31  # more than this is damage; how many a corpus may have is in limits.py
_SCHEMA = (
    "CREATE TABLE facts (name TEXT NOT NULL, created TEXT NOT NULL, rank_fields TEXT NOT NULL, owner TEXT NOT NULL, "
    "shared INTEGER NOT NULL)",
    "CREATE TABLE passages (place INTEGER PRIMARY KEY, id TEXT, parent BLOB, bytes INTEGER NOT NULL, "
    "digest BLOB NOT NULL, text BLOB NOT NULL, metadata TEXT)",
    "CREATE INDEX passages_by_digest ON passages (digest)",
    "CREATE INDEX passages_by_parent ON passages (parent)",
    # Kept beside the passages, in the same transaction, so that listing many corpora reads one row of each.
    "CREATE TABLE counts (passages INTEGER NOT NULL, documents INTEGER NOT NULL, bytes INTEGER NOT NULL)",
    "INSERT INTO counts VALUES (0, 0, 0)",
)
_ADDED = {
    "rank_fields": """TEXT NOT NULL DEFAULT '["text"]'""",
    "owner": "TEXT NOT NULL DEFAULT ''",
    "shared": "INTEGER NOT NULL DEFAULT 0",
}
"""The columns of `facts` that version 1 did not have."""


class Facts(NamedTuple):
    """What is known of a corpus without reading its passages."""

    name: str
    created: datetime
    passages: int
    documents: int
    rank_fields: tuple[str, ...]
    ownership: Ownership = EVERYBODYS


class PassageDatabase:
    """Opened anew for each use: nothing is left open behind a corpus that is deleted or forgotten, and threads do not
    wait for each other. With `keep`, for a corpus that is searched again and again, connections that were read from are
    used again, until `release`. Every method raises CorpusError."""

    def __init__(self, path: Path, *, create: bool = False, keep: bool = False) -> None:
        self.path = path
        self._create = create
        self._keep = keep
        self._idle = _Idle()

    def release(self) -> None:
        """Close the connections that are kept open."""
        self._idle.close()

    def start(
        self,
        name: str,
        rank_fields: Sequence[str],
        ownership: Ownership = EVERYBODYS,
        created: datetime | None = None,
    ) -> None:
        """Name a corpus that was just made, and say which fields of a passage are searched and ranked, whose it is,
        and when it was made (None: now)."""
        with self._writing() as db:
            row = (
                name,
                (created or datetime.now(UTC)).isoformat(),
                json.dumps(rank_fields),
                ownership.owner,
                ownership.shared,
            )
            db.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?)", row)

    def facts(self) -> Facts:
        with self._reading() as db:
            rows = db.execute("SELECT counts.passages, counts.documents, facts.* FROM facts, counts LIMIT 1")
            found = rows.fetchone()
        if found is None:
            raise damaged(self.path.parent)
        row = dict(zip((column[0] for column in rows.description), found, strict=True))
        try:
            if not 0 <= row["passages"] <= _MOST_PASSAGES:
                raise ValueError("no corpus has so many passages")
            return Facts(
                str(row["name"]),
                datetime.fromisoformat(row["created"]),
                int(row["passages"]),
                int(row["documents"]),
                tuple(map(str, json.loads(row["rank_fields"]))) if "rank_fields" in row else TEXT_ONLY,
                Ownership(str(row.get("owner", "")), bool(row.get("shared", False))),
            )
        except UNREADABLE as error:
            raise damaged(self.path.parent) from error

    def rename(self, name: str) -> None:
        with self._writing() as db:
            db.execute("UPDATE facts SET name = ?", (name,))

    def set_rank_fields(self, rank_fields: Sequence[str]) -> None:
        """Say which fields of a passage are searched and ranked from now on."""
        self._set("rank_fields = ?", json.dumps(rank_fields))

    def set_ownership(self, ownership: Ownership) -> None:
        """Say whose the corpus is from now on, and whether it is shared with everyone here."""
        self._set("owner = ?, shared = ?", ownership.owner, ownership.shared)

    def _set(self, what: str, *values: object) -> None:
        """Change facts; a file of an earlier version is brought up to this one first."""
        with self._writing() as db:
            if db.execute("PRAGMA user_version").fetchone()[0] < _VERSION:
                there = {row[1] for row in db.execute("PRAGMA table_info(facts)")}
                for name, kind in _ADDED.items():
                    if name not in there:
                        db.execute(f"ALTER TABLE facts ADD COLUMN {name} {kind}")
                db.execute(f"PRAGMA user_version = {_VERSION}")
            db.execute(f"UPDATE facts SET {what}", values)  # noqa: S608

    def append(self, documents: Iterable[Document], *, skip_known: bool) -> tuple[int, int]:
        """Add passages in one transaction, all or none; how many were added and how many were there already.

        What was there before counts as known; passages that are alike among the new ones are all kept.
        """
        with self._writing() as db:
            passages, parents, size = db.execute("SELECT passages, documents, bytes FROM counts").fetchone()
            before, skipped = passages, 0
            new_parents: set[bytes] = set()
            rows: list[PassageRow] = []
            for document in documents:
                row = row_of(passages, document)
                if skip_known and _has(db, "digest = ? AND place < ?", row[4], before):
                    skipped += 1
                    continue
                passages, size = passages + 1, size + row[3]
                _check_room(passages, size)
                if row[2] is None:
                    parents += 1
                else:
                    new_parents.add(row[2])
                rows.append(row)
                if len(rows) == _AT_ONCE:
                    parents += _insert(db, rows, before, new_parents)
            parents += _insert(db, rows, before, new_parents)
            db.execute("UPDATE counts SET passages = ?, documents = ?, bytes = ?", (passages, parents, size))
        return passages - before, skipped

    def get(self, places: Sequence[int]) -> list[Document]:
        """The passages at these places, in this order. Raises IndexError where there is none."""
        found: dict[int, Document] = {}
        with self._reading() as db:
            for start in range(0, len(places), _AT_ONCE):
                some = places[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT place, id, text, metadata FROM passages WHERE place IN ({marks})"  # noqa: S608
                rows = db.execute(query, list(some)).fetchall()
                found.update(zip((row[0] for row in rows), self._documents([row[1:] for row in rows]), strict=True))
        missing = [place for place in places if place not in found]
        if missing:
            raise IndexError(f"the corpus has no passage {missing[0]}")
        return [found[place] for place in places]

    def texts(self, start: int, stop: int, rank_fields: Sequence[str] = TEXT_ONLY) -> Iterator[str]:
        """The ranked texts at the places from `start` to before `stop`, a few at a time, so that nobody waits long."""
        alone = tuple(rank_fields) == TEXT_ONLY
        for first in range(start, stop, _AT_ONCE):
            with self._reading() as db:
                rows = db.execute(
                    "SELECT text, CASE WHEN ? THEN NULL ELSE metadata END FROM passages "
                    "WHERE place >= ? AND place < ? ORDER BY place",
                    (alone, first, min(stop, first + _AT_ONCE)),
                ).fetchall()
            if len(rows) != min(stop, first + _AT_ONCE) - first:
                raise damaged(self.path.parent)
            if alone:
                yield from (self._text(text) for text, _ in rows)
            else:
                yield from (ranked_text(each, rank_fields) for each in self._documents([(None, *row) for row in rows]))

    def siblings(self, place: int, around: int) -> list[int]:
        """The places up to `around` before and after one, of passages cut from the same document; itself too."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT place FROM passages WHERE place BETWEEN ? AND ? AND (place = ? OR parent = "
                "(SELECT parent FROM passages WHERE place = ?)) ORDER BY place",
                (place - around, place + around, place, place),
            ).fetchall()
        return [row[0] for row in rows]

    def places_of(self, parent: str) -> list[int]:
        """The places of all passages cut from one document, in order."""
        with self._reading() as db:
            rows = db.execute("SELECT place FROM passages WHERE parent = ? ORDER BY place", (as_bytes(parent),))
            return [row[0] for row in rows]

    def _text(self, data: Any) -> str:
        try:
            return as_text(bytes(data))
        except (TypeError, ValueError) as error:
            raise damaged(self.path.parent) from error

    def _documents(self, rows: Sequence[tuple[Any, Any, Any]]) -> list[Document]:
        try:
            return documents_of(rows)
        except (TypeError, ValueError, InvalidDocumentsError) as error:
            raise damaged(self.path.parent) from error

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The database, to read rows and to make of them what they stand for."""
        try:
            with self._explaining():
                opened = _identity(self.path)
                db = self._idle.take(opened) or self._connected()
                try:
                    yield db
                except BaseException:
                    db.close()
                    raise
                if self._keep:
                    self._idle.put(db, opened)
                else:
                    db.close()
        except UNREADABLE as error:
            raise damaged(self.path.parent) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        # not `_reading`: what the caller's passages raise while they are read is not damage of the file
        with self._explaining(), contextlib.closing(self._connected()) as db, transaction(db):
            yield db

    @contextlib.contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explained(error, self.path.parent) from error

    def _connected(self) -> sqlite3.Connection:
        if not self._create and not self.path.is_file():
            raise not_found()
        if self._create:
            create_private(self.path)
        # One that is kept may be used by another thread than the one that opened it, never by two at a time.
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=not self._keep)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA synchronous = NORMAL")
        application = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if self._create and not application:
            db.execute("PRAGMA journal_mode = WAL")
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {_VERSION}")
        elif application != _APPLICATION_ID:
            raise damaged(self.path.parent)
        elif version > _VERSION:
            raise newer()


class _Idle:
    """Connections that nobody uses at this moment, each with what file it was opened on."""

    def __init__(self) -> None:
        self._kept: list[tuple[object, sqlite3.Connection]] = []

    def __del__(self) -> None:
        self.close()

    def take(self, opened: object) -> sqlite3.Connection | None:
        """One that was opened on this file; those of another, which was deleted or gave its place, are closed."""
        with contextlib.suppress(IndexError):  # another thread may have taken the last
            while True:
                file, db = self._kept.pop()
                if file == opened:
                    return db
                db.close()
        return None

    def put(self, db: sqlite3.Connection, opened: object) -> None:
        """Keep one; a few are enough for many threads."""
        if len(self._kept) < _MOST_IDLE:
            self._kept.append((opened, db))
        else:
            db.close()

    def close(self) -> None:
        """Close them all."""
        with contextlib.suppress(IndexError):
            while True:
                self._kept.pop()[1].close()


def _identity(path: Path) -> object:
    """What tells a file from another in its place; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _insert(db: sqlite3.Connection, rows: list[PassageRow], before: int, parents: set[bytes]) -> int:
    """Write rows; how many documents are new with them. Empties `rows` and `parents`."""
    first = rows[0][0] if rows else before
    new = sum(not _has(db, "parent = ? AND place < ?", parent, first) for parent in parents)
    db.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    rows.clear()
    parents.clear()
    return new


def _has(db: sqlite3.Connection, condition: str, *values: object) -> bool:
    return db.execute(f"SELECT 1 FROM passages WHERE {condition} LIMIT 1", values).fetchone() is not None  # noqa: S608


def _check_room(passages: int, size: int) -> None:
    full = f"{MAX_PASSAGES:,} passages" if passages > MAX_PASSAGES else ""
    if size > MAX_TEXT_BYTES:
        full = f"{MAX_TEXT_BYTES / 1e6:,.0f} MB of text"
    if full:
        raise CorpusError(
            f"A corpus holds at most {full}.",
            hint="Make several, or keep it in a search engine or in PostgreSQL, which hold more.",
            code="corpus_full",
        )
