"""What a file of an earlier version is, and which of its tables go where."""

from __future__ import annotations

from dataclasses import dataclass

from rerank_core.storage.sqlite_file import FileKind

CURE = "move that file away, and what it held is left out"


@dataclass(frozen=True, slots=True)
class Copy:
    """A table of the file, and the one of the database that its rows go to, under the same names of columns. `key` are
    the columns whose texts make up the digest in the column `key` there."""

    table: str
    to: str
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """A kind of file and its tables; one that others refer to comes before them."""

    kind: FileKind
    copies: tuple[Copy, ...]
