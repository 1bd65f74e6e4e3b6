"""Documents by the hash of their content: whatever runs and query sets they are in, each is kept once.

What holds documents hands them over as pieces, each some documents as UTF-8 JSON, and keeps a list of the numbers they
got. A piece that nothing holds any more is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Column, Connection, Table, delete, exists, insert, select

from rerank_core.storage.database import in_turn
from rerank_core.storage.schema.evaluation import query_set_pieces
from rerank_core.storage.schema.runs import pieces, run_pieces
from rerank_core.storage.store import upsert

# Up to so many documents, so many of them are a piece, in their sequence. Of a short list each is one, so that lists
# which differ in one share the others; of a long one rows would cost more time than they save room.
_SIZES = ((25, 1), (1_000, 16))
_LARGE = 256

_AT_ONCE = 500
_SUBJECT = "pieces"
_Any = TypeVar("_Any")
_HOLDERS = (run_pieces, query_set_pieces)


def cut(documents: Sequence[bytes]) -> list[bytes]:
    """Documents, each as JSON, as pieces: JSON lists of them."""
    size = next((size for most, size in _SIZES if len(documents) <= most), _LARGE)
    return [b"[" + b",".join(documents[start : start + size]) + b"]" for start in range(0, len(documents), size)]


def joined(found: Sequence[bytes]) -> bytes:
    """The documents of pieces as one JSON list; `cut` backwards."""
    return b"[" + b",".join(each[1:-1] for each in map(bytes, found)) + b"]"


def keep(db: Connection, holder: Table, number: int, content: Sequence[bytes | memoryview]) -> None:
    """Have the row `number` hold these pieces from now on, in this sequence, in place of those it held before."""
    in_turn(db, _SUBJECT)
    column = _column(holder)
    before = set(db.execute(select(holder.c.piece).where(column == number)).scalars())
    now = _numbers(db, content)
    if before:
        db.execute(delete(holder).where(column == number))
    rows = [{column.name: number, "place": place, "piece": piece} for place, piece in enumerate(now)]
    if rows:
        db.execute(insert(holder), rows)
    sweep(db, before - set(now))


def held(db: Connection, holder: Table, number: int) -> list[bytes]:
    """The pieces of a row, in their sequence."""
    return list(
        db.execute(
            select(pieces.c.payload)
            .join(holder, holder.c.piece == pieces.c.number)
            .where(_column(holder) == number)
            .order_by(holder.c.place)
        ).scalars()
    )


def holding(db: Connection, holder: Table, numbers: Iterable[int]) -> set[int]:
    """The pieces that any of these rows hold: what `sweep` is to look at once they are deleted."""
    return {
        piece
        for some in in_parts(numbers)
        for piece in db.execute(select(holder.c.piece).where(_column(holder).in_(some)).distinct()).scalars()
    }


def sweep(db: Connection, numbers: Iterable[int]) -> None:
    """Delete those of these pieces that nothing holds."""
    suspects = list(numbers)
    if not suspects:
        return
    in_turn(db, _SUBJECT)
    free = [~exists().where(holder.c.piece == pieces.c.number) for holder in _HOLDERS]
    for some in in_parts(suspects):
        db.execute(delete(pieces).where(pieces.c.number.in_(some), *free))


def _numbers(db: Connection, content: Sequence[bytes | memoryview]) -> list[int]:
    """The numbers of pieces, in their sequence; those that are not there yet are written."""
    hashes = [hashlib.sha256(each).digest() for each in content]
    known = dict(_known(db, hashes))
    new = {name: each for name, each in zip(hashes, content, strict=True) if name not in known}
    if new:
        upsert(db, pieces, ({"hash": name, "payload": bytes(each)} for name, each in new.items()), ("hash",))
        known.update(_known(db, list(new)))
    return [known[name] for name in hashes]


def _known(db: Connection, hashes: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
    for some in in_parts(dict.fromkeys(hashes)):
        for name, number in db.execute(select(pieces.c.hash, pieces.c.number).where(pieces.c.hash.in_(some))):
            yield bytes(name), number


def in_parts(values: Iterable[_Any]) -> Iterator[list[_Any]]:
    """A few hundred at a time: a statement takes no more."""
    left = iter(values)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _column(holder: Table) -> Column[int]:
    """The column that says which row holds a piece."""
    return next(iter(holder.columns))
