"""Where the database is: a file of this computer, or a PostgreSQL that an address names. No password is shown."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from rerank_core.errors import ConfigurationError
from rerank_core.extras import require
from rerank_core.storage.sqlite_file import home

require("Keeping results", "storage", "sqlalchemy", "alembic")

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DATABASE_VARIABLE = "RERANK_DATABASE_URL"
FILE_NAME = "playground.sqlite3"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_EXAMPLE = "postgresql+psycopg://NAME:PASSWORD@HOST:5432/DATABASE"


@dataclass(frozen=True, slots=True)
class Address:
    """`file` is the SQLite file, None for PostgreSQL, whose address `url` then is. `folder` is the one whose files of
    earlier versions are taken over into the file; None where there are none."""

    file: Path | None
    folder: Path | None = None
    url: URL | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """What a sentence calls it: the path, or host, port and name, without user and password."""
        if self.file is not None:
            return str(self.file)
        url = self.server
        port = f":{url.port}" if url.port else ""
        return f"{url.database or 'postgres'} on {url.host or 'this computer'}{port}"

    @property
    def server(self) -> URL:
        """The address of PostgreSQL, with its password. Raises ValueError for a file."""
        if self.url is None:
            raise ValueError("a file has no server")
        return self.url


def of_file(path: Path | str) -> Address:
    """The address of one SQLite file."""
    return Address(Path(path))


def resolved(address: str | None = None, folder: Path | None = None) -> Address:
    """Where to look: at this address, else at the one of RERANK_DATABASE_URL, else in the file of `folder` (None: that
    of `home()`). Where a folder is given, the variable is not asked. Raises ConfigurationError for what is no address
    of SQLite or PostgreSQL."""
    given = (address or "").strip()
    if not given and folder is None:
        given = os.environ.get(DATABASE_VARIABLE, "").strip()
    if not given:
        folder = folder or home()
        return Address(folder / FILE_NAME, folder)
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise _refused("The address of the database cannot be read.") from None  # the cause might show the password
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return of_file(Path(url.database).expanduser())
    if url.drivername not in _POSTGRESQL:
        raise _refused("The address of the database names neither PostgreSQL nor an SQLite file.")
    require("A database in PostgreSQL", "postgresql", "psycopg")
    return Address(None, url=url.set(drivername="postgresql+psycopg"))


def _refused(sentence: str) -> ConfigurationError:
    return ConfigurationError(
        sentence,
        hint=f"Write {_EXAMPLE}. Characters such as @ and / in the password are written as %40 and %2F.",
    )
