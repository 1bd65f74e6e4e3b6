"""What history lists, with the words that it is found by. What was kept before is listed too: the runs as they are, and
the experiments on everything but the sample, which runs by itself."""

import sqlalchemy as sa
from alembic import op

revision = "v0005_history"
down_revision = "v0004_judging"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Tables and columns; rows are filled in by the program (rerank_core/storage/history/earlier.py)."""
    op.add_column("runs", sa.Column("asked", TEXT, server_default="", nullable=False))
    op.create_index("runs_by_request", "runs", ["asked", "number"])
    op.create_index("runs_by_pin", "runs", ["pinned", "number"])
    op.create_index("runs_by_size", "runs", ["owner", "bytes"])
    op.add_column("experiments", sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "history",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("page", TEXT, nullable=False),
        sa.Column("created", TEXT, nullable=False),
        sa.Column("run", NUMBER, nullable=True),
        sa.Column("experiment", NUMBER, nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.number"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run"], ["runs.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("history_by_time", "history", ["created", "number"])
    op.create_index("ix_history_run", "history", ["run"])
    op.create_index("ix_history_experiment", "history", ["experiment"])
    op.create_table(
        "history_runs",
        sa.Column("entry", NUMBER, nullable=False),
        sa.Column("place", NUMBER, autoincrement=False, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["history.number"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run"], ["runs.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry", "place"),
    )
    op.create_index("ix_history_runs_run", "history_runs", ["run"])
    op.create_table(
        "history_marks",
        sa.Column("entry", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["history.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry", "kind", "value"),
    )
    op.create_index("history_marks_by_value", "history_marks", ["kind", "value", "entry"])
    op.create_table(
        "history_words",
        sa.Column("word", TEXT, nullable=False),
        sa.Column("entry", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["history.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "entry"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_history_words_entry", "history_words", ["entry"])
    op.create_table(
        "piece_words",
        sa.Column("word", TEXT, nullable=False),
        sa.Column("piece", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["piece"], ["pieces.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "piece"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_piece_words_piece", "piece_words", ["piece"])
