"""What history lists: what somebody made, with the runs that it is of, what it is marked with, and its words."""

from sqlalchemy import Column, ForeignKey, Index, Table

from rerank_core.storage.schema.columns import Number, Text, any_text, metadata, number, text

history = Table(
    "history",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    text("page"),
    text("created"),
    Column("run", Number, ForeignKey("runs.number", ondelete="CASCADE"), nullable=True, index=True),
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="CASCADE"), nullable=True, index=True),
    any_text("name"),
    any_text("note"),
    any_text("context"),
    Index("history_by_time", "created", "number"),
    sqlite_autoincrement=True,
)
"""One row for each thing. It is of a `run`, the first one of a comparison, or of an `experiment`; whose it is stands
there."""

history_runs = Table(
    "history_runs",
    metadata,
    Column("entry", Number, ForeignKey("history.number", ondelete="CASCADE"), primary_key=True),
    Column("place", Number, primary_key=True, autoincrement=False),
    Column("run", Number, ForeignKey("runs.number", ondelete="CASCADE"), nullable=False, index=True),
)

history_marks = Table(
    "history_marks",
    metadata,
    Column("entry", Number, ForeignKey("history.number", ondelete="CASCADE"), primary_key=True),
    text("kind", key=True),
    text("value", key=True),
    Index("history_marks_by_value", "kind", "value", "entry"),
)
"""What an entry is filtered by: `kind` is "tag", or "model" with the key of a contender."""

history_words = Table(
    "history_words",
    metadata,
    text("word", key=True),
    Column("entry", Number, ForeignKey("history.number", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)
"""The words of the query, the name, the note, the tags and the models."""

piece_words = Table(
    "piece_words",
    metadata,
    text("word", key=True),
    Column("piece", Number, ForeignKey("pieces.number", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)
"""The words of the documents of runs, once for each document."""
