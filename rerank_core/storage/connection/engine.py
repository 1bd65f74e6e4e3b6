"""Connections to the database, one kind for SQLite and one for PostgreSQL, that behave alike for whoever reads and
writes."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from rerank_core.storage.locks import create_private
from rerank_core.storage.sqlite_file import StoreError

APPLICATION_ID = 0x52504C41  # "RPLA"
_AT_MOST = 20  # connections to PostgreSQL of one process, beside those that hold locks
_WRITES, _USED = "rerank_writes", "rerank_used"
_SURELY_THERE = 0.1  # seconds after its last use for which nobody asks a connection whether it is there


def sqlite_engine(path: Path, busy_seconds: float) -> Engine:
    """Connections to a file, which is made where there is none. The file can be read by its owner only. What was
    written outlives a power cut: each write waits for the disk."""

    def connect() -> sqlite3.Connection:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_private(path)
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            _refuse_foreign(connection, path)  # before anything that would write into it
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA fullfsync = 1")  # macOS: past the disk's own memory too
            connection.execute("PRAGMA secure_delete = ON")  # what is deleted is not left in the file
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=-1,
        pool_use_lifo=True,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # taken for writing from the start, so that another process waits instead of failing
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def postgresql_engine(url: URL) -> Engine:
    """Connections to a PostgreSQL. One that broke, by a restart of the server for instance, is replaced when it is
    taken: it is asked whether it is there, unless it was used within a moment that no restart is over in."""
    engine = create_engine(
        url,
        pool_size=_AT_MOST // 2,
        max_overflow=_AT_MOST // 2,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args=alive_args(url),
    )

    @event.listens_for(engine, "checkin")
    def used(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_USED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: DBAPIConnection, record: ConnectionPoolEntry, _holder: object) -> None:
        last = record.info.get(_USED)
        if last is None or time.monotonic() - last < _SURELY_THERE:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:
            raise exc.DisconnectionError from error  # the pool makes another one

    return engine


def lasting_engine(url: URL) -> Engine:
    """Connections to a PostgreSQL that are closed when they are given back, without a transaction around them."""
    return create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=alive_args(url)
    )


def alive_args(url: URL) -> dict[str, Any]:
    """What has either end of a connection notice within a minute that the other one is gone."""
    given: dict[str, Any] = {
        "connect_timeout": 10,
        "keepalives_idle": 20,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "application_name": "rerank-playground",
    }
    server = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
    return {name: value for name, value in given.items() if name not in url.query} | (
        {} if "options" in url.query else {"options": server}
    )


def to_write(connection: Connection) -> Connection:
    """The same connection, whose next transaction writes."""
    return connection.execution_options(**{_WRITES: True})


def to_read(connection: Connection) -> Connection:
    """The same connection, whose next transaction sees the database as it is at one moment."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def driver_error(error: Exception) -> Exception:
    """What the driver said, without the statement and its values."""
    found = error.orig if isinstance(error, exc.DBAPIError) else None
    return found if isinstance(found, Exception) else error


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for the database of another program."""
    if connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
        return
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StoreError(f"{path} is another program's database.", hint="Choose another file, or move that one away.")
