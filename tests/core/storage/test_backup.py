"""What is kept on this machine comes back from a backup whole, also from one that was taken in the middle of work."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import threading
from pathlib import Path

import pytest

from rerank_core.corpora import CorpusStore
from rerank_core.storage import backup
from rerank_core.storage.backup import BackupError, back_up, restore
from rerank_core.storage.computed import ComputedFile
from rerank_core.storage.database import Database
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.missing_articles import MissingArticleStore
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.runs import RunStore
from rerank_core.storage.spending import SpendingStore
from rerank_core.storage.votes import VoteStore
from tests.core.storage.test_damage import FILL
from tests.core.storage.test_runs import make_run
from tests.support import ROOT

TEXTS = ["Reset your password", "Read an invoice", "Close your account"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A home folder with something in every file, a knowledge base with its index, and what a running server leaves."""
    home = tmp_path / "home"
    home.mkdir()
    with Database.open(folder=home) as made:
        for name, fill in FILL.items():
            fill(home / name if name.endswith(".sqlite3") else made)
    CorpusStore(home / "corpora").create("Help centre", TEXTS).keyword_index()
    (home / "servers").mkdir()
    (home / "servers" / "token").write_text("secret")
    return home


def content(home: Path) -> dict[str, object]:
    """What the stores say of a home folder."""
    database = Database.open(folder=home)
    query_sets, experiments = QuerySetStore(database), ExperimentStore(database)
    runs, votes, articles, spending = (
        kind(database) for kind in (RunStore, VoteStore, MissingArticleStore, SpendingStore)
    )
    corpora = CorpusStore(home / "corpora")
    try:
        return {
            "runs": [runs.get(row.id) for row in runs.list()],
            "query sets": [query_sets.get(row.id) for row in query_sets.list()],
            "thresholds": query_sets.thresholds(),
            "ledgers": [experiments.requests(made.id) for made in experiments.list()],
            "votes": votes.tally(),
            "articles": articles.list(),
            "spending": (spending.calls(), spending.days()),
            "corpora": {row.name: list(corpora.open(row.id)) for row in corpora.list()},
            "search": corpora.open("Help centre").keyword_index().search("password"),
        }
    finally:
        database.close()


def test_everything_comes_back(kept: Path, tmp_path: Path) -> None:
    """Runs, ratings, query sets, experiments with their ledger, votes, the list of articles, what was spent, knowledge
    bases with their indexes; and not the token of a server, nor what is computed again."""
    saved = tmp_path / "elsewhere" / "backup.tar.gz"
    assert back_up(saved, kept) == restore(saved, tmp_path / "new") > 2
    assert content(tmp_path / "new") == content(kept)
    names = [path.name for path in (tmp_path / "new").rglob("*")]
    assert "token" not in names
    assert not [name for name in names if name.startswith("computed") or name.endswith(("-wal", "-shm", ".lock"))]
    if os.name == "posix":
        assert saved.stat().st_mode & 0o777 == 0o600
        modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*") if path.is_file()}
        assert modes == {0o600}


def test_no_secrets_file_is_saved(kept: Path, tmp_path: Path) -> None:
    """Where the folder is its user's home, the file of keys that stands there is not in the backup."""
    (kept / ".streamlit").mkdir()
    (kept / ".streamlit" / "secrets.toml").write_text("[gateflow]")
    back_up(tmp_path / "backup.tar.gz", kept)
    restore(tmp_path / "backup.tar.gz", tmp_path / "new")
    assert not (tmp_path / "new" / ".streamlit").exists()


def test_what_is_not_in_the_file_yet_is_saved(kept: Path, tmp_path: Path) -> None:
    """While a server has the file open, its last commits stand beside it; they are in the backup."""
    with RunStore(Database.open(folder=kept)) as store:
        late = store.save(make_run("the last one"))
        assert (kept / "playground.sqlite3-wal").stat().st_size
        back_up(tmp_path / "backup.tar.gz", kept)
        store.save(make_run("after the backup"))
    restore(tmp_path / "backup.tar.gz", tmp_path / "new")
    with RunStore(Database.open(folder=tmp_path / "new")) as back:
        assert back.get(late) is not None
        assert "after the backup" not in [row.query for row in back.list()]


