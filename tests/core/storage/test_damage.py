"""Files that cannot be used end in a sentence of their kind, whatever is wrong with them and whatever is asked."""

from __future__ import annotations

import contextlib
import inspect
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rerank_core.errors import RateLimitedError, RerankError
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.evaluation.measures.cutoff import Threshold
from rerank_core.models import Cost, RerankRequest
from rerank_core.pricing.allowance import Allowance, PaidCall
from rerank_core.ranking.blind_test import Vote
from rerank_core.ranking.contender import Contender
from rerank_core.storage import database as database_module
from rerank_core.storage import sqlite_file
from rerank_core.storage.computed import ComputedFile
from rerank_core.storage.connection import engine
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.history.record import ALONE, Wanted
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.missing_articles import MissingArticle, MissingArticleStore
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.replicas.records import Work
from rerank_core.storage.replicas.store import ReplicaStore
from rerank_core.storage.runs import RunStore
from rerank_core.storage.spending import SpendingStore
from rerank_core.storage.votes import VoteStore
from tests.core.storage.test_runs import make_run
from tests.support.damage import harm_a_row, harmed
from tests.support.small_query_set import reversed_answer, small_set
from tests.support.stores import error_of, in_the_database, stores, subject

TIMES = 60
# what a call cost, and what work has ended, is kept in memory until it can be written; a server that was not seen
# leaves nothing behind
WAITS = {"today", "settle", "release", "end", "leave"}
PROMISED = {"set_rating": ValueError}  # the number of documents is one that was not written, and the index beyond it
# they read nothing of the file, or do so within another use's transaction
NO_USE = {"close", "acting_for", "acting_runs", "acting_sets", "acting_experiments"}
NO_USE |= {"here", "hold", "require_room", "make_room"}


@dataclass
class Filled:
    """A folder with one file of a kind, closed, and what there is to ask about by the names of parameters."""

    store: type[Any]
    path: Path
    known: dict[str, Any]


def _runs(path: Any) -> dict[str, Any]:
    with RunStore(path) as store:
        asked = [replace(ALONE, asked=f"request {number}") for number in range(5)]
        ids = [store.save(make_run(made.asked, ratings={0: 2}), made) for made in asked]
    return {"run_id": ids[2], "run": make_run("new"), "index": 0, "grade": 1, "asked": asked[1].asked}


def _history(path: Any) -> dict[str, Any]:
    known = _runs(path) | _evaluation(path)
    with HistoryStore(path) as store:
        store.add_experiment(known["experiment_id"])
        things = [entry.id for entry in store.find(Wanted()).entries]
        store.tag(things[1], ["good"])
    return known | {"thing": things[0], "wanted": Wanted(words="query"), "note": "a note", "tags": ["a tag"]}


def _evaluation(path: Any) -> dict[str, Any]:
    query_set, english = small_set(4, 3), Contender("gateflow", "m", "English")
    with QuerySetStore(path) as sets, ExperimentStore(path) as experiments:
        set_id = sets.save(query_set)
        sets.set_threshold("local", "m", 0.5)
        made = experiments.create(set_id, query_set, [english], rates={"gateflow": RatePolicy(2)})
        sets.mark(made.id, "English", [("q1", "q1-d0")], "right")
        numbers = [experiments.begin(made.id, 0, place, Decimal("0.01")) for place in range(4)]
        answer = reversed_answer(RerankRequest("q", ["a", "b", "c"]), "m")
        for number in numbers[:2]:
            experiments.answer(number, answer, Decimal("0.001"), "computed")
        experiments.fail(numbers[2], RateLimitedError("slow down"), billed=False)
        experiments.set_state(made.id, "running", "a note")
    return {
        "set_id": set_id,
        "query_set_id": set_id,
        "query_set": query_set,
        "experiment_id": made.id,
        "contender": english,
        "contenders": [english],
        "number": numbers[3],
        "query": 1,
        "reserved": Decimal("0.01"),
        "response": answer,
        "amount": Decimal("0.001"),
        "basis": "computed",
        "error": RateLimitedError("slow down"),
        "billed": False,
        "what": "pause",
        "state": "paused",
        "spending_limit": Decimal(1),
        "rates": {"gateflow": RatePolicy(3)},
        "name": "Another name",
        "rater": "ann",
        "runs": [make_run("a query", ratings={0: 2})],
        "query_id": "q1",
        "document_id": "q1-d0",
        "grade": 2,
        "rank_fields": ("text",),
        "provider": "local",
        "model": "m",
        "score": 0.4,
        "pairs": [("q1", "q1-d0")],
        "mark": "wrong",
        "key": b"key",
        "value": b"figures",
        "spacing": 0.0,
        "names": ["a request", "another"],
        "by_place": {(0, 2): "a request", (0, 3): "another"},
        "found": Threshold("local", "m", 0.5, "by hand", datetime(2026, 1, 1, tzinfo=UTC)),
    }


