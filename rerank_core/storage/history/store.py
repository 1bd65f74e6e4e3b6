"""History: the list of what somebody made, and everything that is done with it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, or_, select, true, tuple_, update

from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.history.earlier import has_unlisted, list_earlier
from rerank_core.storage.history.filing import MODEL, TAG, contenders_of, file_experiment, index_again, set_tags
from rerank_core.storage.history.record import (
    MOST_NAME,
    MOST_NOTE,
    HistoryEntry,
    Wanted,
    cleaned_tags,
)
from rerank_core.storage.history.words import containing
from rerank_core.storage.ownership import Ownership, refuse_change
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema.evaluation import experiments, query_sets
from rerank_core.storage.schema.history import history, history_marks, history_runs
from rerank_core.storage.schema.runs import run_ratings, runs
from rerank_core.storage.sqlite_file import StoreError
from rerank_core.storage.store import Store

if TYPE_CHECKING:
    from rerank_core.storage.experiments import ExperimentStore
    from rerank_core.storage.query_sets import QuerySetStore

_OWNER = func.coalesce(runs.c.owner, experiments.c.owner)
_SHARED = func.coalesce(runs.c.shared, experiments.c.shared)
_PINNED = func.coalesce(runs.c.pinned, experiments.c.pinned)
_WHOLE = (
    history.outerjoin(runs, runs.c.number == history.c.run)
    .outerjoin(experiments, experiments.c.number == history.c.experiment)
    .outerjoin(query_sets, query_sets.c.id == experiments.c.query_set)
)
_ROW: tuple[ColumnElement[Any], ...] = (
    history.c.number,
    history.c.id,
    history.c.page,
    history.c.created,
    history.c.name,
    history.c.note,
    history.c.experiment,
    runs.c.query,
    runs.c.documents,
    experiments.c.name.label("called"),
    experiments.c.contenders,
    experiments.c.queries,
    query_sets.c.id.label("query_set"),
    query_sets.c.name.label("set_name"),
    _OWNER.label("owner"),
    _SHARED.label("shared"),
    _PINNED.label("pinned"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list, newest first, and whether there are older entries."""

    entries: tuple[HistoryEntry, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by: keys of contenders, tags, owners."""

    models: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]


class HistoryStore(Store):
    """What was made on this server, as history lists it. A thing is changed by its owner and by operators, and found by
    whoever lists it: its owner, everyone where it is shared or nobody's.

    Every method raises StoreError, with a hint, where the database cannot be used, and for another's thing (codes
    not_shared, not_yours).
    """

    subject = "history"

    def __init__(
        self,
        database: Database | Path | str | None = None,
        *,
        runs: RunStore | None = None,
        sets: QuerySetStore | None = None,
        experiments: ExperimentStore | None = None,
    ) -> None:
        """`runs`, `sets` and `experiments` are stores over the same database, with the bounds of what one owner may
        keep; None for the usual ones."""
        super().__init__(database)
        self._runs = runs or RunStore(self.database)
        self._sets, self._experiments = sets, experiments
        self._complete: list[bool] = []  # one for all views of a store

    def _list_earlier(self) -> None:
        """See to it, once, that what was kept before there was a history is in it."""
        if self._complete:
            return
        with self._reading() as db:
            incomplete = has_unlisted(db)
        if incomplete:
            with self._writing() as db:
                list_earlier(db)
        self._complete.append(True)

    # Finding

    def find(self, wanted: Wanted, limit: int = 20) -> Found:
        """What is looked for, newest first, at most `limit` entries."""
        self._list_earlier()
        with self._reading() as db:
            rows = db.execute(
                select(*_ROW)
                .select_from(_WHOLE)
                .where(*self._conditions(db, wanted))
                .order_by(history.c.created.desc(), history.c.number.desc())
                .limit(limit + 1)
            ).all()
            return Found(_entries(db, rows[:limit]), len(rows) > limit)

    def get(self, thing: str) -> HistoryEntry | None:
        """One entry; None where there is none of this id, or it may not be opened."""
        with self._reading() as db:
            row = db.execute(select(*_ROW).select_from(_WHOLE).where(history.c.id == thing)).first()
            if row is None or not self.actor.may_open(row.owner, bool(row.shared)):
                return None
            return _entries(db, [row])[0]

    def choices(self) -> Choices:
        """What the entries of who asks can be filtered by."""
        with self._reading() as db:

            def values(kind: str) -> tuple[str, ...]:
                found = db.execute(
                    select(history_marks.c.value)
                    .distinct()
                    .select_from(history_marks.join(_WHOLE, history.c.number == history_marks.c.entry))
                    .where(history_marks.c.kind == kind, self._listed())
                )
                return tuple(sorted(found.scalars()))

            owners = db.execute(select(_OWNER).distinct().select_from(_WHOLE).where(self._listed())).scalars()
            return Choices(values(MODEL), values(TAG), tuple(sorted(owners)))

    def context(self, thing: str) -> str:
        """What its page wrote down to show a thing again (`Made.context`); empty where there is none."""
        if self.get(thing) is None:
            return ""
        with self._reading() as db:
            found: str = db.execute(select(history.c.context).where(history.c.id == thing)).scalar_one()
            return found

    def settings(self, thing: str) -> dict[str, str]:
        """What its page wrote down for a person who compares two things: the texts under "settings" in its context."""
        try:
            found = json.loads(self.context(thing) or "{}").get("settings")
        except (ValueError, AttributeError):
            return {}
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}

    def request_of(self, run_id: str) -> str:
        """What names the request of a run that was paid for (`request_key`); empty for one that was free."""
        with self._reading() as db:
            return str(db.execute(select(runs.c.asked).where(runs.c.id == run_id)).scalar() or "")

    def sent_of(self, run_id: str) -> str:
        """What names that which a service was sent for a run (`rerank_core.client.sent`); empty where nothing does."""
        with self._reading() as db:
            return str(db.execute(select(runs.c.sent).where(runs.c.id == run_id)).scalar() or "")

    def _listed(self) -> ColumnElement[bool]:
        person = self.actor.person
        return true() if person is None else or_(_SHARED, _OWNER.in_(("", person)))

    def _conditions(self, db: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
        """What has to hold of an entry."""
        found = [self._listed()]
        words = containing(db, wanted.words)
        if words is not None:
            found.append(words)
        if wanted.pages:
            found.append(history.c.page.in_(wanted.pages))
        for kind, values in ((MODEL, wanted.models), (TAG, wanted.tags)):
            if values:
                marked = select(history_marks.c.entry).where(
                    history_marks.c.kind == kind, history_marks.c.value.in_(values)
                )
                found.append(history.c.number.in_(marked))
        if wanted.owners:
            found.append(_OWNER.in_(wanted.owners))
        if wanted.pinned is not None:
            pinned = or_(
                history.c.run.in_(select(runs.c.number).where(runs.c.pinned)),
                history.c.experiment.in_(select(experiments.c.number).where(experiments.c.pinned)),
            )
            found.append(pinned if wanted.pinned else ~_PINNED)
        if wanted.before is not None:
            created, number = wanted.before
            earlier = tuple_(history.c.created, history.c.number) < tuple_(created, number)
            found.append(earlier)
        return found

    # Changing

    def add_experiment(self, experiment_id: str) -> None:
        """List an experiment that somebody made; once."""
        with self._writing() as db:
            found = db.execute(select(experiments.c.number).where(experiments.c.id == experiment_id)).scalar()
            if found is not None:
                file_experiment(db, found)

    def rename(self, thing: str, name: str) -> None:
        """Call a thing something, or nothing with a blank name. Raises StoreError where there is no such thing."""
        name = name.strip()[:MOST_NAME]
        with self._writing() as db:
            row = self._to_change(db, thing)
            if row.experiment is not None:
                set_name = db.execute(select(query_sets.c.name).where(query_sets.c.id == row.query_set)).scalar_one()
                db.execute(
                    update(experiments).where(experiments.c.number == row.experiment).values(name=name or set_name)
                )
            else:
                db.execute(update(history).where(history.c.number == row.number).values(name=name))
            index_again(db, row.number)

    def note(self, thing: str, note: str) -> None:
        """Write a note beside a thing, or take it back with a blank one."""
        with self._writing() as db:
            row = self._to_change(db, thing)
            db.execute(update(history).where(history.c.number == row.number).values(note=note.strip()[:MOST_NOTE]))
            index_again(db, row.number)

    def tag(self, thing: str, tags: Iterable[str]) -> None:
        """Give a thing these tags and no others."""
        with self._writing() as db:
            row = self._to_change(db, thing)
            set_tags(db, row.number, cleaned_tags(list(tags)))
            index_again(db, row.number)

    def pin(self, thing: str, pinned: bool = True) -> None:
        """Have a thing stand first and never make room for newer ones, or take that back."""
        with self._writing() as db:
            row = self._to_change(db, thing)
            if row.experiment is not None:
                db.execute(update(experiments).where(experiments.c.number == row.experiment).values(pinned=pinned))
            self._each_run(db, row, lambda run_id: self.acting_runs().pin(run_id, pinned))

    def share(self, thing: str, shared: bool = True) -> None:
        """Let everyone here open a thing, or take that back."""
        with self._writing() as db:
            row = self._to_change(db, thing)
            if row.experiment is not None:
                self.acting_experiments().share(row.id, shared)
            self._each_run(db, row, lambda run_id: self.acting_runs().share(run_id, shared))

    def delete(self, thing: str) -> bool:
        """Delete a thing with its documents, answers and ratings, and overwrite where they stood; False where there was
        none. A run that is part of another comparison too stays for that one."""
        with self._writing() as db:
            if db.execute(select(history.c.number).where(history.c.id == thing)).first() is None:
                return False
            row = self._to_change(db, thing)
            if row.experiment is not None:
                self.acting_experiments().delete(row.id)
            else:
                self._delete_runs(db, row.number)
        self.database.overwrite_deleted()
        return True

    def _delete_runs(self, db: Connection, entry: int) -> None:
        """Delete an entry with the runs that are of no other."""
        elsewhere = select(history_runs.c.run).where(history_runs.c.entry != entry)
        alone = [
            run_id
            for run_id, number in _runs_of(db, entry)
            if number not in set(db.execute(elsewhere.where(history_runs.c.run == number)).scalars())
        ]
        db.execute(delete(history).where(history.c.number == entry))
        for run_id in alone:
            self.acting_runs().delete(run_id)

    # What it is of, as the same person

    def acting_experiments(self) -> ExperimentStore:
        """The experiments."""
        from rerank_core.storage.experiments import ExperimentStore  # what belongs to evaluation is heavy

        return (self._experiments or ExperimentStore(self.database)).acting_for(self.actor)

    def acting_sets(self) -> QuerySetStore:
        """The query sets."""
        from rerank_core.storage.query_sets import QuerySetStore

        return (self._sets or QuerySetStore(self.database)).acting_for(self.actor)

    def acting_runs(self) -> RunStore:
        """The runs."""
        return self._runs.acting_for(self.actor)

    def _each_run(self, db: Connection, row: Row[*tuple[Any, ...]], act: Callable[[str], object]) -> None:
        """Do something with every run of an entry that may be changed."""
        for run_id, _ in _runs_of(db, row.number):
            found = db.execute(select(runs.c.owner).where(runs.c.id == run_id)).scalar_one()
            if self.actor.may_change(found):
                act(run_id)

    def _to_change(self, db: Connection, thing: str) -> Row[*tuple[Any, ...]]:
        """Its row. Raises StoreError unless there is such a thing and it may be changed."""
        row: Row[*tuple[Any, ...]] | None = db.execute(
            select(*_ROW).select_from(_WHOLE).where(history.c.id == thing)
        ).first()
        if row is None:
            raise StoreError("This is no longer in the history.", hint="It was deleted, perhaps in another window.")
        owned = Ownership(row.owner, bool(row.shared), bool(row.pinned))
        refuse_change(self.actor, owned, StoreError, "run")
        return row


def _runs_of(db: Connection, entry: int) -> list[tuple[str, int]]:
    """The runs of an entry in their places, by id and number."""
    found = db.execute(
        select(runs.c.id, runs.c.number)
        .join(history_runs, history_runs.c.run == runs.c.number)
        .where(history_runs.c.entry == entry)
        .order_by(history_runs.c.place)
    )
    return [(row.id, row.number) for row in found]


def _entries(db: Connection, rows: Iterable[Row[*tuple[Any, ...]]]) -> tuple[HistoryEntry, ...]:
    """Entries out of rows of the list, with what stands in other tables."""
    listed = list(rows)
    numbers = [row.number for row in listed]
    tags: defaultdict[int, list[str]] = defaultdict(list)
    marks = select(history_marks.c.entry, history_marks.c.value).where(
        history_marks.c.entry.in_(numbers), history_marks.c.kind == TAG
    )
    for mark in db.execute(marks.order_by(history_marks.c.value)):
        tags[mark.entry].append(mark.value)
    parts: defaultdict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    rated = select(func.count()).where(run_ratings.c.run_id == runs.c.id).scalar_subquery()
    of_runs = (
        select(
            history_runs.c.entry,
            runs.c.id,
            runs.c.connection,
            runs.c.model,
            runs.c.amount,
            runs.c.currency,
            rated.label("rated"),
        )
        .join(runs, runs.c.number == history_runs.c.run)
        .where(history_runs.c.entry.in_(numbers))
        .order_by(history_runs.c.entry, history_runs.c.place)
    )
    for part in db.execute(of_runs):
        parts[part.entry].append(part)
    return tuple(_entry(row, tuple(tags[row.number]), parts[row.number]) for row in listed)


def _entry(row: Row[*tuple[Any, ...]], tags: tuple[str, ...], parts: list[Row[*tuple[Any, ...]]]) -> HistoryEntry:
    of_experiment = row.experiment is not None
    amounts = [None if part.amount is None else Decimal(part.amount) for part in parts]
    known = [amount for amount in amounts if amount is not None]
    return HistoryEntry(
        id=row.id,
        number=row.number,
        page=row.page,
        created=datetime.fromisoformat(row.created).astimezone(UTC),
        title=(row.set_name if of_experiment else row.query) or "",
        name=("" if row.called == row.set_name else row.called) if of_experiment else row.name,
        note=row.note,
        tags=tags,
        models=contenders_of(row.contenders)
        if of_experiment
        else tuple(Contender(part.connection, part.model) for part in parts),
        size=row.queries if of_experiment else row.documents,
        amount=sum(known, Decimal(0)) if known and len(known) == len(amounts) else None,
        currency=parts[0].currency if parts else "USD",
        rated=max((part.rated for part in parts), default=0),
        ownership=Ownership(row.owner, bool(row.shared), bool(row.pinned)),
        runs=tuple(part.id for part in parts),
        query_set=row.query_set or "",
    )
