"""The spending limit, alone and under many threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from rerank_core.errors import ConfigurationError, RerankError, SpendingLimitError
from rerank_core.pricing.budget import Budget, Reservation
from tests.support.gate import PATIENCE

AMOUNTS = st.decimals(0, 5, places=4)


def test_a_reservation_becomes_what_the_call_did_cost() -> None:
    """Settling gives back the difference between what was set aside and what was billed."""
    budget = Budget(Decimal("0.010"))
    reservation = budget.reserve(Decimal("0.006"))
    now = budget.now()
    assert (now.reserved, now.remaining) == (Decimal("0.006"), Decimal("0.004"))
    budget.settle(reservation, Decimal("0.002"))
    now = budget.now()
    assert (now.spent, now.reserved, now.remaining) == (Decimal("0.002"), Decimal(0), Decimal("0.008"))


def test_the_limit_stops_a_call_before_it_is_sent() -> None:
    """What does not fit raises an error that says how much is left and what to do, and sets nothing aside."""
    budget = Budget(Decimal("0.010"))
    budget.reserve(Decimal("0.009"))
    with pytest.raises(SpendingLimitError) as caught:
        budget.reserve(Decimal("0.002"))
    assert isinstance(caught.value, RerankError)
    assert "$0.002" in caught.value.message
    assert "$0.001 is left" in caught.value.message
    assert "Raise the spending limit" in caught.value.hint
    assert budget.now().reserved == Decimal("0.009")
    assert not budget.fits(Decimal("0.002"))


def test_more_is_known_before_a_call_is_sent() -> None:
    """Another amount takes the place of the first; one that does not fit changes nothing; a settled one is refused."""
    budget = Budget(Decimal("0.010"))
    first = budget.reserve(Decimal("0.004"))
    second = budget.adjust(first, Decimal("0.009"))
    assert (second.number, budget.now().reserved) == (first.number, Decimal("0.009"))
    with pytest.raises(SpendingLimitError):
        budget.adjust(second, Decimal("0.011"))
    with pytest.raises(ValueError, match="finite"):
        budget.adjust(second, Decimal(-1))
    assert budget.now().reserved == Decimal("0.009")
    budget.settle(first, Decimal("0.001"))  # the same call, whichever of the two names it
    now = budget.now()
    assert (now.spent, now.reserved, now.remaining) == (Decimal("0.001"), Decimal(0), Decimal("0.009"))
    with pytest.raises(ValueError, match="settled already"):
        budget.adjust(second, Decimal(0))


def test_the_limit_itself_may_be_reached() -> None:
    """A call that costs exactly what is left goes through, and then only free ones do."""
    budget = Budget(Decimal("0.003"))
    budget.settle(budget.reserve(Decimal("0.003")), Decimal("0.003"))
    assert budget.now().remaining == Decimal(0)
    budget.reserve(Decimal(0))
    with pytest.raises(SpendingLimitError):
        budget.reserve(Decimal("0.0001"))


def test_without_a_limit_everything_fits() -> None:
    """No limit means that spending is counted and nothing refused."""
    budget = Budget()
    budget.settle(budget.reserve(Decimal(1_000_000)), Decimal(7))
    now = budget.now()
    assert (now.spent, now.remaining, now.limit) == (Decimal(7), None, None)


def test_a_released_reservation_costs_nothing_even_twice() -> None:
    """Releasing gives everything back; releasing again, or after settling, changes nothing."""
    budget = Budget(Decimal(1))
    first, second = budget.reserve(Decimal("0.5")), budget.reserve(Decimal("0.25"))
    budget.release(first)
    budget.release(first)
    budget.settle(second, Decimal("0.1"))
    budget.release(second)
    now = budget.now()
    assert (now.spent, now.reserved, budget.now().calls) == (Decimal("0.1"), Decimal(0), 1)


def test_settling_twice_is_a_mistake() -> None:
    """The same call cannot be billed twice by accident."""
    budget = Budget()
    reservation = budget.reserve(Decimal(1))
    budget.settle(reservation, Decimal(1))
    with pytest.raises(ValueError, match="settled already"):
        budget.settle(reservation, Decimal(1))
    assert budget.now().spent == Decimal(1)


def test_a_call_whose_cost_never_became_known_stays_set_aside() -> None:
    """After a time-out what was reserved counts as uncertain, not as spent, and is not given back."""
    budget = Budget(Decimal("0.010"))
    budget.settle(budget.reserve(Decimal("0.004")), None)
    now = budget.now()
    assert (now.spent, now.uncertain, now.remaining) == (Decimal(0), Decimal("0.004"), Decimal("0.006"))
    assert now.unknown_calls == 0


def test_a_call_without_a_price_is_counted() -> None:
    """A provider without a price is let through and shows up as a call of unknown cost."""
    budget = Budget(Decimal(0))
    budget.settle(budget.reserve(None), None)
    assert budget.fits(None)
    assert (budget.now().unknown_calls, budget.now().calls, budget.now().spent) == (1, 1, Decimal(0))


def test_the_limit_can_be_moved() -> None:
    """Raising it to what a call needs lets that call through; lowering it under the spending leaves 0."""
    budget = Budget(Decimal("0.001"))
    budget.settle(budget.reserve(Decimal("0.001")), Decimal("0.001"))
    assert budget.limit_for(Decimal("0.002")) == Decimal("0.003")
    budget.set_limit(budget.limit_for(Decimal("0.002")))
    budget.release(budget.reserve(Decimal("0.002")))
    budget.set_limit(Decimal("0.0005"))
    assert budget.now().remaining == Decimal(0)


@pytest.mark.parametrize("wrong", [Decimal(-1), Decimal("NaN"), Decimal("Infinity"), 5.0, "5"])
def test_a_limit_that_is_no_amount_is_refused(wrong: object) -> None:
    """Negative, endless or non-decimal limits raise a sentence, not a surprise later."""
    with pytest.raises(ConfigurationError):
        Budget(wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        Budget().set_limit(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["-0.01", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_refused(wrong: str) -> None:
    """A negative reservation would widen the limit."""
    with pytest.raises(ValueError, match="finite"):
        Budget(Decimal(1)).reserve(Decimal(wrong))


@settings(max_examples=25)
@given(
    limit=AMOUNTS,
    calls=st.lists(st.tuples(AMOUNTS, st.integers(0, 100), st.sampled_from(["settle", "release", "unknown"]))),
)
def test_many_threads_never_pass_the_limit(limit: Decimal, calls: list[tuple[Decimal, int, str]]) -> None:
    """With calls reserving, settling and releasing at once, what is committed stays within the limit."""
    budget = Budget(limit)
    start = threading.Barrier(4)
    seen: list[Decimal] = []

    def work(mine: list[tuple[Decimal, int, str]]) -> Decimal:
        billed = Decimal(0)
        start.wait(timeout=PATIENCE)
        for amount, share, end in mine:
            try:
                reservation = budget.reserve(amount)
            except SpendingLimitError:
                continue
            now = budget.now()
            seen.append(now.spent + now.reserved + now.uncertain)
            if end == "release":
                budget.release(reservation)
            else:
                actual = amount * share / 100 if end == "settle" else None
                budget.settle(reservation, actual)
                billed += actual or 0
        return billed

    with ThreadPoolExecutor(4) as pool:
        billed = sum(pool.map(work, [calls[worker::4] for worker in range(4)]), Decimal(0))
    assert all(committed <= limit for committed in seen)
    assert budget.now().reserved == 0
    assert budget.now().spent == billed


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    """Let threads take turns every microsecond, so that a missing lock is found."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient_threads")
def test_a_crowd_gets_exactly_as_many_calls_as_the_limit_pays_for() -> None:
    """Eight threads ask for 4,000 calls of $1 under a limit of $2,500: exactly 2,500 go through."""
    budget = Budget(Decimal(2500))

    def ask(_: int) -> int:
        allowed = 0
        for _attempt in range(500):
            try:
                budget.settle(budget.reserve(Decimal(1)), Decimal(1))
            except SpendingLimitError:
                continue
            allowed += 1
        return allowed

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 2500
    now = budget.now()
    assert (now.spent, now.reserved, now.remaining) == (Decimal(2500), 0, 0)


