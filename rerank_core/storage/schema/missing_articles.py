"""Questions that nothing answered."""

from sqlalchemy import Column, Table, UniqueConstraint

from rerank_core.storage.schema.columns import Text, any_text, key, metadata, number, owner, real, shared, text

missing_articles = Table(
    "missing_articles",
    metadata,
    number(),
    Column("id", Text, nullable=False, unique=True),
    text("noted"),
    any_text("query"),
    any_text("place"),
    any_text("near_miss", null=True),
    real("score", null=True),
    owner(),
    shared(),
    key(),
    UniqueConstraint("owner", "key", name="missing_articles_once"),
    sqlite_autoincrement=True,
)
