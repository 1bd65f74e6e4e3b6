"""The one database of everything that is kept: an SQLite file of this computer, or a PostgreSQL that servers share."""

from __future__ import annotations

import contextlib
import math
import shutil
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, exc, func, select

from rerank_core.errors import RerankError
from rerank_core.storage import migrations
from rerank_core.storage.connection.address import FILE_NAME, Address, of_file, resolved
from rerank_core.storage.connection.engine import (
    APPLICATION_ID,
    driver_error,
    lasting_engine,
    postgresql_engine,
    sqlite_engine,
    to_read,
    to_write,
)
from rerank_core.storage.connection.trouble import Trouble, database_trouble
from rerank_core.storage.earlier.take_over import FILES, earlier_kind, left_over, take_over
from rerank_core.storage.sqlite_file import HOME_VARIABLE, ROOM, StoreError

BUSY_SECONDS = 10.0
"""How long a use waits for another program that holds the file."""

_PAGES = 100_000  # bytes that SQLite needs at least beside a file to use it
_SCHEMA = "the schema"
_NAMESPACE = 0x52504C41  # of our advisory locks, so that they meet nobody else's in a shared PostgreSQL


class Database:
    """Tables that threads, processes and, with PostgreSQL, servers use at once.

    It is opened at the first use, so that making one never fails; `open` does it at once. Opening brings the schema up
    to date under a lock. Every use may raise StoreError, or the class that is given for it, with a hint: where the
    database is damaged, locked, not ours, of a newer version, full, or cannot be reached. Safe under threads. No
    password of an address is in a message, a log or the repr.
    """

    def __init__(self, address: Address | None = None) -> None:
        """At this address; None for the one that the environment names, else the file in `home()`, as they are when the
        database is opened."""
        self._given = address
        self._engine: Engine | None = None
        self._opened: Address | None = None
        self._opening = threading.RLock()
        self._writers = threading.Lock()  # SQLite has one writer at a time, and threads wait better in a queue
        self._here = threading.local()
        self.busy_seconds = BUSY_SECONDS  # how long a use waits for another program that holds the file

    @classmethod
    def open(cls, address: str | None = None, folder: Path | None = None) -> Database:
        """The database at an address such as "postgresql+psycopg://...", ready to use; else the one that
        RERANK_DATABASE_URL names, else the file in `folder` (None: `home()`). Raises ConfigurationError for what is no
        such address, and StoreError."""
        made = cls(resolved(address, folder))
        made.prepare()
        return made

    @classmethod
    def at(cls, path: Path | str) -> Database:
        """The database in one SQLite file."""
        return cls(of_file(path))

    @property
    def address(self) -> Address:
        """Where it is."""
        return self._opened or self._given or resolved()

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return self.address.file

    def __repr__(self) -> str:
        return f"<Database {self.address}>"

    def close(self) -> None:
        """Close every connection that nobody uses; the next use opens new ones."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # Reading and writing

    @contextlib.contextmanager
    def read(self, error: type[RerankError] = StoreError) -> Iterator[Connection]:
        """A connection to read with, that sees the database as it is at one moment. Within `read` or `write` of the
        same thread it is theirs. `error` is what is raised where the database cannot be used."""
        joined: Connection | None = getattr(self._here, "connection", None)
        if joined is not None:
            yield joined
            return
        with (
            self._explained(error),
            self.prepare().connect() as connection,
            to_read(connection).begin(),
            self._joinable(connection, writes=False),
        ):
            yield connection

    @contextlib.contextmanager
    def write(self, subject: str = "", error: type[RerankError] = StoreError) -> Iterator[Connection]:
        """A connection to write with, in one transaction: it is committed at the end, and all of it goes where an
        exception comes out. Nothing is ever tried again by itself.

        Writers of one `subject` wait for each other, on every server: what a writer has read stays so until its commit.
        With SQLite all writers do. Within `write` of the same thread it is one transaction.
        """
        joined: Connection | None = getattr(self._here, "connection", None)
        if joined is not None and self._here.writes:
            yield joined
            return
        with (
            self._explained(error),
            self._queue(),
            self.prepare().connect() as connection,
            to_write(connection).begin(),
            self._joinable(connection, writes=True),
        ):
            in_turn(connection, subject)
            yield connection

    @contextlib.contextmanager
    def _joinable(self, connection: Connection, writes: bool) -> Iterator[None]:
        before = (getattr(self._here, "connection", None), getattr(self._here, "writes", False))
        self._here.connection, self._here.writes = connection, writes
        try:
            yield
        finally:
            self._here.connection, self._here.writes = before

    @contextlib.contextmanager
    def _queue(self) -> Iterator[None]:
        if self.file is None:
            yield
            return
        with self._writers:
            yield

    def prepare(self) -> Engine:
        """Open the database and bring its schema up to date, where that has not been done."""
        with self._opening:
            if self._engine is None:
                address, earlier = self._place()
                engine = (
                    sqlite_engine(address.file, self.busy_seconds)
                    if address.file is not None
                    else postgresql_engine(address.server)
                )
                try:
                    self._bring_up_to_date(engine, address, earlier)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine, self._opened = engine, address
            return self._engine

    def connection_of_its_own(self) -> Connection:
        """A new connection to PostgreSQL beside all others, each statement of which is a transaction; for a lock that
        lasts. Raises StoreError where it cannot be had."""
        self.prepare()
        with self._explained(StoreError):
            return lasting_engine(self.address.server).connect()

    def _place(self) -> tuple[Address, list[Path]]:
        """Where the database is to be, and the files of earlier versions that go into it. A path at which one of those
        is, gets a database beside it."""
        address = self._given or resolved()
        if address.file is not None and earlier_kind(address.file) is not None:
            return of_file(address.file.with_name(f"{address.file.stem}-{FILE_NAME}")), [address.file]
        folder = address.folder
        return address, [] if folder is None else [folder / each.kind.file_name for each in FILES]

    def _bring_up_to_date(self, engine: Engine, address: Address, earlier: list[Path]) -> None:
        known = migrations.known()
        with self._explained(StoreError):
            with engine.connect() as connection, to_read(connection).begin():
                now = migrations.at(connection)
                if now == known[-1] and not (earlier and left_over(connection, earlier)):
                    return
            with engine.connect() as connection, to_write(connection).begin():
                in_turn(connection, _SCHEMA)
                now = migrations.at(connection)
                if now is not None and now not in known:
                    raise StoreError(
                        f"The database ({address}) was written by a newer version of the playground.",
                        hint="Update the playground, or choose another database.",
                    )
                if address.file is not None:
                    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                if now != known[-1]:
                    migrations.upgrade(connection)
                take_over(connection, earlier)

    # What goes wrong

    @contextlib.contextmanager
    def _explained(self, error: type[RerankError]) -> Iterator[None]:
        try:
            yield
        except StoreError as found:
            if isinstance(found, error):
                raise
            raise error(found.message, hint=found.hint, code=found.code, retryable=found.retryable) from found
        except (exc.DBAPIError, exc.TimeoutError, sqlite3.Error, OSError) as found:
            raise self.explanation(found, error) from driver_error(found)

    def explanation(self, cause: Exception, error: type[RerankError] = StoreError) -> RerankError:
        """What the database or the file system said, as a sentence and a next step."""
        cause = driver_error(cause)
        trouble = database_trouble(cause)
        if trouble is None and self.free() < _PAGES:  # SQLite calls it an I/O error where its side files find no room
            trouble = "full"
        if trouble != "busy":
            self.close()
        return self._sentence(trouble, cause, error)

    def _sentence(self, trouble: Trouble | None, cause: Exception, error: type[RerankError]) -> RerankError:
        address = self.address
        if trouble == "busy":
            return error("The database is in use by another program.", hint="Try again.", retryable=True)
        if trouble == "full":
            return error("The disk is full, so nothing is saved.", hint="Free some space and try again.")
        if trouble == "damaged":
            return self.damaged(error)
        if trouble == "unreachable":
            return error(
                f"The database ({address}) cannot be reached.",
                hint="Check that it runs and that the address is right, and try again.",
                retryable=True,
            )
        if address.file is None:
            said = str(cause).strip().splitlines() or [type(cause).__name__]
            return error(f"The database ({address}) cannot be used: {said[0].rstrip('.')}.")
        return error(
            f"The database in {address} cannot be used: {cause}.",
            hint=f"Check that the folder can be written, or set {HOME_VARIABLE} to one that can.",
        )

    def damaged(self, error: type[RerankError] = StoreError) -> RerankError:
        """The error for rows of which nothing can be made."""
        anew = ", or move that file away and a new one is started" if self.file is not None else ""
        return error(
            f"The database with everything that is kept is damaged: {self.address}.",
            hint=f"You can go on working. Put a backup back{anew}.",
        )

    def require_room(self, error: type[RerankError] = StoreError) -> None:
        """Raise `error` where the disk of the file has less than ROOM left: what is about to be paid for might not be
        kept. Where nobody can say, nothing is raised."""
        free = self.free()
        if free < ROOM:
            raise error(
                f"The disk has only {free / 1e6:,.0f} MB left, too little to begin: answers might not be kept.",
                hint="Free some space and try again.",
            )

    def overwrite_deleted(self) -> None:
        """Have nothing of what was deleted stand in the file any more, nor in the log beside it; it waits for those who
        read just now. PostgreSQL does so by itself, in its vacuum."""
        if self.file is None or getattr(self._here, "connection", None) is not None:
            return
        with self._explained(StoreError), self._queue(), self.prepare().connect() as connection:
            raw = connection.connection.driver_connection
            if raw is not None:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def free(self) -> float:
        """Bytes that are free on the disk of the file; infinite where nobody can say."""
        path = self.file
        try:
            return math.inf if path is None else shutil.disk_usage(path.parent).free
        except OSError:
            return math.inf


def in_turn(connection: Connection, subject: str) -> None:
    """Wait, within a write, until no other writer of this subject is under way, on any server; until the commit no
    other one is."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_NAMESPACE, _signed(subject))))


def _signed(name: str) -> int:
    """A number of 32 bits for the name of a lock."""
    found = zlib.crc32(name.encode())
    return found - 2**32 if found >= 2**31 else found
