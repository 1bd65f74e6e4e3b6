"""What only a search engine does: it compares vectors or not, is busy, loses an index, is another's."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

from rerank_core import RateLimitedError, RerankError
from rerank_core.corpora import CorpusError, CorpusStore, KnowledgeBases
from rerank_core.corpora.homes.search_engine import SearchEngineHome
from rerank_core.retrieval.live.engine import SearchEngine
from tests.core.corpora.homes.test_homes import MODEL, TEXTS
from tests.support.homes import comparing
from tests.support.homes import engine_home as empty_engine_home
from tests.support.loopback import answers


def test_an_engine_that_compares_vectors_is_asked_for_the_nearest(engine_address, tmp_path, embedded):
    """In the form of OpenSearch and in that of Elasticsearch: the passages and cosines are those that are found where
    the engine compares none and the vectors are read to this computer."""
    some = ["one, two", "three", " ", "four, five", "six"]
    query = np.array([0.6, 0.8], np.float32)
    found: list[list[tuple[int, float]]] = []
    for field in ("knn_vector", "dense_vector", "none"):
        with empty_engine_home(engine_address, comparing(engine_address, field)) as home:
            base = KnowledgeBases(CorpusStore(tmp_path), [home]).create("A", some, home=home.id)
            found.append(base.vectors(MODEL).search(query, 3))
            assert len(base.vectors(MODEL).vectors.rows) == 6
            base.add(["seven, eight"])
            assert 5 in [place for place, _ in base.vectors(MODEL).search(query, 10)]
    for each in found[:2]:
        assert [place for place, _ in each] == [place for place, _ in found[2]]
        assert [cosine for _, cosine in each] == pytest.approx([cosine for _, cosine in found[2]], abs=1e-6)


def test_an_index_that_is_gone_is_said(engine_home, engine_address, tmp_path):
    """Where somebody deleted the index behind our back, reading, searching and adding say so, and it can be deleted."""
    bases = KnowledgeBases(CorpusStore(tmp_path), [engine_home])
    base = bases.create("A", TEXTS, home=engine_home.id)
    httpx.delete(f"{engine_address}/{engine_home._index(base.id)}", trust_env=False).raise_for_status()
    for use in (lambda: base.get([0]), lambda: base.keyword_index().search("password"), lambda: base.add(["x"])):
        with pytest.raises(CorpusError) as caught:
            use()
        assert caught.value.code == "home_gone"
        assert caught.value.message.startswith("What this knowledge base was kept in is gone from the search engine at")
    bases.delete(base.id)
    assert bases.list() == ()


def test_a_newer_version_and_another_programs_list_are_refused(engine_home, engine_address, tmp_path):
    """A knowledge base that a newer version wrote is opened by none; a list that is damaged is said, not crashed on."""
    bases = KnowledgeBases(CorpusStore(tmp_path), [engine_home])
    base = bases.create("A", TEXTS, home=engine_home.id)
    document = f"{engine_address}/{engine_home._prefix}/_update/{base.id}?refresh=true"
    for change, code in (({"format": 99}, "corpus_newer"), ({"format": 1, "passages": "many"}, "corpus_damaged")):
        httpx.post(document, json={"doc": change}, trust_env=False).raise_for_status()
        with pytest.raises(CorpusError) as caught:
            bases.open(base.id)
        assert caught.value.code == code
        fresh = KnowledgeBases(CorpusStore(tmp_path), [engine_home])
        assert fresh.list() == ()
        ((_, problem),) = fresh.problems()
        assert problem.code == code


def test_what_a_killed_fill_left_is_dropped(engine_home, tmp_path, monkeypatch):
    """One in the making whose maker is gone is dropped once its time is over, and not before."""
    from datetime import timedelta

    from rerank_core.corpora.homes.search_engine import catalogue

    monkeypatch.setattr(SearchEngineHome, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    dropped, monkeypatch_drop = [], SearchEngineHome.drop
    monkeypatch.setattr(SearchEngineHome, "drop", lambda self, base: dropped.append(base))
    bases = KnowledgeBases(CorpusStore(tmp_path), [engine_home])
    with pytest.raises(KeyboardInterrupt):
        bases.create("A", TEXTS, home=engine_home.id)
    monkeypatch.setattr(SearchEngineHome, "drop", monkeypatch_drop)
    assert engine_home.leftovers() == []
    later = catalogue.now() + timedelta(hours=7)
    monkeypatch.setattr(catalogue, "now", lambda: later)
    monkeypatch.setattr("rerank_core.corpora.homes.search_engine.home.now", lambda: later)
    assert len(engine_home.leftovers()) == 1
    bases.tidy()
    assert engine_home.leftovers() == []


def test_a_busy_engine_is_asked_again(loopback):
    """Where it takes a part of what was sent, the rest is sent again a little later; after some tries that is said."""
    waited: list[float] = []
    home = SearchEngineHome(SearchEngine(loopback.url), wait=waited.append)
    busy = {"errors": True, "items": [_done(200), _done(429)]}
    loopback.script(answers(200, busy), answers(200, {"errors": False}))
    sent = [("1", {"place": 1}), ("2", {"place": 2})]
    assert list(home._asking.bulk("kb", sent)) == [2]
    assert [line for line in loopback.requests[1].body.split(b"\n") if line] == [
        json.dumps({"index": {"_index": "kb", "_id": "2"}}).encode(),
        json.dumps({"place": 2}).encode(),
    ]
    assert waited == [0.5]
    loopback.script(answers(429, {"error": {"type": "es_rejected_execution_exception", "reason": "full"}}))
    with pytest.raises(RateLimitedError):
        list(home._asking.bulk("kb", sent))
    assert len(waited) == 6
    home.close()


def test_a_passage_that_is_refused_is_said(loopback):
    """The engine's reason is in the sentence."""
    home = SearchEngineHome(SearchEngine(loopback.url))
    loopback.script(answers(200, {"errors": True, "items": [_done(400, "mapper_parsing_exception", "no such\nfield")]}))
    with pytest.raises(CorpusError, match="refuses a passage: no such field") as caught:
        list(home._asking.bulk("kb", [("1", {})]))
    assert caught.value.code == "home_refused"
    home.close()


def test_no_error_shows_the_key(loopback):
    """Whatever the engine says, the key is not in it."""
    from rerank_core.transport.credentials import Credentials

    home = SearchEngineHome(SearchEngine(loopback.url, Credentials.api_key("s3cret-of-the-operator")))
    loopback.script(answers(403, {"error": {"type": "security", "reason": "s3cret-of-the-operator may not"}}))
    with pytest.raises(RerankError) as caught:
        home.entries()
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    home.close()


def _done(status: int, kind: str = "es_rejected_execution_exception", reason: str = "full") -> dict[str, Any]:
    done = {"status": status} if status == 200 else {"status": status, "error": {"type": kind, "reason": reason}}
    return {"index": done}
