"""Everything goes from the file of a computer to PostgreSQL and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from rerank_core.pricing.allowance import Allowance, PaidCall
from rerank_core.storage import moving
from rerank_core.storage.backup import back_up, restore
from rerank_core.storage.database import Database
from rerank_core.storage.moving import copy_everything
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema import metadata
from rerank_core.storage.schema.taken_over import taken_over
from rerank_core.storage.spending import SpendingStore
from rerank_core.storage.sqlite_file import StoreError
from tests.core.storage.test_damage import FILL
from tests.core.storage.test_runs import make_run
from tests.support.postgresql import Cluster

SUBJECTS = [name for name in FILL if not name.endswith(".sqlite3")]


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.read() as db:
        return {
            table.name: sorted(map(tuple, db.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table is not taken_over
        }


@pytest.fixture
def full(tmp_path: Path) -> Database:
    """A file with something of each subject."""
    database = Database.open(folder=tmp_path / "home")
    for name in SUBJECTS:
        FILL[name](database)
    with RunStore(database) as store:
        store.save(make_run("caf\ud800\x00"))
        store.delete(store.save(make_run("gone")))
    return database


@pytest.mark.slow
def test_there_and_back(full: Database, postgresql: Cluster, tmp_path: Path) -> None:
    """Equal tables in either database, and numbers that go on where they were."""
    before = rows(full)
    with Database.open(postgresql.new_database()) as server, Database.open(folder=tmp_path / "back") as back:
        assert copy_everything(full, server) == sum(map(len, before.values())) > 50
        assert rows(server) == before
        assert copy_everything(server, back) > 50
        assert rows(back) == rows(full) == before
        numbers = [SpendingStore(each).reserve(PaidCall("a", "b"), None, Allowance()) for each in (full, server, back)]
        assert len(set(numbers)) == 1
        numbers = []
        for each in (full, server, back):
            RunStore(each).save(make_run("next"))
            with each.read() as db:
                numbers.append(db.execute(select(func.max(metadata.tables["runs"].c.number))).scalar())
        assert len(set(numbers)) == 1, "the number of the deleted run is not used again"


def test_nothing_is_put_over_what_is_there(full: Database, tmp_path: Path) -> None:
    """A database that holds something stays as it is."""
    with Database.open(folder=tmp_path / "other") as other:
        RunStore(other).save(make_run("mine"))
        with pytest.raises(StoreError, match="holds something"):
            copy_everything(full, other)
        assert [row.query for row in RunStore(other).list()] == ["mine"]


@pytest.mark.slow
def test_the_command(
    full: Database,
    postgresql: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says what it did; without an address it says what is missing, and does nothing."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "home"))
    assert moving.main(["to-postgresql"]) == 1
    assert "RERANK_DATABASE_URL names no PostgreSQL" in capsys.readouterr().err
    address = postgresql.new_database()
    monkeypatch.setenv("RERANK_DATABASE_URL", address)
    assert moving.main(["to-postgresql"]) == 0
    assert "Copied" in capsys.readouterr().out
    assert moving.main(["to-postgresql"]) == 1
    assert moving.main([]) == 2
    with Database.open(address) as server:
        assert rows(server) == rows(full)


@pytest.mark.slow
def test_a_backup_has_what_is_in_postgresql(
    full: Database, postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the file of one computer; put back, it goes into a PostgreSQL that holds nothing."""
    address = postgresql.new_database()
    with Database.open(address) as server:
        copy_everything(full, server)
        RunStore(server).save(make_run("only there"))
        before = rows(server)
    monkeypatch.setenv("RERANK_DATABASE_URL", address)
    back_up(tmp_path / "backup.tar.gz", tmp_path / "home")
    monkeypatch.setenv("RERANK_DATABASE_URL", postgresql.new_database())
    restore(tmp_path / "backup.tar.gz", tmp_path / "new")
    with Database.open(folder=tmp_path / "new") as file, Database() as there:
        assert rows(file) == before
        copy_everything(file, there)
        assert rows(there) == before
