"""Who judges a query set together, and what was settled."""

from sqlalchemy import Column, Index, LargeBinary, Table, UniqueConstraint

from rerank_core.storage.schema.columns import Text, any_text, key, metadata, number, text, whole

judgings = Table(
    "judgings",
    metadata,
    text("query_set", key=True),
    text("rule"),
    any_text("led_by"),
    text("since", default=""),
    Column("pool", LargeBinary, nullable=False),
)
"""`pool` is packed JSON: query ids with the ids of the documents to rate."""

judging_raters = Table(
    "judging_raters",
    metadata,
    number(),
    Column("query_set", Text, nullable=False),
    any_text("rater"),
    text("done", null=True),
    key(),
    UniqueConstraint("query_set", "key", name="judging_raters_once"),
    sqlite_autoincrement=True,
)

settled_grades = Table(
    "settled_grades",
    metadata,
    number(),
    Column("query_set", Text, nullable=False),
    any_text("query"),
    any_text("document"),
    whole("grade"),
    any_text("settled_by"),
    text("settled_at"),
    key(),
    UniqueConstraint("query_set", "key", name="settled_grades_once"),
    Index("settled_grades_by_number", "query_set", "number"),
    sqlite_autoincrement=True,
)
