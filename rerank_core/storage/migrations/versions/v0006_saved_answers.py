"""Requests of experiments have a name, so that the very same is not paid for twice; so have runs."""

import sqlalchemy as sa
from alembic import op

revision = "v0006_saved_answers"
down_revision = "v0005_history"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Columns. What was asked before has no name: its address was not written down."""
    op.add_column("requests", sa.Column("asked", TEXT, server_default="", nullable=False))
    op.add_column("requests", sa.Column("first", sa.Double(), nullable=True))
    op.create_index("requests_by_request", "requests", ["asked", "number"])
    op.add_column("experiments", sa.Column("reuse", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("runs", sa.Column("sent", TEXT, server_default="", nullable=False))
    op.create_index("runs_by_sent", "runs", ["sent", "number"])