def _votes(path: Any) -> dict[str, Any]:
    with VoteStore(path) as store:
        for number in range(5):
            store.add(Vote(f"r{number}", ("a", "b"), "a", "a query"), ["x", f"y{number}"])
        store.set_named(["x"])
    return {"vote": Vote("r9", ("a", "b"), None, "q"), "runs": ["x", "y1"]}


def _articles(path: Any) -> dict[str, Any]:
    noted = [MissingArticle(f"question {number}", "place", "nearest", 0.2) for number in range(5)]
    with MissingArticleStore(path) as store:
        store.add(*noted)
    return {"articles": noted[0], "ids": [noted[1].id]}


def _spending(path: Any) -> dict[str, Any]:
    call = PaidCall("ann@example.org", "gateflow", "m", "Playground", "run")
    with SpendingStore(path) as store:
        numbers = [store.reserve(call, Decimal("0.01"), Allowance()) for _ in range(4)]
        store.settle(numbers[0], Cost(Decimal("0.005"), basis="computed"))
        store.settle(numbers[1], None)
    return {
        "call": call,
        "most": Decimal("0.01"),
        "allowance": Allowance(person_per_day=Decimal(5)),
        "number": numbers[2],
        "cost": Cost(Decimal("0.005"), basis="computed"),
        "amount": Decimal("0.01"),
        "by": "ann",
        "who": "ann@example.org",
    }


def _replicas(path: Any) -> dict[str, Any]:
    with ReplicaStore(path) as gone:
        gone.announce("gone", [{"number": 1, "label": "a run"}])
        for number in range(4):
            gone.take(Work(f"w{number}", "experiment", "ann", terms={"only": "all"}))
        token = gone.here()
    with ReplicaStore(path) as here:
        here.announce("here", [])
        (one, *_) = [*here.free(), Work("w0", "experiment", "ann", terms={"only": "all"})]
    return {"name": "here", "listing": [{"number": 2}], "token": token, "job": 1, "one": one, "work_id": "w1"}


def _computed(path: Any) -> dict[str, Any]:
    values = {bytes([number]) * 8: bytes([number]) * 40 for number in range(20)}
    with ComputedFile(path) as store:
        store.put_many(values)
    return {"keys": list(values), "values": {b"another": b"value"}}


FILL: dict[str, Callable[[Any], dict[str, Any]]] = {
    "runs": _runs,
    "history": _history,
    "evaluation": _evaluation,
    "votes": _votes,
    "missing articles": _articles,
    "spending": _spending,
    "replicas": _replicas,
    "computed.sqlite3": _computed,
}
KINDS = sorted({subject(store) for store in stores()})


