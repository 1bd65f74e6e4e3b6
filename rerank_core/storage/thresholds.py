"""The thresholds of models and the marks of borderline pairs that lead to them, beside the experiments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, and_, case, delete, insert, select, update

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.measures.cutoff import Threshold
from rerank_core.storage.evaluation.evaluation_store import EvaluationStore, Values
from rerank_core.storage.evaluation.experiment_lock import no_such_experiment
from rerank_core.storage.ownership import Ownership, refuse_change
from rerank_core.storage.schema.columns import digest
from rerank_core.storage.schema.evaluation import borderline_marks, experiments, thresholds
from rerank_core.storage.store import listed, upsert

_OF = ("owner", "provider", "model")


class ThresholdStore(EvaluationStore):
    """Everybody keeps one threshold a model, and finds the ones that are shared where they keep none themselves."""

    # Thresholds

    def set_threshold(self, provider: str, model: str | None, score: float | None, how: str = "set by hand") -> None:
        """Keep one's own threshold of a model, or forget it with None: another that is shared holds from then on."""
        column = thresholds.c
        place: Values = {"owner": self.actor.keeper, "provider": provider, "model": model or ""}
        of_model = and_(column.provider == provider, column.model == (model or ""))
        with self._writing() as db:
            if score is None:
                gone = db.execute(delete(thresholds).where(of_model, column.owner == self.actor.keeper)).rowcount
                if self.actor.person is None:
                    db.execute(delete(thresholds).where(of_model))
                elif self.actor.operator and not gone:
                    db.execute(delete(thresholds).where(of_model, column.owner == ""))
            else:
                now = datetime.now(UTC).isoformat(timespec="microseconds")
                row = place | {"score": float(score), "how": how, "set_at": now}
                upsert(db, thresholds, [row], _OF, ("score", "how", "set_at"))

    def share_threshold(self, found: Threshold, shared: bool = True) -> None:
        """Let everyone here find a threshold who keeps none for its model, or take that back."""
        refuse_change(self.actor, Ownership(found.owner, found.shared), ExperimentError, "threshold")
        column = thresholds.c
        here = (column.owner == found.owner, column.provider == found.provider, column.model == (found.model or ""))
        with self._writing() as db:
            db.execute(update(thresholds).where(*here).values(shared=shared))

    def threshold(self, provider: str, model: str | None) -> Threshold | None:
        """The threshold kept for a model, None where there is none."""
        return self.thresholds().get((provider, model))

    def thresholds(self) -> dict[tuple[str, str | None], Threshold]:
        """The threshold that holds for who asks, by provider and model: their own, else the one that was shared last,
        else everybody's."""
        column = thresholds.c
        order = (
            case((column.owner == self.actor.keeper, 1), else_=0),
            case((column.owner != "", 1), else_=0),
            column.set_at,
        )
        with self._reading() as db:
            rows = db.execute(select(thresholds).where(listed(thresholds, self.actor)).order_by(*order))
            return {  # later ones take the place of those before
                (row.provider, row.model or None): Threshold(
                    row.provider,
                    row.model or None,
                    row.score,
                    row.how,
                    datetime.fromisoformat(row.set_at),
                    row.owner,
                    bool(row.shared),
                )
                for row in rows
            }

    # Borderline pairs

    def marks(self, experiment_id: str, contender: str) -> dict[tuple[str, str], str]:
        """What was said of the pairs (query id, document id) that one contender of an experiment, named by its label,
        may be cut at; in the sequence in which it was said. Empty where there is no such experiment."""
        column = borderline_marks.c
        with self._reading() as db:
            self._to_open(db, "experiments", experiment_id)
            rows = db.execute(
                select(column.query, column.document, column.mark)
                .where(column.contender == contender, column.experiment == _number(db, experiment_id))
                .order_by(column.number)
            )
            return {(query, document): mark for query, document, mark in rows}

    def mark(self, experiment_id: str, contender: str, pairs: Sequence[tuple[str, str]], mark: str | None) -> None:
        """Say this of pairs of a contender, in place of what was said before, or take it back with None. Raises
        ExperimentError (experiment_not_found) where there is no such experiment."""
        column = borderline_marks.c
        with self._writing() as db:
            number = _number(db, experiment_id)
            if number is None:
                raise no_such_experiment()
            self._to_change(db, "experiments", experiment_id)
            for query, document in pairs:
                key = digest(contender, query, document)
                db.execute(delete(borderline_marks).where(column.experiment == number, column.key == key))
                if mark is not None:
                    row = {"contender": contender, "query": query, "document": document, "mark": mark, "key": key}
                    db.execute(insert(borderline_marks).values(row | {"experiment": number}))


def _number(db: Connection, experiment_id: str) -> int | None:
    return db.execute(select(experiments.c.number).where(experiments.c.id == experiment_id)).scalar()
