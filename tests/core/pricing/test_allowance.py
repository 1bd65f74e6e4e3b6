"""The operator's budget: how it is written, what it refuses, and that its sums are exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import BudgetExceededError, ConfigurationError
from rerank_core.pricing.allowance import LARGEST, Allowance, BudgetStanding, Sums, exact

ANY = st.one_of(
    st.decimals(0, LARGEST - 1, allow_nan=False, allow_infinity=False),
    st.decimals("1e-40", "1e-16", allow_nan=False),
    st.decimals(0, 1, places=30),
)


@given(ANY)
def test_an_amount_is_booked_exactly_or_a_trifle_higher(amount: Decimal) -> None:
    """It is never booked for less, and for more by less than a quintillionth of a dollar, also the second time."""
    booked = exact(amount)
    assert 0 <= Fraction(booked) - Fraction(amount) < Fraction(1, 10**18)
    assert exact(booked) == booked == Decimal(str(booked))


@given(st.lists(ANY, max_size=30), ANY)
def test_sums_are_exact(amounts: list[Decimal], other: Decimal) -> None:
    """Adding and taking away loses nothing, however far apart the amounts are."""
    booked = [exact(amount) for amount in amounts]
    total = sum((Sums(spent=amount, calls=1) for amount in booked), Sums())
    assert Fraction(total.spent) == sum(map(Fraction, booked), Fraction(0))
    assert total.calls == len(amounts)
    more = Sums(exact(other), exact(other), exact(other), exact(other))
    assert (total + more) - more == total
    assert Fraction((total + more).counted) == Fraction(total.spent) + 4 * Fraction(exact(other))


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("NaN"), Decimal("Infinity"), LARGEST])
def test_what_is_no_amount_is_refused(amount: Decimal) -> None:
    """Negative, endless and absurd numbers are no money."""
    with pytest.raises(ValueError, match="finite"):
        exact(amount)


def test_a_budget_as_an_operator_writes_it() -> None:
    """Numbers and numbers in strings are amounts, to the digit that was written."""
    made = Allowance.from_settings({"person_per_day": 0.1, "server_per_day": "5.00", "server_total": 100}, "Ann")
    assert made == Allowance(Decimal("0.1"), Decimal("5.00"), Decimal(100), contact="Ann")
    assert made.stands
    assert not Allowance.from_settings({}).stands
    assert not Allowance.from_settings({"unknown_call": 1}).stands


@pytest.mark.parametrize("value", [-1, True, "", "much", "1,5", float("nan"), float("inf"), [1], {}, 10**15, "1 $"])
def test_a_budget_that_makes_no_sense_is_a_sentence(value: object) -> None:
    """Each says which setting is wrong, what stands there, and what to write."""
    with pytest.raises(ConfigurationError) as caught:
        Allowance.from_settings({"person_per_day": value})
    assert "[budget] person_per_day is" in caught.value.message
    assert "such as 1.50" in caught.value.hint


def test_a_setting_that_is_not_known_is_named() -> None:
    """A slip of the pen does not leave the keys without a limit."""
    with pytest.raises(ConfigurationError, match="no setting called 'person_perday'") as caught:
        Allowance.from_settings({"person_perday": 1})
    assert "person_per_day, server_per_day, server_total, unknown_call" in caught.value.hint


def test_what_is_left_is_the_least_of_all_limits() -> None:
    """The person's share, the server's day and the server's total each have a say."""
    now = BudgetStanding(Sums(spent=Decimal("0.2")), Sums(spent=Decimal(4)), Sums(spent=Decimal("9.9")))
    assert Allowance(Decimal(1), Decimal(6), Decimal(10)).left(now) == Decimal("0.1")
    assert Allowance(Decimal("0.1")).left(now) == 0
    assert Allowance(unknown_call=Decimal(1)).left(now) is None


def test_a_refusal_says_what_helps() -> None:
    """Waiting helps where the limit is a day's and the call fits in one; a person to ask is named where there is
    one."""
    spent = Sums(spent=Decimal("0.9"))
    now = BudgetStanding(spent, spent, spent)
    with pytest.raises(BudgetExceededError) as tomorrow:
        Allowance(Decimal(1), contact="Ann, ann@example.org").check(Decimal("0.2"), now)
    assert tomorrow.value.hint == (
        "Ask Ann, ann@example.org to raise the budget, or use a key of your own, or wait until tomorrow."
    )
    with pytest.raises(BudgetExceededError) as never:
        Allowance(Decimal(1)).check(Decimal(2), now)
    assert never.value.hint == "Ask whoever runs this server to raise the budget, or use a key of your own."
    Allowance(Decimal(0)).check(Decimal(0), now)
    Allowance(Decimal(0)).check(None, now)
