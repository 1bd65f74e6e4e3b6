"""Runs that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, insert, not_, select, update

from rerank_core.errors import RerankError
from rerank_core.storage import pieces
from rerank_core.storage.database import Database
from rerank_core.storage.evaluation.experiment_lock import forget, held
from rerank_core.storage.evaluation.sizes import MAX_EXPERIMENT_BYTES
from rerank_core.storage.history.filing import file_run, include_run
from rerank_core.storage.history.record import ALONE, Made
from rerank_core.storage.history.retention import expire_experiments, expired_runs, kept_runs, room_for_experiments
from rerank_core.storage.ownership import EVERYBODYS, TOO_MANY, Ownership, refuse_change, refuse_opening
from rerank_core.storage.run_record import Run, check_rating, from_bytes, to_bytes
from rerank_core.storage.schema.evaluation import experiments
from rerank_core.storage.schema.runs import run_pieces, run_ratings, runs
from rerank_core.storage.sqlite_file import StoreError
from rerank_core.storage.store import Store, listed, upsert

MAX_RUNS = 20_000
"""Of how many runs that nobody keeps one owner has the latest."""
MAX_BYTES = 1_000_000_000
"""Bytes of all runs of one owner."""
MAX_RUN_BYTES = 64_000_000

_run = runs.c


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A saved run as a row of a list. `query` has U+FFFD where the text cannot be shown; `amount` is what was
    billed, None where that is unknown; `rated` how many documents have a rating; `size` its bytes,
    with those of its documents, however many other runs have them too."""

    id: str
    created: datetime
    query: str
    connection: str
    model: str | None
    order_name: str
    documents: int
    amount: Decimal | None
    currency: str
    rated: int
    size: int
    ownership: Ownership = EVERYBODYS


