"""The votes of blind tests, and which runs were shown with their names."""

from sqlalchemy import Column, Table, UniqueConstraint

from rerank_core.storage.schema.columns import Text, any_text, metadata, number, owner, shared, text

votes = Table(
    "votes",
    metadata,
    number(),
    Column("round", Text, nullable=False, unique=True),
    text("given"),
    text("runs"),
    text("shown"),
    text("winner", null=True),
    any_text("query"),
    owner(),
    shared(),
    sqlite_autoincrement=True,
)

named_runs = Table(
    "named_runs",
    metadata,
    number(),
    text("run"),
    owner(),
    UniqueConstraint("run", "owner", name="named_runs_once"),
    sqlite_autoincrement=True,
)