class BudgetMachine(RuleBasedStateMachine):
    """Any sequence of calls against a plain sum kept beside it."""

    reservations = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(Decimal(10))
        self.open: dict[int, Decimal] = {}
        self.gone = Decimal(0)

    @rule(target=reservations, amount=AMOUNTS)
    def reserve(self, amount: Decimal) -> Reservation | None:
        fits = self.gone + sum(self.open.values()) + amount <= 10
        try:
            reservation = self.budget.reserve(amount)
        except SpendingLimitError:
            assert not fits
            return None
        assert fits
        self.open[reservation.number] = amount
        return reservation

    @rule(reservation=consumes(reservations), share=st.integers(0, 100), known=st.booleans())
    def settle(self, reservation: Reservation | None, share: int, known: bool) -> None:
        if reservation is not None:
            amount = self.open.pop(reservation.number)
            self.budget.settle(reservation, amount * share / 100 if known else None)
            self.gone += amount * share / 100 if known else amount

    @rule(target=reservations, reservation=consumes(reservations), amount=AMOUNTS)
    def adjust(self, reservation: Reservation | None, amount: Decimal) -> Reservation | None:
        if reservation is None:
            return None
        before = self.open[reservation.number]
        fits = self.gone + sum(self.open.values()) - before + amount <= 10
        try:
            adjusted = self.budget.adjust(reservation, amount)
        except SpendingLimitError:
            assert not fits
            return reservation
        assert fits
        self.open[adjusted.number] = amount
        return adjusted

    @rule(reservation=consumes(reservations))
    def release(self, reservation: Reservation | None) -> None:
        if reservation is not None:
            del self.open[reservation.number]
            self.budget.release(reservation)

    @invariant()
    def adds_up(self) -> None:
        now = self.budget.now()
        assert now.reserved == sum(self.open.values())
        assert now.spent + now.uncertain == self.gone
        assert now.spent + now.reserved + now.uncertain <= 10


TestBudgetMachine = BudgetMachine.TestCase


def test_what_is_in_doubt_stays_set_aside() -> None:
    """A call that may have cost more than it said keeps that back, and never more than was reserved for it."""
    budget = Budget(Decimal("0.010"))
    budget.settle(budget.reserve(Decimal("0.006")), Decimal("0.002"), in_doubt=Decimal("0.002"))
    now = budget.now()
    assert (now.spent, budget.now().uncertain, now.remaining) == tuple(map(Decimal, ("0.002", "0.002", "0.006")))
    budget.settle(budget.reserve(Decimal("0.003")), Decimal("0.002"), in_doubt=Decimal("0.004"))
    assert budget.now().uncertain == Decimal("0.003")
    budget.settle(budget.reserve(Decimal("0.001")), Decimal("0.002"), in_doubt=Decimal("0.002"))
    budget.settle(budget.reserve(None), Decimal("0.001"), in_doubt=Decimal("0.001"))
    assert budget.now().uncertain == Decimal("0.003")
