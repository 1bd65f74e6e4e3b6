"""The kinds of columns that all tables are made of, alike in either database, and the `metadata` they stand on."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, LargeBinary, MetaData, String, false
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from rerank_core.storage.sqlite_file import as_bytes, as_text

metadata = MetaData()
"""Every table of `rerank_core.storage.schema`."""

_UNSHOWABLE = re.compile("[\ud800-\udfff\x00]")


def showable(text: str) -> str:
    """Text that every database can hold as text: no lone surrogates, no NUL."""
    return _UNSHOWABLE.sub("\ufffd", text)


def digest(*texts: str) -> bytes:
    """A short name for texts that may be long: 16 bytes, the same for the same texts alone. PostgreSQL has no index of
    long ones."""
    found = hashlib.blake2b(digest_size=16)
    for each in map(as_bytes, texts):
        found.update(b"%d," % len(each))
        found.update(each)
    return found.digest()


class Text(TypeDecorator[str]):
    """Text that is looked for and sorted, by its code points in either database. What no database can hold as text
    becomes U+FFFD on its way in."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite compares bytes; PostgreSQL does as well where it is told to."""
        return dialect.type_descriptor(String(collation="C") if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Into the database."""
        return None if value is None else showable(value)


class AnyText(TypeDecorator[str]):
    """Text that comes back exactly as it was, with lone surrogates and NULs; held as bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Into the database."""
        return None if value is None else as_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Out of the database."""
        return None if value is None else as_text(value)


Number = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits."""


def number() -> Column[int]:
    """The column that says in which sequence rows were written. A number is never used again."""
    return Column("number", Number, primary_key=True, autoincrement=True)


def key() -> Column[bytes]:
    """The `digest` of the texts that no two rows share."""
    return Column("key", LargeBinary, nullable=False)


def owner() -> Column[str]:
    """Whose a row is: what they signed in as, empty for everybody's."""
    return Column("owner", Text, nullable=False, server_default="")


def shared() -> Column[bool]:
    """Whether everyone here may see a row."""
    return Column("shared", Boolean(create_constraint=False), nullable=False, server_default=false())


def pinned() -> Column[bool]:
    """Whether a row never makes room for newer ones."""
    return Column("pinned", Boolean(create_constraint=False), nullable=False, server_default=false())


def text(name: str, *, null: bool = False, default: str | None = None, key: bool = False) -> Column[str]:
    """A column of `Text`."""
    return Column(name, Text, nullable=null, server_default=default, primary_key=key)


def any_text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    """A column of `AnyText`."""
    return Column(name, AnyText, nullable=null, primary_key=key)


def whole(name: str, *, null: bool = False) -> Column[int]:
    """A column of whole numbers."""
    return Column(name, Number, nullable=null)


def real(name: str, *, null: bool = False) -> Column[float]:
    """A column of floating-point numbers with 64 bits."""
    return Column(name, Double, nullable=null)


def data(name: str, *, null: bool = False) -> Column[bytes]:
    """A column of bytes."""
    return Column(name, LargeBinary, nullable=null)
