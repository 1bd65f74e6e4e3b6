"""Servers on one database, each with a sign of life, and the work that outlives a server.

A server's sign of life is a lock that ends with it, so that nothing has to be renewed and no clock is compared: it is
the lease under which a server has its work. Work whose server is gone belongs to whoever claims it first.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from rerank_core.errors import RerankError
from rerank_core.storage.database import Database
from rerank_core.storage.replicas.records import Replica, Whereabouts, Work
from rerank_core.storage.schema.replicas import asked_ends, replicas, work
from rerank_core.storage.spending.process_mark import Presence, mark_of
from rerank_core.storage.sqlite_file import StoreError
from rerank_core.storage.store import Store, upsert

_work, _replica, _end = work.c, replicas.c, asked_ends.c


class ReplicaStore(Store):
    """The servers of a database and their work. One for each server, safe under its threads; every method raises
    StoreError where the database cannot be used."""

    subject = "replicas"

    def __init__(self, database: Database | Path | str | None = None) -> None:
        super().__init__(database)
        self._guard = threading.Lock()
        self._mark: Presence | None = None
        self._ended: dict[str, bool] = {}  # what has ended here and is not written down: whether it is to go on

    def here(self) -> str:
        """The token of this server, whose sign of life is there from now on, until it leaves or ends."""
        return self._present().token

    # Servers

    def announce(self, name: str, listing: Iterable[Mapping[str, Any]]) -> frozenset[int]:
        """Say what this server is called and what is under way on it, in what JSON can hold; the numbers of the work
        here that somebody on another server asked to end since. What has gone without leaving is forgotten."""
        mark, said = self._present(), json.dumps([dict(one) for one in listing])
        row = {"token": mark.token, "name": name, "listing": said}
        with self._reading() as db:
            known = {one.token: one for one in db.execute(select(replicas))}
            own = known.get(mark.token)
            same = own is not None and (own.name, own.listing) == (name, said)
            gone = [token for token in known if not mark.alive(token, db)]
            asked = db.execute(select(_end.job).where(_end.replica == mark.token).limit(1)).first()
        if same and not gone and asked is None:
            return frozenset()
        with self._writing() as db:
            upsert(db, replicas, [row], ("token",), ("name", "listing"))
            db.execute(delete(replicas).where(_replica.token.in_(gone)))
            mine = _end.replica == mark.token
            numbers = frozenset(db.execute(select(_end.job).where(mine)).scalars())
            db.execute(delete(asked_ends).where(mine))
        return numbers

    def others(self) -> tuple[Replica, ...]:
        """The other servers that are there, by their names."""
        mark = self._present()
        with self._reading() as db:
            rows = db.execute(select(replicas).where(_replica.token != mark.token)).all()
            found = [
                Replica(row.token, row.name, tuple(json.loads(row.listing)))
                for row in rows
                if mark.alive(row.token, db)
            ]
        return tuple(sorted(found, key=lambda one: (one.name, one.token)))

    def ask_end(self, token: str, job: int) -> bool:
        """Ask a server to end a piece of work, by its number there; False where that server is not there any more."""
        with self._writing() as db:
            if not self._present().alive(token, db):
                return False
            if db.execute(select(_replica.token).where(_replica.token == token)).first() is None:
                return False
            upsert(db, asked_ends, [{"replica": token, "job": job}], ("replica", "job"))
        return True

    def leave(self) -> None:
        """This server ends: others may go on with its work, and it is not listed any more."""
        with self._guard:
            mark, self._mark = self._mark, None
        if mark is None:
            return
        try:
            with self._writing() as db:
                db.execute(update(work).where(_work.replica == mark.token).values(replica=""))
                db.execute(delete(replicas).where(_replica.token == mark.token))
        finally:
            mark.end()

    # Work

    def take(self, one: Work) -> None:
        """Write down that this server has begun a piece of work, in place of what was known of it. Raises StoreError
        (code work_elsewhere) where another server that is there has it."""
        mark = self._present()
        with self._writing() as db:
            there = db.execute(select(_work.replica).where(_work.id == one.id)).scalar()
            if there and there != mark.token and mark.alive(there, db):
                raise StoreError(
                    "Another server is at this already.",
                    hint="Wait for it, or pause or cancel it first.",
                    code="work_elsewhere",
                )
            db.execute(delete(work).where(_work.id == one.id))
            row = {
                "id": one.id,
                "kind": one.kind,
                "owner": one.owner,
                "operator": one.operator,
                "terms": json.dumps(dict(one.terms)),
                "alone": one.alone,
                "replica": mark.token,
                "deaths": one.deaths,
            }
            db.execute(insert(work).values(row))
        self._ended.pop(one.id, None)

    def find(self, work_id: str) -> tuple[Work, Whereabouts] | None:
        """A piece of work and who has it; None where it is over, or never was."""
        mark = self._present()
        with self._reading() as db:
            row = db.execute(select(work).where(_work.id == work_id)).first()
            return None if row is None else (_made(row), _whereabouts(row.replica, mark, db))

    def free(self) -> tuple[Work, ...]:
        """The work that no server has, or one that is gone."""
        mark = self._present()
        with self._reading() as db:
            rows = db.execute(select(work).order_by(_work.id)).all()
            return tuple(_made(row) for row in rows if _whereabouts(row.replica, mark, db) == "nowhere")

    def claim(self, one: Work) -> bool:
        """Have this server go on with free work, as `free` gave it; False where another one was first. A death is
        counted where the last server did not give it back."""
        mark = self._present()
        with self._writing() as db:
            before = (_work.id == one.id, _work.replica == one.replica, _work.deaths == one.deaths)
            if one.replica and mark.alive(one.replica, db):
                return False
            now = {"replica": mark.token, "deaths": one.deaths + bool(one.replica)}
            return db.execute(update(work).where(*before).values(now)).rowcount > 0

    def mine(self) -> tuple[str, ...]:
        """The ids of the work that this server has."""
        mark = self._present()
        with self._reading() as db:
            return tuple(db.execute(select(_work.id).where(_work.replica == mark.token)).scalars())

    def end(self, work_id: str, *, goes_on: bool = False) -> None:
        """This server is not at it any more: it is over, or `goes_on` wherever a server takes it. What another server
        has by now stays as it is. Where the database cannot be written, that is done at the next `settle`."""
        self._ended[work_id] = goes_on
        with contextlib.suppress(RerankError):
            self.settle()

    def settle(self) -> None:
        """Write down what has ended here and could not be written before."""
        with self._guard:
            mark = self._mark
        ended = dict(self._ended)
        if mark is not None and ended:
            with self._writing() as db:
                for work_id, goes_on in ended.items():
                    here = (_work.id == work_id, _work.replica == mark.token)
                    db.execute(update(work).where(*here).values(replica="") if goes_on else delete(work).where(*here))
        for work_id in ended:
            self._ended.pop(work_id, None)

    def _present(self) -> Presence:
        with self._guard:
            try:
                if self._mark is None:
                    self._mark = mark_of(self.database)
                else:
                    self._mark.renew()
            except (sqlite3.Error, OSError) as error:
                raise self.database.explanation(error, StoreError) from error
            return self._mark


def _made(row: Row[Any]) -> Work:
    return Work(
        row.id, row.kind, row.owner, bool(row.operator), json.loads(row.terms), row.alone, row.deaths, row.replica
    )


def _whereabouts(token: str, mark: Presence, db: Connection) -> Whereabouts:
    if token == mark.token:
        return "here"
    return "elsewhere" if token and mark.alive(token, db) else "nowhere"
