"""What is written of a paid request waits for a database that is away for a moment, as when it is started again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from rerank_core.errors import RerankError

PATIENCE = 60.0
"""Seconds that an experiment waits for its ledger before it stops."""

_STEP = 0.5
P = ParamSpec("P")
T = TypeVar("T")


def patiently(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it, again and again while it raises a RerankError that passes by itself, for at most PATIENCE seconds; then
    that error is raised. It may have been done although it failed, so it must do no harm when done twice."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return call(*args, **kwargs)
        except RerankError as error:
            if not error.retryable or time.monotonic() > end:
                raise
        time.sleep(_STEP)
