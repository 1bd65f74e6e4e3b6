"""Which sign-ins have been ended, by the hash of what the browser keeps of them."""

from sqlalchemy import Table

from rerank_core.storage.schema.columns import metadata, number, real, text

sign_outs = Table(
    "sign_outs",
    metadata,
    number(),
    text("sign_in"),
    real("ended"),
    sqlite_autoincrement=True,
)
