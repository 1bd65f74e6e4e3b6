"""Saved runs: nothing lost, nothing leaked, nothing fatal."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from rerank_core import Client
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse, TextSpan, Usage
from rerank_core.pricing.estimates import CostEstimate
from rerank_core.storage import runs as store_module
from rerank_core.storage.database import Database
from rerank_core.storage.pieces import cut, joined
from rerank_core.storage.run_record import Run, from_bytes, to_bytes
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema.runs import pieces, runs
from rerank_core.storage.sqlite_file import StoreError, home
from tests.support import ROOT

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates and NULs too
AMOUNT = st.none() | st.decimals(0, 1000, allow_nan=False, allow_infinity=False)
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | ANY_TEXT
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(ANY_TEXT | st.just("$type") | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
DOCUMENT = st.builds(
    Document, ANY_TEXT, st.none() | ANY_TEXT, st.dictionaries(ANY_TEXT | st.just("$type"), VALUE, max_size=3)
)

SPAN = st.builds(
    lambda start, size, score: TextSpan(start, start + size, score),
    st.integers(0, 9),
    st.integers(1, 9),
    st.none() | st.floats(0, 1),
)


@st.composite
def any_run(draw: st.DrawFn) -> Run:
    """A run with everything in it that a run can hold."""
    documents = draw(st.lists(DOCUMENT, min_size=1, max_size=4))
    if not any(document.text.strip() for document in documents):
        documents.append(Document("text"))
    query = draw(ANY_TEXT.filter(str.strip))
    fields = draw(st.sampled_from([("text",), ("title", "text"), ("text", "\ud800")]))
    model, top_n = draw(st.none() | st.just("m")), draw(st.none() | st.integers(1, 9))
    request = RerankRequest(query, documents, model, top_n, rank_fields=fields)
    order = draw(st.permutations(range(len(documents))))
    scores = draw(st.lists(st.none() | st.floats(0, 1), min_size=len(order), max_size=len(order)))
    results = tuple(
        RankedDocument(rank, index, score, draw(st.just(documents[index]) | DOCUMENT))
        for rank, (index, score) in enumerate(zip(order, scores, strict=True), start=1)
    )
    response = RerankResponse(
        results,
        draw(st.none() | ANY_TEXT),
        "gateflow",
        request,
        Usage(draw(st.none() | st.floats(0, 100))),
        Cost(draw(AMOUNT), "USD", "reported", draw(AMOUNT) or Decimal(0)),
        draw(st.none() | ANY_TEXT),
        draw(st.floats(0, 1e6)),
        draw(st.none() | st.floats(0, 1e6)),
        draw(VALUE),
        draw(VALUE),
        tuple(draw(st.lists(ANY_TEXT, max_size=2))),
        draw(st.dictionaries(st.integers(0, 3), st.lists(SPAN, max_size=2).map(tuple), max_size=2)),
    )
    estimate = draw(
        st.none()
        | st.builds(CostEstimate, st.none() | st.integers(0), AMOUNT, st.just("USD"), st.just((1, 2)), as_of=st.dates())
    )
    ratings = draw(st.dictionaries(st.integers(0, len(documents) - 1), st.integers(0, 3)))
    created = draw(st.datetimes(timezones=st.just(UTC)))
    return Run(response, draw(ANY_TEXT), draw(st.none() | st.integers(1, 9)), estimate, ratings, created=created)


def make_run(query: str = "How do I reset my password?", texts: tuple[str, ...] = ("one", "two"), **rest: Any) -> Run:
    """A small run that a test can tell apart by its query."""
    request = RerankRequest(query, texts)
    rows = [RankedDocument(1, 1, 0.9, request.documents[1]), RankedDocument(2, 0, 0.25, request.documents[0])]
    return Run(RerankResponse(tuple(rows), "m", "local", request, cost=Cost(Decimal(0), basis="free")), **rest)


@pytest.fixture
def store(database: Database) -> Iterator[RunStore]:
    """An empty store."""
    with RunStore(database) as opened:
        yield opened


def read_back(run: Run) -> Run:
    """A run as bytes, and back."""
    record, documents = to_bytes(run)
    return from_bytes(record, joined(cut(documents)), run.ratings)


@given(any_run())
@pytest.mark.slow
def test_a_run_comes_back_from_bytes_as_it_went_in(run: Run) -> None:
    """Every float, decimal, date, surrogate, NUL and nested value survives the round trip."""
    assert read_back(run) == run


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(run=any_run())
def test_a_run_comes_back_from_the_file_as_it_went_in(store: RunStore, run: Run) -> None:
    """The same holds for the database, ratings included, and for the summary in the list."""
    assert store.save(run) == run.id
    assert store.get(run.id) == run
    summary = next(row for row in store.list(limit=1000) if row.id == run.id)
    assert (summary.created, summary.amount, summary.documents) == (
        run.created,
        run.response.cost.amount,
        len(run.documents),
    )
    assert summary.rated == len(run.ratings)


def test_whatever_a_service_calls_itself_its_answer_is_saved(store: RunStore) -> None:
    """A model's name or a currency that no text file could hold does not lose an answer that is paid for."""
    run = make_run()
    odd = replace(run.response, model="\ud800", cost=replace(run.response.cost, currency="\udc00$"))
    run = replace(run, response=odd)
    store.save(run)
    assert store.get(run.id) == run


