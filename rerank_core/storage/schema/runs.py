"""Saved runs, their ratings, and the documents they are about, each kept once."""

from sqlalchemy import Column, ForeignKey, Index, Table

from rerank_core.storage.schema.columns import (
    Bytes,
    Number,
    Text,
    data,
    metadata,
    number,
    owner,
    pinned,
    shared,
    text,
    whole,
)

runs = Table(
    "runs",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    text("created"),
    text("query"),
    text("connection"),
    text("model", null=True),
    text("order_name"),
    whole("documents"),
    text("amount", null=True),
    text("currency"),
    whole("bytes"),
    owner(),
    shared(),
    pinned(),
    data("payload"),  # what stands behind a large value is far to read
    text("asked", default=""),
    text("sent", default=""),
    Index("runs_by_time", "created", "number"),
    Index("runs_by_request", "asked", "number"),
    Index("runs_by_sent", "sent", "number"),
    Index("runs_by_pin", "pinned", "number"),
    Index("runs_by_size", "owner", "bytes"),
    Index("runs_by_owner", "owner", "number"),
    sqlite_autoincrement=True,
)
"""`asked` names a request that was paid for (rerank_core/storage/history/record.py: `request_key`),
`sent` what its service was sent (rerank_core/client/sent.py) where the whole list came back."""

run_ratings = Table(
    "run_ratings",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Number, primary_key=True, autoincrement=False),
    whole("grade"),
    text("rated_at", default=""),
)

pieces = Table(
    "pieces",
    metadata,
    number(),
    Column("hash", Bytes, nullable=False, unique=True),
    data("payload"),
    sqlite_autoincrement=True,
)
"""Documents by the hash of their content: each is here once, whatever runs and query sets it is in."""

run_pieces = Table(
    "run_pieces",
    metadata,
    Column("run", Number, ForeignKey("runs.number", ondelete="CASCADE"), primary_key=True),
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("piece", Number, ForeignKey("pieces.number"), nullable=False, index=True),
)
