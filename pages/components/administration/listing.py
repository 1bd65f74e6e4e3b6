"""The work under way in words: whose it is, how much, how far, and how to end it. Holds no text that is worked on."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from pages.components.session import stores
from rerank_core.jobs import Job

ENDED = "Whoever runs this server ended this work. Start it again, or ask them."


@dataclass(frozen=True)
class Listed:
    """A job as the operator sees it. `number` is its name; `who` a person's address, or what tells a session apart;
    `tokens` what it reads; `seconds` since it began, or since it came where it waits; `fraction` is 0 to 1."""

    number: int
    who: str
    what: str
    tokens: int
    waits: bool
    seconds: float
    fraction: float
    stopping: bool

    @property
    def standing(self) -> str:
        """How far it is, as a sentence."""
        since = f"{self.seconds / 60:.0f} min" if self.seconds >= 120 else f"{self.seconds:.0f} s"
        if self.stopping:
            return "stopping"
        if self.waits:
            return f"waiting for {since}"
        return f"running for {since}, {self.fraction:.0%} done"


def under_way() -> list[Listed]:
    """Everybody's work that has not ended, in the order in which it came."""
    return [_listed(job) for job in stores.jobs().under_way()]


def end(number: int) -> Listed | None:
    """End the job of this number and give what it was; None where it is not under way any more. The one whose work
    it was is told that the operator ended it."""
    for job in stores.jobs().under_way():
        if job.number == number:
            found = _listed(job)
            job.cancel(ENDED)
            return found
    return None


def who(owner: str) -> str:
    """What an owner is called: by the e-mail address of somebody who signed in, else "session" and four signs."""
    if not owner or "@" in owner:
        return owner or "the server"
    return f"session {hashlib.blake2b(owner.encode(), digest_size=2).hexdigest()}"


def _listed(job: Job[Any]) -> Listed:
    now = job.progress
    return Listed(
        job.number,
        who(job.owner),
        job.label,
        job.size,
        job.state == "queued",
        time.monotonic() - job.submitted if now.started is None else now.elapsed,
        now.fraction,
        job.cancel_requested,
    )
