"""`rerank eval`: the figures of the page, and the bars that a check sets."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.command import bars
from rerank_core.command.group import rerank
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.formats.reading import read
from rerank_core.evaluation.measures.measure import measure
from rerank_core.evaluation.query_sets import sources
from tests.support.rerank_service import GOOD_KEY, RerankService

ROWS = """query,document,rating
reset password,Billing address,0
reset password,How to reset your password,3
reset password,Forgotten passwords are sent by mail,2
refund,Billing address,0
refund,The refund takes five days,3
refund,Money back in five days,2
"""


@pytest.fixture
def rated(tmp_path: Path) -> str:
    """A small rated table."""
    path = tmp_path / "rated.csv"
    path.write_text(ROWS, "utf-8")
    return str(path)


def run(*arguments: str) -> Result:
    """`rerank eval` in this process."""
    return CliRunner().invoke(rerank, ["eval", *arguments], catch_exceptions=False)


def test_columns_and_the_kind_are_said_where_a_table_does_not(tmp_path: Path):
    """By the names that the page's choices have."""
    path = tmp_path / "pairs.csv"
    path.write_text("s1,s2,worth\nlaptop,a laptop bag,1\nlaptop,a pear,0\nlaptop,laptop stand,1\n", "utf-8")
    assert run(str(path), "--models", "local-keyword").exit_code == 3
    columns = ["query=s1", "document=s2", "rating=worth", "kind=table"]
    told = run(str(path), "--models", "local-keyword", *[part for one in columns for part in ("--column", one)])
    assert told.exit_code == 0, told.stderr
    assert "1 rated query." in told.stdout
    assert "rating" in run(str(path), "--column", "worth").stderr


def figures(*arguments: str) -> dict[str, dict[str, str]]:
    """The rows of its CSV, by order."""
    result = run(*arguments, "--format", "csv")
    assert result.exit_code in (0, 1), result.stderr
    return {row["order"]: row for row in csv.DictReader(io.StringIO(result.stdout))}


def test_the_initial_order_has_the_figures_of_ir_measures(rated: str):
    found = figures(rated, "--models", "local-keyword")
    query_set = sources.from_files(read("rated.csv", ROWS.encode()))
    expected = measure(query_set.combined(), query_set.initial, ["nDCG@10", "RR"])
    assert found["Initial order"]["nDCG@10"] == f"{expected['nDCG@10'].mean:.4f}"
    assert found["Initial order"]["RR"] == f"{expected['RR'].mean:.4f}" == "0.5000"
    assert found["Keyword matching"]["RR"] == "1.0000"
    assert found["Keyword matching"]["per 1,000"] == "$0"


def test_json_has_the_values_of_each_query(rated: str):
    found = json.loads(run(rated, "--models", "local-keyword", "--format", "json").stdout)
    assert found["schema"] == "rerank-playground/evaluation"
    assert len(found["orders"]["Keyword matching"]["by_query"]) == 2
    assert "Only 2 queries" in " ".join(found["warnings"])


@pytest.mark.parametrize(
    ("bar", "status"),
    [("rr=1", 0), ("P@1=1", 0), ("ndcg@10=.5", 0), ("ndcg@10>=0.999", 1), ("recall@3=0.99", 0), ("p@5=0.5", 1)],
)
def test_a_bar_that_is_missed_is_status_1(rated: str, bar: str, status: int):
    result = run(rated, "--models", "local-keyword", "--min", bar)
    assert result.exit_code == status, result.stderr
    assert ("under" in result.stderr) == bool(status)


