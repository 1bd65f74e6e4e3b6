"""The file of votes as it was before there was one database."""

from __future__ import annotations

from rerank_core.storage.earlier.kind import CURE, Copy, EarlierFile
from rerank_core.storage.sqlite_file import FileKind, StoreError

# One script for each version of the file.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE votes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        round TEXT NOT NULL UNIQUE,
        given TEXT NOT NULL,
        runs TEXT NOT NULL,
        shown TEXT NOT NULL,
        winner TEXT,
        query BLOB NOT NULL
    );
    CREATE TABLE named_runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL UNIQUE
    );
    """,
    # What is there by now is everybody's.
    """
    ALTER TABLE votes ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE votes ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE named_to (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL,
        owner TEXT NOT NULL,
        UNIQUE (run, owner)
    );
    INSERT INTO named_to (run, owner) SELECT run, '' FROM named_runs ORDER BY number;
    DROP TABLE named_runs;
    ALTER TABLE named_to RENAME TO named_runs;
    """,
)

FILE = EarlierFile(
    FileKind(
        "votes.sqlite3",
        "votes",
        0x52504C56,  # "RPLV"
        _MIGRATIONS,
        StoreError,
        CURE,
    ),
    (Copy("votes", "votes"), Copy("named_runs", "named_runs")),
)
