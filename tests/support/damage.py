"""What a bad disk, a torn write or another program may make of a file."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path

from rerank_core.storage.sqlite_file import transaction


def harmed(data: bytes, choose: random.Random) -> bytes:
    """The bytes of a file as a bad disk, a torn write or another program may leave them."""
    changed = bytearray(data)
    place, many = choose.randrange(len(data)), choose.choice((1, 2, 8, 64, 512, 4096))
    how = choose.choice(("flip", "flip", "noise", "zero", "cut", "insert", "repeat", "text"))
    if how == "flip":
        for _ in range(many):
            changed[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    elif how == "noise":
        changed[place : place + many] = choose.randbytes(min(many, len(data) - place))
    elif how == "zero":
        changed[place : place + many] = bytes(min(many, len(data) - place))
    elif how == "cut":
        del changed[place:]
    elif how == "insert":
        changed[place:place] = choose.randbytes(many)
    elif how == "repeat":
        changed[place : place + many] = data[:many]
    else:  # what stands in texts, so that the pages stay whole and the rows do not
        at = [spot for spot in range(len(data)) if chr(data[spot]).isalnum()]
        for spot in choose.sample(at, min(many, len(at))):
            changed[spot] = choose.randrange(256)
    return bytes(changed)


def harm_a_row(path: Path, choose: random.Random) -> None:
    """Put something else into one cell, as a whole file of another program's making may hold it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db, transaction(db):
        db.execute("PRAGMA ignore_check_constraints = ON")
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = choose.choice([name for name in tables if not name.startswith("sqlite_")])
        column = choose.choice([row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "number"])
        value = choose.choice((b"\xff\xfe", "no number", "", -1, 1e300, b"", "[", "2026-13-45", "{}", "null", 2**60))
        with contextlib.suppress(sqlite3.IntegrityError):
            db.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (value,))
