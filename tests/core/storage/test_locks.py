"""Locks of this machine: held over threads and processes until their holder lets go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.storage.database import Database
from rerank_core.storage.evaluation.experiment_lock import held, hold
from rerank_core.storage.votes import VoteStore
from tests.support.databases import address_of
from tests.support.postgresql import Cluster

ROOT = Path(__file__).parents[3]


def _held_elsewhere(database: Database) -> bool:
    code = (
        "import sys; from rerank_core.storage.database import Database; "
        "from rerank_core.storage.evaluation.experiment_lock import held; "
        "print(held(Database.open(sys.argv[1]), 'one'))"
    )
    command = [sys.executable, "-c", code, address_of(database)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip() == "True"


def test_a_look_at_a_lock_leaves_it_held(database: Database) -> None:
    """A process that looks whether it holds a lock itself goes on holding it against other processes."""
    with hold(database, "one"):
        assert held(database, "one")
        assert _held_elsewhere(database)
        with pytest.raises(ExperimentError), hold(database, "one"):
            pass
    assert not _held_elsewhere(database)


@pytest.mark.slow
def test_a_lock_is_taken_again_after_postgresql_was_away(postgresql: Cluster) -> None:
    """Where nobody else took it meanwhile; one who did keeps it."""
    with Database.open(postgresql.new_database()) as database, hold(database, "one") as still:
        postgresql.stop()
        postgresql.start()
        assert not held(database, "one")
        assert still()
        assert held(database, "one")
        postgresql.stop()
        postgresql.start()
        with hold(database, "one"):
            assert not still()


def test_a_file_is_opened_by_sqlite_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second store of the same file opens it through SQLite only: closing it in another way would end the locks."""
    path = tmp_path / "votes.sqlite3"
    with VoteStore(path) as first:
        first.tally()
        opened: list[int] = []
        monkeypatch.setattr("os.close", opened.append)
        with VoteStore(path) as second:
            assert not second.tally().votes
        assert not opened
    assert path.stat().st_mode & 0o777 == 0o600
