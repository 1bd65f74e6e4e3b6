"""What is deleted is gone from the file too, its log included."""

from __future__ import annotations

from pathlib import Path

from rerank_core.storage.database import Database
from rerank_core.storage.history.record import Made
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.runs import RunStore
from tests.core.storage.history.test_history import run

SECRETS = (b"xylophonist", b"quadrillionth", b"zymurgy", b"vexillology", b"kumquats")


def held(folder: Path) -> set[bytes]:
    """Which of the secret words stand in any file."""
    content = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    return {word for word in SECRETS if word in content}


def test_nothing_of_a_deleted_thing_is_left_in_the_file(tmp_path: Path) -> None:
    """Query, documents, answer, name, note and tags are overwritten in the file and in the write-ahead log, while other
    things stay and the database stays open."""
    with Database.open(folder=tmp_path / "home") as database:
        runs, history = RunStore(database), HistoryStore(database)
        runs.save(
            run("what does a xylophonist earn", ("The quadrillionth sentence.",), id="gone"), Made(context="kumquats")
        )
        runs.save(run("something else", id="stays"))
        history.rename("gone", "zymurgy")
        history.note("gone", "vexillology")
        history.tag("gone", ["zymurgy"])
        assert held(tmp_path) == set(SECRETS)
        assert history.delete("gone")
        assert held(tmp_path) == set()
        assert not history.delete("gone")
        assert runs.get("stays") is not None


def test_a_document_that_another_run_has_stays(tmp_path: Path) -> None:
    """Documents are kept once: the words of a shared one are still found by the run that is left."""
    with Database.open(folder=tmp_path / "home") as database:
        runs, history = RunStore(database), HistoryStore(database)
        runs.save(run("first", ("A zymurgy text.", "quadrillionth"), id="one"))
        runs.save(run("second", ("A zymurgy text.",), id="two"))
        history.delete("one")
        assert held(tmp_path) == {b"zymurgy"}
        assert runs.get("two") is not None
