"""Whatever is wrong with the files of this machine, every page is there and says it in a sentence."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pages.components.session import stores
from rerank_core.storage import database
from rerank_core.storage.database import Database
from rerank_core.storage.sqlite_file import SqliteFile, home
from tests.core.storage.test_damage import FILL
from tests.support import ROOT
from tests.support.page import open_page, settled

PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py") if path.name != "main.py")


FILES = ("playground.sqlite3", "experiments.sqlite3", "computed.sqlite3")


def fill(folder: Path, name: str) -> None:
    """Put something into a file."""
    if name != "playground.sqlite3":
        FILL[name](folder / name)
        return
    with Database.open(folder=folder) as made:
        for subject in ("runs", "votes", "missing articles", "spending"):
            FILL[subject](made)


def nowhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home in which nothing can be made, as one that is read-only; root may write into those."""
    (folder / "file").write_text("no folder")
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(folder / "file" / "home"))


def damaged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is something else."""
    for name in FILES:
        (folder / name).write_bytes(b"no database at all " * 300)
    (folder / "corpora" / ("a" * 32)).mkdir(parents=True)
    (folder / "corpora" / ("a" * 32) / "passages.sqlite3").write_bytes(b"no database at all " * 300)


def newer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file was written by a later version of the app."""
    for name in FILES:
        fill(folder, name)
        with contextlib.closing(sqlite3.connect(folder / name)) as db:
            if name == "playground.sqlite3":
                db.execute("UPDATE alembic_version SET version_num = 'v9999_later'")
                db.commit()
            else:
                db.execute("PRAGMA user_version = 99")


def held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds every file for longer than anybody waits."""
    monkeypatch.setattr(SqliteFile, "busy_seconds", 0.0)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    for name in FILES:
        fill(folder, name)
        other = sqlite3.connect(folder / name, isolation_level=None)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        HELD.append(other)


HELD: list[sqlite3.Connection] = []


@pytest.mark.parametrize("trouble", [nowhere, damaged, newer, held])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_there_and_says_what_is_wrong(
    name: str, trouble: Callable[[Path, pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page breaks over a file: it has its title, and where it needs the file it says what is wrong with it."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path))
    trouble(tmp_path, monkeypatch)
    assert home().name
    stores.forget()
    stores.jobs()
    try:
        page = settled(open_page(name))
        assert page.title
        assert not [error.value for error in page.error if "Something went wrong" in error.value]
        if name == "evaluate.py":
            said = " ".join(text.value for text in page.text)
            assert any(
                words in said for words in ("cannot be used", "is damaged", "newer version", "in use by another")
            )
    finally:
        while HELD:
            HELD.pop().close()
        stores.forget()
        stores.jobs()
