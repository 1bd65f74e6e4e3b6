"""The tables of judging together."""

import sqlalchemy as sa
from alembic import op

revision = "v0004_judging"
down_revision = "v0003_kept_figures"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Three tables more."""
    op.create_table(
        "judgings",
        sa.Column("query_set", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("led_by", sa.LargeBinary(), nullable=False),
        sa.Column("since", TEXT, server_default="", nullable=False),
        sa.Column("pool", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("query_set"),
    )
    op.create_table(
        "judging_raters",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("query_set", TEXT, nullable=False),
        sa.Column("rater", sa.LargeBinary(), nullable=False),
        sa.Column("done", TEXT, nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("query_set", "key", name="judging_raters_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "settled_grades",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("query_set", TEXT, nullable=False),
        sa.Column("query", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("grade", NUMBER, nullable=False),
        sa.Column("settled_by", sa.LargeBinary(), nullable=False),
        sa.Column("settled_at", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("query_set", "key", name="settled_grades_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("settled_grades_by_number", "settled_grades", ["query_set", "number"], unique=False)
