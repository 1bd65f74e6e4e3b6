"""Which sign-ins have been ended, so that a cookie that somebody kept is worth nothing after a restart, and on no other
server of the same database."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import delete, insert, select

from rerank_core.storage.database import Database
from rerank_core.storage.schema.sign_outs import sign_outs

KEPT_SECONDS = 60 * 24 * 3600.0
"""For how long: twice as long as a browser keeps a sign-in."""


class SignOutStore:
    """The ended sign-ins of a database. Every method raises StoreError where it cannot be used. Safe under threads."""

    def __init__(self, database: Database | None = None, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970."""
        self._database, self._clock = database or Database(), clock

    def add(self, sign_in: str) -> None:
        """Note that a sign-in was ended, and forget those that no browser has any more. `sign_in` is a hash; the cookie
        itself is not to be kept."""
        now = self._clock()
        with self._database.write() as connection:
            connection.execute(delete(sign_outs).where(sign_outs.c.ended < now - KEPT_SECONDS))
            connection.execute(insert(sign_outs).values(sign_in=sign_in, ended=now))

    def after(self, number: int = 0) -> tuple[int, tuple[str, ...]]:
        """The sign-ins that were noted after this number, and the number to ask with the next time."""
        asked = select(sign_outs.c.number, sign_outs.c.sign_in).where(sign_outs.c.number > number)
        with self._database.read() as connection:
            found = connection.execute(asked.order_by(sign_outs.c.number)).all()
        return (found[-1][0] if found else number), tuple(row[1] for row in found)