class RunStore(Store):
    """The runs that are kept. Each document of theirs is kept once.

    Of the runs of one owner that nobody keeps (by rating, sharing, pinning, naming, a note or a tag) there are at most
    `max_runs`, and of all of them `max_bytes` bytes: what is beyond goes when that owner saves a run, the one that was
    saved first before the others, whatever the clock said. What nobody keeps and is older than `max_days` goes when
    anybody saves one, experiments too; so do those of one owner beyond `max_experiment_bytes` bytes. `tidy` does the
    same without a new run. Every method raises StoreError, with a hint, where the database cannot be used, and for
    another's run (codes not_shared, not_yours).
    """

    subject = "runs"

    def __init__(
        self,
        database: Database | Path | str | None = None,
        *,
        max_runs: int = MAX_RUNS,
        max_bytes: int = MAX_BYTES,
        max_days: int | None = None,
        max_experiment_bytes: int = MAX_EXPERIMENT_BYTES,
    ) -> None:
        super().__init__(database)
        self._max_runs, self._max_bytes, self._max_days = max_runs, max_bytes, max_days
        self._max_experiment_bytes = max_experiment_bytes

    def save(self, run: Run, made: Made = ALONE) -> str:
        """Keep a run, in place of the one with the same id where there is one, and return its id. `made` says what it
        belongs to in the history."""
        payload, documents = to_bytes(run)
        content = pieces.cut(documents)
        size = len(payload) + sum(map(len, content))
        if size > MAX_RUN_BYTES:
            raise StoreError(
                f"This run takes {size / 1e6:,.0f} MB; at most {MAX_RUN_BYTES / 1e6:,.0f} MB are kept.",
                hint="You can go on working; use Export to keep the result.",
            )
        row = _row(run) | {"bytes": size, "payload": payload, "asked": made.asked, "sent": made.sent}
        with self._writing() as db:
            there = _ownership(db, run.id)
            if there is not None:
                refuse_change(self.actor, there, StoreError, "run")
            owner = self.actor.keeper if there is None else there.owner  # one that is there stays its owner's
            upsert(db, runs, [row | {"owner": owner}], ("id",), tuple(row))
            number = db.execute(select(_run.number).where(_run.id == run.id)).scalar_one()
            pieces.keep(db, run_pieces, number, content)
            if there is not None:
                db.execute(delete(run_ratings).where(run_ratings.c.run_id == run.id))
            if run.ratings:
                now = _now()
                rated = [
                    {"run_id": run.id, "place": at, "grade": to, "rated_at": now} for at, to in run.ratings.items()
                ]
                db.execute(insert(run_ratings), rated)
            file_run(db, run, number, made)
            gone = self._retain(db, [owner])
            _prune(db, owner, self._max_runs, self._max_bytes, keep=run.id)
        self._forget(gone)
        return run.id

    def tidy(self) -> None:
        """Let go what is too old or too much, whoever's it is, and overwrite where it stood; it never raises for what
        people keep."""
        with self._writing() as db:
            owners = {*db.execute(select(_run.owner).distinct()).scalars()}
            evaluating = db.execute(select(experiments.c.owner).distinct()).scalars()
            gone = self._retain(db, [*evaluating])
            for owner in owners:
                _prune(db, owner, self._max_runs, self._max_bytes, keep=None)
        self._forget(gone)
        self.database.overwrite_deleted()

    def _retain(self, db: Connection, owners: Sequence[str]) -> list[str]:
        """Delete what is too old, and experiments of these owners that are too much; the ids of the experiments."""

        def busy(experiment_id: str) -> bool:
            return held(self.database, experiment_id)

        gone = []
        if self._max_days is not None:
            now = datetime.now(UTC)
            _delete(db, db.execute(select(_run.number).where(expired_runs(now, self._max_days))).scalars().all())
            gone += expire_experiments(db, now, self._max_days, busy)
        for owner in owners:
            gone += room_for_experiments(db, owner, self._max_experiment_bytes, 0, busy)
        return gone

    def _forget(self, experiment_ids: Sequence[str]) -> None:
        for one in experiment_ids:
            forget(self.database, one)

    def answered(self, asked: str) -> datetime | None:
        """When a request was last answered, by its `request_key`; None where it was not, for all that who asks can
        see."""
        with self._reading() as db:
            found = db.execute(self._asked(asked).with_only_columns(_run.created)).scalar()
            return None if found is None else datetime.fromisoformat(found).astimezone(UTC)

    def answer(self, asked: str, made: Made = ALONE) -> Run | None:
        """The last answer to a request, by its `request_key`; None where there is none. Where it is `made` for a
        comparison, it is part of that from now on."""
        with self._reading() as db:
            found = db.execute(self._asked(asked).with_only_columns(_run.id, _run.created)).first()
        if found is None:
            return None
        if made.entry:
            with self._writing() as db:
                include_run(db, found.id, made, found.created)
        return self.get(found.id)

    def _asked(self, asked: str) -> Select[*tuple[Any, ...]]:
        mine = listed(runs, self.actor)
        return select(runs).where(_run.asked == asked, _run.asked != "", mine).order_by(_run.number.desc()).limit(1)

    # Whose they are

    def ownership(self, run_id: str) -> Ownership | None:
        """Whose a run is; None where there is none with this id, or it is not shared with who asks."""
        with self._reading() as db:
            found = _ownership(db, run_id)
            return found if found is not None and self.actor.may_open(found.owner, found.shared) else None

    def share(self, run_id: str, shared: bool = True) -> None:
        """Let everyone here open a run, or take that back. Raises StoreError where there is no such run."""
        self._mark(run_id, shared=shared)

    def pin(self, run_id: str, pinned: bool = True) -> None:
        """Have a run never make room for newer ones, or take that back. Raises StoreError where there is no such
        run."""
        self._mark(run_id, pinned=pinned)

    def _mark(self, run_id: str, **values: bool) -> None:
        with self._writing() as db:
            self._to_change(db, run_id)
            db.execute(update(runs).where(_run.id == run_id).values(**values))

    def _to_change(self, db: Connection, run_id: str) -> None:
        """Raise StoreError unless there is such a run and it may be changed."""
        found = _ownership(db, run_id)
        if found is None:
            raise StoreError("There is no saved run with this id.", hint="Run it again to rate its results.")
        refuse_change(self.actor, found, StoreError, "run")

    # Reading

    def get(self, run_id: str) -> Run | None:
        """The whole run with its ratings, None where there is none with this id."""
        with self._reading() as db:
            owned = _ownership(db, run_id)
            if owned is None:
                return None
            refuse_opening(self.actor, owned, StoreError, "run")
            number, payload = db.execute(select(_run.number, _run.payload).where(_run.id == run_id)).one()
            documents = pieces.joined(pieces.held(db, run_pieces, number))
            ratings = _ratings(db, run_id)
            try:
                return from_bytes(payload, documents, ratings)
            except (ValueError, RerankError) as error:
                raise StoreError(
                    "This saved run cannot be read; it may come from another version or be damaged.",
                    hint="Delete it, or open another one.",
                ) from error

    def list(self, limit: int = 50, offset: int = 0) -> tuple[RunSummary, ...]:
        """The runs of who asks, those that are shared with them and everybody's; newest first, without their
        documents."""
        rated = select(func.count()).select_from(run_ratings).where(run_ratings.c.run_id == _run.id).scalar_subquery()
        with self._reading() as db:
            rows = db.execute(
                select(
                    _run.id,
                    _run.created,
                    _run.query,
                    _run.connection,
                    _run.model,
                    _run.order_name,
                    _run.documents,
                    _run.amount,
                    _run.currency,
                    rated,
                    _run.bytes,
                    _run.owner,
                    _run.shared,
                    _run.pinned,
                )
                .where(listed(runs, self.actor))
                .order_by(_run.created.desc(), _run.number.desc())
                .limit(max(0, limit))
                .offset(max(0, offset))
            )
            return tuple(map(_summary, rows))

    def count(self) -> int:
        """How many runs `list` has in all."""
        with self._reading() as db:
            found = select(func.count()).select_from(runs).where(listed(runs, self.actor))
            return int(db.execute(found).scalar_one())

    def delete(self, run_id: str) -> bool:
        """Delete a run and its ratings; False where there was none."""
        with self._writing() as db:
            if _ownership(db, run_id) is None:
                return False
            self._to_change(db, run_id)
            _delete(db, db.execute(select(_run.number).where(_run.id == run_id)).scalars().all())
            return True

    def ratings(self, run_id: str) -> dict[int, int]:
        """The ratings of a run, by index in the input; empty where there are none, or where the run is not shared with
        who asks."""
        with self._reading() as db:
            found = _ownership(db, run_id)
            return _ratings(db, run_id) if found is not None and self.actor.may_open(found.owner, found.shared) else {}

    def set_rating(self, run_id: str, index: int, grade: int | None) -> None:
        """Rate the document at this index of the input from 0 to 3, or take its rating back with None.

        Raises ValueError for another grade or an index that the run does not have, StoreError where there is no
        such run.
        """
        with self._reading() as db:
            self._to_change(db, run_id)
            documents = int(db.execute(select(_run.documents).where(_run.id == run_id)).scalar_one())
        check_rating(index, 0 if grade is None else grade, documents)  # they never change
        with self._writing() as db:
            self._to_change(db, run_id)
            if grade is None:
                db.execute(delete(run_ratings).where(run_ratings.c.run_id == run_id, run_ratings.c.place == index))
            else:
                row = {"run_id": run_id, "place": index, "grade": grade, "rated_at": _now()}
                upsert(db, run_ratings, [row], ("run_id", "place"), ("grade", "rated_at"))


