"""The ledger of spending: nothing passes a budget, and nothing is lost, over threads, processes and their deaths."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from rerank_core.errors import BudgetExceededError, SpendingLimitError
from rerank_core.models import Cost
from rerank_core.pricing.allowance import Allowance, PaidCall, Sums
from rerank_core.storage.database import Database
from rerank_core.storage.schema.spending import day_sums
from rerank_core.storage.spending import store as spending
from rerank_core.storage.spending.ledger import LedgerFilter
from rerank_core.storage.spending.rows import insert_call
from rerank_core.storage.spending.store import SpendingStore
from rerank_core.storage.sqlite_file import StoreError
from tests.support.databases import address_of, empty
from tests.support.postgresql import Cluster

ROOT = Path(__file__).parents[4]
ANN, BEN = "ann@example.org", "ben@example.org"
CENT = Decimal("0.01")
DOLLAR = Allowance(person_per_day=Decimal(1))


def call(who: str = ANN, **others: str) -> PaidCall:
    """A call with the server's key."""
    return dataclasses.replace(PaidCall(who, "gateflow", "rerank-v3.5", "Playground", "run1"), **others)  # type: ignore[arg-type]


@pytest.fixture
def store(database: Database) -> Iterator[SpendingStore]:
    """An empty ledger."""
    with SpendingStore(database) as made:
        yield made


def counted(store: SpendingStore, who: str = ANN) -> Decimal:
    """What one person's budget counts today."""
    return store.standing(who).person_today.counted


def test_what_is_set_aside_becomes_what_it_cost(store: SpendingStore) -> None:
    """The most that a call may cost counts while it is under way, and then what it did cost, for all three limits."""
    number = store.reserve(call(), Decimal("0.006"), DOLLAR)
    now = store.standing(ANN)
    assert now.person_today == now.server_today == now.server_total == Sums(held=Decimal("0.006"), calls=1)
    store.settle(number, Cost(Decimal("0.002"), basis="computed"))
    now = store.standing(ANN)
    assert now.person_today == now.server_today == now.server_total == Sums(spent=Decimal("0.002"), calls=1)
    (row,) = store.calls()
    assert (row.state, row.call, row.reserved, row.spent) == ("billed", call(), Decimal("0.006"), Decimal("0.002"))


@pytest.mark.parametrize(
    ("allowance", "others", "words"),
    [
        (Allowance(person_per_day=CENT), [ANN], "one person may spend here in a day"),
        (Allowance(server_per_day=CENT), [BEN], "this server may spend in a day"),
        (Allowance(server_total=CENT), [BEN], "this server may spend in all"),
    ],
)
def test_beyond_the_budget_nothing_is_sent(
    store: SpendingStore, allowance: Allowance, others: list[str], words: str
) -> None:
    """A call that would pass a limit is refused, with what is left and whom to ask; the ledger has nothing of it."""
    allowance = dataclasses.replace(allowance, contact="Ann, ann@example.org")
    for who in others:
        store.reserve(call(who), Decimal("0.009"), allowance)
    with pytest.raises(BudgetExceededError) as caught:
        store.reserve(call(), Decimal("0.002"), allowance)
    assert isinstance(caught.value, SpendingLimitError)
    assert "may cost up to $0.002, and $0.001 is left of the $0.01" in caught.value.message
    assert words in caught.value.message
    assert "Ask Ann, ann@example.org" in caught.value.hint
    assert len(store.calls()) == len(others)
    store.reserve(call(), Decimal("0.001"), allowance)  # what is left, to the last


def test_a_persons_limit_is_not_another_persons(store: SpendingStore) -> None:
    """What one person has spent leaves another's share as it was."""
    store.reserve(call(ANN), Decimal(1), DOLLAR)
    store.reserve(call(BEN), Decimal(1), DOLLAR)
    with pytest.raises(BudgetExceededError):
        store.reserve(call(ANN), CENT, DOLLAR)


def test_a_key_of_ones_own_is_noted_and_not_counted(store: SpendingStore) -> None:
    """Calls with the visitor's own key pass every limit, appear in the ledger, and are in no budget."""
    nothing = Allowance(person_per_day=Decimal(0), server_per_day=Decimal(0), server_total=Decimal(0))
    number = store.reserve(call(key="own"), Decimal(7), nothing)
    store.settle(number, Cost(Decimal(7)))
    store.settle(store.reserve(call(key="own"), None, nothing), Cost(None))
    assert store.standing(ANN).server_total == Sums()
    assert [(row.call.key, row.spent) for row in store.calls()] == [("own", Decimal(0)), ("own", Decimal(7))]


