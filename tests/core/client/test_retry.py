"""When to send again and after how long, over tables and with a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.client.retry import BACKOFF_CEILING, named_wait, wait_before

NOW = 1_800_000_000.0


def date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        (".5", 0.5),
        (date(30), 30.0),
        (date(-30), 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        ("-1", None),
        ("1e3", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, seconds):
    """Retry-After counts as int, float or HTTP date, a past date is no wait, and anything else is unreadable."""
    assert named_wait({"retry-after": value}, NOW, rate_limited=True) == seconds


@pytest.mark.parametrize("name", ["x-ratelimit-reset", "x-ratelimit-reset-requests"])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("12", 12.0),
        ("12.5", 12.5),
        (str(int(NOW) + 20), 20.0),
        (str(int(NOW) - 20), 0.0),
        (str((int(NOW) + 20) * 1000), 20.0),
        ("-5", None),
        ("6m0s", None),
        ("nan", None),
    ],
)
def test_a_rate_limit_reset_is_seconds_left_or_a_point_in_time(name, value, seconds):
    """A reset below 1e9 is seconds left; from there on it is a Unix time."""
    assert named_wait({name: value}, NOW, rate_limited=True) == seconds


def test_retry_after_wins_over_the_reset_unless_it_is_unreadable():
    """A readable Retry-After decides; an unreadable one gives way to the reset, on any failure."""
    both = {"retry-after": "3", "x-ratelimit-reset": "9"}
    assert named_wait(both, NOW, rate_limited=True) == 3
    broken = {"retry-after": "later", "x-ratelimit-reset": "9"}
    assert named_wait(broken, NOW, rate_limited=True) == 9
    assert named_wait(broken, NOW, rate_limited=False) == 9


def test_the_reset_alone_counts_on_a_rate_limit_only():
    """On another failure the reset tells when the usual window ends, and asks for no wait."""
    assert named_wait({"x-ratelimit-reset": "50"}, NOW, rate_limited=True) == 50
    assert named_wait({"x-ratelimit-reset": "50"}, NOW, rate_limited=False) is None
    assert named_wait({}, NOW, rate_limited=True) is None


def test_a_broken_reset_gives_way_to_the_one_for_requests():
    """Of the two names of the header the first readable one counts."""
    headers = {"x-ratelimit-reset": "soon", "x-ratelimit-reset-requests": "4"}
    assert named_wait(headers, NOW, rate_limited=True) == 4


@pytest.mark.parametrize(
    ("retry", "most"), [(0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (60, 8.0), (5000, 8.0)]
)
def test_backoff_doubles_up_to_eight_seconds_with_full_jitter(retry, most):
    """Without a named wait it is anything from nothing to 0.5 s doubled every time, 8 s at most."""
    assert wait_before(retry, None, 1e9, lambda: 0.0) == 0.0
    assert wait_before(retry, None, 1e9, lambda: 0.5) == most / 2
    assert wait_before(retry, None, 1e9, lambda: 0.999999) == pytest.approx(most, rel=1e-5)


def test_a_named_wait_is_a_minimum_with_a_second_of_jitter_at_most():
    """What the provider asks for is never undercut, and overrun by 1 s at most."""
    assert wait_before(0, 20.0, 1000, lambda: 0.0) == 20.0
    assert wait_before(0, 20.0, 1000, lambda: 0.75) == 20.75


def test_a_wait_that_does_not_fit_is_none():
    """A minimum beyond what remains is refused at once; jitter that does not fit is left out."""
    assert wait_before(0, 20.0, 20.0, lambda: 0.5) is None
    assert wait_before(0, 20.0, 20.1, lambda: 0.5) == 20.0
    assert wait_before(3, None, 1.0, lambda: 0.5) is None
    assert wait_before(0, None, 0.0, lambda: 0.0) is None


@given(st.text() | st.text("0123456789.,:-+ GMTJanWed", max_size=40), st.text("0123456789.-e", max_size=20))
def test_no_header_makes_it_stumble(retry_after, reset):
    """Whatever a server sends, the wait is None or a finite number of seconds that is not negative."""
    for limited in (True, False):
        wait = named_wait({"retry-after": retry_after, "x-ratelimit-reset": reset}, NOW, rate_limited=limited)
        assert wait is None or 0 <= wait < float("inf")


@given(
    retry=st.integers(0, 100),
    named=st.none() | st.floats(0, 1e6),
    remaining=st.floats(0, 1e6),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_keeps_its_bounds(retry, named, remaining, chance):
    """Whatever the numbers, a wait fits what remains, keeps the minimum, and is no longer than it may be."""
    wait = wait_before(retry, named, remaining, lambda: chance)
    if wait is None:
        assert remaining <= (named if named is not None else BACKOFF_CEILING)
        return
    assert 0 <= wait < remaining
    if named is None:
        assert wait <= BACKOFF_CEILING
    else:
        assert named <= wait <= named + 1
