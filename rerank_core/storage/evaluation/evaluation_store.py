"""What the stores of query sets, ratings, experiments and thresholds have in common."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, Table, select

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.storage.ownership import Ownership, refuse_change, refuse_opening
from rerank_core.storage.schema import evaluation
from rerank_core.storage.store import Store

Kind = Literal["query_sets", "experiments"]
_CALLED: dict[Kind, str] = {"query_sets": "query set", "experiments": "experiment"}
_TABLES: dict[Kind, Table] = {"query_sets": evaluation.query_sets, "experiments": evaluation.experiments}


class EvaluationStore(Store):
    """A store whose every use may raise ExperimentError, also for what is another's (codes not_shared, not_yours)."""

    subject = "evaluation"
    error = ExperimentError

    def _ownership(self, db: Connection, kind: Kind, thing: str) -> Ownership | None:
        """Whose a query set or an experiment is; None where there is none with this id."""
        column = _TABLES[kind].c
        found = db.execute(select(column.owner, column.shared).where(column.id == thing)).first()
        return None if found is None else Ownership(found[0], bool(found[1]))

    def _to_open(self, db: Connection, kind: Kind, thing: str) -> None:
        """Raise ExperimentError where a thing is there and may not be opened."""
        found = self._ownership(db, kind, thing)
        if found is not None:
            refuse_opening(self.actor, found, ExperimentError, _CALLED[kind])

    def _to_change(self, db: Connection, kind: Kind, thing: str) -> None:
        """Raise ExperimentError where a thing is there and may not be changed."""
        found = self._ownership(db, kind, thing)
        if found is not None:
            refuse_change(self.actor, found, ExperimentError, _CALLED[kind])


Values = dict[str, Any]
"""A row to be written, by the names of its columns."""
