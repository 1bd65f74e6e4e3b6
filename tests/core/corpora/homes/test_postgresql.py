"""What only PostgreSQL does: the keyword index of this computer in tables, HNSW, restarts, versions, rights."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest

from rerank_core import Document, RerankError, samples
from rerank_core.corpora import CorpusError, CorpusStore, KnowledgeBases
from rerank_core.corpora.homes.postgresql import PostgresqlHome, postings, vectors
from rerank_core.keyword import index as keyword_index
from rerank_core.keyword.index import KeywordIndex
from rerank_core.storage.connection.address import resolved
from tests.core.corpora.homes.test_homes import MODEL, TEXTS
from tests.support.postgresql import Cluster, programs


@pytest.fixture
def bases(postgresql_home: PostgresqlHome, tmp_path) -> KnowledgeBases:
    """The knowledge bases of this computer and of a PostgreSQL."""
    return KnowledgeBases(CorpusStore(tmp_path), [postgresql_home])


def test_by_keyword_it_finds_what_the_index_here_finds(bases, monkeypatch):
    """For every example ticket the places and scores are those of the keyword index of a large knowledge base of this
    computer, also after additions, which are rows of their own in the table."""
    monkeypatch.setattr(keyword_index, "PIECES_UP_TO", 0)
    monkeypatch.setattr(postings, "_MOST_HELD", 2_000)
    some = [*samples.knowledge_base(), Document("Wi-Fi and wifi, c++ 12-34-56"), Document("x" * 300), Document("")]
    base = bases.create("A", some[:20], home="postgresql")
    base.add(some[20:], skip_known=False)
    here = KeywordIndex.build([f"{each.metadata.get('title', '')}\n{each.text}" for each in some])
    for question in (*(ticket.text for ticket in samples.TICKETS), "wi-fi", "wifi 123456", "x" * 300, "的", "…"):
        expected, found = here.search(question, 20), base.keyword_index().search(question, 20)
        assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], rel=1e-4), question
        assert {hit.index for hit in found[:5]} == {hit.index for hit in expected[:5]}, question


def test_many_vectors_are_found_by_hnsw(bases, embedded, monkeypatch):
    """Above a number of vectors there is an HNSW index, and it finds what comparing each with each finds."""
    some = [f"text {n}, part {n * 7}" for n in range(400)]
    exact = bases.create("Exact", some, home="postgresql").vectors(MODEL)
    monkeypatch.setattr(vectors, "EXACT_ROWS", 100)
    base = bases.create("HNSW", some, home="postgresql")
    query = np.array([0.6, 0.8], np.float32)
    found = base.vectors(MODEL).search(query, 10)
    with base.home._server.transaction() as cursor:
        indexes = cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'").fetchall()
    assert len(indexes) == 1
    assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in exact.search(query, 10)], abs=1e-5)


def test_a_restart_of_the_server_is_survived(bases, vector_cluster):
    """After a restart the next use goes on; while it is down, a sentence says so, and the list says what is missing."""
    base = bases.create("A", TEXTS, home="postgresql")
    vector_cluster.stop()
    try:
        with pytest.raises(RerankError, match=r"^PostgreSQL \(.*\) cannot be reached: ") as caught:
            base.get([0])
        assert "tests@" not in str(caught.value)
        fresh = KnowledgeBases(bases.here, list(bases.homes.values()))
        assert fresh.list() == ()
        assert [home.id for home, _ in fresh.problems()] == ["postgresql"]
    finally:
        vector_cluster.start()
    assert base[0].text == TEXTS[0]


@pytest.mark.slow
def test_a_server_without_pgvector_is_refused():
    """Debian's PostgreSQL has no pgvector: that is said with what to do, and nothing is made in it."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL here")
    with Cluster(found) as cluster:
        home = PostgresqlHome(resolved(cluster.address()))
        with pytest.raises(RerankError, match=r"has no extension called vector \(pgvector\)") as caught:
            home.check()
        assert caught.value.hint.startswith("Install pgvector")
        home.close()
        with psycopg.connect(cluster.address().replace("+psycopg", "")) as connection:
            names = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
        assert ("rerank_knowledge_bases",) not in names


def test_a_role_that_may_not_is_told_what_is_missing(vector_cluster):
    """A role without rights, a database that is not there, and a newer schema each end in a sentence."""
    address = vector_cluster.new_database()
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'weak'").fetchone():
            connection.execute("CREATE ROLE weak LOGIN")
        connection.execute("REVOKE CREATE ON DATABASE " + address.rpartition("/")[2] + " FROM PUBLIC")
        weak = PostgresqlHome(resolved(address.replace("tests@", "weak@")))
        with pytest.raises(RerankError, match="no extension called vector"):
            weak.check()
        connection.execute("CREATE EXTENSION vector")
        with pytest.raises(RerankError, match="does not allow this"):
            weak.check()
        weak.close()
        nowhere = PostgresqlHome(resolved(vector_cluster.address("nowhere")))
        with pytest.raises(RerankError, match="nowhere"):
            nowhere.check()
        nowhere.close()
        first = PostgresqlHome(resolved(address))
        first.check()
        connection.execute("UPDATE rerank_knowledge_bases.format SET number = 99")
        first.close()
        newer = PostgresqlHome(resolved(address))
        with pytest.raises(CorpusError) as caught:
            newer.entries()
        assert caught.value.code == "corpus_newer"
        newer.close()


def test_tables_that_are_gone_are_said(bases, postgresql_home):
    """Where somebody dropped a table behind our back, that is said, and the knowledge base can be deleted."""
    base = bases.create("A", TEXTS, home="postgresql")
    with postgresql_home._server.transaction() as cursor:
        cursor.execute(f"DROP TABLE rerank_knowledge_bases.passages_{base.id}")
    for use in (lambda: base.get([0]), lambda: base.add(["x"])):
        with pytest.raises(CorpusError) as caught:
            use()
        assert caught.value.code == "home_gone"
    bases.delete(base.id)
    assert postgresql_home.entries() == []


def test_what_a_killed_fill_left_is_dropped(bases, postgresql_home, monkeypatch):
    """One in the making at which nobody works is dropped after some hours, tables and all."""
    base = bases.create("A", TEXTS, home="postgresql")
    with postgresql_home._server.transaction() as cursor:
        cursor.execute("UPDATE rerank_knowledge_bases.bases SET whole = false")
    assert postgresql_home.leftovers() == []
    with postgresql_home._server.transaction() as cursor:
        cursor.execute("UPDATE rerank_knowledge_bases.bases SET touched = now() - interval '7 hours'")
    bases.tidy()
    with postgresql_home._server.transaction() as cursor:
        left = cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE %s", (f"%{base.id}%",)).fetchall()
    assert left == []
