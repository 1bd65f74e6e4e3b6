"""By which a set is known to have changed, and what was worked out from the answers of an experiment."""

import sqlalchemy as sa
from alembic import op

revision = "v0003_kept_figures"
down_revision = "v0002_sign_outs"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Two tables beside those of sets and of experiments."""
    op.create_table(
        "set_versions",
        sa.Column("query_set", TEXT, nullable=False),
        sa.Column("contents", NUMBER, nullable=False),
        sa.Column("ratings", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["query_set"], ["query_sets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("query_set"),
    )
    op.create_table(
        "kept_figures",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("experiment", NUMBER, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("experiment", "key", name="kept_figures_once"),
        sqlite_autoincrement=True,
    )