def test_ids_are_long_random_and_fit_for_an_address() -> None:
    """An id cannot be guessed and needs no escaping in a link."""
    ids = {make_run().id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(name) == 16 and name.replace("-", "").replace("_", "").isalnum() for name in ids)


def test_times_are_kept_in_utc() -> None:
    """A time in another zone becomes the same moment in UTC; one without a zone is refused."""
    there = datetime(2026, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert make_run(created=there).created.isoformat() == "2026-05-01T10:00:00+00:00"
    with pytest.raises(ValueError, match="time zone"):
        make_run(created=datetime(2026, 5, 1))  # noqa: DTZ001


@pytest.mark.parametrize("ratings", [{0: 4}, {0: -1}, {2: 1}, {-1: 1}, {0: True}, {0: 1.5}])
def test_a_rating_is_a_grade_for_a_document_that_exists(ratings: dict[int, int], store: RunStore) -> None:
    """Grades outside 0 to 3 and indexes outside the input are refused, in a run and in the store."""
    with pytest.raises(ValueError, match=r"rating|index"):
        make_run(ratings=ratings)
    run_id = store.save(make_run())
    with pytest.raises(ValueError, match=r"rating|index"):
        store.set_rating(run_id, *next(iter(ratings.items())))
    assert store.ratings(run_id) == {}


def test_ratings_can_be_given_changed_and_taken_back(store: RunStore) -> None:
    """A rating is there at once, replaces the one before, and goes with None."""
    run_id = store.save(make_run(ratings={0: 1}))
    store.set_rating(run_id, 0, 3)
    store.set_rating(run_id, 1, 0)
    assert store.ratings(run_id) == {0: 3, 1: 0}
    store.set_rating(run_id, 0, None)
    saved = store.get(run_id)
    assert saved is not None
    assert saved.ratings == {1: 0}
    with pytest.raises(StoreError, match="no saved run"):
        store.set_rating("nowhere", 0, 1)


def test_the_list_is_newest_first_and_has_pages(store: RunStore) -> None:
    """Runs come newest first, the later saved first where the time is the same, in pages without overlap."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for number, seconds in enumerate([5, 1, 3, 3]):
        store.save(make_run(f"query {number}", created=moment + timedelta(seconds=seconds)))
    assert [row.query for row in store.list()] == ["query 0", "query 3", "query 2", "query 1"]
    assert [row.query for row in store.list(limit=2, offset=1)] == ["query 3", "query 2"]
    assert store.count() == 4
    assert store.list(limit=5, offset=4) == ()


def test_saving_again_replaces_the_run(store: RunStore) -> None:
    """A run saved twice stands once, as it was last."""
    run = make_run()
    store.save(run)
    later = dataclasses.replace(run, order_name="by keyword (BM25)", ratings={0: 2})
    store.save(later)
    assert store.count() == 1
    assert store.get(run.id) == later


def test_a_deleted_run_is_gone_with_its_ratings(store: RunStore) -> None:
    """Deleting says whether there was something, and leaves no ratings behind for an id used again."""
    run = make_run(ratings={0: 2})
    store.save(run)
    assert store.delete(run.id)
    assert not store.delete(run.id)
    assert store.get(run.id) is None
    store.save(dataclasses.replace(run, ratings={}))
    assert store.ratings(run.id) == {}


def test_an_unknown_id_is_nothing_not_an_error(store: RunStore) -> None:
    """A link to a run that is not there, or one that makes no sense, finds nothing."""
    for run_id in ("nowhere", "", "'; DROP TABLE runs; --", "\ud800", "a\x00b", "x" * 10_000):
        assert store.get(run_id) is None
        assert store.ratings(run_id) == {}
        assert not store.delete(run_id)


def test_old_runs_without_ratings_go_first(database: Database) -> None:
    """Beyond the bound the unrated runs that were saved first go when a run is saved; rated ones stay."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with RunStore(database, max_runs=3) as store:
        for number in range(5):
            rated = {0: 3} if number == 0 else {}
            store.save(make_run(f"query {number}", created=moment + timedelta(hours=number), ratings=rated))
        assert [row.query for row in store.list()] == ["query 4", "query 3", "query 2", "query 0"]


def test_the_bytes_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are deleted until they fit into the bytes allowed; one run that is too large is refused."""
    with RunStore(database, max_bytes=5_000) as store:
        for number in range(6):
            store.save(make_run(f"query {number}", ("x" * 1_000, "y")))
        rows = store.list()
        assert 0 < sum(row.size for row in rows) <= 5_000
        assert rows[0].query == "query 5"
        monkeypatch.setattr(store_module, "MAX_RUN_BYTES", 900)
        with pytest.raises(StoreError, match="MB"):
            store.save(make_run("large", ("x" * 1_000, "y")))


def test_a_run_just_saved_is_never_the_one_that_goes(database: Database) -> None:
    """Even a bound too small for one run keeps the newest, since it is on the screen."""
    with RunStore(database, max_runs=1, max_bytes=1) as store:
        store.save(make_run("old"))
        run_id = store.save(make_run("new", created=datetime(1999, 1, 1, tzinfo=UTC)))
        assert [row.id for row in store.list()] == [run_id]


def test_what_goes_is_what_was_saved_first_whatever_the_clock_said(database: Database) -> None:
    """Runs from while the clock was ahead do not push out every later one."""
    ahead = datetime.now(UTC) + timedelta(days=400)
    with RunStore(database, max_runs=10) as store:
        for number in range(10):
            store.save(make_run(f"ahead {number}", created=ahead + timedelta(seconds=number)))
        late = [store.save(make_run(f"late {number}")) for number in range(5)]
        assert [run_id for run_id in late if store.get(run_id)] == late
        assert store.count() == 10


def test_what_somebody_keeps_is_never_pruned(database: Database) -> None:
    """Rated, shared and pinned runs stay; where they fill all the room, the next is refused and nothing is lost."""
    with RunStore(database, max_bytes=5_000) as store:
        big = ("x" * 1_000, "y")
        rated = store.save(make_run("rated", big, ratings={0: 1}))
        shared, pinned = store.save(make_run("shared", big)), store.save(make_run("pinned", big))
        store.share(shared)
        store.pin(pinned)
        for number in range(9):
            store.save(make_run(f"query {number}", big))
        kept = {rated, shared, pinned}
        assert kept < {row.id for row in store.list()}
        last = store.list()[0].id
        store.pin(last)
        kept.add(last)
        while sum(row.size for row in store.list() if row.id in kept) < 5_000:
            kept.add(store.save(make_run("more", big)))
            store.pin(store.list()[0].id)
        with pytest.raises(StoreError, match="is the most") as refused:
            store.save(make_run("one too many", big))
        assert refused.value.code == "too_many_kept"
        assert kept == {row.id for row in store.list()}
        store.share(shared, False)
        store.save(make_run("there is room again", big))
        assert store.get(shared) is None


def test_making_a_store_touches_nothing(tmp_path: Path) -> None:
    """The file appears with the first use, in a folder that is made when needed."""
    path = tmp_path / "a" / "b" / "runs.sqlite3"
    store = RunStore(path)
    assert not path.parent.exists()
    assert store.count() == 0
    assert path.exists()
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX matter")
def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    """The folder, the database and its side files are closed to other users."""
    with RunStore(tmp_path / "home" / "runs.sqlite3") as store:
        store.save(make_run())
        files = list((tmp_path / "home").iterdir())
        assert len(files) >= 2
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_the_default_place_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RERANK_PLAYGROUND_HOME names the folder; without it, it lies in the user's home."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "mine"))
    assert RunStore().database.file == tmp_path / "mine" / "playground.sqlite3"
    monkeypatch.delenv("RERANK_PLAYGROUND_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert home() == tmp_path / ".rerank-playground"


@pytest.mark.parametrize("content", [b"not a database " * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    """Every use says what is wrong, and once the file is moved away a new one is started."""
    path = tmp_path / "runs.sqlite3"
    path.write_bytes(content)
    with RunStore(path) as store:
        for use in (store.list, store.count, lambda: store.save(make_run()), lambda: store.get("x")):
            with pytest.raises(StoreError, match=r"damaged|cannot be used") as caught:
                use()
            assert caught.value.hint
        path.unlink()
        store.save(make_run())
        assert store.count() == 1


def test_damage_in_the_middle_is_an_error_and_the_rest_still_works(store: RunStore) -> None:
    """A payload that cannot be read spoils that run only."""
    bad, good = store.save(make_run("bad")), store.save(make_run("good"))
    with store.database.write() as db:
        db.execute(update(runs).where(runs.c.id == bad).values(payload=b'{"format": 1, "id": 3}'))
    with pytest.raises(StoreError, match="cannot be read"):
        store.get(bad)
    assert store.get(good) is not None
    assert store.count() == 2
    assert store.delete(bad)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"format": 2}', b"\xff\xfe", b'{"format": 1}'])
def test_bytes_that_are_no_run_are_refused(data: bytes) -> None:
    """Whatever is not a saved run is a ValueError, never a half-filled run."""
    with pytest.raises(ValueError, match=r".+"):
        from_bytes(data)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A database with foreign tables is named as such and keeps every byte, the journal mode in its header too."""
    path = tmp_path / "runs.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = path.read_bytes()
    with RunStore(path) as store, pytest.raises(StoreError, match="another program"):
        store.save(make_run())
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A file where the folder should be stops saving, not the application."""
    (tmp_path / "file").write_text("x")
    with RunStore(tmp_path / "file" / "runs.sqlite3") as store, pytest.raises(StoreError) as caught:
        store.save(make_run())
    assert "RERANK_PLAYGROUND_HOME" in caught.value.hint


def test_a_locked_file_says_so_and_may_be_tried_again(tmp_path: Path) -> None:
    """While another program holds the file, saving fails with an error that is worth a retry, and recovers."""
    with RunStore(tmp_path / "runs.sqlite3") as store:
        store.database.busy_seconds = 0.0
        store.save(make_run())
        other = sqlite3.connect(tmp_path / "runs.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use") as caught:
            store.save(make_run())
        assert caught.value.retryable
        other.execute("ROLLBACK")
        other.close()
        store.save(make_run())
        assert store.count() == 2


def test_a_failed_save_changes_nothing(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error half way through a save rolls it back, and the store goes on."""
    run = make_run(ratings={0: 2})
    store.save(run)

    def fail(*_: object, **__: object) -> int:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "_prune", fail)
        with pytest.raises(RuntimeError):
            store.save(dataclasses.replace(run, order_name="changed"))
    assert store.get(run.id) == run


