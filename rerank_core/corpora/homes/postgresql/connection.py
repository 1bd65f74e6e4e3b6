"""Connections to the PostgreSQL that keeps knowledge bases, its tables, and what its errors mean."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from rerank_core.corpora.errors import CorpusError, busy, gone, newer
from rerank_core.errors import AuthenticationError, ConfigurationError, ConnectionFailedError, PermissionDeniedError
from rerank_core.storage.connection.address import Address
from rerank_core.storage.connection.engine import alive_args, driver_error

SCHEMA = "rerank_knowledge_bases"
"""The schema of all its tables, apart from those of the app."""

_FORMAT = 1
_PREPARING = 0x52504B42  # "RPKB"
_LEAST_SERVER = 120000
_LEAST_VECTOR = (0, 5)  # the first with HNSW
_TABLES = (
    "CREATE TABLE IF NOT EXISTS {schema}.format (number integer NOT NULL)",
    'CREATE TABLE IF NOT EXISTS {schema}.bases (id text COLLATE "C" PRIMARY KEY, storage text NOT NULL, '
    "whole boolean NOT NULL, touched timestamptz NOT NULL, name text NOT NULL, created text NOT NULL, "
    "passages integer NOT NULL, documents integer NOT NULL, size bigint NOT NULL, rank_fields text NOT NULL, "
    "owner text NOT NULL, shared boolean NOT NULL)",
    'CREATE TABLE IF NOT EXISTS {schema}.vectors (storage text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, '
    "passages integer NOT NULL, size integer NOT NULL, PRIMARY KEY (storage, name))",
)

Cursor = psycopg.Cursor[Any]


class Server:
    """A PostgreSQL as knowledge bases use it; its tables are made at the first use. Safe under threads."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._engine = create_engine(
            address.server,
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=8,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args=alive_args(address.server),
        )
        self._prepared = self._closed = False

    @property
    def label(self) -> str:
        """What a person calls it, without user and password."""
        return f"PostgreSQL ({self._address})"

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """A transaction; what goes wrong with the server in it is raised as a RerankError."""
        if self._closed:
            raise ConfigurationError("This connection to PostgreSQL is closed.", hint="Open a new one.", code="closed")
        if not self._prepared:
            with self._explained(), self._cursor() as cursor:
                prepare(cursor, self.label)
            self._prepared = True
        with self._explained(), self._cursor() as cursor:
            yield cursor

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        with self._engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            with driver.cursor() as cursor:
                yield cursor

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, psycopg.Error) as error:
            raise explained(driver_error(error), self.label) from error

    def close(self) -> None:
        """Close the connections; any later use is refused."""
        self._closed = True
        self._engine.dispose()


def table(kind: str, storage: str) -> sql.Composed:
    """The name of a table of one knowledge base, as SQL."""
    return sql.SQL("{}.{}").format(sql.Identifier(SCHEMA), sql.Identifier(f"{kind}_{storage}"))


def prepare(cursor: Cursor, label: str) -> None:
    """Make what is missing: the extension, the schema, its tables. Raises ConfigurationError where the server cannot
    keep knowledge bases."""
    if cursor.connection.info.server_version < _LEAST_SERVER:
        raise ConfigurationError(
            f"{label} is too old to keep knowledge bases in; PostgreSQL 12 is the oldest that does.",
            hint="Upgrade it, or name another one.",
            code="version",
        )
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_PREPARING,))
    _extension(cursor, label)
    schema = sql.Identifier(SCHEMA)
    if not cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchone():
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    for statement in _TABLES:
        cursor.execute(sql.SQL(statement).format(schema=schema))
    found = cursor.execute(sql.SQL("SELECT number FROM {}.format").format(schema)).fetchone()
    if found is None:
        cursor.execute(sql.SQL("INSERT INTO {}.format VALUES (%s)").format(schema), (_FORMAT,))
    elif found[0] > _FORMAT:
        raise newer()


def _extension(cursor: Cursor, label: str) -> None:
    found = cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    if found is None:
        try:
            with cursor.connection.transaction():
                cursor.execute("CREATE EXTENSION vector")
        except psycopg.Error as error:
            missing = not isinstance(error, psycopg.errors.InsufficientPrivilege)
            raise ConfigurationError(
                f"{label} has no extension called vector (pgvector), which knowledge bases need.",
                hint="Install pgvector on the database server, and name the address here again."
                if missing
                else "Have its administrator run CREATE EXTENSION vector in this database.",
                code="no_pgvector",
            ) from error
        found = cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    version = tuple(int(part) for part in str(found[0] if found else "0").split(".")[:2] if part.isdecimal())
    if version < _LEAST_VECTOR:
        raise ConfigurationError(
            f"The pgvector of {label} is too old to keep knowledge bases in; 0.5 is the oldest that does.",
            hint="Upgrade it, and run ALTER EXTENSION vector UPDATE.",
            code="version",
        )


def explained(error: Exception, label: str) -> Exception:
    """What an error of the driver means."""
    state = getattr(error, "sqlstate", None) or ""
    said = " ".join(str(error).split("\n")[0].split())[:300].rstrip(".")
    if state.startswith("28"):
        return AuthenticationError(
            f"{label} does not accept this user or password.", hint="Correct the address in the secrets file."
        )
    if state == "42501":
        return PermissionDeniedError(
            f"{label} does not allow this: {said}.", hint="Let its user make a schema and tables in this database."
        )
    if state in ("42P01", "3F000"):
        return gone(label)
    if state in ("55P03", "40P01", "40001"):
        return busy(label)
    if state.startswith("53"):
        return CorpusError(
            f"{label} has no room left: {said}.", hint="Free some space there, and try again.", code="home_full"
        )
    if not state or state.startswith(("08", "57")):
        return ConnectionFailedError(
            f"{label} cannot be reached: {said or 'it does not answer'}.",
            hint="Check that it is running, and the address in the secrets file. The other knowledge bases are there.",
        )
    return CorpusError(
        f"{label} refuses this: {said}.", hint="Look at the log of the database server.", code="home_refused"
    )
