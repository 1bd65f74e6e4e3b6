"""A file of what the models of this computer have computed: vectors of texts, scores of pairs, by hashes of them."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rerank_core.errors import RerankError
from rerank_core.storage.sqlite_file import FileKind, SqliteFile, StoreError, trouble_of

LIMIT = 256 * 2**20
"""Bytes that the file may take: vectors of about 140,000 texts of one window."""

_MIGRATIONS = (
    """
    CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL);
    CREATE INDEX entries_by_use ON entries (used)
    """,
)
_CHECK = 8  # bytes of a hash before each value
_HOUR = 3600


class ComputedFile(SqliteFile):
    """Bytes by name, the longest unused of which go once `limit` bytes are passed. Several processes may share it.

    It makes work shorter and is never needed, so no use of it raises: where the file is damaged it is started anew,
    where it is locked, full, not ours or cannot be written, nothing is found and nothing kept. It holds no texts;
    somebody who has a text, a query and this file can tell that they were scored.
    """

    kind = FileKind(
        "computed.sqlite3",
        "computed vectors and scores",
        0x52504356,  # "RPCV"
        _MIGRATIONS,
        StoreError,
        "delete that file, and a new one is started at the next use",
    )
    busy_seconds = 1.0  # computing anew takes no longer than waiting

    def __init__(self, path: Path | str | None = None, *, limit: int = LIMIT) -> None:
        super().__init__(path)
        self._limit = limit

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What is there of these names."""
        found: dict[bytes, bytes] = {}
        with self._forgiving():
            hour = int(time.time()) // _HOUR
            stale: list[bytes] = []
            with self._reading() as db:
                for key in keys:
                    row = db.execute("SELECT value, used FROM entries WHERE key = ?", (key,)).fetchone()
                    if row is not None and row[0][:_CHECK] == _check(key, row[0][_CHECK:]):
                        found[key] = row[0][_CHECK:]
                        if row[1] != hour:
                            stale.append(key)
            if stale:
                with self._writing() as db:
                    db.executemany("UPDATE entries SET used = ? WHERE key = ?", ((hour, key) for key in stale))
        return found

    def put_many(self, values: Mapping[bytes, bytes]) -> None:
        """Keep these values."""
        hour = int(time.time()) // _HOUR
        rows = [
            (key, _check(key, value) + value, hour) for key, value in values.items() if len(value) <= self._limit // 8
        ]
        with self._forgiving(), self._writing() as db:
            db.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", rows)
            while self._size(db) > self._limit:
                (count,) = db.execute("SELECT COUNT(*) FROM entries").fetchone()
                db.execute(
                    "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries ORDER BY used, rowid LIMIT ?)",
                    (count // 10 + 1,),
                )

    @staticmethod
    def _size(db: sqlite3.Connection) -> int:
        """Bytes of the file that are in use."""
        pages, free, size = (
            int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Whatever is wrong with the file is no reason to stop; a damaged one is removed."""
        try:
            yield
        except RerankError as error:
            if isinstance(error.__cause__, Exception) and trouble_of(error.__cause__) == "damaged":
                self.close()
                for ending in ("", "-wal", "-shm"):
                    with contextlib.suppress(OSError, RerankError):
                        Path(f"{self.path}{ending}").unlink(missing_ok=True)


def _check(key: bytes, value: bytes) -> bytes:
    """What tells a value from one that the disk or a torn write has changed."""
    return hashlib.blake2b(value, digest_size=_CHECK, key=key).digest()
