"""The votes of blind tests, kept on this machine beside the runs, and which runs were shown with their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from rerank_core.ranking.blind_test import Tally, Vote
from rerank_core.storage.sqlite_file import FileKind, SqliteFile, StoreError, as_bytes, as_text

MAX_NAMED = 10_000
"""Of how many runs it is remembered that their names were shown; the latest."""

# One script for each version of the file; never edit one that shipped.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE votes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        round TEXT NOT NULL UNIQUE,
        given TEXT NOT NULL,
        runs TEXT NOT NULL,
        shown TEXT NOT NULL,
        winner TEXT,
        query BLOB NOT NULL
    );
    CREATE TABLE named_runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL UNIQUE
    );
    """,
)


class VoteStore(SqliteFile):
    """The votes of this machine, in `votes.sqlite3` unless another path is given. Safe under threads; every method
    raises StoreError, with a hint, where the file cannot be used."""

    kind = FileKind(
        "votes.sqlite3",
        "votes",
        0x52504C56,  # "RPLV"
        _MIGRATIONS,
        StoreError,
        "move that file away, and a new one is started at the next use",
    )

    def add(self, vote: Vote, runs: Sequence[str]) -> None:
        """Keep a vote about these runs, in place of an earlier one of the same round."""
        with self._writing() as db:
            db.execute("DELETE FROM votes WHERE round = ?", (vote.round,))
            db.execute(
                "INSERT INTO votes (round, given, runs, shown, winner, query) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    vote.round,
                    datetime.now(UTC).isoformat(timespec="microseconds"),
                    json.dumps(sorted(runs)),
                    json.dumps(vote.shown),
                    vote.winner,
                    as_bytes(vote.query),
                ),
            )

    def tally(self) -> Tally:
        """All votes, the oldest first."""
        with self._reading() as db:
            rows = db.execute("SELECT round, shown, winner, query FROM votes ORDER BY number").fetchall()
        return Tally(
            tuple(Vote(name, tuple(json.loads(shown)), winner, as_text(query)) for name, shown, winner, query in rows)
        )

    def round_of(self, runs: Sequence[str]) -> str | None:
        """The round of the latest vote about exactly these runs, in any sequence; None where there is none."""
        with self._reading() as db:
            found = db.execute(
                "SELECT round FROM votes WHERE runs = ? ORDER BY number DESC LIMIT 1", (json.dumps(sorted(runs)),)
            ).fetchone()
        return None if found is None else str(found[0])

    def forget(self) -> None:
        """Forget every vote. Which runs were shown with their names stays known: they make no fair round again."""
        with self._writing() as db:
            db.execute("DELETE FROM votes")

    def set_named(self, runs: Sequence[str]) -> None:
        """Remember that these runs were on the screen with their models' names."""
        with self._writing() as db:
            db.executemany("INSERT OR IGNORE INTO named_runs (run) VALUES (?)", [(run,) for run in runs])
            db.execute("DELETE FROM named_runs WHERE number <= (SELECT max(number) FROM named_runs) - ?", (MAX_NAMED,))

    def named(self, runs: Sequence[str]) -> bool:
        """Whether any of these runs was on the screen with its model's name."""
        with self._reading() as db:
            return any(db.execute("SELECT 1 FROM named_runs WHERE run = ?", (run,)).fetchone() for run in runs)
