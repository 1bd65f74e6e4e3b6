"""Who judges a query set together, how far they are, and what was settled, kept in the database."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Protocol, Self

from sqlalchemy import Connection, delete, func, insert, select, update

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.judging.assignment import NOT_ASSIGNED, Judging, names_of_raters, seen_by
from rerank_core.evaluation.judging.settling import Rule, Settled, SettledGrade
from rerank_core.evaluation.measures.measure import check_judgments
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.storage.database import Database
from rerank_core.storage.judging.rows import (
    forget_judging,
    grade_of,
    judging_of,
    now,
    put_judging,
    row_of,
    settled_of,
    settled_row,
)
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, NOT_YOURS, Actor, Ownership, refuse_change
from rerank_core.storage.schema.columns import digest
from rerank_core.storage.schema.judging import judging_raters, judgings, settled_grades

RATER_DONE, STILL_BLIND = "rater_done", "still_blind"
"""The codes of what is refused: to rate after one has said that one is done, to settle before."""


class Sets(Protocol):
    """What is asked of the store of query sets: whose a set is, None where who asks may not open it."""

    def acting_for(self, actor: Actor) -> Self: ...
    def ownership(self, set_id: str) -> Ownership | None: ...


class JudgingStore:
    """The judgings of the query sets in `sets`. Safe under threads and processes; every use may raise ExperimentError,
    with a hint, where the database cannot be used or there is no such set.

    Whoever may change a set leads its judging: they say who rates, who is done after all, and by which rule grades
    count. A rater says that they are done themselves. Where people sign in, everybody rates and settles under the
    address that they signed in with, and no name that is given takes the place of it.
    """

    def __init__(self, database: Database, sets: Sets) -> None:
        self._database, self._sets = database, sets
        self.actor = NOBODY_SIGNS_IN

    def acting_for(self, actor: Actor) -> Self:
        """This store as somebody uses it."""
        view = copy.copy(self)
        view.actor, view._sets = actor, self._sets.acting_for(actor)
        return view

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._database.close()

    # Who rates

    def get(self, set_id: str) -> Judging:
        """Who judges a set, NOT_ASSIGNED where nobody was assigned and no rule was chosen, and for who may not open
        it."""
        if self._sets.ownership(set_id) is None:
            return NOT_ASSIGNED
        with self._database.read(ExperimentError) as connection:
            return judging_of(connection, set_id)

    def assign(
        self, set_id: str, names: Collection[str], pool: Mapping[str, Sequence[str]], *, by: str = ""
    ) -> Judging:
        """Let these people rate the documents of this pool; the judging as it is then.

        Ratings that they gave before count. Who was among them stays, and is done where they have been and the pool is
        no other one; who is no longer among them keeps their ratings. Raises InvalidRequestError for names that cannot
        be taken (see names_of_raters).
        """
        self._to_lead(set_id)
        wanted = names_of_raters(names)
        kept = {query: tuple(documents) for query, documents in pool.items() if documents}
        if not kept:
            raise ExperimentError(
                "There is no document to rate.", code="nothing_to_rate", hint="Search for candidates first."
            )
        leader = self.actor.keeper or by
        with self._writing(set_id) as connection:
            before = judging_of(connection, set_id)
            same = before.pool == kept
            done = {one.name: one.done for one in before.raters if same}
            put_judging(connection, set_id, replace(before, pool=kept, by=leader, since=now()))
            connection.execute(delete(judging_raters).where(judging_raters.c.query_set == set_id))
            connection.execute(insert(judging_raters), [row_of(set_id, name, done.get(name)) for name in wanted])
            return judging_of(connection, set_id)

    def end(self, set_id: str) -> Judging:
        """Assign nobody any more: everyone sees all ratings, which stay, as do the rule and what was settled."""
        self._to_lead(set_id)
        with self._writing(set_id) as connection:
            put_judging(connection, set_id, replace(judging_of(connection, set_id), pool={}, by="", since=None))
            connection.execute(delete(judging_raters).where(judging_raters.c.query_set == set_id))
            return judging_of(connection, set_id)

    def finish(self, set_id: str, name: str) -> Judging:
        """Say that a rater is done, who then sees everybody's ratings and changes none of their own. Raises
        ExperimentError (not_yours) for another's, where people sign in, and where nobody of that name rates here."""
        if self.actor.person is not None and name != self.actor.keeper:
            self._to_lead(set_id)
        return self._mark(set_id, name, now())

    def reopen(self, set_id: str, name: str) -> Judging:
        """Let a rater who was done go on."""
        self._to_lead(set_id)
        return self._mark(set_id, name, None)

    def _mark(self, set_id: str, name: str, done: datetime | None) -> Judging:
        self._to_open(set_id)
        with self._writing(set_id) as connection:
            found = connection.execute(
                update(judging_raters)
                .where(judging_raters.c.query_set == set_id, judging_raters.c.key == digest(name))
                .values(done=None if done is None else done.isoformat())
            )
            if found.rowcount == 0:
                raise ExperimentError(f"'{name}' does not rate in this query set.", hint="Ask who leads the judging.")
            return judging_of(connection, set_id)

    def may_lead(self, set_id: str) -> bool:
        """Whether who asks may say who rates in a set."""
        owned = self._sets.ownership(set_id)
        return owned is not None and self.actor.may_change(owned.owner)

    # Rating

    def seen(self, set_id: str, query_set: QuerySet, name: str | None) -> QuerySet:
        """A stored set with what was settled and the rule that grades count by, as somebody of that name may see it
        (see seen_by); None for who leads, and for who has this computer to themselves. Where people sign in the name is
        theirs, whatever is given, and None where they may change the set."""
        with self._database.read(ExperimentError) as connection:
            judging, settled = judging_of(connection, set_id), settled_of(connection, set_id)
        name = self._named(set_id, name)
        whole = query_set
        if settled != whole.settled or judging.rule != whole.rule:
            whole = replace(whole, settled=settled, rule=judging.rule)
        return seen_by(whole, judging, name)

    def seen_judging(self, set_id: str, name: str | None) -> Judging:
        """Who judges a set, as somebody of that name may hand it on (see `seen`): who is not done yet knows of
        themselves alone."""
        judging, name = self.get(set_id), self._named(set_id, name)
        if name is None or not judging.is_blind(name):
            return judging
        return replace(judging, raters=tuple(one for one in judging.raters if one.name == name))

    def _named(self, set_id: str, name: str | None) -> str | None:
        if self.actor.person is None:
            return name
        return None if self.may_lead(set_id) else self.actor.keeper

    def take_in(self, set_id: str, judging: Judging, settled: Settled) -> None:
        """Give a set that was taken in the judging and the settled grades that it had where it comes from, in place of
        its own. For who leads it."""
        self._to_lead(set_id)
        with self._writing(set_id) as connection:
            forget_judging(connection, set_id)
            if judging != NOT_ASSIGNED:
                put_judging(connection, set_id, judging)
            raters = [row_of(set_id, one.name, one.done) for one in judging.raters]
            grades = [
                settled_row(set_id, query, document, one)
                for query, own in settled.items()
                for document, one in own.items()
            ]
            for table, rows in ((judging_raters, raters), (settled_grades, grades)):
                if rows:
                    connection.execute(insert(table), rows)

    def check_rater(self, set_id: str, name: str) -> None:
        """Raise ExperimentError where nothing may be rated under this name now: it is not their own (not_yours), where
        people sign in, or they said that they were done (rater_done)."""
        if self.actor.person is not None and name != self.actor.keeper:
            raise ExperimentError(
                f"Ratings by '{name}' are not yours to give.",
                code=NOT_YOURS,
                hint="Rate under your own name: ratings of several people are kept apart.",
            )
        with self._database.read(ExperimentError) as connection:
            done = connection.execute(
                select(judging_raters.c.done).where(
                    judging_raters.c.query_set == set_id, judging_raters.c.key == digest(name)
                )
            ).scalar()
        if done is not None:
            raise ExperimentError(
                f"'{name}' has said that the ratings are done, so they stay as they are.",
                code=RATER_DONE,
                hint="Settle what others see differently, or ask who leads the judging to let you go on.",
            )

    # The grade that counts

    def set_rule(self, set_id: str, rule: Rule) -> Judging:
        """Say which grade counts from now on where several people rated and nothing was settled."""
        self._to_lead(set_id)
        with self._writing(set_id) as connection:
            put_judging(connection, set_id, replace(judging_of(connection, set_id), rule=rule))
            return judging_of(connection, set_id)

    def settled(self, set_id: str) -> Settled:
        """What was settled in a set, by whom and when, in the sequence in which it was. Raises ExperimentError where
        there is no such set."""
        self._to_open(set_id)
        with self._database.read(ExperimentError) as connection:
            return settled_of(connection, set_id)

    def settle(self, set_id: str, query: str, document: str, grade: int | None, *, by: str) -> SettledGrade | None:
        """Settle the grade of a document for a query, or take that back with None; gives what was settled before. Who
        settled it is the person where people sign in, whatever is given. Raises ExperimentError (still_blind) for a
        rater who is not done, InvalidRequestError for a grade that is none."""
        if grade is not None:
            check_judgments({query: {document: grade}})
        who = self.actor.keeper or by
        self._to_open(set_id)
        with self._writing(set_id) as connection:
            if self._is_blind(judging_of(connection, set_id), set_id, who):
                raise ExperimentError(
                    "Who is still rating settles nothing.",
                    code=STILL_BLIND,
                    hint="Say that you are done with your own ratings first.",
                )
            here = (settled_grades.c.query_set == set_id, settled_grades.c.key == digest(query, document))
            found = connection.execute(select(settled_grades).where(*here)).one_or_none()
            if found is not None:
                connection.execute(delete(settled_grades).where(*here))
            if grade is not None:
                row = settled_row(set_id, query, document, SettledGrade(grade, who, now()))
                connection.execute(insert(settled_grades).values(row))
            return None if found is None else grade_of(found)

    def version_of(self, set_id: str) -> tuple[int, ...]:
        """Numbers that change when the judging of a set or what was settled in it does."""
        with self._database.read(ExperimentError) as connection:
            raters = connection.execute(
                select(judging_raters.c.number, judging_raters.c.done).where(judging_raters.c.query_set == set_id)
            ).all()
            first = connection.execute(
                select(judgings.c.rule, judgings.c.since).where(judgings.c.query_set == set_id)
            ).one_or_none()
            settled = connection.execute(
                select(func.count(), func.coalesce(func.max(settled_grades.c.number), 0)).where(
                    settled_grades.c.query_set == set_id
                )
            ).one()
        known = repr([*map(tuple, raters), None if first is None else tuple(first)])
        return (zlib.crc32(known.encode()), *map(int, settled))

    def forget(self, set_id: str) -> None:
        """Delete all of this of a set that was deleted; nothing of one that is there."""
        if self._sets.acting_for(NOBODY_SIGNS_IN).ownership(set_id) is None:
            with self._writing(set_id) as connection:
                forget_judging(connection, set_id)

    # Who may

    def _is_blind(self, judging: Judging, set_id: str, who: str) -> bool:
        if self.actor.person is not None:
            return not self.may_lead(set_id) and judging.is_blind(who)
        found = judging.rater(who)  # who is no rater may lead, where nobody signs in
        return found is not None and found.done is None

    def _writing(self, set_id: str) -> AbstractContextManager[Connection]:
        return self._database.write(f"judging {set_id}", ExperimentError)

    def _to_open(self, set_id: str) -> Ownership:
        owned = self._sets.ownership(set_id)
        if owned is None:
            raise ExperimentError(
                "There is no such query set.", code="query_set_not_found", hint="It may have been deleted."
            )
        return owned

    def _to_lead(self, set_id: str) -> None:
        refuse_change(self.actor, self._to_open(set_id), ExperimentError, "query set")
