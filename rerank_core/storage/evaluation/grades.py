"""The grades of a query set: how they are read, and under whose name they may be given."""

from __future__ import annotations

from sqlalchemy import Connection, select

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.storage.ownership import NOT_YOURS, Actor
from rerank_core.storage.schema.evaluation import ratings

KeptJudgments = dict[str, dict[str, dict[str, int]]]
"""Rater to query id to document id to grade."""


def refuse_rater(db: Connection, actor: Actor, set_id: str, rater: str) -> None:
    """Raise ExperimentError (not_yours) for ratings under a name that is another's: under which somebody else has rated
    in this set, or the address of another person."""
    if actor.may_change(""):
        return
    others = (ratings.c.query_set == set_id, ratings.c.rater == rater, ratings.c.owner != actor.keeper)
    address = "@" in rater and rater.lower() != actor.keeper
    if address or db.execute(select(ratings.c.number).where(*others).limit(1)).first() is not None:
        raise ExperimentError(
            f"Ratings by '{rater}' in this query set are not yours to give.",
            code=NOT_YOURS,
            hint="Rate under your own name: ratings of several people are kept apart.",
        )


def judgments_of(db: Connection, set_id: str) -> KeptJudgments:
    """Every rater's grades of a set, in the sequence in which they were given first."""
    found: KeptJudgments = {}
    column = ratings.c
    asked = select(column.rater, column.query, column.document, column.grade).where(column.query_set == set_id)
    for rater, query, document, grade in db.execute(asked.order_by(column.number)):
        found.setdefault(rater, {}).setdefault(query, {})[document] = grade
    return found
