"""What tests need of a database beside its own use."""

from __future__ import annotations

from sqlalchemy import text

from rerank_core.storage.database import Database
from rerank_core.storage.schema import metadata


def address_of(database: Database) -> str:
    """The address under which another process opens the same database."""
    file = database.file
    return f"sqlite:///{file}" if file is not None else database.address.server.render_as_string(hide_password=False)


def empty(database: Database) -> None:
    """Take all rows out of a PostgreSQL."""
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with database.write() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
