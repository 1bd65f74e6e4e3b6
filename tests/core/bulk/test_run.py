"""Scoring in bulk: what comes out, what is not asked twice, and what is never passed."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.bulk.parts import BulkOptions, parts_of
from rerank_core.bulk.run import BulkProgress, run_bulk
from rerank_core.bulk.source import BulkQuery, read
from rerank_core.command.group import rerank
from rerank_core.errors import AuthenticationError, InvalidRequestError, SpendingLimitError
from tests.support.loopback import answers
from tests.support.rerank_service import GOOD_KEY, RerankService

KEYWORD = BulkOptions(model="local-keyword", part_queries=2)
DATA = [
    {
        "id": f"q{place}",
        "query": f"word{place} question",
        "documents": ["other text", {"id": "d", "text": f"word{place}"}],
    }
    for place in range(5)
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five queries with two candidates each."""
    path = tmp_path / "in.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in DATA), "utf-8")
    return path


@pytest.fixture
def local() -> Iterator[rc.Client]:
    """The models of this computer."""
    with rc.Client("local") as client:
        yield client


def rows_of(target: Path) -> list[dict[str, Any]]:
    """All rows of all parts, in the order of the parts."""
    return [row for part in sorted(target.glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]


def test_every_candidate_has_a_row(source: Path, tmp_path: Path, local: rc.Client):
    ended = run_bulk(str(source), str(tmp_path / "out"), local, KEYWORD)
    assert (ended.parts, ended.kept, ended.queries, ended.documents, ended.failed) == (3, 0, 5, 10, 0)
    rows = rows_of(tmp_path / "out")
    assert [row["query_id"] for row in rows] == [f"q{place}" for place in range(5) for _ in range(2)]
    first, second = rows[:2]
    assert (first["rank"], first["index"], first["document_id"], first["model"]) == (1, 1, "d", "local-keyword")
    assert first["relevance_score"] > second["relevance_score"]
    with rc.Client("local") as client:
        alone = client.rerank(DATA[0]["query"], DATA[0]["documents"], "local-keyword")
    assert [row["relevance_score"] for row in rows[:2]] == [row.relevance_score for row in alone]


def test_a_second_start_does_nothing_anew(source: Path, tmp_path: Path, local: rc.Client):
    target = tmp_path / "out"
    run_bulk(str(source), str(target), local, KEYWORD)
    before = {part.name: part.stat().st_mtime_ns for part in target.iterdir()}
    (target / "part-00001.parquet").unlink()
    seen: list[BulkProgress] = []
    ended = run_bulk(str(source), str(target), local, KEYWORD, seen.append)
    assert (ended.parts, ended.kept) == (3, 2)
    assert [at.parts for at in seen] == [1, 2, 3]
    changed = {part.name for part in target.iterdir() if part.stat().st_mtime_ns != before[part.name]}
    assert changed == {"part-00001.parquet"}
    assert len(rows_of(target)) == 10


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in.parquet", "flat.jsonl", "flat.parquet"])
def test_each_form_of_a_data_set_is_the_same(tmp_path: Path, name: str):
    path = tmp_path / name
    rows: list[dict[str, Any]] = [
        {
            "id": row["id"],
            "query": row["query"],
            "documents": [{"id": str(n), "text": text} for n, text in enumerate("ab")],
        }
        for row in DATA
    ]
    if name.startswith("flat"):
        rows = [
            {"query_id": row["id"], "query": row["query"], "document_id": one["id"], "document": one["text"]}
            for row in rows
            for one in row["documents"]
        ]
    if name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    found = list(read(str(path), None, ("text",)))
    assert [one.id for one in found] == ["q0", "q1", "q2", "q3", "q4"]
    assert [one.size for one in found] == [2] * 5
    assert found[0].request is not None
    assert [document.id for document in found[0].request.documents] == ["0", "1"]


@pytest.mark.parametrize(
    ("columns", "said"), [(["id", "answer"], "no column called query"), (["query"], "documents or")]
)
def test_a_table_that_nothing_can_be_scored_of_is_refused_and_nothing_is_written(
    tmp_path: Path, columns: list[str], said: str
) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({name: ["a"] for name in columns}), path)
    with rc.Client("local") as client, pytest.raises(InvalidRequestError, match=said) as caught:
        run_bulk(str(path), str(tmp_path / "out"), client, BulkOptions(model="local-keyword"))
    assert ", ".join(columns) in str(caught.value)
    assert not list((tmp_path / "out").glob("*.parquet"))


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "flat.jsonl", "flat.parquet", "in.parquet"])
def test_reading_begins_wherever_a_query_begins(tmp_path: Path, name: str):
    """With the same ids, texts and digests as reading from the beginning has, blank and bad lines included."""
    path = tmp_path / name
    if name.startswith("flat"):
        rows = [{"query": f"q{n // 3}", "document": f"text {n} é"} for n in range(20)]
    else:
        rows = [{"query": f"q{n}", "documents": [f"text {n} é"] * (n % 3)} for n in range(8)]
    if name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        lines[3:3] = ["", "no json"] if name.startswith("in") else []
        data = "\r\n".join(lines).encode()
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    whole = list(read(str(path), None, ("text",)))
    assert len(whole) >= 7
    for place, one in enumerate(whole):
        assert list(read(str(path), None, ("text",), one.mark)) == whole[place:]


