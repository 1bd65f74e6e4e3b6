"""Whose turn it is: a bounded share of the threads for each owner, and places that long work never takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rerank_core.errors import ConfigurationError
from rerank_core.jobs.job import Job

SHORT_TOKENS = 20_000
"""What a job may read and still be short: about a hundred documents of a page's length, or two seconds of two cores
with a model of this computer. It is known before the work begins, so nobody's work is short by luck."""


@dataclass(frozen=True, slots=True)
class Fairness:
    """How the threads of a manager are shared out.

    `for_short` of the threads are never taken by long work, so that short work does not wait behind it. An owner has
    at most `per_owner` long and as many short jobs running (0: no bound), and at most `waiting_per_owner` waiting (0:
    no bound of their own). A job is short up to `short_up_to` tokens (`Job.size`).
    """

    for_short: int = 0
    per_owner: int = 0
    waiting_per_owner: int = 0
    short_up_to: int = SHORT_TOKENS

    def __post_init__(self) -> None:
        if min(self.for_short, self.per_owner, self.waiting_per_owner, self.short_up_to) < 0:
            raise ConfigurationError("A share cannot be below 0.", hint="Use 0 or more.")

    def is_long(self, job: Job[Any]) -> bool:
        """Whether the job reads more than short work does."""
        return job.size > self.short_up_to

    def next(
        self, waiting: Iterable[Job[Any]], running: Sequence[Job[Any]], turns: Mapping[str, int], workers: int
    ) -> Job[Any] | None:
        """The job that begins on a free thread; None where none may.

        Short work comes first. Among equals the owner comes who has the fewest running, then the one whose last turn
        is the longest ago (`turns`: how many jobs had begun then), then the job that has waited the longest.
        """
        may = [job for job in waiting if self._may_begin(job, running, workers)]
        busy = Counter(job.owner for job in running)
        return min(may, key=lambda job: (self.is_long(job), busy[job.owner], turns.get(job.owner, 0)), default=None)

    def ahead(self, job: Job[Any], waiting: Sequence[Job[Any]], turns: Mapping[str, int]) -> int:
        """How many of those that wait will begin before this one, if nothing else comes."""
        left, now, begun = list(waiting), dict(turns), max(turns.values(), default=0)
        for count in range(len(left)):
            first = min(left, key=lambda one: (self.is_long(one), now.get(one.owner, 0)))
            if first is job:
                return count
            left.remove(first)
            begun += 1
            now[first.owner] = begun
        return 0

    def holds_back(self, job: Job[Any], running: Iterable[Job[Any]]) -> int:
        """How many running jobs of the same owner keep this one from beginning; 0 where it is not they that do."""
        own = self._own(job, running)
        return own if self.per_owner and own >= self.per_owner else 0

    def _may_begin(self, job: Job[Any], running: Sequence[Job[Any]], workers: int) -> bool:
        if self.per_owner and self._own(job, running) >= self.per_owner:
            return False
        return not self.is_long(job) or sum(map(self.is_long, running)) < max(1, workers - self.for_short)

    def _own(self, job: Job[Any], running: Iterable[Job[Any]]) -> int:
        """How many of the owner's running jobs are of this one's length."""
        return sum(one.owner == job.owner and self.is_long(one) == self.is_long(job) for one in running)
