"""Query sets with their ratings, experiments with their requests and answers, thresholds and the marks that lead to
them."""

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Table, UniqueConstraint, false

from rerank_core.storage.schema.columns import (
    Number,
    Text,
    any_text,
    data,
    key,
    metadata,
    number,
    owner,
    pinned,
    real,
    shared,
    text,
    whole,
)

query_sets = Table(
    "query_sets",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    any_text("name"),
    text("created"),
    whole("queries"),
    whole("pairs"),
    whole("bytes"),
    text("rank_fields", default='["text"]'),
    owner(),
    shared(),
    data("payload"),  # last: what stands behind a large value is far to read
    sqlite_autoincrement=True,
)

query_set_pieces = Table(
    "query_set_pieces",
    metadata,
    Column("query_set", Number, ForeignKey("query_sets.number", ondelete="CASCADE"), primary_key=True),
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("piece", Number, ForeignKey("pieces.number"), nullable=False, index=True),
)

set_versions = Table(
    "set_versions",
    metadata,
    Column("query_set", Text, ForeignKey("query_sets.id", ondelete="CASCADE"), primary_key=True),
    whole("contents"),
    whole("ratings"),
)
"""By which a set is known to have changed; one without such a row was not changed since it was saved."""

ratings = Table(
    "ratings",
    metadata,
    number(),
    Column("query_set", Text, ForeignKey("query_sets.id", ondelete="CASCADE"), nullable=False),
    any_text("rater"),
    any_text("query"),
    any_text("document"),
    whole("grade"),
    owner(),
    text("rated_at", default=""),
    key(),
    UniqueConstraint("query_set", "key", name="ratings_once"),
    Index("ratings_by_number", "query_set", "number"),
    sqlite_autoincrement=True,
)

experiments = Table(
    "experiments",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    Column("query_set", Text, ForeignKey("query_sets.id", ondelete="CASCADE"), nullable=False),
    any_text("name"),
    text("created"),
    text("contenders"),
    text("spending_limit", null=True),
    whole("queries"),
    text("state"),
    text("asked", default=""),
    Column("ran_from", Double, nullable=False, server_default="0"),
    any_text("note"),
    text("lanes", default="{}"),
    text("rank_fields", default='["text"]'),
    owner(),
    shared(),
    text("runner", default=""),
    pinned(),
    Column("reuse", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Index("experiments_by_set", "query_set"),
    sqlite_autoincrement=True,
)
"""`lanes` has the speeds by provider id. `runner` is the mark of whoever ran it last. With `reuse` answers that were
given before are taken over, and not asked for once more."""

requests = Table(
    "requests",
    metadata,
    number(),
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="CASCADE"), nullable=False),
    whole("contender"),
    whole("query"),
    real("started"),
    real("finished", null=True),
    text("outcome"),
    text("billed"),
    text("reserved", null=True),
    text("amount", null=True),
    text("basis", null=True),
    real("units", null=True),
    real("latency", null=True),
    any_text("request_id", null=True),
    any_text("code", null=True),
    any_text("message", null=True),
    any_text("hint", null=True),
    text("asked", default=""),
    real("first", null=True),
    Index("requests_by_query", "experiment", "contender", "query", "number"),
    Index("requests_by_request", "asked", "number"),
    sqlite_autoincrement=True,
)
"""`asked` names what a service was sent for money (rerank_core/client/sent.py). An answer that was taken over is billed
"no"; its `amount` and `latency` are those of when it was given, at `first`."""

answers = Table(
    "answers",
    metadata,
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="CASCADE"), primary_key=True),
    Column("contender", Number, primary_key=True, autoincrement=False),
    Column("query", Number, primary_key=True, autoincrement=False),
    whole("request"),
    any_text("model", null=True),
    data("places"),
    data("scores"),
)

thresholds = Table(
    "thresholds",
    metadata,
    text("owner", key=True),
    text("provider", key=True),
    text("model", key=True),
    real("score"),
    any_text("how"),
    text("set_at"),
    shared(),
)

borderline_marks = Table(
    "borderline_marks",
    metadata,
    number(),
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="CASCADE"), nullable=False),
    any_text("contender"),
    any_text("query"),
    any_text("document"),
    text("mark"),
    key(),
    UniqueConstraint("experiment", "key", name="borderline_marks_once"),
    sqlite_autoincrement=True,
)

kept_figures = Table(
    "kept_figures",
    metadata,
    number(),
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="CASCADE"), nullable=False),
    data("key"),
    data("value"),
    UniqueConstraint("experiment", "key", name="kept_figures_once"),
    sqlite_autoincrement=True,
)
"""What was worked out from the answers of an experiment."""