def test_no_worse_than_an_earlier_run(rated: str, tmp_path: Path):
    kept = tmp_path / "baseline.json"
    assert run(rated, "--models", "local-keyword", "--save", str(kept)).exit_code == 0
    assert run(rated, "--models", "local-keyword", "--no-worse-than", str(kept)).exit_code == 0
    content = json.loads(kept.read_text("utf-8"))
    better = content["orders"]["Keyword matching"]["by_query"]
    better |= dict.fromkeys(better, 1.0)
    kept.write_text(json.dumps(content), "utf-8")
    fell = run(rated, "--models", "local-keyword", "--no-worse-than", str(kept))
    assert fell.exit_code == 1
    assert "nDCG@10 fell from 1.0000 to" in fell.stderr
    assert run(rated, "--models", "local-keyword", "--no-worse-than", str(kept), "--tolerance", ".2").exit_code == 0
    other = run(rated, "--models", "local-english", "--no-worse-than", str(kept))
    assert (other.exit_code, "not in the earlier run" in other.stderr) == (1, True)
    deeper = run(rated, "--models", "local-keyword", "--k", "5", "--no-worse-than", str(kept))
    assert (deeper.exit_code, "measured by nDCG@10" in deeper.stderr) == (1, True)


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "other"}', '{"schema": "rerank-playground/evaluation"}'])
def test_what_is_no_saved_run_is_said(rated: str, tmp_path: Path, content: str):
    kept = tmp_path / "baseline.json"
    kept.write_text(content, "utf-8")
    result = run(rated, "--no-worse-than", str(kept))
    assert (result.exit_code, "no saved evaluation" in result.stderr) == (3, True)


def test_files_make_one_set_and_queries_without_candidates_get_some(tmp_path: Path):
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "reset password"}\n', "utf-8")
    (tmp_path / "corpus.jsonl").write_text(
        '{"_id": "d1", "title": "", "text": "Billing of a password"}\n'
        '{"_id": "d2", "title": "Reset", "text": "a password"}\n',
        "utf-8",
    )
    (tmp_path / "test.qrels").write_text("q1 0 d2 1\n", "utf-8")
    found = figures(*(str(path) for path in sorted(tmp_path.iterdir())), "--models", "local-keyword")
    assert found["Keyword matching"]["RR"] == "1.0000"


def test_a_hosted_model_within_its_limit(rated: str, service: RerankService, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEFLOW_API_KEY", GOOD_KEY)
    monkeypatch.setenv("GATEFLOW_BASE_URL", service.url + "/ok")
    asked = (rated, "--provider", "gateflow")
    found = figures(*asked)
    assert found["English"]["per 1,000"] == "$1.00"
    sent = len(service.requests)
    refused = run(*asked, "--limit", "0.0005")
    assert refused.exit_code == 5
    assert len(service.requests) == sent
    assert "2 requests, about $0.002" in refused.stderr


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [("query,document\na,b\n", 3, "No query has a rating"), ("", 3, ""), ("query\na\nb\n", 3, "")],
)
def test_a_set_that_cannot_be_measured(tmp_path: Path, content: str, status: int, said: str):
    path = tmp_path / "set.csv"
    path.write_text(content, "utf-8")
    result = run(str(path))
    assert result.exit_code == status
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_the_command_line_is_checked(rated: str):
    for wrong in (("--min", "ndcg@10"), ("--min", "ndcg@10=7"), ("--k", "0"), ("--tolerance", "2")):
        assert run(rated, *wrong).exit_code == 2
    assert run(rated, "--models", "local-keyword", "--min", "beauty=0.1").exit_code == 3
    assert run("nowhere.csv").exit_code == 2


@given(st.floats(0, 1, allow_nan=False), st.sampled_from(["ndcg@10", "MRR", "precision@5", "map", "Judged@10"]))
def test_a_bar_reads_back(least: float, name: str):
    read_back = bars.read_bar(f"{name}={least:.6f}")
    assert read_back.least == pytest.approx(least, abs=1e-6)
    assert read_back.measure == bars.measure_name(name) == bars.measure_name(read_back.measure)


@given(st.text(max_size=20))
def test_what_is_no_bar_is_a_sentence(text: str):
    with contextlib.suppress(InvalidRequestError):
        assert 0 <= bars.read_bar(text).least <= 1
