"""Files of earlier versions are taken over once, when the database is opened, and stay where they are as they were."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, exc, insert, select

from rerank_core.errors import RerankError
from rerank_core.storage.earlier import evaluation, missing_articles, runs, spending, votes
from rerank_core.storage.earlier.kind import Copy, EarlierFile
from rerank_core.storage.schema.columns import digest
from rerank_core.storage.schema.taken_over import taken_over
from rerank_core.storage.sqlite_file import (
    StoreError,
    as_text,
    prepare_file,
    trouble_of,
    version_of_file,
)

FILES: tuple[EarlierFile, ...] = (runs.FILE, evaluation.FILE, votes.FILE, missing_articles.FILE, spending.FILE)
"""Every kind of file that there was."""

_WAIT = 10.0  # seconds for a server of an earlier version to finish what it writes
_ROWS = 200  # at a time
_COPY = ".taking-over-"


def earlier_kind(path: Path) -> EarlierFile | None:
    """Which kind of file of an earlier version is at a path; None for everything else, and for one that another program
    keeps to itself at the moment: nobody waits for it here.

    SQLite is asked, never the file: closing it, had we opened it beside SQLite, would end the locks that this process
    holds on it (`create_private` has why)."""
    if not path.is_file():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as db:
            found = db.execute("PRAGMA application_id").fetchone()[0]
    except (OSError, sqlite3.Error):
        return None
    return next((each for each in FILES if each.kind.application_id == found), None)


def left_over(connection: Connection, paths: Iterable[Path]) -> list[Path]:
    """Those of the files of earlier versions that have not been looked at yet."""
    known = set(connection.execute(select(taken_over.c.file)).scalars())
    return [path for path in paths if path.name not in known]


def take_over(connection: Connection, paths: Sequence[Path]) -> None:
    """Copy what the files at these paths hold, in the transaction of a connection to SQLite. A file that is not there
    is noted too, so that none is taken over later, into what has been written since. Raises StoreError for one that is
    damaged, in use, or of a newer version."""
    for path in left_over(connection, paths):
        kind = next(each for each in FILES if path.name == each.kind.file_name or each == earlier_kind(path))
        rows = 0
        if path.is_file():
            with _explained(path, kind), _opened(path, kind) as source:
                rows = sum(_copied(connection, source, each) for each in kind.copies)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        connection.execute(insert(taken_over).values(file=path.name, taken=now, rows=rows))


@contextlib.contextmanager
def _opened(path: Path, earlier: EarlierFile) -> Iterator[sqlite3.Connection]:
    """The file in its last version, which nobody writes to meanwhile: itself, or a copy that is brought up to it."""
    with contextlib.closing(sqlite3.connect(path, timeout=_WAIT, isolation_level=None)) as original:
        version = version_of_file(original, path, earlier.kind)
        original.execute("BEGIN IMMEDIATE")
        if version == len(earlier.kind.migrations):
            yield original
            return
        for left in path.parent.glob(f"{_COPY}*"):  # of a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=_COPY) as between:
            copied = Path(between) / path.name
            with (
                contextlib.closing(sqlite3.connect(path, timeout=_WAIT)) as reading,
                contextlib.closing(sqlite3.connect(copied, isolation_level=None)) as copy,
            ):
                reading.backup(copy)
                prepare_file(copy, path, earlier.kind)
                yield copy


def _copied(connection: Connection, source: sqlite3.Connection, copy: Copy) -> int:
    """The rows of a table go into the one of the database as they are; how many."""
    columns = [row[1] for row in source.execute(f"PRAGMA table_info({copy.table})")]
    names = ", ".join([*columns, *(["key"] if copy.key else [])])
    marks = ", ".join("?" * (len(columns) + bool(copy.key)))
    into = f"INSERT INTO {copy.to} ({names}) VALUES ({marks})"  # noqa: S608
    places = [columns.index(name) for name in copy.key]
    sequence = " ORDER BY number" if "number" in columns else ""
    rows = source.execute(f"SELECT {', '.join(columns)} FROM {copy.table}{sequence}")  # noqa: S608
    count = 0
    while some := rows.fetchmany(_ROWS):
        connection.exec_driver_sql(into, [_with_key(row, places) for row in some])
        count += len(some)
    if "number" in columns:
        _go_on_counting(connection, source, copy)
    return count


def _with_key(row: tuple[Any, ...], places: Sequence[int]) -> tuple[Any, ...]:
    return (*row, digest(*(as_text(row[place]) for place in places))) if places else row


def _go_on_counting(connection: Connection, source: sqlite3.Connection, copy: Copy) -> None:
    """A number that a deleted row had is not used again."""
    found = source.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (copy.table,)).fetchone()
    if found is not None:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (copy.to,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (copy.to, found[0]))


@contextlib.contextmanager
def _explained(path: Path, earlier: EarlierFile) -> Iterator[None]:
    """What keeps a file from being taken over, as a sentence that names it. What the database says goes on as it is."""
    try:
        yield
    except RerankError as error:
        raise StoreError(error.message, hint=error.hint) from error
    except (sqlite3.Error, exc.IntegrityError, ValueError, TypeError, OverflowError) as error:
        if trouble_of(error) in ("busy", "full"):
            raise
        raise StoreError(
            f"The file with the {earlier.kind.holds} is damaged and cannot be taken over: {path}.",
            hint=f"Put a backup of it back, or {earlier.kind.start_anew}.",
        ) from error
