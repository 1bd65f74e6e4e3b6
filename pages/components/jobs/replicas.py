"""Work that outlives its server, where several servers share a PostgreSQL.

Whoever starts such work writes it down first. Each server looks every other second at what the others are at, and goes
on with work whose server has ended. With SQLite there is one server, and nothing of this: work waits until somebody
goes on with it.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st

from pages.components.session import stores
from rerank_core.errors import RerankError
from rerank_core.jobs import JobContext
from rerank_core.storage.replicas.records import Work
from rerank_core.storage.replicas.store import ReplicaStore

EVERY_SECONDS = 2.0
MOST_DEATHS = 5
"""Of so many servers one after the other that died over the same work, the work may be the cause."""

T = TypeVar("T")
log = logging.getLogger("rerank_playground")


def shared() -> bool:
    """Whether other servers can be on this database."""
    return stores.database().file is None


def name() -> str:
    """What this server is called: its computer and its port."""
    return f"{socket.gethostname()}:{st.get_option('server.port')}"


def until_over(context: JobContext, here: ReplicaStore, work_id: str, run: Callable[..., T], *args: Any) -> T:
    """Do work that is written down, on a worker thread, and write down that it is over. Where the database was away, or
    another server still had it, it goes on wherever a server takes it."""
    goes_on = False
    try:
        return run(context, *args)
    except RerankError as error:
        goes_on = error.retryable or error.code == "experiment_running"
        raise
    finally:
        here.end(work_id, goes_on=goes_on)


@dataclass(frozen=True)
class LastingKind:
    """A kind of work that outlives its server. `able` says whether this server can go on with a piece of it, having the
    keys; `begin` hands it to a worker, or raises RerankError."""

    able: Callable[[Work], bool]
    begin: Callable[[Work], object]


@dataclass
class Watch:
    """What a server does to be one of several: it says what is under way here (`listing`), ends what somebody on
    another one asked to `end`, and goes on with work of `kinds` whose server has ended."""

    kinds: Mapping[str, LastingKind]
    listing: Callable[[], Iterable[Mapping[str, Any]]]
    end: Callable[[int], object]
    _free: set[tuple[str, str]] = field(default_factory=set)
    _idle: set[str] = field(default_factory=set)
    _failing: bool = False

    def look(self) -> None:
        """Do so once. What has to be seen twice is done at the second look: after a restart of PostgreSQL all servers
        need a moment to show that they are there, and work is written down a moment before it begins."""
        here = stores.replicas()
        here.settle()
        for number in here.announce(name(), self.listing()):
            self.end(number)
        under_way = {job.id for job in stores.jobs().under_way()}
        idle = {work_id for work_id in here.mine() if work_id not in under_way}
        for work_id in idle & self._idle:  # somebody ended it before it began
            here.end(work_id)
        self._idle = idle
        free = {(one.id, one.replica): one for one in here.free() if self._may(one)}
        for place, one in free.items():
            if place in self._free and here.claim(one):
                self._begin(here, one)
        self._free = set(free)

    def _may(self, one: Work) -> bool:
        kind = self.kinds.get(one.kind)
        return kind is not None and not one.alone and one.deaths < MOST_DEATHS and kind.able(one)

    def _begin(self, here: ReplicaStore, one: Work) -> None:
        log.info("Going on with %s %s, whose server has ended", one.kind, one.id)
        try:
            self.kinds[one.kind].begin(one)
        except RerankError as error:
            log.warning("%s %s could not be gone on with: %s", one.kind, one.id, error)
            here.end(one.id, goes_on=error.retryable)

    def until(self, ending: threading.Event) -> None:
        """Look every other second, until the server ends."""
        while not ending.wait(EVERY_SECONDS):
            try:
                self.look()
                self._failing = False
            except RerankError as error:
                if not self._failing:
                    log.warning("The other servers cannot be seen: %s", error)
                self._failing = True
            except Exception:  # the server goes on, and looks again
                log.exception("The other servers could not be looked at")


@contextlib.contextmanager
def one_of_several(watch: Watch) -> Iterator[None]:
    """Be one of the servers of a shared database while this lasts. At the end the others may go on with what is under
    way here."""
    if not shared():
        yield
        return
    ending = threading.Event()
    looking = threading.Thread(target=watch.until, args=(ending,), name="replicas", daemon=True)
    looking.start()
    try:
        yield
    finally:
        ending.set()
        looking.join()
        with contextlib.suppress(RerankError):
            stores.replicas().leave()
