"""The process that readers are forked from: warm, without threads, and never in the way."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from rerank_core.documents import read_isolated
from rerank_core.documents.isolated import start, wire
from rerank_core.documents.isolated.process import Ending, read_in_process
from rerank_core.documents.limits import Limits
from rerank_core.jobs import Cancelled
from tests.support.gate import PATIENCE

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="readers are forked on Linux alone")

PAGE = b"<h1>Top</h1><p>text"


def odd(what: str, limits: Limits | None = None, **columns: str) -> tuple[Ending, list[wire.Record]]:
    """How a reader that does this ends, and what it says."""
    said: list[wire.Record] = []
    order = wire.Order("tests.support.odd_readers", what, columns, limits or Limits(), PATIENCE)
    ending = read_in_process(order, what.encode(), said.append, answer_bytes=1_000_000)
    return ending, said


def warm() -> psutil.Process:
    """The process, once there is one."""
    read_isolated("a.html", PAGE)
    number = start.warm_process()
    assert number is not None
    return psutil.Process(number)


def test_all_readers_come_from_one_process_of_one_thread() -> None:
    """Which has no reader left when they have read."""
    one = warm()
    for name in ("a.html", "b.eml", "c.zip"):
        read_isolated(name, PAGE)
    assert warm() == one
    assert one.num_threads() == 1
    assert not one.children()


def test_a_reader_has_limits_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of memory, time and writing; it has no key, and no descriptor but its own two."""
    start._WARM.end()
    monkeypatch.setenv("GATEFLOW_API_KEY", "gw_prod_secret")
    one = warm()
    ending, said = odd("limits", Limits(memory_bytes=300_000_000))
    found = json.loads(said[0]["note"])
    assert ending.kind == "done"
    assert 300_000_000 <= found["memory"] < 600_000_000  # what was imported before comes on top
    assert PATIENCE <= found["seconds"] <= PATIENCE + 10
    assert found["written"] == 0
    assert found["parent"] == one.pid
    assert "secret" not in json.dumps(found["environment"])
    assert len(found["descriptors"]) <= 6  # in, out, errors, the records, nowhere, and the folder that is being listed


def test_a_reader_may_do_nothing_else(tmp_path: Path) -> None:
    """Neither write nor start a program, fork, end another process or use the network."""
    _, said = odd("try", target=str(tmp_path / "x"))
    found = json.loads(said[0]["note"])
    assert found.pop("read") == "allowed"
    assert set(found.values()) == {"refused"}
    assert len(found) == 6
    assert not [*tmp_path.iterdir()]


def test_a_reader_that_dies_takes_only_itself_along() -> None:
    """The next one comes from the same process."""
    one = warm()
    assert odd("abort")[0].kind == "died"
    assert not one.children()
    assert warm() == one


def test_a_reader_that_hangs_is_killed_and_another_reads_meanwhile() -> None:
    """Two run side by side; ending one is nothing to the other."""
    one, hangs, stop = warm(), threading.Event(), threading.Event()

    def hang() -> None:
        order = wire.Order("tests.support.odd_readers", "hang", {}, Limits(), PATIENCE)
        with suppress(Cancelled):
            read_in_process(
                order,
                b"hang",
                lambda record: None,
                answer_bytes=1000,
                on_progress=lambda *_: hangs.set(),
                cancelled=stop.is_set,
            )

    thread = threading.Thread(target=hang)
    thread.start()
    assert hangs.wait(PATIENCE)
    assert len(one.children()) == 1
    assert read_isolated("a.html", PAGE).documents
    assert len(one.children()) == 1
    stop.set()
    thread.join(PATIENCE)
    assert not one.children()


def test_a_process_that_was_killed_is_started_again() -> None:
    """By the next file, which is read."""
    one = warm()
    one.kill()
    one.wait(PATIENCE)
    other = warm()
    assert other != one
    assert read_isolated("a.html", PAGE).documents


def test_it_ends_with_the_app() -> None:
    """It goes when whoever asks has gone, and the readers with it."""
    one = warm()
    start._WARM.end()
    assert not one.is_running()
    assert start.warm_process() is None
