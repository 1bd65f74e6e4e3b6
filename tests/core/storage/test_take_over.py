"""Files of earlier versions are taken over once, whole or not at all, and stay as they were."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from rerank_core.pricing.allowance import Allowance, PaidCall
from rerank_core.storage.database import Database
from rerank_core.storage.earlier import take_over as module
from rerank_core.storage.earlier.take_over import FILES
from rerank_core.storage.missing_articles import MissingArticleStore
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema.taken_over import taken_over
from rerank_core.storage.spending import SpendingStore
from rerank_core.storage.sqlite_file import StoreError, as_bytes, prepare_file
from rerank_core.storage.votes import VoteStore
from tests.core.storage.test_runs import make_run
from tests.support import ROOT

ODD = "caf\ud800\x00"


def write(path: Path, statements: dict[str, tuple[object, ...]]) -> None:
    """Make a file of the last version before there was one database, with rows."""
    kind = next(each.kind for each in FILES if each.kind.file_name == path.name)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        prepare_file(db, path, kind)
        for statement, values in statements.items():
            db.execute(statement, values)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder of an earlier version: runs, votes, missing articles and spending."""
    folder = Path(shutil.copytree(ROOT / "tests" / "data" / "2cf90ad", tmp_path / "home"))
    write(
        folder / "votes.sqlite3",
        {
            "INSERT INTO votes (number, round, given, runs, shown, winner, query, owner, shared) VALUES "
            """(3, 'r1', '2026-01-01', '["x", "y"]', '["a", "b"]', 'a', ?, 'ann@example.org', 1)""": (as_bytes(ODD),),
            "INSERT INTO named_runs (run, owner) VALUES ('x', 'ann@example.org')": (),
        },
    )
    write(
        folder / "missing_articles.sqlite3",
        {
            "INSERT INTO missing_articles (id, noted, query, place, near_miss, score) VALUES "
            "('a1', '2026-01-01T00:00:00+00:00', ?, ?, NULL, 0.25)": (as_bytes(ODD), as_bytes("Help")),
        },
    )
    names = "day, started, who, connection, model, page, run, key, process, state, reserved"
    call = "'2026-01-01', '2026-01-01T00:00:00+00:00', x'61', x'62', x'63', x'', x'', 'configured', 'gone', 'under way'"
    write(
        folder / "spending.sqlite3",
        {
            f"INSERT INTO calls (number, {names}) VALUES (7, {call}, '0.50')": (),
            "INSERT INTO sums VALUES "
            "('2026-01-01', 'configured', x'61', x'62', x'63', '0', '0', '0', '0.50', 1, 0)": (),
            "INSERT INTO totals VALUES ('configured', '2026-01-01', '0', '0', '0', '0.50', 1, 0)": (),
            "UPDATE sqlite_sequence SET seq = 40 WHERE name = 'calls'": (),
        },
    )
    return folder


def content(folder: Path) -> dict[str, object]:
    """What the stores say."""
    with Database.open(folder=folder) as database:
        runs, spending = RunStore(database), SpendingStore(database)
        return {
            "runs": [runs.get(row.id) for row in runs.list()],
            "votes": VoteStore(database).tally(),
            "named": VoteStore(database).named(["x"]),
            "articles": MissingArticleStore(database).list(),
            "spending": (spending.calls(), spending.days(), spending.standing("a")),
        }


def test_everything_is_taken_over_and_left_beside(home: Path) -> None:
    """Any text comes back; the earlier files hold what they held; a number of a call is not used again."""
    before = {path.name: path.read_bytes() for path in home.glob("*.sqlite3")}
    found = content(home)
    (run,) = found["runs"]  # type: ignore[misc]
    assert run.query == "forgot my password"
    assert found["votes"].votes[0].query == ODD  # type: ignore[attr-defined]
    assert found["named"]
    (article,) = found["articles"]  # type: ignore[misc]
    assert (article.query, article.place, article.score) == (ODD, "Help", 0.25)
    calls, _, standing = found["spending"]  # type: ignore[misc]
    assert (calls[0].number, standing.server_total.counted) == (7, calls[0].reserved)
    assert {path.name: path.read_bytes() for path in home.glob("*.sqlite3") if path.name in before} == before
    with Database.open(folder=home) as database:
        assert SpendingStore(database).recover() == 1, "its server is gone"
        assert SpendingStore(database).reserve(PaidCall("a", "b"), None, Allowance()) == 41
        assert not [path.name for path in home.iterdir() if path.name.startswith(".taking-over")]


def test_it_happens_once(home: Path) -> None:
    """What is deleted later does not come back, and a file that comes later is left alone."""
    (home / "votes.sqlite3").rename(home / "later.sqlite3")
    with RunStore(Database.open(folder=home)) as store:
        (row,) = store.list()
        store.delete(row.id)
    (home / "later.sqlite3").rename(home / "votes.sqlite3")
    found = content(home)
    assert found["runs"] == []
    assert not found["votes"].votes  # type: ignore[attr-defined]


def test_the_path_of_an_earlier_file_still_finds_its_runs(home: Path) -> None:
    """A program that names a file of an earlier version gets a database beside it, and gets it again."""
    for _ in range(2):
        with RunStore(home / "runs.sqlite3") as store:
            assert store.list()[-1].query == "forgot my password"
            store.save(make_run("new"))
    assert store.database.address.file is not None
    with RunStore(home / "runs.sqlite3") as store:
        assert store.count() == 3


def test_a_server_that_is_killed_meanwhile_has_done_nothing(home: Path) -> None:
    """The next start takes everything over, and clears away what the killed one left."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from rerank_core.storage.earlier import take_over\n"
        "from rerank_core.storage.database import Database\n"
        "copied, times = take_over._copied, []\n"
        "def kill(*given):\n"
        "    times.append(copied(*given))\n"
        "    if len(times) == int(sys.argv[2]):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return times[-1]\n"
        "take_over._copied = kill\n"
        "Database.open(folder=Path(sys.argv[1]))\n"
    )
    for tables in (1, 4, 7):
        done = subprocess.run([sys.executable, "-c", code, str(home), str(tables)], check=False)
        assert done.returncode == -signal.SIGKILL
    assert content(home)["named"]
    assert not list(home.glob(".taking-over*"))


@pytest.mark.skipif(os.name != "posix", reason="names a signal")
def test_a_full_disk_meanwhile_leaves_everything_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and the next start takes everything over."""

    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_copied", full)
        with pytest.raises(StoreError):
            Database.open(folder=home)
    assert content(home)["named"]


@pytest.mark.parametrize("harm", [b"something else " * 300, None])
def test_a_file_that_cannot_be_read_stops_it_with_a_sentence(home: Path, harm: bytes | None) -> None:
    """Nothing is begun without what it holds, until somebody has put a backup back or moved it away."""
    path = home / "votes.sqlite3"
    if harm is None:
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
    else:
        path.write_bytes(harm)
    for _ in range(2):
        with pytest.raises(StoreError, match="votes") as found:
            Database.open(folder=home)
    assert "move that file away" in found.value.hint
    path.unlink()
    assert content(home)["runs"]


def test_what_was_taken_over_is_noted(home: Path) -> None:
    """With the number of rows."""
    with Database.open(folder=home) as database, database.read() as db:
        noted = {row.file: row.rows for row in db.execute(select(taken_over))}
    assert noted["votes.sqlite3"] == 2
    assert noted["spending.sqlite3"] == 3
