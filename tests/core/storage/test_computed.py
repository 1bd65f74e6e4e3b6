"""The file of computed vectors and scores: bounded, shared by processes, and never a reason to stop."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core import offline
from rerank_core.offline.cache import Embedding, pack, unpack
from rerank_core.offline.encoder import PASSAGE, QUERY
from rerank_core.storage.computed import ComputedFile
from tests.support.tiny_model import TinySource, tiny_encoder


@pytest.fixture
def file(tmp_path: Path):
    """An empty file, kept in by the local models for the length of a test."""
    with ComputedFile(tmp_path / "computed.sqlite3") as kept:
        offline.keep_in(kept)
        yield kept
        offline.keep_in(None)


def test_what_is_kept_is_found_by_another(file: ComputedFile) -> None:
    """Values come back as they were, in another connection too; what nobody kept is missing."""
    file.put_many({b"a": b"", b"b": b"\x00" * 5000})
    file.put_many({b"b": b"new"})
    with ComputedFile(file.path) as other:
        assert other.get_many([b"a", b"b", b"c"]) == {b"a": b"", b"b": b"new"}
        assert other.get_many([]) == {}
        assert len(other.get_many([str(n).encode() for n in range(2000)] + [b"a"])) == 1
    assert file.path.stat().st_mode & 0o077 == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9000), max_size=30), max_size=8))
def test_it_never_grows_past_its_limit(tmp_path_factory: pytest.TempPathFactory, puts: list[list[int]]) -> None:
    """Whatever is kept, the file stays within its limit (and a page of SQLite's log), and the last put is there."""
    with ComputedFile(tmp_path_factory.mktemp("bounded") / "f", limit=200_000) as kept:
        for number, sizes in enumerate(puts):
            values = {f"{number}-{place}".encode(): bytes(size) for place, size in enumerate(sizes)}
            kept.put_many(values)
            if sum(sizes) < 100_000:
                assert kept.get_many(list(values)) == values
        kept.close()  # the log becomes part of the file
        assert not kept.path.exists() or kept.path.stat().st_size <= 200_000 + 300_000


def test_the_longest_unused_goes_first(file: ComputedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading an entry is use: in a later hour it saves it from leaving."""
    small = ComputedFile(file.path, limit=120_000)
    hours = iter(range(0, 10**9, 3600))
    monkeypatch.setattr("rerank_core.storage.computed.time.time", lambda: next(hours))
    for name in (b"a", b"b", b"c", b"d"):
        small.put_many({name: bytes(14_000)})
    assert small.get_many([b"a"])
    for name in (b"e", b"f", b"g", b"h"):
        small.put_many({name: bytes(14_000)})
    kept = small.get_many([b"a", b"b", b"h"])
    assert b"a" in kept
    assert b"h" in kept
    assert b"b" not in kept
    small.put_many({b"huge": bytes(100_000)})
    assert small.get_many([b"huge"]) == {}


def test_a_damaged_file_is_started_anew(file: ComputedFile) -> None:
    """Neither reading nor writing raises, and the next use has a sound file."""
    file.put_many({b"a": b"1"})
    file.close()
    file.path.write_bytes(b"no database at all" * 400)
    assert file.get_many([b"a"]) == {}
    file.put_many({b"a": b"2"})
    assert file.get_many([b"a"]) == {b"a": b"2"}


def test_a_value_that_was_changed_on_disk_is_not_believed(file: ComputedFile) -> None:
    """Each value stands beside a hash of itself and of its name."""
    file.put_many({b"a": b"12345678", b"b": b"12345678"})
    file.close()
    with sqlite3.connect(file.path) as db:
        db.execute("UPDATE entries SET value = substr(value, 1, 8) || X'00' || substr(value, 10) WHERE key = X'61'")
        db.execute("UPDATE entries SET value = (SELECT value FROM entries WHERE key = X'61') WHERE key = X'62'")
    db.close()
    assert file.get_many([b"a", b"b"]) == {}


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    """It is neither used nor removed."""
    path = tmp_path / "theirs"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE entries (mine)")
    db.close()
    before = path.read_bytes()
    with ComputedFile(path) as kept:
        kept.put_many({b"a": b"1"})
        assert kept.get_many([b"a"]) == {}
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A folder where the file should be, and a file where its folder should be."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("x")
    for path in (tmp_path / "folder", tmp_path / "plain" / "computed.sqlite3"):
        with ComputedFile(path) as kept:
            kept.put_many({b"a": b"1"})
            assert kept.get_many([b"a"]) == {}


def test_a_full_or_locked_disk_is_no_error(file: ComputedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written, what was there is still read."""
    file.put_many({b"a": b"1"})
    with file._reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    file.put_many({bytes([n]): bytes(9000) for n in range(50)})
    assert file.get_many([b"a"]) == {b"a": b"1"}
    monkeypatch.setattr(ComputedFile, "busy_seconds", 0.01)
    holder = sqlite3.connect(file.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with ComputedFile(file.path) as other:
        other.put_many({b"z": b"1"})
        assert other.get_many([b"a", b"z"]) == {b"a": b"1"}
    holder.close()


WRITER = """
import sys
from rerank_core.storage.computed import ComputedFile
with ComputedFile(sys.argv[1], limit=400_000) as kept:
    for turn in range(40):
        values = {f"{turn}-{n}".encode(): f"{turn}-{n}".encode() * 200 for n in range(20)}
        kept.put_many(values)
        for key, value in kept.get_many(list(values)).items():
            assert value == key * 200, key
print("sound")
"""


def test_several_processes_share_it(tmp_path: Path) -> None:
    """Four processes that write, read and push each other's entries out at once all see sound values."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    path = tmp_path / "shared.sqlite3"
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, env=environment, text=True)
        for _ in range(4)
    ]
    assert [process.communicate()[0].strip() for process in started] == ["sound"] * 4
    with ComputedFile(path) as kept, kept._reading() as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("SELECT COUNT(*) FROM entries").fetchone()[0] > 20


@given(st.integers(0, 5), st.data())
def test_an_embedding_survives_the_file(windows: int, data: st.DataObject) -> None:
    """Vectors and places come back to the last bit; cut bytes are no embedding."""
    spans = tuple(data.draw(st.tuples(st.integers(0, 2**31), st.integers(0, 2**31))) for _ in range(windows))
    vectors = np.random.default_rng(windows).normal(size=(windows, 7)).astype(np.float32)
    packed = pack(Embedding(vectors, spans))
    back = unpack(packed, 7)
    assert back is not None
    assert back.spans == spans
    np.testing.assert_array_equal(back.vectors, vectors)
    assert unpack(packed[:-1], 7) is None
    assert unpack(packed, 8) is None or windows == 0


def test_a_second_process_computes_nothing(file: ComputedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was just loaded finds what another one of the same weights has computed, to the last bit."""
    texts = ["one", "two " * 100, "", "one"]
    first = tiny_encoder().embed_all(texts, PASSAGE)
    later = tiny_encoder()
    later._computed.find([b"x"])  # the model tells itself from others by what it makes of one text
    monkeypatch.setattr(later, "_vector", lambda tokens: pytest.fail("computed again"))
    for one, other in zip(first, later.embed_all(texts, PASSAGE), strict=True):
        np.testing.assert_array_equal(one.vectors, other.vectors)
        assert one.spans == other.spans
    assert not any(text.encode() in file.path.read_bytes() for text in ("two two",))


def test_models_roles_and_other_numbers_are_kept_apart(file: ComputedFile) -> None:
    """Other weights, the float form of the same weights and the other role never get each other's vectors."""
    from rerank_core.offline.encoder import Encoder

    tiny_encoder().embed_all(["one"], PASSAGE)
    others = (tiny_encoder(quantised=False), Encoder(TinySource(seed=8), quantised=True))
    for other in others:
        alone = other.embed("one", PASSAGE).vectors
        other.cache = type(other.cache)(2**20)
        np.testing.assert_array_equal(other.embed_all(["one"], PASSAGE)[0].vectors, alone)
    asked = tiny_encoder()
    asked.embed_all(["one"], QUERY)
    with file._reading() as db:
        assert db.execute("SELECT COUNT(*) FROM entries").fetchone()[0] == 4


def test_what_was_computed_before_a_cancel_is_kept(file: ComputedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who cancels and asks again does not pay twice."""
    encoder = tiny_encoder()
    done: list[int] = []

    def vector(tokens: np.ndarray) -> np.ndarray:
        done.append(len(tokens))
        if len(done) > 6:
            raise KeyboardInterrupt
        return inner(tokens)

    inner = encoder._vector
    encoder._computed.find([b"x"])
    monkeypatch.setattr(encoder, "_vector", vector)
    with pytest.raises(KeyboardInterrupt):
        encoder.embed_all([f"text {n}" for n in range(20)], PASSAGE)
    with file._reading() as db:
        assert db.execute("SELECT COUNT(*) FROM entries").fetchone()[0] >= 4


def test_the_library_writes_nothing_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `keep_in` no file comes to be."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "home"))
    tiny_encoder().embed_all(["one", "two"], PASSAGE)
    assert not (tmp_path / "home").exists()
