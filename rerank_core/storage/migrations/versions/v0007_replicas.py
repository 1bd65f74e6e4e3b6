"""Which servers share the database, what is under way on each, the work that outlives its server, and how fast services
may be asked by all of them together."""

import sqlalchemy as sa
from alembic import op

revision = "v0007_replicas"
down_revision = "v0006_saved_answers"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "replicas",
        sa.Column("token", TEXT, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("listing", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_table(
        "asked_ends",
        sa.Column("replica", TEXT, nullable=False),
        sa.Column("job", NUMBER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["replica"], ["replicas.token"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("replica", "job"),
    )
    op.create_table(
        "work",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.Column("operator", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.Column("alone", sa.LargeBinary(), nullable=False),
        sa.Column("replica", TEXT, server_default="", nullable=False),
        sa.Column("deaths", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("work_by_replica", "work", ["replica"])
    op.create_table(
        "turns",
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("next", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
