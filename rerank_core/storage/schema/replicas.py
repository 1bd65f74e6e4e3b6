"""Which servers share the database, what is under way on each, the work that outlives its server, and how fast services
may be asked by all of them together."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, false

from rerank_core.storage.schema.columns import Number, Text, any_text, metadata, owner, real, text, whole

replicas = Table(
    "replicas",
    metadata,
    text("token", key=True),
    any_text("name"),
    any_text("listing"),
)
"""A server that is there. `token` is its sign of life; `listing` is what is under way there, as JSON."""

asked_ends = Table(
    "asked_ends",
    metadata,
    Column("replica", Text, ForeignKey("replicas.token", ondelete="CASCADE"), primary_key=True),
    Column("job", Number, primary_key=True, autoincrement=False),
)
"""The work that somebody on another server asked to end, by the number that it has on its own."""

work = Table(
    "work",
    metadata,
    text("id", key=True),
    text("kind"),
    owner(),
    Column("operator", Boolean(create_constraint=False), nullable=False, server_default=false()),
    any_text("terms"),
    any_text("alone"),
    text("replica", default=""),
    whole("deaths"),
    Index("work_by_replica", "replica"),
)
"""Work that is not over. `terms` says how it is done, as JSON; `alone` why no other server can go on with it; `replica`
who has it, empty where nobody has; `deaths` how many servers have died over it."""

turns = Table(
    "turns",
    metadata,
    any_text("name", key=True),
    real("next"),
)
"""When the next request to a service may start, in seconds since 1970 by the clock of the database."""