def _row(run: Run) -> dict[str, Any]:
    """What a list says of a run; text that no database can hold as text becomes U+FFFD."""
    cost = run.response.cost
    return {
        "id": run.id,
        "created": run.created.isoformat(timespec="microseconds"),  # of one length, so that text order is time order
        "query": run.query,
        "connection": run.connection,
        "model": run.model,
        "order_name": run.order_name,
        "documents": len(run.documents),
        "amount": None if cost.amount is None else str(cost.amount),
        "currency": cost.currency,
    }


def _ownership(db: Connection, run_id: str) -> Ownership | None:
    """Whose a run is; None where there is none."""
    found = db.execute(select(_run.owner, _run.shared, _run.pinned).where(_run.id == run_id)).first()
    return None if found is None else Ownership(found[0], bool(found[1]), bool(found[2]))


def _ratings(db: Connection, run_id: str) -> dict[int, int]:
    rows = select(run_ratings.c.place, run_ratings.c.grade).where(run_ratings.c.run_id == run_id)
    return {row.place: row.grade for row in db.execute(rows.order_by(run_ratings.c.place))}


def _summary(row: Sequence[Any]) -> RunSummary:
    """A row of the list out of the columns that `RunStore.list` asks for."""
    name, created, query, connection, model, order_name, documents, amount, currency, rated, size, *owned = row
    return RunSummary(
        name,
        datetime.fromisoformat(str(created)).astimezone(UTC),
        query,
        connection,
        model,
        order_name,
        documents,
        None if amount is None else Decimal(amount),
        currency,
        rated,
        size,
        Ownership(owned[0], *map(bool, owned[1:])),
    )


def _prune(db: Connection, owner: str, max_runs: int, max_bytes: int, keep: str | None) -> None:
    """Delete what is beyond the bounds of this owner, of nobody else: the runs that were saved first, and none that
    somebody keeps. Raises StoreError where those alone fill the bytes, so that the new one, `keep`, has no place."""
    kept = kept_runs()
    total = select(func.coalesce(func.sum(_run.bytes), 0), func.count()).where(_run.owner == owner)
    size, count = map(int, db.execute(total).one())  # PostgreSQL adds up in decimals
    if count <= max_runs and size <= max_bytes:
        return
    others = int(db.execute(total.where(_run.id != (keep or ""), kept)).one()[0])
    if keep is not None and others >= max_bytes:
        raise StoreError(
            f"The runs that you keep take {others / 1e6:,.0f} MB; {max_bytes / 1e6:,.0f} MB is the most.",
            code=TOO_MANY,
            hint="This run is not saved. Delete some of those first; use Export to keep the result.",
        )
    may_go = db.execute(
        select(_run.number, _run.bytes)
        .where(and_(_run.owner == owner, _run.id != (keep or ""), not_(kept)))
        .order_by(_run.number)
    ).all()
    going, left = [], len(may_go) + (keep is not None)
    for number, own in may_go:
        if left <= max_runs and size <= max_bytes:
            break
        going.append(number)
        left, size = left - 1, size - own
    _delete(db, going)


def _delete(db: Connection, numbers: Sequence[int]) -> None:
    """Delete runs, their ratings, and the documents that only they had."""
    suspects = pieces.holding(db, run_pieces, numbers)
    for number in numbers:
        db.execute(delete(runs).where(_run.number == number))
    pieces.sweep(db, suspects)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
