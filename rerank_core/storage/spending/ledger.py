"""Reading the ledger of spending: single calls, sums by day, person, connection and model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from operator import eq, ge, le

from sqlalchemy import ColumnElement, Table, and_, case, or_, select

from rerank_core.pricing.allowance import KeyKind, Sums
from rerank_core.storage.schema.spending import calls, day_sums, totals
from rerank_core.storage.spending.rows import CALL_COLUMNS, LedgerCall, call_of, sum_columns, sums_of
from rerank_core.storage.store import Store


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which calls are meant; None for all. `first` and `last` are days of the server, both counted in."""

    who: str | None = None
    first: date | None = None
    last: date | None = None
    connection: str | None = None

    def of(self, table: Table) -> list[ColumnElement[bool]]:
        """The conditions on `calls` or `day_sums`."""
        column = table.columns
        asked = [
            (column.who, eq, self.who),
            (column.day, ge, None if self.first is None else self.first.isoformat()),
            (column.day, le, None if self.last is None else self.last.isoformat()),
            (column.connection, eq, self.connection),
        ]
        return [how(each, value) for each, how, value in asked if value is not None]


EVERYTHING = LedgerFilter()


@dataclass(frozen=True, slots=True)
class DaySums:
    """What one person's calls of one model came to on one day, with one kind of key."""

    day: date
    key: KeyKind
    who: str
    connection: str
    model: str
    sums: Sums


class SpendingLedger(Store):
    """The calls and their sums, to be read. Safe under threads, processes and, with PostgreSQL, servers."""

    subject = "spending"

    def calls(self, which: LedgerFilter = EVERYTHING, *, most: int | None = None) -> tuple[LedgerCall, ...]:
        """The calls that are kept, the newest first; with `most` no more than so many."""
        asked = select(*CALL_COLUMNS).where(*which.of(calls)).order_by(calls.c.number.desc()).limit(most)
        with self._reading() as db:
            return tuple(map(call_of, db.execute(asked)))

    def days(self, which: LedgerFilter = EVERYTHING) -> tuple[DaySums, ...]:
        """The sums by day, key, person, connection and model, the oldest day first; also of calls that are kept no
        longer."""
        column = day_sums.c
        place = (column.day, column.key, column.who, column.connection, column.model)
        asked = select(*place, *sum_columns(day_sums)).where(*which.of(day_sums)).order_by(*place)
        with self._reading() as db:
            return tuple(
                DaySums(date.fromisoformat(row.day), row.key, row.who, row.connection, row.model, sums_of(row))
                for row in db.execute(asked)
            )

    def in_doubt(
        self, which: LedgerFilter = EVERYTHING, *, most: int = 100, also: int | None = None
    ) -> tuple[LedgerCall, ...]:
        """Calls that may have been billed and are not settled, and behind them those of unknown cost, the newest first;
        `also` is the number of a call that is among them in any case."""
        column = calls.c
        unsettled = or_(
            column.state.in_(("in doubt", "unknown")),
            and_(column.state == "billed", column.doubt != "0"),
            column.number == also,
        )
        order = (
            case((column.number == also, 0), else_=1),
            case((column.state == "unknown", 1), else_=0),
            column.number.desc(),
        )
        with self._reading() as db:
            asked = select(*CALL_COLUMNS).where(*which.of(calls), unsettled).order_by(*order).limit(most)
            return tuple(map(call_of, db.execute(asked)))

    def names(self, who: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who, and over which connections, has calls in the ledger; each in the order of the alphabet."""
        which = LedgerFilter(who=who).of(day_sums)
        with self._reading() as db:
            people, connections = (
                tuple(db.execute(select(column).where(*which).distinct().order_by(column)).scalars())
                for column in (day_sums.c.who, day_sums.c.connection)
            )
            return people, connections

    def since(self) -> date | None:
        """The day on which the ledger began to count configured keys; None where there was no such call."""
        with self._reading() as db:
            found = db.execute(select(totals.c.since).where(totals.c.key == "configured")).scalar()
            return None if found is None else date.fromisoformat(found)
