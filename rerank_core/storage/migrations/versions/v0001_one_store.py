"""The tables of everything that is kept."""

import sqlalchemy as sa
from alembic import op

revision = "v0001_one_store"
down_revision = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Into an empty database."""
    op.create_table(
        "calls",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("started", TEXT, nullable=False),
        sa.Column("finished", TEXT, nullable=True),
        sa.Column("who", sa.LargeBinary(), nullable=False),
        sa.Column("connection", sa.LargeBinary(), nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.Column("page", sa.LargeBinary(), nullable=False),
        sa.Column("run", sa.LargeBinary(), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("process", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reserved", TEXT, nullable=True),
        sa.Column("spent", TEXT, server_default="0", nullable=False),
        sa.Column("doubt", TEXT, server_default="0", nullable=False),
        sa.Column("assumed", TEXT, server_default="0", nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("calls_by_day", "calls", ["day"], unique=False)
    op.create_index("calls_by_state", "calls", ["state", "process"], unique=False)
    op.create_table(
        "day_sums",
        sa.Column("day", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("who", sa.LargeBinary(), nullable=False),
        sa.Column("connection", sa.LargeBinary(), nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.Column("spent", TEXT, nullable=False),
        sa.Column("doubt", TEXT, nullable=False),
        sa.Column("assumed", TEXT, nullable=False),
        sa.Column("held", TEXT, nullable=False),
        sa.Column("calls", NUMBER, nullable=False),
        sa.Column("unknown", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("day", "key", "who", "connection", "model"),
    )
    op.create_table(
        "missing_articles",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("noted", TEXT, nullable=False),
        sa.Column("query", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("near_miss", sa.LargeBinary(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("owner", "key", name="missing_articles_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "named_runs",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("run", "owner", name="named_runs_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pieces",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "query_sets",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("created", TEXT, nullable=False),
        sa.Column("queries", NUMBER, nullable=False),
        sa.Column("pairs", NUMBER, nullable=False),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.Column("rank_fields", TEXT, server_default='["text"]', nullable=False),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "runs",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("created", TEXT, nullable=False),
        sa.Column("query", TEXT, nullable=False),
        sa.Column("connection", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=True),
        sa.Column("order_name", TEXT, nullable=False),
        sa.Column("documents", NUMBER, nullable=False),
        sa.Column("amount", TEXT, nullable=True),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("bytes", NUMBER, nullable=False),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_by_owner", "runs", ["owner", "number"], unique=False)
    op.create_index("runs_by_time", "runs", ["created", "number"], unique=False)
    op.create_table(
        "taken_over",
        sa.Column("file", TEXT, nullable=False),
        sa.Column("taken", TEXT, nullable=False),
        sa.Column("rows", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("file"),
    )
    op.create_table(
        "thresholds",
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("how", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", TEXT, nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "provider", "model"),
    )
    op.create_table(
        "totals",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("spent", TEXT, nullable=False),
        sa.Column("doubt", TEXT, nullable=False),
        sa.Column("assumed", TEXT, nullable=False),
        sa.Column("held", TEXT, nullable=False),
        sa.Column("calls", NUMBER, nullable=False),
        sa.Column("unknown", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "votes",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("round", TEXT, nullable=False),
        sa.Column("given", TEXT, nullable=False),
        sa.Column("runs", TEXT, nullable=False),
        sa.Column("shown", TEXT, nullable=False),
        sa.Column("winner", TEXT, nullable=True),
        sa.Column("query", sa.LargeBinary(), nullable=False),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("round"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "experiments",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("query_set", TEXT, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("created", TEXT, nullable=False),
        sa.Column("contenders", TEXT, nullable=False),
        sa.Column("spending_limit", TEXT, nullable=True),
        sa.Column("queries", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("asked", TEXT, server_default="", nullable=False),
        sa.Column("ran_from", sa.Double(), server_default="0", nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("lanes", TEXT, server_default="{}", nullable=False),
        sa.Column("rank_fields", TEXT, server_default='["text"]', nullable=False),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("runner", TEXT, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["query_set"], ["query_sets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("experiments_by_set", "experiments", ["query_set"], unique=False)
    op.create_table(
        "query_set_pieces",
        sa.Column("query_set", NUMBER, nullable=False),
        sa.Column("place", NUMBER, autoincrement=False, nullable=False),
        sa.Column("piece", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["piece"],
            ["pieces.number"],
        ),
        sa.ForeignKeyConstraint(["query_set"], ["query_sets.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("query_set", "place"),
    )
    op.create_index(op.f("ix_query_set_pieces_piece"), "query_set_pieces", ["piece"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("query_set", TEXT, nullable=False),
        sa.Column("rater", sa.LargeBinary(), nullable=False),
        sa.Column("query", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("grade", NUMBER, nullable=False),
        sa.Column("owner", TEXT, server_default="", nullable=False),
        sa.Column("rated_at", TEXT, server_default="", nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["query_set"], ["query_sets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("query_set", "key", name="ratings_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("ratings_by_number", "ratings", ["query_set", "number"], unique=False)
    op.create_table(
        "run_pieces",
        sa.Column("run", NUMBER, nullable=False),
        sa.Column("place", NUMBER, autoincrement=False, nullable=False),
        sa.Column("piece", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["piece"],
            ["pieces.number"],
        ),
        sa.ForeignKeyConstraint(["run"], ["runs.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "place"),
    )
    op.create_index(op.f("ix_run_pieces_piece"), "run_pieces", ["piece"], unique=False)
    op.create_table(
        "run_ratings",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("place", NUMBER, autoincrement=False, nullable=False),
        sa.Column("grade", NUMBER, nullable=False),
        sa.Column("rated_at", TEXT, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "place"),
    )
    op.create_table(
        "answers",
        sa.Column("experiment", NUMBER, nullable=False),
        sa.Column("contender", NUMBER, autoincrement=False, nullable=False),
        sa.Column("query", NUMBER, autoincrement=False, nullable=False),
        sa.Column("request", NUMBER, nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=True),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.Column("scores", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("experiment", "contender", "query"),
    )
    op.create_table(
        "borderline_marks",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("experiment", NUMBER, nullable=False),
        sa.Column("contender", sa.LargeBinary(), nullable=False),
        sa.Column("query", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("mark", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("experiment", "key", name="borderline_marks_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "requests",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("experiment", NUMBER, nullable=False),
        sa.Column("contender", NUMBER, nullable=False),
        sa.Column("query", NUMBER, nullable=False),
        sa.Column("started", sa.Double(), nullable=False),
        sa.Column("finished", sa.Double(), nullable=True),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("billed", TEXT, nullable=False),
        sa.Column("reserved", TEXT, nullable=True),
        sa.Column("amount", TEXT, nullable=True),
        sa.Column("basis", TEXT, nullable=True),
        sa.Column("units", sa.Double(), nullable=True),
        sa.Column("latency", sa.Double(), nullable=True),
        sa.Column("request_id", sa.LargeBinary(), nullable=True),
        sa.Column("code", sa.LargeBinary(), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.Column("hint", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("requests_by_query", "requests", ["experiment", "contender", "query", "number"], unique=False)