def uses(store: type[Any], known: dict[str, Any]) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Every public method of a store with something to give it for each parameter, what deletes at the end."""
    methods = [
        (name, method)
        for name, method in inspect.getmembers(store, inspect.isfunction)
        if not name.startswith("_") and name not in NO_USE
    ]
    for name, method in sorted(methods, key=lambda each: (each[0] in ("delete", "forget", "remove"), each[0])):
        parameters = list(inspect.signature(method).parameters.values())[1:]
        needed = [each for each in parameters if each.default is each.empty]
        assert {each.name for each in needed} <= known.keys(), f"{store.__name__}.{name}: say above what to give it"
        given = [known[each.name] for each in needed if each.kind is not each.KEYWORD_ONLY]
        named = {each.name: known[each.name] for each in needed if each.kind is each.KEYWORD_ONLY}
        if name in ("begin", "mark", "marks") and "contender" in known:
            given = [("English" if "mark" in name else 0) if one is known["contender"] else one for one in given]
        yield name, lambda opened, method=method, given=given, named=named: method(opened, *given, **named)


def check(filled: Filled, path: Path) -> None:
    """Ask everything of a file; whatever is not answered is a sentence of the kind, with a next step."""
    for name, use in uses(filled.store, filled.known):
        with filled.store(path) as opened:
            (opened.database if in_the_database(filled.store) else opened).busy_seconds = 0.0
            try:
                use(opened)
            except RerankError as error:
                if not (error.message and error.hint):
                    raise AssertionError(f"{filled.store.__name__}.{name} says too little") from error
            except PROMISED.get(name, ()):
                pass
            except Exception as error:
                raise AssertionError(f"{filled.store.__name__}.{name} raised {error!r}") from error


@pytest.fixture(scope="module", params=KINDS)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Filled]:
    """A file of one kind with something in it, and every store that uses such files."""
    name = str(request.param)
    path = tmp_path_factory.mktemp("whole") / "whole.sqlite3"
    known = FILL[name](path)
    return [Filled(store, path, known) for store in stores() if subject(store) == name]


@pytest.fixture
def quick_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a place: thousands of small files wait for a disk for minutes."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_a_whole_file_answers_everything(filled: list[Filled], tmp_path: Path) -> None:
    """What the tests below ask is answered where nothing is wrong, so that a sentence there says something."""
    for one in filled:
        for name, use in uses(one.store, one.known):
            path = Path(shutil.copy(one.path, tmp_path / f"{one.store.__name__}-{name}.sqlite3"))
            with one.store(path) as opened:
                use(opened)


@pytest.mark.parametrize("times", [10, pytest.param(TIMES, marks=pytest.mark.slow)])
def test_damage_is_a_sentence(filled: list[Filled], quick_disk: Path, times: int) -> None:
    """Bytes changed, lost, added, overwritten, and rows that hold something else: every use of every store of the kind
    gives what it can or a sentence, never another error."""
    choose = random.Random(f"{subject(filled[0].store)} {times}")
    data = filled[0].path.read_bytes()
    for number in range(times):
        for one in filled:
            path = quick_disk / f"{number}-{one.store.__name__}.sqlite3"
            path.write_bytes(data)
            if number % 3 == 2:
                harm_a_row(path, choose)
            else:
                path.write_bytes(harmed(data, choose))
            check(one, path)
            for left in quick_disk.glob(f"{path.name}*"):
                left.unlink() if left.is_file() else shutil.rmtree(left)


def test_a_file_of_a_newer_version_is_a_sentence(filled: list[Filled], tmp_path: Path) -> None:
    """Every use asks for an update; the file that makes work shorter is left out of use."""
    for one in filled:
        path = Path(shutil.copy(one.path, tmp_path / f"{one.store.__name__}.sqlite3"))
        with contextlib.closing(sqlite3.connect(path)) as db:
            if in_the_database(one.store):
                db.execute("UPDATE alembic_version SET version_num = 'v9999_later'")
                db.commit()
            db.execute("PRAGMA user_version = 99")
        before = path.read_bytes()
        for name, use in uses(one.store, one.known):
            with one.store(path) as opened:
                if one.store is ComputedFile or name in WAITS:
                    use(opened)
                    continue
                with pytest.raises(error_of(one.store), match="newer version"):
                    use(opened)
        assert path.read_bytes() == before


def test_a_full_disk_is_said_before_anything_is_paid_for(
    filled: list[Filled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An experiment does not begin where its answers may not be kept; where there is room it does."""
    for one in (one for one in filled if issubclass(one.store, ExperimentStore)):
        with one.store(Path(shutil.copy(one.path, tmp_path))) as opened:
            with opened.hold(one.known["experiment_id"]):
                pass
            monkeypatch.setattr(database_module, "ROOM", 10**18)
            with pytest.raises(error_of(one.store), match="too little to begin"):
                opened.hold(one.known["experiment_id"])


def test_an_error_of_the_disk_without_room_says_that_it_is_full(
    filled: list[Filled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where SQLite can say no more than "disk I/O error" and the disk is full, the sentence says that."""

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(sqlite_file, "prepare_file", broken)
    monkeypatch.setattr(engine, "_refuse_foreign", broken)
    for one in filled:
        with one.store(Path(shutil.copy(one.path, tmp_path))) as opened:
            with pytest.raises(error_of(one.store), match="disk I/O error"), opened._reading():
                pass
            with monkeypatch.context() as full:
                owner = database_module.Database if in_the_database(one.store) else one.store
                full.setattr(owner, "free" if in_the_database(one.store) else "_free", lambda _: 0.0)
                with pytest.raises(error_of(one.store), match="disk is full"), opened._reading():
                    pass


def test_a_disk_that_is_full_by_then_is_a_sentence(
    filled: list[Filled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own "full", by a bound on the pages of the file: what is written says so, what is read still answers."""
    prepare, look = sqlite_file.prepare_file, engine._refuse_foreign

    def bounded(db: sqlite3.Connection, path: Path, kind: Any) -> None:
        prepare(db, path, kind)
        db.execute("PRAGMA max_page_count = 1")

    def looked(db: sqlite3.Connection, path: Path) -> None:
        look(db, path)
        db.execute("PRAGMA max_page_count = 1")

    monkeypatch.setattr(sqlite_file, "prepare_file", bounded)
    monkeypatch.setattr(engine, "_refuse_foreign", looked)
    said = []
    for one in filled:
        for name, use in uses(one.store, one.known):
            path = Path(shutil.copy(one.path, tmp_path / f"{one.store.__name__}-{name}.sqlite3"))
            with one.store(path) as opened:
                for _ in range(200 if name in ("save", "reserve") else 1):  # until the last page is full
                    try:
                        use(opened)
                    except error_of(one.store) as error:
                        said.append(error.message)
                        break
    assert not [words for words in said if "disk is full" not in words]