def test_many_threads_save_and_rate_at_once(store: RunStore) -> None:
    """One store under eight threads loses nothing."""

    def work(number: int) -> str:
        run_id = store.save(make_run(f"query {number}"))
        store.set_rating(run_id, 0, number % 4)
        assert store.get(run_id) is not None
        return run_id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(work, range(40)))
    assert store.count() == 40
    assert [store.ratings(run_id) for run_id in ids] == [{0: number % 4} for number in range(40)]


def test_several_processes_save_at_once(empty_address: str) -> None:
    """Processes that create and fill the same file together lose nothing."""
    script = (
        "import sys\n"
        "from tests.core.storage.test_runs import Database, RunStore, make_run\n"
        "with RunStore(Database.open(sys.argv[1])) as store:\n"
        "    for number in range(15):\n"
        "        store.save(make_run(f'{sys.argv[2]} {number}'))\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", script, empty_address, str(name)], cwd=ROOT) for name in range(3)
    ]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    with RunStore(Database.open(empty_address)) as store:
        rows = store.list(100)
    assert sorted(row.query for row in rows) == sorted(f"{w} {n}" for w in range(3) for n in range(15))


def test_no_key_reaches_the_file(tmp_path: Path) -> None:
    """A run made with a key, against a service that sends the key back in its reply, leaves none on disk."""
    key = "gw_prod_5up3r53cr3tk3y"

    def answer(request: httpx.Request) -> httpx.Response:
        assert key in request.headers["authorization"]
        body = {"id": "r", "results": [{"index": 0, "relevance_score": 0.5}], "debug": request.headers["authorization"]}
        return httpx.Response(200, json=body)

    with Client("gateflow", api_key=key, transport=httpx.MockTransport(answer)) as client:
        response = client.rerank("query", ["text"])
    run = Run(response, order_name="as pasted")
    with RunStore(tmp_path / "new" / "runs.sqlite3") as store:
        store.save(run)
        assert store.get(run.id) == run
        written = b"".join(file.read_bytes() for file in (tmp_path / "new").iterdir())
    assert b"relevance_score" in written
    assert b"5up3r53cr3t" not in written


