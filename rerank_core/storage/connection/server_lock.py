"""Locks over every server that shares a PostgreSQL; each ends with the process that holds it, however that ends."""

from __future__ import annotations

import contextlib
import hashlib
import threading

from sqlalchemy import ColumnElement, Connection, column, exc, func, literal_column, select, table

from rerank_core.storage.database import Database

_LOCKS = table(
    "pg_locks", column("locktype"), column("database"), column("classid"), column("objid"), column("objsubid")
)
_HALF = 2**32


class ServerLock:
    """An advisory lock of PostgreSQL, over a connection of its own. It is let go where that connection breaks, for
    instance as PostgreSQL is started again; `still` then takes it again. Safe under threads."""

    def __init__(self, database: Database, name: str) -> None:
        self._database, self._key = database, _key(name)
        self._connection: Connection | None = None
        self._guard = threading.Lock()

    def take(self) -> bool:
        """Take the lock; False where somebody else has it. Raises StoreError where the database cannot be reached."""
        with self._guard:
            return self._take()

    def still(self) -> bool:
        """Whether the lock is still held, or could be taken again. Raises StoreError where the database cannot be
        reached."""
        with self._guard:
            if self._connection is not None:
                with contextlib.suppress(exc.DBAPIError):
                    self._connection.execute(select(1))
                    return True
                self._close()
            return self._take()

    def release(self) -> None:
        """Let it go; nothing happens where it is not held."""
        with self._guard:
            if self._connection is not None:  # said, since a connection that is closed is gone a moment later
                with contextlib.suppress(exc.DBAPIError):
                    self._connection.execute(select(func.pg_advisory_unlock(self._key)))
            self._close()

    def _take(self) -> bool:
        if self._connection is None:
            self._connection = self._database.connection_of_its_own()
        try:
            if self._connection.execute(select(func.pg_try_advisory_lock(self._key))).scalar():
                return True
        except exc.DBAPIError as error:
            self._close()
            raise self._database.explanation(error) from error
        self._close()
        return False

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(exc.DBAPIError):
                connection.close()


def taken(db: Connection, name: str) -> bool:
    """Whether anybody holds a lock right now; nobody is held up by the question."""
    key = _key(name) % 2**64
    here: ColumnElement[int] = literal_column("(SELECT oid FROM pg_database WHERE datname = current_database())")
    held = select(1).where(
        _LOCKS.c.locktype == "advisory",
        _LOCKS.c.database == here,
        _LOCKS.c.classid == literal_column(str(key // _HALF)),
        _LOCKS.c.objid == literal_column(str(key % _HALF)),
        _LOCKS.c.objsubid == 1,
    )
    return db.execute(held.select_from(_LOCKS).limit(1)).first() is not None


def _key(name: str) -> int:
    """The name as a whole number of 64 bits with a sign."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], signed=True)
