"""PostgreSQL with pgvector as the home of knowledge bases."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from rerank_core.corpora.database import Facts
from rerank_core.corpora.errors import CorpusError, busy, full, not_found
from rerank_core.corpora.homes.home import MAX_PLACES, HomeEntry
from rerank_core.corpora.homes.postgresql.connection import SCHEMA, Cursor, Server, table
from rerank_core.corpora.homes.postgresql.postings import LENGTHS, Gathered, asked_of, best, lengths_of, wanted
from rerank_core.corpora.homes.postgresql.vectors import VectorTables
from rerank_core.corpora.homes.tokens import parent_key
from rerank_core.corpora.rows import documents_of, row_of
from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document
from rerank_core.rank_fields import ranked_text
from rerank_core.retrieval.embedding import Floats, Vectors
from rerank_core.storage.connection.address import Address
from rerank_core.storage.ownership import Ownership
from rerank_core.storage.sqlite_file import as_bytes

_AT_ONCE = 1_000
_LENGTHS_KEPT = 4  # knowledge bases whose lengths are kept in memory: 8 MB for a million passages
_MADE_WITHIN = "6 hours"
_BASES = sql.SQL("{}.bases").format(sql.Identifier(SCHEMA))
_COLUMNS = sql.SQL("id, name, created, passages, documents, rank_fields, owner, shared, size, storage")
_PASSAGES = (
    "CREATE TABLE {passages} (place integer PRIMARY KEY, id text, document bytea, digest bytea NOT NULL, "
    "text bytea NOT NULL, metadata text)",
    "CREATE INDEX ON {passages} (digest)",
    "CREATE INDEX ON {passages} (document, place) WHERE document IS NOT NULL",
)
_POSTINGS = (
    'CREATE TABLE {words} (word text COLLATE "C" NOT NULL, passages integer NOT NULL, places bytea NOT NULL, '
    "counts bytea NOT NULL)",
    "CREATE INDEX ON {words} (word)",
)


class PostgresqlHome:
    """Knowledge bases in a PostgreSQL with pgvector, each in tables of its own, in a schema of their own.

    An addition is one transaction. By keyword passages are scored as on this computer, from rows of the words that are
    asked for (`postings`); by meaning pgvector compares each with each, or finds the nearest by HNSW where there are
    more than 50,000 vectors. Closing closes the connections.
    """

    id = "postgresql"

    def __init__(self, address: Address) -> None:
        self._server = Server(address)
        self._vectors = VectorTables()
        self._lengths: OrderedDict[str, NDArray[np.int64]] = OrderedDict()

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self._server.label

    def check(self) -> None:
        """Raise where it cannot be reached, refuses, or has no pgvector."""
        with self._server.transaction():
            pass

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    # The list

    def entries(self) -> list[HomeEntry]:
        """All knowledge bases that are whole."""
        with self._server.transaction() as cursor:
            found = cursor.execute(sql.SQL("SELECT {} FROM {} WHERE whole").format(_COLUMNS, _BASES)).fetchall()
            sets = self._vectors.all(cursor)
        return [_entry(row, sets.get(row[9], {})) for row in found]

    def entry(self, base: str) -> HomeEntry:
        """One of them, or one in the making."""
        with self._server.transaction() as cursor:
            row = self._row(cursor, base)
            return _entry(row, self._vectors.all(cursor).get(row[9], {}))

    def begin(self, entry: HomeEntry) -> None:
        """Make an empty one."""
        self.drop(entry.id)
        facts = entry.facts
        whose = facts.ownership.owner, facts.ownership.shared
        with self._server.transaction() as cursor:
            _make(cursor, _PASSAGES + _POSTINGS, entry.id)
            cursor.execute(
                sql.SQL("INSERT INTO {} VALUES (%s, %s, false, now(), %s, %s, 0, 0, 0, %s, %s, %s)").format(_BASES),
                (entry.id, entry.id, facts.name, facts.created.isoformat(), json.dumps(facts.rank_fields), *whose),
            )

    def publish(self, base: str) -> None:
        """List it from now on."""
        with self._server.transaction() as cursor:
            self._set(cursor, base, "whole = true")

    def change(self, base: str, facts: Facts) -> None:
        """Take over what its owner chose."""
        with self._server.transaction() as cursor:
            values = facts.name, json.dumps(facts.rank_fields), facts.ownership.owner, facts.ownership.shared
            self._set(cursor, base, "name = %s, rank_fields = %s, owner = %s, shared = %s", *values)

    def drop(self, base: str) -> None:
        """Delete one with its tables."""
        with self._server.transaction() as cursor:
            gone = cursor.execute(sql.SQL("DELETE FROM {} WHERE id = %s RETURNING storage").format(_BASES), (base,))
            row = gone.fetchone()
            if row is not None:
                self._drop_tables(cursor, row[0])

    def take_place(self, new: str, old: str) -> None:
        """One takes the passages of another."""
        with self._server.transaction() as cursor:
            self._lock(cursor, old)
            former = self._row(cursor, old)[9]
            taken = self._row(cursor, new)
            cursor.execute(sql.SQL("DELETE FROM {} WHERE id = %s").format(_BASES), (new,))
            self._set(
                cursor,
                old,
                "storage = %s, passages = %s, documents = %s, size = %s, rank_fields = %s",
                *(taken[9], taken[3], taken[4], taken[8], taken[5]),
            )
            self._drop_tables(cursor, former)

    def leftovers(self) -> list[str]:
        """Those in the making at which nobody works any more."""
        query = sql.SQL("SELECT id FROM {} WHERE NOT whole AND touched < now() - %s::interval").format(_BASES)
        with self._server.transaction() as cursor:
            return [row[0] for row in cursor.execute(query, (_MADE_WITHIN,))]

    # Passages

    def append(self, base: str, documents: Iterable[Document], *, skip_known: bool) -> tuple[int, int]:
        """Add passages in one transaction."""
        with self._server.transaction() as cursor:
            self._lock(cursor, base)
            row = self._row(cursor, base)
            before, documents_there, fields, storage = row[3], row[4], json.loads(row[5]), row[9]
            parents: set[bytes] = set()
            gathered = Gathered()
            place, skipped, size, new = before, 0, 0, 0
            rest = iter(documents)
            while some := list(islice(rest, _AT_ONCE)):
                rows = [row_of(0, document) for document in some]
                digests = {each.digest for each in rows}
                known = _there(cursor, storage, "digest", digests, before) if skip_known else set()
                names = {parent_key(each.parent) for each in rows if each.parent is not None} - parents
                parents |= _there(cursor, storage, "document", names, before)
                query = sql.SQL("COPY {} (place, id, document, digest, text, metadata) FROM STDIN")
                with cursor.copy(query.format(table("passages", storage))) as copy:
                    for document, each in zip(some, rows, strict=True):
                        if each.digest in known:
                            skipped += 1
                            continue
                        if place >= MAX_PLACES:
                            raise full(place + 1, MAX_PLACES)
                        name = None if each.parent is None else parent_key(each.parent)
                        if name is None or name not in parents:
                            new += 1
                        if name is not None:
                            parents.add(name)
                        copy.write_row((place, each.id, name, each.digest, each.text, each.metadata))
                        gathered.add(place, ranked_text(document, fields))
                        place, size = place + 1, size + each.size
                if gathered.full:
                    _write(cursor, storage, gathered)
            _write(cursor, storage, gathered)
            counts = place, documents_there + new, row[8] + size
            self._set(cursor, base, "passages = %s, documents = %s, size = %s", *counts)
        return place - before, skipped

    def read(self, base: str, places: Sequence[int]) -> list[Document]:
        """The passages at these places."""
        found: dict[int, Document] = {}
        with self._server.transaction() as cursor:
            storage = self._row(cursor, base)[9]
            query = sql.SQL("SELECT place, id, text, metadata FROM {} WHERE place = ANY(%s)")
            query_of = query.format(table("passages", storage))
            for start in range(0, len(places), _AT_ONCE):
                rows = cursor.execute(query_of, (list(places[start : start + _AT_ONCE]),)).fetchall()
                try:
                    made = documents_of([row[1:] for row in rows])
                except (TypeError, ValueError, InvalidDocumentsError) as error:
                    raise CorpusError(
                        f"A passage of this knowledge base is damaged in {self.label}.",
                        hint="Make the knowledge base again from its documents.",
                        code="corpus_damaged",
                    ) from error
                found.update(zip((row[0] for row in rows), made, strict=True))
        for place in places:
            if place not in found:
                raise IndexError(f"the corpus has no passage {place}")
        return [found[place] for place in places]

    def siblings(self, base: str, place: int, around: int) -> list[int]:
        """Neighbours from the same document."""
        query = sql.SQL(
            "SELECT place FROM {passages} WHERE place BETWEEN %s AND %s AND (place = %s OR document = "
            "(SELECT document FROM {passages} WHERE place = %s)) ORDER BY place"
        )
        return self._places(base, query, place - around, place + around, place, place)

    def places_of(self, base: str, parent: str) -> list[int]:
        """All passages of one document."""
        query = sql.SQL("SELECT place FROM {passages} WHERE document = %s ORDER BY place")
        return self._places(base, query, parent_key(as_bytes(parent)))

    def _places(self, base: str, query: sql.SQL, *values: object) -> list[int]:
        with self._server.transaction() as cursor:
            storage = self._row(cursor, base)[9]
            return [row[0] for row in cursor.execute(query.format(passages=table("passages", storage)), values)]

    # Search

    def reword(self, base: str, rank_fields: Sequence[str]) -> Iterator[int]:
        """Write the words of other fields, in one transaction."""
        size = self.entry(base).facts.passages
        with self._server.transaction() as cursor:
            self._lock(cursor, base)
            storage = self._row(cursor, base)[9]
            # not TRUNCATE: until all are there, searches find the former words
            cursor.execute(sql.SQL("DELETE FROM {}").format(table("words", storage)))
            gathered = Gathered()
            for start in range(0, size, _AT_ONCE):
                places = range(start, min(size, start + _AT_ONCE))
                for place, document in zip(places, self.read(base, places), strict=True):
                    gathered.add(place, ranked_text(document, rank_fields))
                if gathered.full:
                    _write(cursor, storage, gathered)
                yield places.stop
            _write(cursor, storage, gathered)
        self._lengths.pop(storage, None)

    def frequencies(self, base: str, words: Sequence[str]) -> list[int]:
        """How many passages hold each word."""
        with self._server.transaction() as cursor:
            words_table = table("words", self._row(cursor, base)[9])
            query = sql.SQL("SELECT word, sum(passages) FROM {} WHERE word = ANY(%s) GROUP BY word").format(words_table)
            found = {word: int(count) for word, count in cursor.execute(query, (list(words),))}
        return [found.get(word, 0) for word in words]

    def by_keyword(self, base: str, question: str, k: int) -> list[tuple[int, float]]:
        """The passages that match best, as the keyword index of this computer finds them."""
        asked = asked_of(question)
        words = wanted(asked)
        if not words:
            return []
        with self._server.transaction() as cursor:
            row = self._row(cursor, base)
            lengths = self._lengths_of(cursor, row[9], row[3])
            query = sql.SQL("SELECT word, places, counts FROM {} WHERE word = ANY(%s)").format(table("words", row[9]))
            rows = cursor.execute(query, (list(set(words.values())),), binary=True).fetchall()
        return best(asked, words, rows, lengths, k)

    def _lengths_of(self, cursor: Cursor, storage: str, size: int) -> NDArray[np.int64]:
        kept = self._lengths.get(storage)
        if kept is None or len(kept) != size:
            query = sql.SQL("SELECT places, counts FROM {} WHERE word = %s").format(table("words", storage))
            kept = lengths_of(cursor.execute(query, (LENGTHS,), binary=True).fetchall(), size)
            self._lengths[storage] = kept
            while len(self._lengths) > _LENGTHS_KEPT:
                self._lengths.popitem(last=False)
        return kept

    def add_vectors(self, base: str, name: str, vectors: Vectors, passages: int) -> None:
        """Keep rows of vectors."""
        with self._server.transaction() as cursor:
            self._set(cursor, base, "whole = whole")  # somebody works at it
            self._vectors.add(cursor, self._row(cursor, base)[9], name, vectors, passages)

    def finish_vectors(self, base: str, name: str) -> None:
        """Make the index of many vectors."""
        with self._server.transaction() as cursor:
            self._vectors.finish(cursor, self._row(cursor, base)[9], name)

    def by_meaning(self, base: str, name: str, query: Floats, k: int) -> list[tuple[int, float]]:
        """The passages nearest to a vector."""
        with self._server.transaction() as cursor:
            return self._vectors.nearest(cursor, self._row(cursor, base)[9], name, query, k)

    def vectors(self, base: str, name: str) -> Iterator[Vectors]:
        """All rows."""
        after = -1, -1
        while True:
            with self._server.transaction() as cursor:
                found, after = self._vectors.some(cursor, self._row(cursor, base)[9], name, after)
            if found is None:
                return
            yield found

    def drop_vectors(self, base: str, name: str) -> None:
        """Delete a set of vectors."""
        with self._server.transaction() as cursor:
            self._vectors.drop(cursor, self._row(cursor, base)[9], name)

    # What several of these need

    def _row(self, cursor: Cursor, base: str) -> Any:
        row = cursor.execute(sql.SQL("SELECT {} FROM {} WHERE id = %s").format(_COLUMNS, _BASES), (base,)).fetchone()
        if row is None:
            raise not_found()
        return row

    def _set(self, cursor: Cursor, base: str, what: str, *values: object) -> None:
        query = sql.SQL("UPDATE {} SET touched = now(), {} WHERE id = %s").format(_BASES, sql.SQL(what))
        if cursor.execute(query, (*values, base)).rowcount != 1:
            raise not_found()

    def _lock(self, cursor: Cursor, base: str) -> None:
        """Be the one that writes into a knowledge base until the transaction ends."""
        number = int(base[:15], 16)
        if not cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (number,)).fetchone()[0]:  # type: ignore[index]
            raise busy(self.label)

    def _drop_tables(self, cursor: Cursor, storage: str) -> None:
        self._vectors.drop_all(cursor, storage)
        for kind in ("passages", "words"):
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table(kind, storage)))
        self._lengths.pop(storage, None)


def _make(cursor: Cursor, statements: Iterable[str], storage: str) -> None:
    for statement in statements:
        made = sql.SQL(statement)
        cursor.execute(made.format(passages=table("passages", storage), words=table("words", storage)))


def _write(cursor: Cursor, storage: str, gathered: Gathered) -> None:
    query = sql.SQL("COPY {} (word, passages, places, counts) FROM STDIN").format(table("words", storage))
    with cursor.copy(query) as copy:
        for row in gathered.rows():
            copy.write_row(row)


def _there(cursor: Cursor, storage: str, column: str, values: set[bytes], before: int) -> set[bytes]:
    """Which of these values passages before a place have."""
    if not values or not before:
        return set()
    query = sql.SQL("SELECT DISTINCT {column} FROM {passages} WHERE {column} = ANY(%s) AND place < %s")
    made = query.format(column=sql.Identifier(column), passages=table("passages", storage))
    return {bytes(row[0]) for row in cursor.execute(made, (list(values), before))}


def _entry(row: Any, vectors: dict[str, int]) -> HomeEntry:
    base, name, created, passages, documents, fields, owner, shared, size, _ = row
    facts = Facts(
        name, datetime.fromisoformat(created), passages, documents, tuple(json.loads(fields)), Ownership(owner, shared)
    )
    return HomeEntry(base, facts, size, vectors)