def test_metadata_of_a_foreign_type_is_kept_as_text() -> None:
    """An object that JSON has no form for does not stop a paid result from being saved."""
    run = make_run()
    documents = [Document("a", metadata={"path": Path("x"), "when": date(2026, 1, 2)}), Document("b")]
    request = RerankRequest("q", documents)
    row = RankedDocument(1, 0, 0.5, documents[0])
    run = Run(dataclasses.replace(run.response, request=request, results=(row,)))
    saved = read_back(run)
    assert saved.documents[0].metadata == {"path": "x", "when": date(2026, 1, 2)}


def kept_documents(store: RunStore) -> int:
    """How many pieces of documents are in the database."""
    with store.database.read() as db:
        return int(db.execute(select(func.count()).select_from(pieces)).scalar_one())


def test_a_document_is_kept_once(store: RunStore) -> None:
    """Whatever runs it is in; it goes with the last of them."""
    first = store.save(make_run("one", ("a", "b")))
    second = make_run("two", ("b", "c", "b"))
    store.save(second)
    assert kept_documents(store) == 3
    store.delete(first)
    assert kept_documents(store) == 2
    assert store.get(second.id) == second
    store.save(dataclasses.replace(make_run("two", ("d", "e")), id=second.id))
    assert kept_documents(store) == 2
    store.delete(second.id)
    assert kept_documents(store) == 0


def test_documents_go_with_the_runs_that_make_room(database: Database) -> None:
    """What is pruned leaves no documents behind, and takes none that another run has."""
    with RunStore(database, max_runs=2) as store:
        for number in range(5):
            store.save(make_run(f"query {number}", ("same", f"own {number}")))
        assert kept_documents(store) == 3
        assert all(store.get(row.id) is not None for row in store.list())


def test_a_text_that_was_sent_is_kept_once(store: RunStore) -> None:
    """What was sent refers to the documents' texts, and comes back as it was."""
    text = "A long text of a document that was sent as it is. " * 20
    run = make_run(texts=(text, "two"))
    sent = {"query": run.query, "documents": [text, "two", {"text": text}]}
    run = replace(run, response=replace(run.response, sent=sent, raw={"results": [{"document": text}]}))
    assert len(to_bytes(run)[0]) < len(text)
    store.save(run)
    assert store.get(run.id) == run


def test_many_documents_are_kept_some_together(store: RunStore) -> None:
    """A run of thousands is not thousands of rows."""
    run = make_run(texts=tuple(f"text {number}" for number in range(2_000)))
    store.save(run)
    assert kept_documents(store) == 8
    assert store.get(run.id) == run
