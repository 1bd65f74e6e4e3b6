"""Whose turn it is at the processors: short work between any two texts of long work, and owners one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rerank_core.jobs import JobManager
from rerank_core.models import Document
from rerank_core.offline import turns, workers
from rerank_core.offline.turns import Claim, Turns
from rerank_core.retrieval.passages import PassageList
from tests.support.gate import PATIENCE, Gate

LONG = 1_000_000


class Line:
    """Threads that ask for a turn in a known order, and write down when they have it."""

    def __init__(self, places: Turns) -> None:
        self.places, self.order = places, []
        self.threads: list[threading.Thread] = []

    def ask(self, name: str, claim: Claim) -> None:
        """Come to the end of the line, behind those that asked before."""

        def come() -> None:
            with self.places.turn(claim):
                self.order.append(name)

        self.threads.append(threading.Thread(target=come, daemon=True))
        before = len(self.places._waiting)
        self.threads[-1].start()
        while len(self.places._waiting) == before:
            self.threads[-1].join(0.001)

    def go(self) -> list[str]:
        """Let go of the place that all wait for; who came in which order."""
        self.places.let_go()
        for thread in self.threads:
            thread.join(PATIENCE)
        return self.order


@pytest.fixture
def line() -> Line:
    """One place, which is taken."""
    places = Turns(1)
    places.take(Claim("ann", long=True))
    return Line(places)


def test_short_work_comes_before_long_work(line: Line) -> None:
    """Whoever came before it."""
    line.ask("long", Claim("bob", long=True))
    line.ask("long too", Claim("cat", long=True))
    line.ask("short", Claim("dan"))
    assert line.go() == ["short", "long", "long too"]


def test_owners_take_turns(line: Line) -> None:
    """Nine lists of one owner let another owner's have every second turn."""
    for number in range(3):
        line.ask(f"ann {number}", Claim("ann", long=True))
    for number in range(2):
        line.ask(f"bob {number}", Claim("bob", long=True))
    assert line.go() == ["bob 0", "ann 0", "bob 1", "ann 1", "ann 2"]


def test_a_long_text_lets_a_short_one_in_between(line: Line) -> None:
    """Between two of its parts; with nobody before it, it goes on at once."""
    mine = Claim("ann", long=True)
    line.places.pass_on(mine)
    line.ask("short", Claim("bob"))
    line.places.pass_on(mine)
    assert line.order == ["short"]
    assert line.go() == ["short"]


def test_all_places_are_there_again(line: Line) -> None:
    """Whatever happened, and where a block failed too."""
    line.places.let_go()
    with pytest.raises(ZeroDivisionError), line.places.turn(Claim()):
        raise ZeroDivisionError
    assert line.places._free == 1


@pytest.fixture
def one_processor(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """A computer with one processor."""
    places = Turns(1)
    monkeypatch.setattr(workers, "PROCESSORS", places)
    return places


@pytest.mark.usefixtures("one_processor")
def test_a_long_list_of_one_lets_the_short_one_of_another_pass() -> None:
    """While one person's thousand texts are read, another's two come after the text that is being read."""
    manager, gate, order = JobManager(workers=2), Gate(), []

    def reading(name: str, count: int) -> Callable[[object], None]:
        def read(item: int, checkpoint: Callable[[], None]) -> None:
            order.append(f"{name} {item}")
            if (name, item) == ("long", 1):
                gate.hold()

        return lambda context: workers.run(range(count), read, threads=1)

    long = manager.submit(reading("long", 1000), owner="ann", size=LONG)
    gate.wait_until_held()
    short = manager.submit(reading("short", 2), owner="bob", size=100)
    while not turns_asked(workers.PROCESSORS):
        short.wait(0.001)
    gate.open()
    assert short.wait(PATIENCE)
    assert order[:4] == ["long 0", "long 1", "short 0", "short 1"]
    assert long.wait(PATIENCE)
    assert len(order) == 1002
    assert manager.close(PATIENCE)


@pytest.mark.usefixtures("one_processor")
def test_an_index_that_is_built_lets_short_work_pass() -> None:
    """While one person's collection is cut into words, another's two texts are read in between."""
    manager, gate, order = JobManager(workers=2), Gate(), []
    passages = PassageList([Document(f"text {number}", id=str(number)) for number in range(5_000)])

    def indexing(_context: object) -> None:
        def heard(done: int, total: int) -> None:
            order.append("index")
            gate.hold()

        passages.keyword_index(heard)
        order.append("indexed")

    long = manager.submit(indexing, owner="ann", size=LONG)
    gate.wait_until_held()
    short = manager.submit(
        lambda _context: workers.run(range(2), lambda item, _stop: order.append(f"short {item}"), threads=1),
        owner="bob",
        size=100,
    )
    while not turns_asked(workers.PROCESSORS):
        short.wait(0.001)
    gate.open()
    assert short.wait(PATIENCE)
    assert long.wait(PATIENCE)
    assert order.index("short 0") < order.index("indexed")
    assert order[-1] == "indexed"
    assert len(passages.keyword_index()) == 5_000
    assert manager.close(PATIENCE)


def turns_asked(places: Turns) -> int:
    """How many wait for a place."""
    return len(places._waiting)


def test_whose_work_a_thread_does() -> None:
    """On a job's thread the job's owner, and long where the job is; elsewhere nobody's, and short."""
    manager = JobManager(workers=1)
    long = manager.submit(lambda context: Claim.of_this_thread(), owner="ann", size=LONG)
    short = manager.submit(lambda context: Claim.of_this_thread(), owner="ann", size=10)
    assert long.wait(PATIENCE)
    assert short.wait(PATIENCE)
    assert (long.result(), short.result()) == (Claim("ann", long=True), Claim("ann"))
    assert Claim.of_this_thread() == Claim()
    assert manager.close(PATIENCE)


def test_there_is_a_processor() -> None:
    """At least one may be used."""
    assert turns.cores() >= 1


def test_whoever_waits_hears_how_many_are_before_them(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short work before long, then by the sequence in which they came; and no more once it is their turn."""
    monkeypatch.setattr(turns, "_HEARD_EVERY", 0.001)
    line.ask("long", Claim("bob", long=True))
    line.ask("short", Claim("cat"))
    heard: list[int] = []
    first, gone = threading.Event(), threading.Event()

    def hear(ahead: int) -> None:
        heard.append(ahead)
        first.set()

    def wait() -> None:
        with line.places.turn(Claim("dan", long=True), hear):
            gone.set()

    threading.Thread(target=wait, daemon=True).start()
    assert first.wait(PATIENCE)
    assert heard[0] == 2
    assert line.go() == ["short", "long"]
    assert gone.wait(PATIENCE)
    assert set(heard) <= {0, 1, 2}


def test_whoever_gives_up_waiting_holds_up_nobody(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is drawn anew while it waits leaves the line, and the place goes to the next one."""
    monkeypatch.setattr(turns, "_HEARD_EVERY", 0.001)

    def leave(_ahead: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        line.places.take(Claim("dan"), leave)
    assert line.places._waiting == []
    line.ask("next", Claim("bob"))
    assert line.go() == ["next"]
    line.places.take(Claim("eve"))
    line.places.let_go()


def test_whoever_is_called_while_they_give_up_gives_the_place_back(line: Line) -> None:
    """Otherwise it would be nobody's for ever."""
    waiter = turns._Waiter(Claim("dan"))
    line.places._give_up(waiter)  # called already: it waits no more
    line.places.take(Claim("eve"))
    line.places.let_go()
