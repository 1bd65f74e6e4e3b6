"""A real search engine on loopback with OpenSearch's API, in a process of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.support.gate import PATIENCE


@contextlib.contextmanager
def empty_engine() -> Iterator[str]:
    """The address of a search engine without an index.

    Skips the test where the package has no wheel for this machine.
    """
    module = pytest.importorskip("osmem_server", reason="osmem-server has no wheel for this machine")
    server = module.OsmemServer.start()
    try:
        yield server.url
    finally:
        server.close()
        server.process.stdout.close()


@contextlib.contextmanager
def search_engine(articles: Mapping[str, Mapping[str, Any]], mapping: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Its address, once it holds these articles, by their ids, in the index `articles`, and an empty index `void`.

    Skips the test where the package has no wheel for this machine.
    """
    with empty_engine() as address:
        lines: list[str] = []
        for name, article in articles.items():
            lines += [json.dumps({"index": {"_index": "articles", "_id": name}}), json.dumps(article)]
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            made = {"mappings": mapping} if mapping else {}
            client.put(f"{address}/articles", json=made).raise_for_status()
            client.put(f"{address}/void", json={}).raise_for_status()
            bulk = client.post(
                f"{address}/_bulk?refresh=true",
                content="\n".join([*lines, ""]),
                headers={"Content-Type": "application/x-ndjson"},
            ).json()
            assert bulk["errors"] is False
        yield address
