"""Reading the ledger of spending: single calls, sums by day, person, connection and model, and the file of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from rerank_core.pricing.allowance import KeyKind, Sums
from rerank_core.storage.spending.file import CALL_COLUMNS, SPENDING, SUM_COLUMNS, LedgerCall, call_of, sums_of
from rerank_core.storage.sqlite_file import SqliteFile, as_bytes, as_text


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which calls are meant; None for all. `first` and `last` are days of the server, both counted in."""

    who: str | None = None
    first: date | None = None
    last: date | None = None
    connection: str | None = None

    def sql(self) -> tuple[str, tuple[Any, ...]]:
        """The condition, and the values of its question marks."""
        conditions = {
            "who = ?": None if self.who is None else as_bytes(self.who),
            "day >= ?": None if self.first is None else self.first.isoformat(),
            "day <= ?": None if self.last is None else self.last.isoformat(),
            "connection = ?": None if self.connection is None else as_bytes(self.connection),
        }
        used = {words: value for words, value in conditions.items() if value is not None}
        return " AND ".join(used) or "1", tuple(used.values())


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


class SpendingLedger(SqliteFile):
    """The calls and their sums, to be read. Safe under threads and processes."""

    kind = SPENDING

    def calls(self, which: LedgerFilter = EVERYTHING, *, most: int | None = None) -> tuple[LedgerCall, ...]:
        """The calls that are kept, the newest first; with `most` no more than so many."""
        where, values = which.sql()
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {CALL_COLUMNS} FROM calls WHERE {where} ORDER BY number DESC LIMIT ?",  # noqa: S608
                (*values, -1 if most is None else most),
            ).fetchall()
            return tuple(map(call_of, rows))

    def days(self, which: LedgerFilter = EVERYTHING) -> tuple[DaySums, ...]:
        """The sums by day, key, person, connection and model, the oldest day first; also of calls that are kept no
        longer."""
        where, values = which.sql()
        with self._reading() as db:
            rows = db.execute(
                f"SELECT day, key, who, connection, model, {SUM_COLUMNS} FROM sums WHERE {where} "  # noqa: S608
                "ORDER BY day, key, who, connection, model",
                values,
            ).fetchall()
            return tuple(
                DaySums(
                    date.fromisoformat(day),
                    key,
                    as_text(who),
                    as_text(connection),
                    as_text(model),
                    sums_of(tuple(sums)),
                )
                for day, key, who, connection, model, *sums in rows
            )

    def in_doubt(
        self, which: LedgerFilter = EVERYTHING, *, most: int = 100, also: int | None = None
    ) -> tuple[LedgerCall, ...]:
        """Calls that may have been billed and are not settled, and behind them those of unknown cost, the newest first;
        `also` is the number of a call that is among them in any case."""
        where, values = which.sql()
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {CALL_COLUMNS} FROM calls WHERE {where} AND "  # noqa: S608
                "(state IN ('in doubt', 'unknown') OR (state = 'billed' AND doubt != '0') OR number = ?) "
                "ORDER BY number IS NOT ?, state = 'unknown', number DESC LIMIT ?",
                (*values, also, also, most),
            ).fetchall()
            return tuple(map(call_of, rows))

    def names(self, who: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who, and over which connections, has calls in the ledger; each in the order of the alphabet."""
        where, values = LedgerFilter(who=who).sql()
        with self._reading() as db:
            found = [
                db.execute(f"SELECT DISTINCT {column} FROM sums WHERE {where} ORDER BY 1", values).fetchall()  # noqa: S608
                for column in ("who", "connection")
            ]
            people, connections = (tuple(as_text(name) for (name,) in rows) for rows in found)
            return people, connections

    def since(self) -> date | None:
        """The day on which the ledger began to count configured keys; None where there was no such call."""
        with self._reading() as db:
            row = db.execute("SELECT since FROM totals WHERE key = 'configured'").fetchone()
            return None if row is None else date.fromisoformat(row[0])