def test_a_call_of_unknown_price(store: SpendingStore) -> None:
    """It counts with the price that the operator sets; without one it is refused where a budget stands, with the
    cure, and only counted where none does."""
    with pytest.raises(BudgetExceededError, match="Nobody knows what this costs") as caught:
        store.reserve(call(), None, DOLLAR)
    assert "unknown_call" in caught.value.hint
    assumed = dataclasses.replace(DOLLAR, unknown_call=Decimal("0.4"))
    for _ in range(2):
        store.settle(store.reserve(call(), None, assumed), Cost(None))
    now = store.standing(ANN).person_today
    assert (now.assumed, now.unknown, now.spent) == (Decimal("0.8"), 2, Decimal(0))
    with pytest.raises(BudgetExceededError):
        store.reserve(call(), None, assumed)
    store.settle(store.reserve(call(BEN), None, Allowance()), Cost(None))
    assert store.standing(BEN).person_today == Sums(calls=1, unknown=1)


def test_what_may_have_been_billed_stays_counted(store: SpendingStore) -> None:
    """A call without an answer keeps what was set aside, and a repeated one what its earlier attempts may have cost."""
    store.settle(store.reserve(call(), Decimal("0.03"), DOLLAR), None)
    store.settle(store.reserve(call(), Decimal("0.03"), DOLLAR), Cost(CENT, in_doubt=Decimal("0.05")))
    now = store.standing(ANN).person_today
    assert (now.spent, now.doubt) == (CENT, Decimal("0.05"))
    assert [row.state for row in store.in_doubt()] == ["billed", "in doubt"]


def test_a_call_that_was_not_billed_counts_nothing(store: SpendingStore) -> None:
    """A refused call gives back what was set aside, and stays in the ledger as not billed."""
    number = store.reserve(call(), Decimal(1), DOLLAR)
    store.release(number)
    store.settle(number, Cost(Decimal(1)))  # it is over
    assert counted(store) == 0
    assert [row.state for row in store.calls()] == ["not billed"]


def test_an_operator_settles_what_is_in_doubt(store: SpendingStore) -> None:
    """With the service's bill at hand, a call in doubt becomes one that was billed, or was not; the note says by
    whom."""
    first, second = (store.reserve(call(), Decimal("0.5"), DOLLAR) for _ in range(2))
    store.settle(first, None)
    store.settle(second, None)
    assert counted(store) == 1
    assert store.resolve(first, Decimal(0), BEN)
    assert store.resolve(second, Decimal("0.2"), BEN)
    assert store.resolve(second, Decimal("0.3"), BEN), "a slip"
    assert store.resolve(second, Decimal("0.2"), BEN)
    assert not store.in_doubt()
    assert [row.number for row in store.in_doubt(also=second)] == [second]
    third = store.reserve(call(), CENT, DOLLAR)
    store.settle(third, Cost(CENT))
    assert not store.resolve(third, Decimal(0), BEN), "what it cost is known"
    assert store.resolve(first, Decimal(0), BEN)
    assert counted(store) == Decimal("0.21")
    assert {(row.state, row.note) for row in store.calls()} == {
        ("billed", f"Settled by {BEN}."),
        ("not billed", f"Settled by {BEN}."),
        ("billed", ""),
    }


def test_the_budget_of_a_day_ends_with_the_servers_day(database: Database) -> None:
    """A call counts for the server's calendar day on which it was sent; the next day begins at nothing, and the sum of
    all goes on."""
    zone = timezone(timedelta(hours=2))
    now = [datetime(2026, 11, 30, 23, 59, tzinfo=zone)]
    both = Allowance(person_per_day=Decimal(1), server_total=Decimal("1.5"))
    with SpendingStore(database, clock=lambda: now[0]) as store:
        number = store.reserve(call(), Decimal(1), both)
        now[0] += timedelta(minutes=2)
        store.settle(number, Cost(Decimal("0.9")))
        assert counted(store) == 0
        assert [row.day for row in store.calls()] == [date(2026, 11, 30)]
        with pytest.raises(BudgetExceededError, match="in all"):
            store.reserve(call(), Decimal("0.7"), both)
        store.reserve(call(), Decimal("0.6"), both)
        assert [each.day for each in store.days()] == [date(2026, 11, 30), date(2026, 12, 1)]


