"""A store: tables of the database that belong together, as somebody uses them."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

from sqlalchemy import ColumnElement, Connection, FromClause, Table, exc, or_, true
from sqlalchemy.dialects import postgresql, sqlite

from rerank_core.errors import RerankError
from rerank_core.storage.database import Database
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, Actor
from rerank_core.storage.sqlite_file import UNREADABLE, StoreError


class Store:
    """A part of a database. It acts for nobody in particular until `acting_for` says for whom.

    `database` is the database, or the path of an SQLite file with one of its own; None for the database of this
    computer or the one that RERANK_DATABASE_URL names. It is opened at the first use, so that making a store never
    fails. Every use may raise `error`, with a hint, where the database cannot be used. Safe under threads. Close it, or
    use it in a `with`.
    """

    subject: ClassVar[str]
    """Writers of one subject wait for each other."""

    error: ClassVar[type[RerankError]] = StoreError

    def __init__(self, database: Database | Path | str | None = None) -> None:
        if isinstance(database, Database):
            self.database = database
        else:
            self.database = Database() if database is None else Database.at(database)
        self.actor = NOBODY_SIGNS_IN

    def acting_for(self, actor: Actor) -> Self:
        """This store as somebody uses it: over the same database, with what they may open and change. Safe to hand to a
        worker thread."""
        view = copy.copy(self)
        view.actor = actor
        return view

    def close(self) -> None:
        """Close the database, for all who use it; the next use opens it again."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection to read rows with, and to make of them what they stand for. Both belong inside: rows of which
        nothing can be made are damage of the database. What a caller gives is checked before."""
        with self._sound(), self.database.read(self.error) as db:
            yield db

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """The same in one transaction that may write."""
        with self._sound(), self.database.write(self.subject, self.error) as db:
            yield db

    @contextlib.contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except (*UNREADABLE, exc.NoResultFound) as error:  # a row that others speak of is gone: that is damage too
            raise self.database.damaged(self.error) from error


def listed(table: FromClause, actor: Actor) -> ColumnElement[bool]:
    """`Actor.lists` as a condition on a table with the columns `owner` and `shared`."""
    return true() if actor.person is None else or_(table.c.shared, table.c.owner.in_(("", actor.person)))


def upsert(
    db: Connection, table: Table, rows: Iterable[dict[str, Any]], by: tuple[str, ...], change: tuple[str, ...] = ()
) -> None:
    """Insert rows; where one with the same columns `by` is there, give it the new values of the columns `change`, or
    leave it as it is where there are none."""
    given = list(rows)
    if not given:
        return
    statement = (postgresql if db.dialect.name == "postgresql" else sqlite).insert(table)
    if change:
        new = {name: statement.excluded[name] for name in change}
        db.execute(statement.on_conflict_do_update(index_elements=by, set_=new), given)
    else:
        db.execute(statement.on_conflict_do_nothing(index_elements=by), given)
