"""When to send again, and after how long: pure functions of what was answered and of the clock."""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

BACKOFF_START = 0.5
"""Seconds: the most that is waited before the first retry where the provider names no wait."""

BACKOFF_CEILING = 8.0
"""Seconds: the most that any one such wait lasts."""

_JITTER = 1.0
_EPOCH_FROM = 1e9  # as seconds left this would be 31 years; as a point in time it is 2001
_EPOCH_MS_FROM = 1e12
_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Timing:
    """Where time and chance come from, so that a test can hand in its own.

    `clock` is monotonic seconds, `now` seconds since 1970, `random` a number from 0 up to 1. `sleep` None is
    a real wait that closing the client interrupts.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    random: Callable[[], float] = random.random
    sleep: Callable[[float], None] | None = None


def named_wait(headers: Mapping[str, str], now: float, *, rate_limited: bool) -> float | None:
    """Seconds that the reply asks to wait, None where it names no wait that can be read.

    `Retry-After` (seconds or an HTTP date) comes first. `X-RateLimit-Reset` or `X-RateLimit-Reset-Requests`
    (seconds left, or a Unix time from 1e9 up) steps in where Retry-After cannot be read, and on a rate limit
    also where there is none: on other failures it only tells when the usual window ends.
    """
    asked = headers.get("retry-after")
    if asked is not None:
        seconds = _seconds(asked, now)
        if seconds is not None:
            return seconds
    elif not rate_limited:
        return None
    for name in ("x-ratelimit-reset", "x-ratelimit-reset-requests"):
        value = headers.get(name)
        if value is not None and (seconds := _until(value, now)) is not None:
            return seconds
    return None


def wait_before(retry: int, named: float | None, remaining: float, chance: Callable[[], float]) -> float | None:
    """Seconds to wait before the given retry (from 0), None where the wait does not fit what remains.

    A named wait is a minimum, on top of which up to 1 s of jitter is added where it fits. Otherwise the wait is
    anything between 0 and min(8, 0.5 * 2**retry) seconds: exponential backoff with full jitter.
    """
    if named is not None:
        if named >= remaining:
            return None
        jittered = named + _JITTER * chance()
        return jittered if jittered < remaining else named
    wait = min(BACKOFF_CEILING, BACKOFF_START * 2.0 ** min(retry, 10)) * chance()
    return wait if wait < remaining else None


def _seconds(value: str, now: float) -> float | None:
    """Retry-After as seconds from now: an int, a float, or an HTTP date (in the past: 0)."""
    text = value.strip()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)


def _until(value: str, now: float) -> float | None:
    """X-RateLimit-Reset as seconds from now: seconds left, or a Unix time in seconds or milliseconds."""
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    if number < _EPOCH_FROM:
        return number
    return max(0.0, (number / 1000 if number >= _EPOCH_MS_FROM else number) - now)
