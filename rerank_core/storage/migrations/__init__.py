"""The steps from one schema of the database to the next, by Alembic; each is a module of `versions`, in the sequence of
their names. A step that shipped is never changed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

FOLDER = Path(__file__).parent


def known() -> list[str]:
    """The names of all steps, the oldest first."""
    return sorted(path.stem for path in (FOLDER / "versions").glob("v[0-9]*.py"))


def at(connection: Connection) -> str | None:
    """The step that a database has come to; None where it has no schema of ours yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(connection: Connection) -> None:
    """Take every step that a database has not taken, in the transaction of this connection."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