def test_a_row_that_makes_no_sense_is_a_row_with_its_error(tmp_path: Path, local: rc.Client):
    path = tmp_path / "in.jsonl"
    lines = [
        "no json",
        '{"query": "a", "documents": []}',
        '{"query": "word", "documents": ["word"]}',
        "[1]",
        "",
        '{"a": 1}',
    ]
    path.write_text("\n".join(lines), "utf-8")
    ended = run_bulk(str(path), str(tmp_path / "out"), local, KEYWORD)
    assert (ended.queries, ended.failed) == (5, 4)
    rows = rows_of(tmp_path / "out")
    assert [row["error"] for row in rows] == [
        "Line 1 is not a JSON object.",
        "There are no documents.",
        None,
        "Line 4 is not a JSON object.",
        "The row has no list of documents.",
    ]
    assert rows[2]["rank"] == 1


def test_other_settings_or_another_data_set_are_refused(source: Path, tmp_path: Path, local: rc.Client):
    target = str(tmp_path / "out")
    run_bulk(str(source), target, local, KEYWORD)
    with pytest.raises(InvalidRequestError, match="other settings"):
        run_bulk(str(source), target, local, BulkOptions(model="local-english", part_queries=2))
    source.write_text(source.read_text("utf-8").replace("other text", "changed"), "utf-8")
    with pytest.raises(InvalidRequestError, match="data set has changed"):
        run_bulk(str(source), target, local, KEYWORD)


def test_what_cannot_be_read_is_said(tmp_path: Path, local: rc.Client):
    for name, said in (
        ("nowhere.jsonl", "cannot be read"),
        ("a.txt", "neither JSON lines nor Parquet"),
        ("b.parquet", "cannot"),
    ):
        if name != "nowhere.jsonl":
            (tmp_path / name).write_text("x", "utf-8")
        with pytest.raises(InvalidRequestError, match=said):
            run_bulk(str(tmp_path / name), str(tmp_path / "out"), local, KEYWORD)


HOSTED = BulkOptions(model="rerank-english-v3.0", part_queries=2, limit=Decimal("0.1"), max_retries=0)


def hosted(service: RerankService, mood: str = "ok", retries: int = 0) -> rc.Client:
    """A client that asks the loopback service one query at a time."""
    return rc.Client("gateflow", GOOD_KEY, f"{service.url}/{mood}", max_retries=retries, max_concurrency=1)


def test_the_limit_holds_over_all_starts(source: Path, tmp_path: Path, service: RerankService):
    """Each query costs 0.001; a part that does not fit is not written, and what it cost is not forgotten."""
    target = tmp_path / "out"
    tight = BulkOptions(model="rerank-english-v3.0", part_queries=2, limit=Decimal("0.003"), max_retries=0)
    with hosted(service) as client:
        for _ in range(3):
            with pytest.raises(SpendingLimitError):
                run_bulk(str(source), str(target), client, tight)
        assert len(service.requests) == 3
        assert len(list(target.glob("part-*"))) == 1
        ended = run_bulk(str(source), str(target), client, HOSTED)
    assert ended.spent.known == Decimal("0.006")  # the third query was asked twice
    assert len(service.requests) == 6
    assert Counter(row["query_id"] for row in rows_of(target)) == dict.fromkeys((f"q{n}" for n in range(5)), 2)


