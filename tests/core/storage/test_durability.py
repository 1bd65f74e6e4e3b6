"""What records money outlives a power cut, through every connection to its file."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from rerank_core.storage.computed import ComputedFile
from rerank_core.storage.database import Database
from rerank_core.storage.sqlite_file import StoreError
from tests.support.stores import in_the_database, stores

MONEY = re.compile(r"\b(amount|billed|reserved|spent|cost|price|spending_limit|held)\b")
FULL = 2


def synchronous(database: Database) -> int:
    with database.read() as db:
        return int(db.exec_driver_sql("PRAGMA synchronous").scalar_one())


def test_there_are_kinds_to_look_at() -> None:
    """The stores are found, those in the database and those in a file of their own."""
    assert {"RunStore", "ExperimentStore", "QuerySetStore", "VoteStore", "ComputedFile"} <= {
        one.__name__ for one in stores()
    }


@pytest.mark.parametrize("store", [one for one in stores() if not in_the_database(one)], ids=lambda one: one.__name__)
def test_a_file_that_records_money_waits_for_the_disk(store: type[Any], tmp_path: Path) -> None:
    """A kind with a column for money is durable, and its connection asks SQLite for it."""
    money = any(MONEY.search(script) for script in store.kind.migrations)
    assert store.kind.durable or not money, f"{store.__name__} records money: set durable=True on its kind"
    with store(tmp_path / store.kind.file_name) as opened, opened._reading() as db:
        assert (db.execute("PRAGMA synchronous").fetchone()[0] == FULL) == store.kind.durable
    assert not ComputedFile.kind.durable


def test_the_database_waits_for_the_disk(tmp_path: Path) -> None:
    """Every write outlives a power cut, over every connection, that which takes the place of one with an error too."""
    with Database.open(folder=tmp_path) as database:
        assert synchronous(database) == FULL
        database.close()
        database.busy_seconds = 0.0
        assert synchronous(database) == FULL
        other = sqlite3.connect(tmp_path / "playground.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use"), database.write():
            pass
        other.execute("ROLLBACK")
        other.close()
        assert synchronous(database) == FULL
