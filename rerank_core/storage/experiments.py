"""Experiments: what is to be asked of whom, how far it has come, and what came back."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from rerank_core.evaluation.experiments.answers import Orders, PackedAnswer, Scores
from rerank_core.evaluation.experiments.ledger import Ask, ExperimentError, Ledger
from rerank_core.evaluation.experiments.records import (
    Experiment,
    ExperimentProgress,
    ExperimentState,
    Ranking,
    RatePolicy,
)
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.evaluation.experiment_lock import forget, held, hold, running_error
from rerank_core.storage.evaluation.experiment_row import COLUMNS, made_of, rates_text
from rerank_core.storage.evaluation.figures import FigureStore
from rerank_core.storage.evaluation.request_log import latest_requests, sums
from rerank_core.storage.evaluation.saved_answers import SavedAnswers
from rerank_core.storage.evaluation.sizes import (
    MAX_EXPERIMENT_BYTES,
    expected_size,
    experiment_sizes,
    refuse_experiments,
)
from rerank_core.storage.history.filing import index_experiment_again
from rerank_core.storage.history.retention import room_for_experiments
from rerank_core.storage.run_record import new_id
from rerank_core.storage.schema.evaluation import answers, experiments, query_sets, requests
from rerank_core.storage.store import listed

_RECENT = 30
_experiment, _log, _answer = experiments.c, requests.c, answers.c


class ExperimentStore(FigureStore, SavedAnswers, Ledger):
    """The experiments of this machine. Safe under threads and processes; answers are never asked for twice. Whoever may
    open a query set may make an experiment on it; only its owner and operators change it, run it, pause it or go on.
    Those of one owner take at most `max_bytes` bytes: what nobody keeps makes room, the first one first."""

    def __init__(
        self,
        database: Database | Path | str | None = None,
        *,
        clock: Callable[[], float] = time.time,
        max_bytes: int = MAX_EXPERIMENT_BYTES,
    ) -> None:
        super().__init__(database, clock=clock)
        self._max_bytes = max_bytes

    # Experiments

    def create(
        self,
        query_set_id: str,
        query_set: QuerySet,
        contenders: Iterable[Contender],
        *,
        name: str = "",
        spending_limit: Decimal | None = None,
        rates: Mapping[str, RatePolicy] | None = None,
        reuse: bool = False,
    ) -> Experiment:
        """Write down a new experiment over a saved query set, with the speeds by provider id; nothing is sent. It keeps
        the fields that the set has its models read now, whatever the set says later. With `reuse` it takes over the
        answers that the very same requests were given before.

        Raises ExperimentError where there is nothing to ask or nobody to ask, two contenders have one label, or its
        answers would have no room (too_many_kept).
        """
        chosen = tuple(contenders)
        labels = [contender.label for contender in chosen]
        if not chosen or not query_set.ready:
            raise ExperimentError(
                "There is no model to ask." if not chosen else "No query has candidates to rerank.",
                code="experiment_empty",
                hint="Choose at least one model." if not chosen else "Find candidates for the queries first.",
            )
        if len(set(labels)) < len(labels):
            raise ExperimentError(
                "Two models have the same label.", code="experiment_empty", hint="Leave one out, or name it otherwise."
            )
        experiment_id = new_id()
        with self._writing() as db:
            self._to_open(db, "query_sets", query_set_id)
            if self._ownership(db, "query_sets", query_set_id) is None:
                raise ExperimentError("There is no such query set.", code="query_set_not_found", hint="Save it first.")
            gone = self.make_room(db, expected_size(query_set, len(chosen)))
            db.execute(
                insert(experiments).values(
                    id=experiment_id,
                    query_set=query_set_id,
                    name=name or query_set.name,
                    created=datetime.now(UTC).isoformat(timespec="microseconds"),
                    contenders=json.dumps([[one.provider, one.model, one.label] for one in chosen]),
                    spending_limit=None if spending_limit is None else str(spending_limit),
                    queries=len(query_set.ready),
                    state="new",
                    note="",
                    lanes=rates_text(rates or {}),
                    rank_fields=json.dumps(query_set.rank_fields),
                    owner=self.actor.keeper,
                    reuse=reuse,
                )
            )
        for one in gone:
            forget(self.database, one)
        return self.get(experiment_id)

    def make_room(self, db: Connection, needed: int) -> list[str]:
        """Have room for so many bytes of who asks, in a transaction of the caller's; the ids of the experiments that
        went. Raises ExperimentError (too_many_kept) where those that somebody keeps leave none."""
        owner = self.actor.keeper
        gone = room_for_experiments(db, owner, self._max_bytes, needed, lambda one: held(self.database, one))
        refuse_experiments(db, owner, self._max_bytes, needed)
        return gone

    def share(self, experiment_id: str, shared: bool = True) -> None:
        """Let everyone here open an experiment, with the query set that it is about, or take that back: the query set
        stays shared then. Raises ExperimentError where there is none, or the set is another's and not shared."""
        with self._writing() as db:
            query_set = self._row(db, experiment_id, _experiment.query_set)[0]
            self._to_change(db, "experiments", experiment_id)
            there = self._ownership(db, "query_sets", query_set)
            if shared and there is not None and there.owner and not there.shared:
                self._to_change(db, "query_sets", query_set)
                db.execute(update(query_sets).where(query_sets.c.id == query_set).values(shared=True))
            self._set(db, experiment_id, shared=shared)

    def get(self, experiment_id: str) -> Experiment:
        """The experiment of that id; ExperimentError (experiment_not_found) where there is none."""
        with self._reading() as db:
            row = self._row(db, experiment_id, *COLUMNS)
            return self._now(made_of(row))

    def list(self, query_set_id: str | None = None, also: str | None = None) -> tuple[Experiment, ...]:
        """The experiments of who asks, those that are shared with them and everybody's, or those of them over one query
        set; newest first. For an operator `also` the one of this id."""
        with self._reading() as db:
            which = [or_(listed(experiments, self.actor), _experiment.id == (also if self.actor.operator else None))]
            if query_set_id is not None:
                which.append(_experiment.query_set == query_set_id)
            rows = db.execute(select(*COLUMNS).where(*which).order_by(_experiment.number.desc())).all()
            return tuple(self._now(made_of(row)) for row in rows)

    def _now(self, experiment: Experiment) -> Experiment:
        """One that nobody runs any more was interrupted."""
        if experiment.state != "running" or held(self.database, experiment.id):
            return experiment
        return replace(experiment, state="interrupted")

    def delete(self, experiment_id: str) -> bool:
        """Delete an experiment with its answers and its ledger; False where there was none. Raises ExperimentError
        (experiment_running) while it runs."""
        with self._writing() as db:
            self._to_change(db, "experiments", experiment_id)
            if held(self.database, experiment_id):
                raise running_error()
            forget(self.database, experiment_id)
            return db.execute(delete(experiments).where(_experiment.id == experiment_id)).rowcount > 0

    def rename(self, experiment_id: str, name: str) -> None:
        """Call an experiment something else; a blank name changes nothing."""
        if name.strip():
            with self._writing() as db:
                self._to_change(db, "experiments", experiment_id)
                self._set(db, experiment_id, name=name.strip())
                index_experiment_again(db, experiment_id)

    def set_limit(self, experiment_id: str, spending_limit: Decimal | None) -> None:
        """Change what the experiment may cost as a whole; it counts from the next start on."""
        limit = None if spending_limit is None else str(spending_limit)
        with self._writing() as db:
            self._to_change(db, "experiments", experiment_id)
            self._set(db, experiment_id, spending_limit=limit)

    def set_rates(self, experiment_id: str, rates: Mapping[str, RatePolicy]) -> None:
        """Change how fast its connections may be asked, by provider id; it counts from the next start on."""
        with self._writing() as db:
            self._to_change(db, "experiments", experiment_id)
            self._set(db, experiment_id, lanes=rates_text(rates))

    def ask(self, experiment_id: str, what: Ask) -> None:
        """Ask an experiment that runs or waits to pause or to end ("pause", "cancel"; "" takes it back): it starts no
        further request, and what is under way is waited for, since it is paid. Works from any session and server."""
        with self._writing() as db:
            self._to_change(db, "experiments", experiment_id)
            self._set(db, experiment_id, asked=what)

    def asked(self, experiment_id: str) -> Ask:
        """What somebody has asked of a running experiment."""
        with self._reading() as db:
            found: Ask = self._row(db, experiment_id, _experiment.asked)[0]
            return found

    def set_state(self, experiment_id: str, state: ExperimentState, note: str = "") -> None:
        """Write down how an experiment stands; for whoever runs it."""
        with self._writing() as db:
            self._to_change(db, "experiments", experiment_id)
            self._still_held(db, experiment_id)
            more = {"ran_from": self._clock()} if state == "running" else {"asked": ""}
            self._set(db, experiment_id, state=state, note=note, **more)

    def _set(self, db: Connection, experiment_id: str, **values: object) -> None:
        db.execute(update(experiments).where(_experiment.id == experiment_id).values(**values))

    # The ledger

    def hold(self, experiment_id: str) -> contextlib.AbstractContextManager[None]:
        """Run an experiment alone, over all processes of this machine or, with PostgreSQL, all servers. Raises
        ExperimentError where the disk has no room; entering raises it (experiment_running) where somebody runs it."""
        self.database.require_room(ExperimentError)
        with self._reading() as db:
            self._to_change(db, "experiments", experiment_id)
        return self._held(experiment_id)

    @contextlib.contextmanager
    def _held(self, experiment_id: str) -> Iterator[None]:
        mark = secrets.token_hex(8)
        with hold(self.database, experiment_id) as still:
            with self._writing() as db:
                self._set(db, experiment_id, runner=mark)
            self._runs[experiment_id] = mark, still
            try:
                yield
            finally:
                self._runs.pop(experiment_id, None)

    # Results

    def sizes(self) -> Mapping[str, int]:
        """The bytes of all experiments that who asks lists, by id."""
        with self._reading() as db:
            rows = db.execute(select(_experiment.number, _experiment.id).where(listed(experiments, self.actor))).all()
            sizes = experiment_sizes(db, listed(experiments, self.actor))
            return {name: sizes.get(number, 0) for number, name in rows}

    def rankings(self, experiment_id: str, query_set: QuerySet) -> tuple[Ranking, ...]:
        """The answers of every contender so far, as runs over the query set that the experiment is about. What was
        added to the set after it was read is left out."""
        experiment = self.get(experiment_id)
        ready = query_set.ready
        found: list[list[PackedAnswer]] = [[] for _ in experiment.contenders]
        costs: list[list[Decimal | None]] = [[] for _ in experiment.contenders]
        before: list[list[Decimal | None]] = [[] for _ in experiment.contenders]
        latencies: list[list[float]] = [[] for _ in experiment.contenders]
        marks = [hashlib.sha256() for _ in experiment.contenders]
        with self._reading() as db:
            number = self._row(db, experiment_id, _experiment.number)[0]
            rows = db.execute(
                select(
                    _answer.contender,
                    _answer.query,
                    _answer.places,
                    _answer.scores,
                    _log.amount,
                    _log.latency,
                    _log.outcome,
                )
                .join(requests, _log.number == _answer.request)
                .where(_answer.experiment == number)
                .order_by(_answer.query)
            )
            for contender, place, places, scores, amount, latency, outcome in rows:
                if place >= len(ready):
                    continue
                found[contender].append(PackedAnswer(ready[place], bytes(places), bytes(scores)))
                saved = outcome == "saved"
                (before if saved else costs)[contender].append(None if amount is None else Decimal(amount))
                latencies[contender].append(latency)
                mark = marks[contender]
                mark.update(repr((place, len(places), amount, latency, *([outcome] if saved else []))).encode())
                mark.update(places)
                mark.update(scores)
            failed = sorted(self.failures(experiment_id), key=lambda one: one.query)
            return tuple(
                Ranking(
                    contender,
                    Orders(found[place]),
                    Scores(found[place]),
                    _sum(costs[place]),
                    tuple(latencies[place]),
                    tuple(ready[one.query].id for one in failed if one.contender == place and one.query < len(ready)),
                    experiment.rank_fields,
                    len(before[place]),
                    _sum(before[place]),
                    marks[place].hexdigest(),
                )
                for place, contender in enumerate(experiment.contenders)
            )

    def usual_seconds(self, contender: Contender) -> float | None:
        """The median of the seconds that its latest answers took in any experiment; None where it never answered."""
        found: list[float] = []
        for experiment in self.list():
            models = [(one.provider, one.model) for one in experiment.contenders]
            if (contender.provider, contender.model) not in models:
                continue
            with self._reading() as db:
                rows = db.execute(
                    select(_log.latency)
                    .join(experiments, _experiment.number == _log.experiment)
                    .where(
                        _experiment.id == experiment.id,
                        _log.contender == models.index((contender.provider, contender.model)),
                        _log.outcome == "answered",
                    )
                    .order_by(_log.number.desc())
                    .limit(_RECENT)
                )
                found += [latency / 1000 for (latency,) in rows]
            if len(found) >= _RECENT:
                break
        return statistics.median(found) if found else None

    def answers_mark(self, experiment_id: str) -> tuple[int, int]:
        """What is another once an experiment has more answers, or more requests that failed."""
        with self._reading() as db:
            done = select(func.count()).where(_answer.experiment == _experiment.number).scalar_subquery()
            failed = select(func.count()).where(_log.experiment == _experiment.number, _log.outcome == "failed")
            found: tuple[int, int] = tuple(self._row(db, experiment_id, done, failed.scalar_subquery()))
            return found

    def progress(self, experiment_id: str) -> ExperimentProgress:
        """How far an experiment has come, from the ledger."""
        with self._reading() as db:
            number, queries, contenders, state, note, since = self._row(
                db,
                experiment_id,
                _experiment.number,
                _experiment.queries,
                _experiment.contenders,
                _experiment.state,
                _experiment.note,
                _experiment.ran_from,
            )
            of_each = select(_answer.contender, func.count()).where(_answer.experiment == number)
            done: dict[int, int] = {row[0]: row[1] for row in db.execute(of_each.group_by(_answer.contender))}
            last = select(_log.contender, _log.outcome, func.count()).where(_log.number.in_(latest_requests(number)))
            latest: dict[tuple[int, str], int] = {
                (contender, outcome): count
                for contender, outcome, count in db.execute(last.group_by(_log.contender, _log.outcome))
            }
            taken = select(func.count()).select_from(requests.join(answers, _answer.request == _log.number))
            saved = db.execute(taken.where(_log.experiment == number, _log.outcome == "saved")).scalar_one()
            rows = self._money(experiment_id)
            if state == "running" and not held(self.database, experiment_id):
                state = "interrupted"
            places = range(len(json.loads(contenders)))
            left = {place: queries - done.get(place, 0) - latest.get((place, "failed"), 0) for place in places}
            seconds = self._seconds_left(db, number, since, left) if state == "running" else None
            spent, maybe = sums(rows)
            return ExperimentProgress(
                state=state,
                total=queries * len(places),
                done=sum(done.values()),
                failed=sum(count for (_, outcome), count in latest.items() if outcome == "failed"),
                under_way=sum(count for (_, outcome), count in latest.items() if outcome == "sent"),
                spent=spent,
                maybe=maybe,
                unknown_cost=sum(billed == "yes" and amount is None for billed, amount, _ in rows),
                seconds_left=seconds,
                note=note,
                saved=saved,
            )

    def _seconds_left(self, db: Connection, number: int, since: float, left: Mapping[int, int]) -> float | None:
        """The time that the slowest contender needs if it goes on as it did in its last answers of this run."""
        slowest = 0.0
        for contender, remaining in left.items():
            answered = (_log.experiment == number, _log.contender == contender, _log.outcome == "answered")
            last = select(_log.started).where(*answered, _log.started >= since).order_by(_log.number.desc())
            started = db.execute(last.limit(_RECENT)).scalars().all()
            if remaining and not started:
                return None
            if remaining:
                slowest = max(slowest, remaining * (self._clock() - min(started)) / len(started))
        return slowest


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """All of them together; None where one is unknown."""
    return None if None in amounts else sum((one for one in amounts if one is not None), Decimal(0))