def test_the_ledger_can_be_narrowed(store: SpendingStore) -> None:
    """By person, connection and day; also the sums."""
    for who, connection in ((ANN, "gateflow"), (BEN, "gateflow"), (ANN, "flashrank")):
        store.settle(store.reserve(call(who, connection=connection), CENT, DOLLAR), Cost(CENT))
    today = store.today()
    assert len(store.calls(LedgerFilter(who=ANN))) == 2
    assert [row.call.who for row in store.calls(LedgerFilter(ANN, today, today, "flashrank"))] == [ANN]
    assert not store.calls(LedgerFilter(first=today + timedelta(days=1)))
    assert [each.sums.spent for each in store.days(LedgerFilter(connection="gateflow"))] == [CENT, CENT]
    assert len(store.calls(most=1)) == 1


def test_the_ledger_has_a_bounded_size(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old calls go, first those of more than a year ago, then the oldest; their sums stay, and with them the budget."""
    monkeypatch.setattr(spending, "_PRUNE_EVERY", 1)
    monkeypatch.setattr(spending, "MAX_CALLS", 5)
    now = [datetime(2025, 1, 1, 12, tzinfo=UTC)]
    with SpendingStore(database, clock=lambda: now[0]) as store:
        store.settle(store.reserve(call(), CENT, Allowance()), Cost(CENT))
        now[0] += timedelta(days=spending.KEPT_DAYS)
        store.settle(store.reserve(call(), CENT, Allowance()), Cost(CENT))
        assert len(store.calls()) == 2, "it is kept for more than a year"
        now[0] += timedelta(days=1)
        for _ in range(8):
            store.settle(store.reserve(call(), CENT, Allowance()), Cost(CENT))
        assert len(store.calls()) == 5
        assert store.standing(ANN).server_total.spent == 10 * CENT
        assert sum(each.sums.calls for each in store.days()) == 10


def test_nothing_is_lost_while_the_file_cannot_be_written(
    store: SpendingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call whose cost cannot be noted counts with the most that it could cost, until the file can be written."""
    number = store.reserve(call(), Decimal("0.5"), DOLLAR)

    def full(*_: object) -> None:
        raise StoreError("The disk is full, so nothing is saved.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "_writing", full)
        store.settle(number, Cost(Decimal("0.1")))
        with pytest.raises(StoreError):
            store.reserve(call(), CENT, DOLLAR)
    assert counted(store) == Decimal("0.5")
    store.reserve(call(), Decimal("0.9"), DOLLAR)
    assert counted(store) == 1


def test_rows_that_say_nothing_are_damage(store: SpendingStore) -> None:
    """Where the database holds something else than amounts, nothing is reserved, and settling loses nothing."""
    number = store.reserve(call(), CENT, DOLLAR)
    with store._writing() as db:
        db.execute(day_sums.update().values(held="a lot"))
    for use in (lambda: store.reserve(call(), CENT, DOLLAR), lambda: store.standing(ANN)):
        with pytest.raises(StoreError, match="damaged"):
            use()
    store.settle(number, Cost(CENT))
    with store._writing() as db:
        db.execute(day_sums.update().values(held="0.01"))
    store.reserve(call(), CENT, DOLLAR)
    assert store.standing(ANN).person_today.spent == CENT


# Threads and processes

MANY = st.lists(st.decimals("0.0001", 1, places=4), min_size=5, max_size=40)


@settings(max_examples=15)
@given(MANY, st.decimals("0.5", 3, places=3))
def test_many_threads_do_not_pass_the_budget(amounts: list[Decimal], limit: Decimal) -> None:
    """Whatever the order, what all threads together were allowed never passes the limit, and every refusal was
    right at the end: what was refused would not fit beside what was taken."""
    allowance = Allowance(person_per_day=limit)
    with TemporaryDirectory() as folder, SpendingStore(Path(folder) / "spending.sqlite3") as store:

        def one(amount: Decimal) -> bool:
            try:
                number = store.reserve(call(), amount, allowance)
            except BudgetExceededError:
                return False
            store.settle(number, Cost(amount))
            return True

        with ThreadPoolExecutor(8) as pool:
            went = list(pool.map(one, amounts))
        taken = sum((amount for amount, sent in zip(amounts, went, strict=True) if sent), Decimal(0))
        assert counted(store) == taken <= limit
        assert all(taken + amount > limit for amount, sent in zip(amounts, went, strict=True) if not sent)


SPENDER = """
import sys
from decimal import Decimal
from rerank_core.errors import BudgetExceededError
from rerank_core.models import Cost
from rerank_core.pricing.allowance import Allowance, PaidCall
from rerank_core.storage.database import Database
from rerank_core.storage.spending.store import SpendingStore

store, allowance = SpendingStore(Database.open(sys.argv[1])), Allowance(server_per_day=Decimal("0.5"))
went = 0
print("ready", flush=True)
sys.stdin.readline()
print("asking", flush=True)
for _ in range(int(sys.argv[2])):
    try:
        number = store.reserve(PaidCall("ann@example.org", "gateflow"), Decimal("0.01"), allowance)
    except BudgetExceededError:
        continue
    went += 1
    if sys.argv[3] == "settle":
        store.settle(number, Cost(Decimal("0.01")))
print(went, flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def spender(database: Database, calls: int, how: str) -> Iterator[subprocess.Popen[str]]:
    """A second server on the same database, which has opened the ledger and waits to be let go."""
    with subprocess.Popen(
        [sys.executable, "-c", SPENDER, address_of(database), str(calls), how],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert answer(process) == "ready\n"
            yield process
        finally:
            process.kill()


def go_on(process: subprocess.Popen[str]) -> None:
    """Let a second server go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def answer(process: subprocess.Popen[str]) -> str:
    """The next line that a second server says."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_two_servers_do_not_pass_the_budget(store: SpendingStore) -> None:
    """Two processes that spend at the same time come to the limit together, and not one call beyond."""
    with spender(store.database, 40, "settle") as first, spender(store.database, 40, "settle") as second:
        for process in (first, second):
            go_on(process)
            assert answer(process) == "asking\n"
        went = [int(answer(process)) for process in (first, second)]
    assert sum(went) == 50
    assert store.standing(ANN).server_today == Sums(spent=Decimal("0.50"), calls=50)


def test_a_server_waits_for_another_ones_look_at_what_is_left(store: SpendingStore) -> None:
    """While one server takes what is left, another one that asks waits, and is refused then."""
    with spender(store.database, 1, "settle") as process:
        store.release(store.reserve(call(), CENT, Allowance()))
        with store._writing() as db:
            before = store.calls()[0]
            half = dataclasses.replace(before, state="under way", reserved=Decimal("0.5"), finished=None)
            insert_call(db, half, store._mark.token if store._mark else "")
            go_on(process)
            assert answer(process) == "asking\n"
            for _ in range(2_000):  # for as long as it takes the other one to look
                db.execute(select(func.count()).select_from(day_sums)).scalar()
        assert answer(process) == "0\n"


def test_what_a_killed_server_had_under_way_may_have_been_billed(store: SpendingStore) -> None:
    """What was set aside counts on after its process was killed, marked as possibly billed; while it lives, nobody
    takes it for dead."""
    with spender(store.database, 3, "keep") as process:
        go_on(process)
        assert answer(process) == "asking\n"
        assert answer(process) == "3\n"
        assert store.recover() == 0, "it is alive"
        assert [row.state for row in store.calls()] == ["under way"] * 3
        process.kill()
        process.wait(120)
        before = store.standing(ANN).server_today
        assert store.recover() == 3
    after = store.standing(ANN).server_today
    assert [row.state for row in store.calls()] == ["in doubt"] * 3
    assert (before.held, after.held, after.doubt) == (Decimal("0.03"), Decimal(0), Decimal("0.03"))
    assert before.counted == after.counted
    assert store.recover() == 0


def test_one_that_was_taken_for_dead_is_settled_all_the_same(store: SpendingStore) -> None:
    """Where another server marked a call as possibly billed whose answer then came, the answer counts."""
    number = store.reserve(call(), Decimal("0.5"), DOLLAR)
    assert store._mark is not None
    store._mark.end()  # as where somebody cleared the folder of the marks
    with SpendingStore(Database.open(address_of(store.database))) as other:
        assert other.recover() == 1
    store.settle(number, Cost(Decimal("0.1")))
    assert store.standing(ANN).person_today == Sums(spent=Decimal("0.1"), calls=1)


AMOUNTS = st.one_of(st.decimals(0, 1, places=4), st.decimals("1e-30", "1e-17"), st.decimals(0, 1, places=25))
COSTS = st.one_of(st.none(), st.builds(Cost, st.one_of(st.none(), AMOUNTS), in_doubt=AMOUNTS))


class Spenders(RuleBasedStateMachine):
    """Two stores on one database, as two servers; one of them dies now and then."""

    allowance = Allowance(Decimal(2), Decimal(3), Decimal(6), unknown_call=Decimal("0.125"))

    def __init__(self, address: str | None = None) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.address = address or f"sqlite:///{self.folder.name}/playground.sqlite3"
        if address is not None:
            with Database.open(address) as database:
                empty(database)
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)
        self.stores = [self.made(), self.made()]
        self.open: list[tuple[int, int, Decimal | None]] = []  # store, number, most
        self.most_counted: dict[date, Decimal] = {}

    def made(self) -> SpendingStore:
        """A server that has just started."""
        return SpendingStore(Database.open(self.address), clock=lambda: self.now)

    @rule(
        place=st.integers(0, 1),
        who=st.sampled_from([ANN, BEN, ""]),
        model=st.sampled_from(["a", "b\ud800\x00"]),
        most=st.one_of(st.none(), AMOUNTS),
    )
    def reserve(self, place: int, who: str, model: str, most: Decimal | None) -> None:
        """A call is about to be sent: it is allowed exactly where it fits."""
        store = self.stores[place]
        amount = Decimal("0.125") if most is None else most
        now = store.standing(who)
        fits = amount == 0 or (
            now.person_today.counted + amount <= 2
            and now.server_today.counted + amount <= 3
            and now.server_total.counted + amount <= 6
        )
        try:
            number = store.reserve(call(who, model=model), most, self.allowance)
        except BudgetExceededError:
            assert not fits or amount % Decimal("1e-18")
        else:
            assert fits
            self.open.append((place, number, most))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), cost=COSTS)
    def settle(self, data: st.DataObject, cost: Cost | None) -> None:
        """A call is over; it costs no more than was set aside."""
        place, number, most = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        bound = Decimal("0.125") if most is None else most
        if cost is not None and cost.amount is not None and cost.amount > bound:
            cost = dataclasses.replace(cost, amount=bound)
        self.stores[place].settle(number, cost)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A call was refused by the service."""
        place, number, _ = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        self.stores[place].release(number)

    @rule(place=st.integers(0, 1))
    def die(self, place: int) -> None:
        """A server ends in the middle of it all, and another starts."""
        store = self.stores[place]
        store.close()
        if store._mark is not None:
            store._mark.end()
        self.stores[place] = self.made()
        before = self.stores[1 - place].standing(ANN)
        self.stores[place].recover()
        after = self.stores[1 - place].standing(ANN)
        assert before.server_total.counted == after.server_total.counted, "nothing is given back"
        self.open = [each for each in self.open if each[0] != place]

    @rule()
    def tomorrow(self) -> None:
        """A day passes."""
        self.now += timedelta(days=1)

    @rule(data=st.data(), amount=AMOUNTS)
    def resolve(self, data: st.DataObject, amount: Decimal) -> None:
        """An operator settles a call in doubt, for no more than it counts with."""
        rows = self.stores[0].in_doubt()
        if rows:
            row = data.draw(st.sampled_from(rows))
            assert self.stores[0].resolve(row.number, min(amount, row.sums.counted), "")

    @invariant()
    def within(self) -> None:
        """No limit is passed, and the sums are those of the calls."""
        store = self.stores[0]
        calls = store.calls()
        by_day = {each.day for each in calls}
        for who in (ANN, BEN, ""):
            now = store.standing(who)
            assert now.person_today.counted <= 2
            assert now.server_today.counted <= 3
            assert now.server_total.counted <= 6
            assert now.server_total == sum((each.sums for each in calls), Sums())
        for day in by_day:
            listed = sum((each.sums for each in store.days(LedgerFilter(first=day, last=day))), Sums())
            assert listed == sum((each.sums for each in calls if each.day == day), Sums())
        assert sum(each.state == "under way" for each in calls) == len(self.open)

    def teardown(self) -> None:
        """Both end."""
        for store in self.stores:
            store.close()
        self.folder.cleanup()


TestSpenders = Spenders.TestCase
TestSpenders.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)


@pytest.mark.slow
def test_two_servers_on_one_postgresql(postgresql: Cluster) -> None:
    """The same holds where the ledger is in PostgreSQL."""
    address = postgresql.new_database()
    rules = settings(max_examples=5, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(lambda: Spenders(address), settings=rules)


def test_two_threads_at_the_last_cent(store: SpendingStore) -> None:
    """Of many threads that want the last cent, exactly one gets it."""
    start = threading.Barrier(6)
    got: list[int] = []

    def one() -> None:
        start.wait(60)
        with contextlib.suppress(BudgetExceededError):
            got.append(store.reserve(call(), CENT, Allowance(server_total=CENT)))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 1
