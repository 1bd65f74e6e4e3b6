"""Locks of this machine: held over threads and processes until their holder lets go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rerank_core.storage.experiment_lock import held, hold
from rerank_core.storage.votes import VoteStore

ROOT = Path(__file__).parents[3]


def _held_elsewhere(file: Path) -> bool:
    code = (
        "import sys; from pathlib import Path; from rerank_core.storage.experiment_lock import held; "
        "print(held(Path(sys.argv[1]), 'one'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip() == "True"


def test_a_look_at_a_lock_leaves_it_held(tmp_path: Path) -> None:
    """A process that looks whether it holds a lock itself goes on holding it against other processes."""
    file = tmp_path / "experiments.sqlite3"
    with hold(file, "one"):
        assert held(file, "one")
        assert _held_elsewhere(file)
    assert not _held_elsewhere(file)


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
