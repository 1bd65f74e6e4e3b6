"""Whose turn it is at this computer's processors: short work first, then one owner after the other.

Every run of a model (`workers.run`) asks for a turn at a processor, and between two texts lets those go first whose
turn it is. So a list of thousands of texts lets a short one in between any two of its texts, instead of sharing the
processors with it for as long as it takes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rerank_core.jobs import SHORT_TOKENS, current_job

_HEARD_EVERY = 0.2  # seconds


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for turns: whose work it is, and whether it is long, which is known before it begins."""

    owner: str = ""
    long: bool = False

    @classmethod
    def of_this_thread(cls) -> Claim:
        """The claim of the job whose work this thread does; short and nobody's where there is none."""
        job = current_job()
        return cls() if job is None else cls(job.owner, job.size > SHORT_TOKENS)


@dataclass(eq=False, slots=True)
class _Waiter:
    claim: Claim
    called: threading.Event = field(default_factory=threading.Event)


class Turns:
    """So many places at the processors. Safe under threads.

    A place that is let go of goes to the claim that is short; among equals to the owner whose last turn is the longest
    ago, and then to the one that came first.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = threading.Lock()
        self._waiting: list[_Waiter] = []
        self._last: dict[str, int] = {}  # by owner: how many turns had been given when they had their last one
        self._given = 0

    @contextmanager
    def turn(self, claim: Claim, heard: Callable[[int], object] | None = None) -> Iterator[None]:
        """Wait for a place, and have it for as long as the block takes. `heard` is as in `take`."""
        self.take(claim, heard)
        try:
            yield
        finally:
            self.let_go()

    def take(self, claim: Claim, heard: Callable[[int], object] | None = None) -> None:
        """Wait for a place. Whoever has it gives it back with `let_go`.

        While it waits, `heard` is told every fifth of a second how many have their turn before; what that raises ends
        the wait, without a place.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                self._note(claim)
                return
            waiter = _Waiter(claim)
            self._waiting.append(waiter)
        if heard is None:
            waiter.called.wait()
            return
        try:
            while not waiter.called.wait(_HEARD_EVERY):
                heard(self._before(waiter))
        except BaseException:
            self._give_up(waiter)
            raise

    def _before(self, waiter: _Waiter) -> int:
        """How many have their turn before one that waits."""
        with self._lock:
            in_turn = sorted(self._waiting, key=self._order)
            return in_turn.index(waiter) if waiter in in_turn else 0

    def _give_up(self, waiter: _Waiter) -> None:
        with self._lock:
            waits = waiter in self._waiting
            if waits:
                self._waiting.remove(waiter)
        if not waits:  # it was called at this moment
            self.let_go()

    def let_go(self) -> None:
        """Give a place back, to whoever's turn it is."""
        with self._lock:
            if not self._waiting:
                self._free += 1
                self._last.clear()
                return
            waiter = min(self._waiting, key=self._order)
            self._waiting.remove(waiter)
            self._note(waiter.claim)
        waiter.called.set()

    def pass_on(self, claim: Claim) -> None:
        """Between two parts of a long piece: let those go first whose turn it is before this one's."""
        with self._lock:
            mine = (claim.long, self._last.get(claim.owner, 0))
            others = any(self._order(waiter) < mine for waiter in self._waiting)
        if others:
            self.let_go()
            self.take(claim)

    def _order(self, waiter: _Waiter) -> tuple[bool, int]:
        return waiter.claim.long, self._last.get(waiter.claim.owner, 0)

    def _note(self, claim: Claim) -> None:
        self._given += 1
        self._last[claim.owner] = self._given


PROCESSORS = Turns(cores())
"""The processors of this computer, which all models share."""
