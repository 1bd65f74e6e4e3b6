"""The ledger of spending as it was before there was one database."""

from __future__ import annotations

from rerank_core.storage.earlier.kind import CURE, Copy, EarlierFile
from rerank_core.storage.sqlite_file import FileKind, StoreError

# One script for each version of the file.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE calls (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        day TEXT NOT NULL,
        started TEXT NOT NULL,
        finished TEXT,
        who BLOB NOT NULL,
        connection BLOB NOT NULL,
        model BLOB NOT NULL,
        page BLOB NOT NULL,
        run BLOB NOT NULL,
        key TEXT NOT NULL,
        process TEXT NOT NULL,
        state TEXT NOT NULL,
        reserved TEXT,
        spent TEXT NOT NULL DEFAULT '0',
        doubt TEXT NOT NULL DEFAULT '0',
        assumed TEXT NOT NULL DEFAULT '0',
        note BLOB NOT NULL DEFAULT x''
    );
    CREATE INDEX calls_by_day ON calls (day);
    CREATE INDEX calls_under_way ON calls (process) WHERE state = 'under way';
    CREATE TABLE sums (
        day TEXT NOT NULL,
        key TEXT NOT NULL,
        who BLOB NOT NULL,
        connection BLOB NOT NULL,
        model BLOB NOT NULL,
        spent TEXT NOT NULL,
        doubt TEXT NOT NULL,
        assumed TEXT NOT NULL,
        held TEXT NOT NULL,
        calls INTEGER NOT NULL,
        unknown INTEGER NOT NULL,
        PRIMARY KEY (day, key, who, connection, model)
    ) WITHOUT ROWID;
    CREATE TABLE totals (
        key TEXT PRIMARY KEY,
        since TEXT NOT NULL,
        spent TEXT NOT NULL,
        doubt TEXT NOT NULL,
        assumed TEXT NOT NULL,
        held TEXT NOT NULL,
        calls INTEGER NOT NULL,
        unknown INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
)

FILE = EarlierFile(
    FileKind(
        "spending.sqlite3",
        "ledger of spending",
        0x52504C44,  # "RPLD"
        _MIGRATIONS,
        StoreError,
        CURE,
    ),
    (Copy("calls", "calls"), Copy("sums", "day_sums"), Copy("totals", "totals")),
)
