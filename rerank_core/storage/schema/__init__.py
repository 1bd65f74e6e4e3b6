"""The tables of everything that is kept, one module for each subject, on one `metadata`.

A change of a table is a revision in rerank_core/storage/migrations/versions besides; a test compares the two.
"""

from rerank_core.extras import require

require("Keeping results", "storage", "sqlalchemy", "alembic")

from rerank_core.storage.schema import (
    evaluation,
    history,
    judging,
    missing_articles,
    replicas,
    runs,
    sign_outs,
    spending,
    taken_over,
    votes,
)
from rerank_core.storage.schema.columns import metadata

__all__ = [
    "evaluation",
    "history",
    "judging",
    "metadata",
    "missing_articles",
    "replicas",
    "runs",
    "sign_outs",
    "spending",
    "taken_over",
    "votes",
]