def test_a_price_that_nobody_knows_is_not_held_to_a_limit(source: Path, tmp_path: Path, service: RerankService):
    with (
        rc.Client("flashrank", GOOD_KEY, f"{service.url}/ok") as client,
        pytest.raises(SpendingLimitError, match="not known"),
    ):
        run_bulk(str(source), str(tmp_path / "out"), client, BulkOptions(limit=Decimal(1)))
    assert not service.requests


def test_a_provider_that_refuses_ends_it(source: Path, tmp_path: Path, service: RerankService):
    with hosted(service, "forbidden") as client, pytest.raises(rc.RerankError):
        run_bulk(str(source), str(tmp_path / "out"), client, HOSTED)
    assert len(service.requests) == 1
    assert not list((tmp_path / "out").glob("part-*"))
    with rc.Client("gateflow", "gw_wrong", f"{service.url}/ok") as client, pytest.raises(AuthenticationError):
        run_bulk(str(source), str(tmp_path / "out"), client, HOSTED)


def test_a_query_that_fails_is_a_row(source: Path, tmp_path: Path, service: RerankService):
    """A passing failure of one query leaves the others."""
    failed = answers(500, {"error": {"message": "Internal error.", "type": "x", "code": "internal", "param": None}})
    rows = [{"index": 0, "relevance_score": 0.5}, {"index": 1, "relevance_score": 0.25}]
    good = answers(200, {"results": rows, "gateflow": {"cost": {"total": 0.001}}})
    service.script(failed, good, good, good, good)
    with hosted(service) as client:
        ended = run_bulk(str(source), str(tmp_path / "out"), client, HOSTED)
    assert ended.failed == 1
    assert ended.spent.maybe > 0
    found = rows_of(tmp_path / "out")
    assert "Internal error" in found[0]["error"]
    assert len(found) == 9


def test_what_a_broken_off_part_may_have_cost_counts(source: Path, tmp_path: Path, service: RerankService):
    """Killed between a request and its part: the next start takes the whole part as spent."""

    class Killed(BaseException):
        pass

    class Dying(rc.Client):
        def rerank_many(self, requests: Any) -> Any:
            next(iter(requests))
            raise Killed

    target = str(tmp_path / "out")
    with (
        Dying("gateflow", GOOD_KEY, f"{service.url}/ok", max_retries=0) as client,
        pytest.raises(Killed),
    ):
        run_bulk(str(source), target, client, HOSTED)
    with hosted(service) as client:
        ended = run_bulk(str(source), target, client, HOSTED)
    assert (ended.spent.known, ended.spent.maybe) == (Decimal("0.005"), Decimal("0.002"))


@given(
    st.lists(st.integers(0, 4), max_size=12),
    st.integers(1, 4),
    st.integers(1, 6),
)
def test_parts_hold_all_queries_in_order(sizes: list[int], queries: int, documents: int):
    made = [
        BulkQuery(str(n), "q", rc.RerankRequest("q", ["x"] * size) if size else None, "", b"")
        for n, size in enumerate(sizes)
    ]
    parts = list(parts_of(iter(made), BulkOptions(part_queries=queries, part_documents=documents)))
    assert [one for part in parts for one in part] == made
    assert all(len(part) <= queries for part in parts)
    assert all(len(part) == 1 or sum(one.size for one in part) <= documents for part in parts)


def test_the_command(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: RerankService):
    def run(*more: str) -> Any:
        return CliRunner().invoke(rerank, ["bulk", str(source), str(tmp_path / "out"), *more], catch_exceptions=False)

    done = run("--model", "local-keyword", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["queries"]) == (0, 5)
    assert "5 queries with 10 documents in 1 part, 1 of them from before" in run("--model", "local-keyword").stdout
    refused = run("--provider", "gateflow")
    assert (refused.exit_code, "--limit" in refused.stderr) == (5, True)
    monkeypatch.setenv("GATEFLOW_API_KEY", GOOD_KEY)
    monkeypatch.setenv("GATEFLOW_BASE_URL", service.url + "/ok")
    other = CliRunner().invoke(
        rerank, ["bulk", str(source), str(tmp_path / "paid"), "--provider", "gateflow", "--limit", "1"]
    )
    assert "$0.005 spent" in other.stdout
