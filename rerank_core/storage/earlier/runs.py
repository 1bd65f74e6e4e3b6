"""The file of saved runs as it was before there was one database."""

from __future__ import annotations

from rerank_core.storage.earlier.kind import CURE, Copy, EarlierFile
from rerank_core.storage.sqlite_file import FileKind, StoreError

# One script for each version of the file.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL,
        query TEXT NOT NULL,
        connection TEXT NOT NULL,
        model TEXT,
        order_name TEXT NOT NULL,
        documents INTEGER NOT NULL,
        amount TEXT,
        currency TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        payload BLOB NOT NULL
    );
    CREATE INDEX runs_by_time ON runs (created, number);
    CREATE TABLE ratings (
        run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        grade INTEGER NOT NULL,
        PRIMARY KEY (run_id, place)
    ) WITHOUT ROWID;
    """,
    # What is there by now is everybody's.
    """
    ALTER TABLE runs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX runs_by_owner ON runs (owner, number);
    ALTER TABLE ratings ADD COLUMN rated_at TEXT NOT NULL DEFAULT '';
    """,
)

FILE = EarlierFile(
    FileKind(
        "runs.sqlite3",
        "saved runs",
        0x52504C59,  # "RPLY"
        _MIGRATIONS,
        StoreError,
        CURE,
    ),
    (Copy("runs", "runs"), Copy("ratings", "run_ratings")),
)