def test_a_backup_in_the_middle_of_work_is_whole(kept: Path, tmp_path: Path) -> None:
    """Runs that are saved all the while are there or not, each with its ratings, and the files are sound."""
    ended, saved = threading.Event(), threading.Event()

    def work() -> None:
        with RunStore(Database.open(folder=kept)) as store:
            while not ended.is_set():
                store.save(make_run("under way", ratings={0: 3, 1: 1}))
                saved.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert saved.wait(60)
        for number in range(3):
            back_up(tmp_path / f"{number}.tar.gz", kept)
    finally:
        ended.set()
        thread.join()
    for number in range(3):
        restore(tmp_path / f"{number}.tar.gz", tmp_path / f"new{number}")
        with RunStore(Database.open(folder=tmp_path / f"new{number}")) as back:
            there = [back.get(row.id) for row in back.list() if row.query == "under way"]
        assert there
        assert all(run is not None and run.ratings == {0: 3, 1: 1} for run in there)


def test_nothing_is_put_over_what_is_there(kept: Path, tmp_path: Path) -> None:
    """A home folder that holds something stays as it is."""
    back_up(tmp_path / "backup.tar.gz", kept)
    before = content(kept)
    with pytest.raises(BackupError, match="holds something"):
        restore(tmp_path / "backup.tar.gz", kept)
    assert content(kept) == before


@pytest.mark.parametrize("harm", ["cut", "noise", "another", "outside", "damaged"])
def test_a_file_that_is_no_backup_changes_nothing(kept: Path, tmp_path: Path, harm: str) -> None:
    """One that is cut, is something else, leads outside of its folder or holds a damaged file is refused whole."""
    saved, new = tmp_path / "backup.tar.gz", tmp_path / "new"
    back_up(saved, kept)
    data = saved.read_bytes()
    if harm == "cut":
        saved.write_bytes(data[: len(data) // 2])
    elif harm == "noise":
        saved.write_bytes(b"no archive at all")
    else:
        name = {"another": "other/file", "outside": "../outside"}.get(harm, "rerank-playground/playground.sqlite3")
        with tarfile.open(saved, "w:gz") as archive:
            about = tarfile.TarInfo(name)
            about.size = 2000
            archive.addfile(about, io.BytesIO(b"SQLite format 3\x00" + b"\x01" * 1984))
    with pytest.raises(BackupError) as caught:
        restore(saved, new)
    assert caught.value.message.endswith(".")
    assert not new.exists()
    assert not (tmp_path / "outside").exists()
    assert not list(tmp_path.glob(".restoring-*"))


def test_the_command_saves_and_restores(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`save FILE` and `restore FILE` say what they did, and end with 1 and a sentence where they did nothing."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(kept))
    assert backup.main(["save", str(tmp_path / "b.tar.gz")]) == 0
    assert "Saved" in capsys.readouterr().out
    assert backup.main(["restore", str(tmp_path / "b.tar.gz")]) == 1
    assert "move that folder away" in capsys.readouterr().err
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "new"))
    assert backup.main(["restore", str(tmp_path / "b.tar.gz")]) == 0
    assert content(tmp_path / "new") == content(kept)
    assert backup.main(["save"]) == 2
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "nowhere"))
    assert backup.main(["save", str(tmp_path / "c.tar.gz")]) == 1


def test_an_older_backup_is_brought_up_to_date_by_its_first_use(tmp_path: Path) -> None:
    """A backup of files of an earlier version opens in this one, as after an upgrade."""
    older = shutil.copytree(ROOT / "tests" / "data" / "2cf90ad", tmp_path / "older")
    back_up(tmp_path / "old.tar.gz", older)
    restore(tmp_path / "old.tar.gz", tmp_path / "new")
    with RunStore(Database.open(folder=tmp_path / "new")) as store:
        (row,) = store.list()
        assert store.get(row.id) is not None
    assert ComputedFile(tmp_path / "new" / "computed.sqlite3").get_many([b"x"]) == {}
