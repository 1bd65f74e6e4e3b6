"""The votes of blind tests, kept on this machine beside the runs, and which runs were shown with their names."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from rerank_core.ranking.blind_test import Tally, Vote
from rerank_core.storage.ownership import LISTED, OwnedFile, Ownership, listed, refuse_change
from rerank_core.storage.sqlite_file import FileKind, StoreError, as_bytes, as_text

MAX_NAMED = 10_000
"""Of how many runs it is remembered for a person that their names were shown; the latest."""

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
    # What is there by now is everybody's.
    """
    ALTER TABLE votes ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE votes ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE named_to (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL,
        owner TEXT NOT NULL,
        UNIQUE (run, owner)
    );
    INSERT INTO named_to (run, owner) SELECT run, '' FROM named_runs ORDER BY number;
    DROP TABLE named_runs;
    ALTER TABLE named_to RENAME TO named_runs;
    """,
)


class VoteStore(OwnedFile):
    """The votes of this machine, in `votes.sqlite3` unless another path is given. Safe under threads; every method
    raises StoreError, with a hint, where the file cannot be used.

    A person's votes are their own until they share them, all at once: what is shared is counted by everyone.
    """

    kind = FileKind(
        "votes.sqlite3",
        "votes",
        0x52504C56,  # "RPLV"
        _MIGRATIONS,
        StoreError,
        "move that file away, and a new one is started at the next use",
    )

    def add(self, vote: Vote, runs: Sequence[str]) -> None:
        """Keep a vote about these runs, in place of an earlier one of the same round. It is shared where those before
        are. Raises StoreError (not_yours) where that one is another's."""
        owner = self.actor.keeper
        with self._writing() as db:
            for (earlier,) in db.execute("SELECT owner FROM votes WHERE round = ?", (vote.round,)).fetchall():
                refuse_change(self.actor, Ownership(earlier, True), StoreError, "round")
            shared = self._shared(db)
            db.execute("DELETE FROM votes WHERE round = ?", (vote.round,))
            db.execute(
                "INSERT INTO votes (round, given, runs, shown, winner, query, owner, shared) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    vote.round,
                    datetime.now(UTC).isoformat(timespec="microseconds"),
                    json.dumps(sorted(runs)),
                    json.dumps(vote.shown),
                    vote.winner,
                    as_bytes(vote.query),
                    owner,
                    shared,
                ),
            )

    def tally(self) -> Tally:
        """The votes of who asks, those that others share and everybody's, the oldest first."""
        with self._reading() as db:
            rows = db.execute(
                f"SELECT round, shown, winner, query FROM votes WHERE {LISTED} ORDER BY number",  # noqa: S608
                listed(self.actor),
            ).fetchall()
            return Tally(
                tuple(
                    Vote(name, tuple(json.loads(shown)), winner, as_text(query)) for name, shown, winner, query in rows
                )
            )

    def own(self) -> int:
        """How many votes of the tally are one's own: what `forget` forgets."""
        with self._reading() as db:
            return int(db.execute("SELECT count(*) FROM votes WHERE owner = ?", (self.actor.keeper,)).fetchone()[0])

    def shared(self) -> bool:
        """Whether everyone here counts the votes of who asks."""
        with self._reading() as db:
            return self._shared(db)

    def _shared(self, db: sqlite3.Connection) -> bool:
        latest = "SELECT shared FROM votes WHERE owner = ? ORDER BY number DESC LIMIT 1"
        found = db.execute(latest, (self.actor.keeper,)).fetchone()
        return found is not None and bool(found[0])

    def share(self, shared: bool = True) -> None:
        """Have everyone here count one's own votes, also those that are still to come, or take that back."""
        with self._writing() as db:
            db.execute("UPDATE votes SET shared = ? WHERE owner = ?", (shared, self.actor.keeper))

    def round_of(self, runs: Sequence[str]) -> str | None:
        """The round of the latest vote about exactly these runs, in any sequence, by who asks or before people signed
        in; None where there is none."""
        with self._reading() as db:
            found = db.execute(
                "SELECT round FROM votes WHERE runs = ? AND (? OR owner IN ('', ?)) ORDER BY number DESC LIMIT 1",
                (json.dumps(sorted(runs)), self.actor.person is None, self.actor.keeper),
            ).fetchone()
            return None if found is None else str(found[0])

    def forget(self) -> None:
        """Forget one's own votes; where nobody signs in, every vote. Which runs were shown with their names stays
        known: they make no fair round again."""
        with self._writing() as db:
            db.execute("DELETE FROM votes WHERE ? OR owner = ?", (self.actor.person is None, self.actor.keeper))

    def set_named(self, runs: Sequence[str]) -> None:
        """Remember that who asks has seen these runs with their models' names."""
        owner = self.actor.keeper
        with self._writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO named_runs (run, owner) VALUES (?, ?)", [(run, owner) for run in runs]
            )
            db.execute(
                "DELETE FROM named_runs WHERE owner = ? AND number NOT IN "
                "(SELECT number FROM named_runs WHERE owner = ? ORDER BY number DESC LIMIT ?)",
                (owner, owner, MAX_NAMED),
            )

    def named(self, runs: Sequence[str]) -> bool:
        """Whether who asks, or anybody before people signed in, has seen any of these runs with its model's name."""
        seen = "SELECT 1 FROM named_runs WHERE run = ? AND (? OR owner IN ('', ?))"
        who = (self.actor.person is None, self.actor.keeper)
        with self._reading() as db:
            return any(db.execute(seen, (run, *who)).fetchone() for run in runs)
