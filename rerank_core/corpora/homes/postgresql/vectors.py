"""The vectors of knowledge bases in PostgreSQL: a table of pgvector for each set of them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from psycopg import sql

from rerank_core.corpora.homes.postgresql.connection import SCHEMA, Cursor, table
from rerank_core.retrieval.embedding import Floats, Vectors

EXACT_ROWS = 50_000
"""Up to so many vectors each is compared with the question's; above it HNSW finds the nearest."""

_AT_ONCE = 2_000
_MOST_SEARCHED = 1_000  # the most that pgvector takes for ef_search
_SETS = sql.SQL("{}.vectors").format(sql.Identifier(SCHEMA))


class VectorTables:
    """The sets of vectors of all knowledge bases; `storage` names the tables of one."""

    def all(self, cursor: Cursor) -> dict[str, dict[str, int]]:
        """How many passages have their vectors, by storage and name of the set."""
        found: dict[str, dict[str, int]] = {}
        for storage, name, passages in cursor.execute(sql.SQL("SELECT storage, name, passages FROM {}").format(_SETS)):
            found.setdefault(storage, {})[name] = passages
        return found

    def add(self, cursor: Cursor, storage: str, name: str, vectors: Vectors, passages: int) -> None:
        """Keep these rows; so many passages have their vectors then."""
        kept = _table(storage, name)
        width = vectors.rows.shape[1]
        # one that makes the table waits for another
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"{storage} {name}",))
        if not self._known(cursor, storage, name):
            columns = "CREATE TABLE {} (place integer, row integer, vector vector({}), PRIMARY KEY (place, row))"
            cursor.execute(sql.SQL(columns).format(kept, sql.Literal(width)))
            cursor.execute(sql.SQL("INSERT INTO {} VALUES (%s, %s, 0, 0)").format(_SETS), (storage, name))
        insert = sql.SQL("INSERT INTO {} VALUES (%s, %s, %s::vector) ON CONFLICT DO NOTHING").format(kept)
        rows = [(place, row, _written(vector)) for place, row, vector in _numbered(vectors)]
        added = 0
        if rows:
            cursor.executemany(insert, rows)
            added = cursor.rowcount
        counted = "UPDATE {} SET passages = greatest(passages, %s), size = size + %s WHERE storage = %s AND name = %s"
        cursor.execute(sql.SQL(counted).format(_SETS), (passages, added, storage, name))

    def finish(self, cursor: Cursor, storage: str, name: str) -> None:
        """Make the index of a set that is large, where it has none."""
        known = self._known(cursor, storage, name)
        if known and known[1] > EXACT_ROWS:
            index = sql.Identifier(f"{_name(storage, name)}_hnsw")
            make = "CREATE INDEX IF NOT EXISTS {} ON {} USING hnsw (vector vector_cosine_ops)"
            cursor.execute(sql.SQL(make).format(index, _table(storage, name)))

    def nearest(self, cursor: Cursor, storage: str, name: str, query: Floats, k: int) -> list[tuple[int, float]]:
        """The passages nearest to a vector: the cosine of a passage of several rows is that of its best one."""
        if not self._known(cursor, storage, name):
            return []
        asked, rows = _written(query), 2 * k
        search = sql.SQL("SELECT place, 1 - (vector <=> %s::vector) FROM {} ORDER BY vector <=> %s::vector LIMIT %s")
        while True:
            searched = min(_MOST_SEARCHED, max(100, rows))
            cursor.execute(sql.SQL("SET LOCAL hnsw.ef_search = {}").format(sql.Literal(searched)))
            found = cursor.execute(search.format(_table(storage, name)), (asked, asked, rows)).fetchall()
            best: dict[int, float] = {}
            for place, cosine in found:
                best.setdefault(place, min(1.0, max(-1.0, float(cosine))))
            if len(best) >= k or len(found) < rows:
                return sorted(best.items(), key=lambda each: (-each[1], each[0]))[:k]
            rows *= 2

    def some(
        self, cursor: Cursor, storage: str, name: str, after: tuple[int, int]
    ) -> tuple[Vectors | None, tuple[int, int]]:
        """The rows behind a place and a number, and the last one of them; None where there are no more."""
        if not self._known(cursor, storage, name):
            return None, after
        query = "SELECT place, row, vector::real[] FROM {} WHERE (place, row) > (%s, %s) ORDER BY place, row LIMIT %s"
        found = cursor.execute(sql.SQL(query).format(_table(storage, name)), (*after, _AT_ONCE)).fetchall()
        if not found:
            return None, after
        owners = np.array([row[0] for row in found], np.int32)
        return Vectors(np.array([row[2] for row in found], np.float32), owners), (found[-1][0], found[-1][1])

    def drop(self, cursor: Cursor, storage: str, name: str) -> None:
        """Delete a set."""
        cursor.execute(sql.SQL("DELETE FROM {} WHERE storage = %s AND name = %s").format(_SETS), (storage, name))
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_table(storage, name)))

    def drop_all(self, cursor: Cursor, storage: str) -> None:
        """Delete all sets of a knowledge base."""
        names = cursor.execute(sql.SQL("SELECT name FROM {} WHERE storage = %s").format(_SETS), (storage,)).fetchall()
        for (name,) in names:
            self.drop(cursor, storage, name)

    def _known(self, cursor: Cursor, storage: str, name: str) -> tuple[int, int] | None:
        """Passages and rows of a set."""
        query = sql.SQL("SELECT passages, size FROM {} WHERE storage = %s AND name = %s").format(_SETS)
        row = cursor.execute(query, (storage, name)).fetchone()
        return None if row is None else (row[0], row[1])


def _name(storage: str, name: str) -> str:
    """PostgreSQL cuts names after 63 bytes; those of sets have any length."""
    return f"{storage}_{blake2b(name.encode(), digest_size=6).hexdigest()}"


def _table(storage: str, name: str) -> sql.Composed:
    return table("vectors", _name(storage, name))


def _written(vector: Floats) -> str:
    """A vector as pgvector reads it, each number as short as it can be without being another."""
    return f"[{','.join(vector.astype(np.float32).astype(str).tolist())}]"


def _numbered(vectors: Vectors) -> Iterator[tuple[int, int, Floats]]:
    """Rows with their place and their number among those of one passage."""
    before, number = -1, 0
    for row, owner in zip(vectors.rows, vectors.owners.tolist(), strict=True):
        before, number = owner, number + 1 if owner == before else 0
        yield owner, number, row
