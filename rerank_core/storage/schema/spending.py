"""What calls of services have cost: each call, the sums of each day, and the sum of all. Amounts are Decimals as
text."""

from sqlalchemy import Index, Table

from rerank_core.storage.schema.columns import any_text, metadata, number, text, whole

calls = Table(
    "calls",
    metadata,
    number(),
    text("day"),
    text("started"),
    text("finished", null=True),
    any_text("who"),
    any_text("connection"),
    any_text("model"),
    any_text("page"),
    any_text("run"),
    text("key"),
    text("process"),
    text("state"),
    text("reserved", null=True),
    text("spent", default="0"),
    text("doubt", default="0"),
    text("assumed", default="0"),
    any_text("note"),
    Index("calls_by_day", "day"),
    Index("calls_by_state", "state", "process"),
    sqlite_autoincrement=True,
)

day_sums = Table(
    "day_sums",
    metadata,
    text("day", key=True),
    text("key", key=True),
    any_text("who", key=True),
    any_text("connection", key=True),
    any_text("model", key=True),
    text("spent"),
    text("doubt"),
    text("assumed"),
    text("held"),
    whole("calls"),
    whole("unknown"),
)

totals = Table(
    "totals",
    metadata,
    text("key", key=True),
    text("since"),
    text("spent"),
    text("doubt"),
    text("assumed"),
    text("held"),
    whole("calls"),
    whole("unknown"),
)
