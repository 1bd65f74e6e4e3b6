"""What records money outlives a power cut, through every connection to its file."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from rerank_core.storage import sqlite_file
from rerank_core.storage.sqlite_file import SqliteFile
from tests.support.stores import stores

MONEY = re.compile(r"\b(amount|billed|reserved|spent|cost|price|spending_limit|held)\b")
FULL, NORMAL = 2, 1


def synchronous(store: SqliteFile) -> int:
    with store._reading() as db:
        return int(db.execute("PRAGMA synchronous").fetchone()[0])


def test_there_are_kinds_to_look_at() -> None:
    """The stores are found, those that record money and those that do not."""
    assert {"RunStore", "ExperimentStore", "QuerySetStore", "VoteStore", "ComputedFile"} <= {
        one.__name__ for one in stores()
    }


@pytest.mark.parametrize("store", stores(), ids=lambda one: one.__name__)
def test_a_file_that_records_money_waits_for_the_disk(store: type[SqliteFile], tmp_path: Path) -> None:
    """A kind with a column for money is durable, and its connection asks SQLite for it."""
    money = any(MONEY.search(script) for script in store.kind.migrations)
    assert store.kind.durable or not money, f"{store.__name__} records money: set durable=True on its kind"
    with store(tmp_path / store.kind.file_name) as opened:
        assert synchronous(opened) == (FULL if store.kind.durable else NORMAL)


@pytest.mark.parametrize("store", [one for one in stores() if one.kind.durable], ids=lambda one: one.__name__)
def test_it_does_so_again_after_an_error(
    store: type[SqliteFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error closes the connection; the one that takes its place is as durable as the first."""
    monkeypatch.setattr(sqlite_file.SqliteFile, "busy_seconds", 0.0)
    with store(tmp_path / store.kind.file_name) as opened:
        assert synchronous(opened) == FULL
        other = sqlite3.connect(opened.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(store.kind.error, match="in use"), opened._writing():
            pass
        other.execute("ROLLBACK")
        other.close()
        assert opened._connection is None
        assert synchronous(opened) == FULL
