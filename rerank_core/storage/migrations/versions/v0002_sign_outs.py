"""Which sign-ins have been ended."""

import sqlalchemy as sa
from alembic import op

revision = "v0002_sign_outs"
down_revision = "v0001_one_store"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "sign_outs",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("sign_in", TEXT, nullable=False),
        sa.Column("ended", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
