"""The votes of blind tests, kept beside the runs, and which runs were shown with their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, FromClause, delete, func, insert, select, true, update

from rerank_core.ranking.blind_test import Tally, Vote
from rerank_core.storage.ownership import Ownership, refuse_change
from rerank_core.storage.schema.votes import named_runs, votes
from rerank_core.storage.sqlite_file import StoreError
from rerank_core.storage.store import Store, listed, upsert

MAX_NAMED = 10_000
"""Of how many runs it is remembered for a person that their names were shown; the latest."""


class VoteStore(Store):
    """The votes of blind tests. Every method raises StoreError, with a hint, where the database cannot be used.

    A person's votes are their own until they share them, all at once: what is shared is counted by everyone.
    """

    subject = "votes"

    def add(self, vote: Vote, runs: Sequence[str]) -> None:
        """Keep a vote about these runs, in place of an earlier one of the same round. It is shared where those before
        are. Raises StoreError (not_yours) where that one is another's."""
        with self._writing() as db:
            for earlier in db.execute(select(votes.c.owner).where(votes.c.round == vote.round)).scalars():
                refuse_change(self.actor, Ownership(earlier, True), StoreError, "round")
            shared = self._shared(db)
            db.execute(delete(votes).where(votes.c.round == vote.round))
            db.execute(
                insert(votes).values(
                    round=vote.round,
                    given=datetime.now(UTC).isoformat(timespec="microseconds"),
                    runs=json.dumps(sorted(runs)),
                    shown=json.dumps(vote.shown),
                    winner=vote.winner,
                    query=vote.query,
                    owner=self.actor.keeper,
                    shared=shared,
                )
            )

    def tally(self) -> Tally:
        """The votes of who asks, those that others share and everybody's, the oldest first."""
        with self._reading() as db:
            rows = db.execute(
                select(votes.c.round, votes.c.shown, votes.c.winner, votes.c.query)
                .where(listed(votes, self.actor))
                .order_by(votes.c.number)
            )
            return Tally(
                tuple(Vote(name, tuple(json.loads(shown)), winner, query) for name, shown, winner, query in rows)
            )

    def own(self) -> int:
        """How many votes of the tally are one's own: what `forget` forgets."""
        with self._reading() as db:
            mine = votes.c.owner == self.actor.keeper
            return int(db.execute(select(func.count()).select_from(votes).where(mine)).scalar_one())

    def shared(self) -> bool:
        """Whether everyone here counts the votes of who asks."""
        with self._reading() as db:
            return self._shared(db)

    def _shared(self, db: Connection) -> bool:
        latest = select(votes.c.shared).where(votes.c.owner == self.actor.keeper).order_by(votes.c.number.desc())
        return bool(db.execute(latest.limit(1)).scalar())

    def share(self, shared: bool = True) -> None:
        """Have everyone here count one's own votes, also those that are still to come, or take that back."""
        with self._writing() as db:
            db.execute(update(votes).where(votes.c.owner == self.actor.keeper).values(shared=shared))

    def round_of(self, runs: Sequence[str]) -> str | None:
        """The round of the latest vote about exactly these runs, in any sequence, by who asks or before people signed
        in; None where there is none."""
        with self._reading() as db:
            latest = (
                select(votes.c.round)
                .where(votes.c.runs == json.dumps(sorted(runs)), self._mine(votes))
                .order_by(votes.c.number.desc())
            )
            found = db.execute(latest.limit(1)).scalar()
            return None if found is None else str(found)

    def _mine(self, table: FromClause) -> ColumnElement[bool]:
        """Rows of who asks, or of before people signed in."""
        return true() if self.actor.person is None else table.c.owner.in_(("", self.actor.keeper))

    def forget(self) -> None:
        """Forget one's own votes; where nobody signs in, every vote. Which runs were shown with their names stays
        known: they make no fair round again."""
        mine = true() if self.actor.person is None else votes.c.owner == self.actor.keeper
        with self._writing() as db:
            db.execute(delete(votes).where(mine))

    def set_named(self, runs: Sequence[str]) -> None:
        """Remember that who asks has seen these runs with their models' names."""
        owner = self.actor.keeper
        latest = select(named_runs.c.number).where(named_runs.c.owner == owner).order_by(named_runs.c.number.desc())
        with self._writing() as db:
            upsert(db, named_runs, ({"run": run, "owner": owner} for run in runs), ("run", "owner"))
            beyond = db.execute(latest.offset(MAX_NAMED).limit(1)).scalar()
            if beyond is not None:
                db.execute(delete(named_runs).where(named_runs.c.owner == owner, named_runs.c.number <= beyond))

    def named(self, runs: Sequence[str]) -> bool:
        """Whether who asks, or anybody before people signed in, has seen any of these runs with its model's name."""
        with self._reading() as db:
            seen = select(named_runs.c.number).where(named_runs.c.run.in_(list(runs)), self._mine(named_runs))
            return db.execute(seen.limit(1)).first() is not None
