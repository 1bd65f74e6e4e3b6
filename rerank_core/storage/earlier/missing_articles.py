"""The file of missing articles as it was before there was one database."""

from __future__ import annotations

from rerank_core.storage.earlier.kind import CURE, Copy, EarlierFile
from rerank_core.storage.sqlite_file import FileKind, StoreError

# One script for each version of the file.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE missing_articles (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        noted TEXT NOT NULL,
        query BLOB NOT NULL,
        place BLOB NOT NULL,
        near_miss BLOB,
        score REAL,
        UNIQUE (query, place)
    );
    """,
    # What is there by now is everybody's.
    """
    CREATE TABLE owned_articles (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        noted TEXT NOT NULL,
        query BLOB NOT NULL,
        place BLOB NOT NULL,
        near_miss BLOB,
        score REAL,
        owner TEXT NOT NULL DEFAULT '',
        shared INTEGER NOT NULL DEFAULT 0,
        UNIQUE (owner, query, place)
    );
    INSERT INTO owned_articles (number, id, noted, query, place, near_miss, score)
        SELECT number, id, noted, query, place, near_miss, score FROM missing_articles;
    DROP TABLE missing_articles;
    ALTER TABLE owned_articles RENAME TO missing_articles;
    """,
)

FILE = EarlierFile(
    FileKind(
        "missing_articles.sqlite3",
        "missing articles",
        0x52504C4D,  # "RPLM"
        _MIGRATIONS,
        StoreError,
        CURE,
    ),
    (Copy("missing_articles", "missing_articles", ("query", "place")),),
)
