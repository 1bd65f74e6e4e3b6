"""The work under way in words: whose it is, how much, how far, and how to end it. Holds no text that is worked on."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from pages.components.jobs import replicas
from pages.components.session import stores
from rerank_core.errors import RerankError
from rerank_core.jobs import Job

ENDED = "Whoever runs this server ended this work. Start it again, or ask them."


@dataclass(frozen=True)
class Listed:
    """A job as the operator sees it. `number` is its name on its server; `who` a person's address, or what tells a
    session apart; `tokens` what it reads; `seconds` since it began, or since it came where it waits; `fraction` is 0 to
    1. `server` is what its server is called where there are several, and `token` that server's, empty for this one."""

    number: int
    who: str
    what: str
    tokens: int
    waits: bool
    seconds: float
    fraction: float
    stopping: bool
    server: str = ""
    token: str = ""

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
    """Everybody's work on this server that has not ended, in the order in which it came."""
    return [_listed(job) for job in stores.jobs().under_way()]


def on_every_server() -> list[Listed]:
    """The same of this server and of the others on its database, as those have said within the last seconds. Raises
    StoreError where the database cannot be used."""
    if not replicas.shared():
        return under_way()
    found = [replace(one, server=replicas.name()) for one in under_way()]
    for other in stores.replicas().others():
        for row in other.listing:
            with suppress(TypeError):  # said by another version
                found.append(replace(Listed(**row), server=other.name, token=other.token))
    return found


def plain() -> list[dict[str, Any]]:
    """The work of this server in what JSON can hold, for the other servers."""
    return [asdict(one) for one in under_way()]


def end(number: int) -> Listed | None:
    """End the job of this number and give what it was; None where it is not under way any more. The one whose work
    it was is told that the operator ended it."""
    for job in stores.jobs().under_way():
        if job.number == number:
            found = _listed(job)
            job.cancel(ENDED)
            return found
    return None


def end_there(one: Listed) -> str:
    """End a job of this server, or ask its own to; what came of it, as a sentence."""
    about = f"{one.number}. {one.what}, {one.who}"
    if not one.token:
        return f"Ended: {about}." if end(one.number) is not None else f"{one.number} had ended by itself."
    try:
        asked = stores.replicas().ask_end(one.token, one.number)
    except RerankError as error:
        return f"{error.message} {error.hint}"
    return f"Asked {one.server} to end {about}." if asked else f"{one.server} is not there any more."


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
