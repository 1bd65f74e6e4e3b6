"""`rerank bulk --ray` on a real cluster: two nodes on loopback, by Ray's own cluster utility."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import rerank_core as rc
from rerank_core.bulk.parts import BulkOptions
from rerank_core.bulk.run import run_bulk
from tests.peers.conftest import Run
from tests.support.rerank_service import GOOD_KEY, RerankService

PARTS = 12


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two queries a part."""
    path = tmp_path / "in.jsonl"
    rows = [
        {"id": f"q{n}", "query": f"word{n} question", "documents": ["other text", f"word{n}", "question"]}
        for n in range(2 * PARTS)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def told(source: Path, target: Path, **more: Any) -> str:
    """What the program is to do."""
    options = {"model": "local-keyword", "part_queries": 2}
    base = {"source": str(source), "target": str(target), "provider": "local", "base_url": None, "kill_after": 0}
    return json.dumps(base | {"options": options} | more)


def rows_of(target: Path) -> list[dict[str, Any]]:
    """All rows of all parts, in the order of the parts."""
    return [row for part in sorted(target.glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]


def test_a_node_that_dies_half_way_loses_nothing(source: Path, tmp_path: Path, run_program: Run):
    """Each part is there once, and every row is the one that this process computes by itself."""
    found = run_program("with_ray", told(source, tmp_path / "out", kill_after=3))
    assert (found["nodes"], found["alive"]) == (2, 1)
    ended = found["ended"]
    assert (ended["parts"], ended["kept"], ended["queries"], ended["failed"]) == (PARTS, 0, 2 * PARTS, 0)
    names = sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".parquet")
    assert names == [f"part-{number:05}.parquet" for number in range(PARTS)]
    assert not list((tmp_path / "out").glob("*.writing"))
    with rc.Client("local") as client:
        options = BulkOptions(model="local-keyword", part_queries=2, rank_fields=("text",))
        alone = run_bulk(str(source), str(tmp_path / "alone"), client, options)
        assert alone.queries == ended["queries"]
        assert rows_of(tmp_path / "out") == rows_of(tmp_path / "alone")
        again = run_bulk(str(source), str(tmp_path / "out"), client, options)
    assert again.kept == PARTS


def test_the_limit_is_one_for_all_nodes(
    source: Path, tmp_path: Path, run_program: Run, service: RerankService, monkeypatch: pytest.MonkeyPatch
):
    """Each query costs 0.001: with 0.006 no seventh request is ever sent, whoever sends it."""
    monkeypatch.setenv("GATEFLOW_API_KEY", GOOD_KEY)
    options = {"model": "rerank-english-v3.0", "part_queries": 2, "max_retries": 0, "limit": "0.006"}
    more = {"provider": "gateflow", "base_url": service.url + "/ok", "options": options}
    found = run_program("with_ray", told(source, tmp_path / "out", **more))
    assert "refused" in found
    assert 0 < len(service.requests) <= 6
    counted = Counter(json.loads(one.body)["query"] for one in service.requests)
    assert set(counted.values()) == {1}
    spent = json.loads((tmp_path / "out" / "_spending.json").read_text("utf-8"))
    assert Decimal(spent["known"]) == Decimal("0.001") * len(service.requests)
