"""The programs of examples/ run as they stand, each in a process of its own, and print what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rerank_core import offline
from tests.support.rerank_service import GOOD_KEY, RerankService

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def run(name: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What comes of an example that is started in another folder."""
    return subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def printed(name: str, folder: Path, **environment: str) -> list[str]:
    """The lines that an example prints."""
    done = run(name, folder, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def needs_the_english_model() -> None:
    """Skip, loudly, where its weights are not installed."""
    reason = offline.unavailable_reason("local-english")
    if reason:
        pytest.skip(f"LOUD: {reason}")


def test_a_list_is_reranked(tmp_path: Path) -> None:
    """The page that answers comes first, and the move of each page is told."""
    needs_the_english_model()
    lines = printed("rerank_a_list", tmp_path)
    assert lines[0].startswith("1. was 2: 0.")
    assert lines[0].endswith("kb-2  How to reset your password")
    assert lines[3] == "kb-2 was 2 and is now 1"
    assert lines[-1] == "kb-4 was 4 and is now None"


def test_many_requests_are_answered(tmp_path: Path) -> None:
    """Two are answered in any order, and the one that fails says why and what to do."""
    *lines, last = printed("many_requests", tmp_path)
    assert "where is my invoice: Reading an invoice" in lines
    assert "how do I invite a colleague to my team: Inviting your team" in lines
    (failed,) = (line for line in lines if line.startswith("delete my account: failed."))
    assert "Choose one of local-english" in failed
    assert last == "2 answered, 1 failed"


def test_files_are_read_and_reranked(tmp_path: Path) -> None:
    """A page and a table give documents, and the right section comes first."""
    needs_the_english_model()
    lines = printed("files_to_results", tmp_path)
    assert lines[:2] == ["help.html: 2 documents", "tickets.csv: 3 documents"]
    assert lines[2].startswith("1. 0.")
    assert "help.html#s1" in lines[2]


def test_two_orders_are_measured(tmp_path: Path) -> None:
    """Both orders are measured, and the comparison says that two queries prove little."""
    assert printed("evaluate_two_orders", tmp_path) == [
        "keyword nDCG@10 0.793 RR 0.750 P@5 0.300",
        "reranked nDCG@10 1.000 RR 1.000 P@5 0.300",
        "reranked cannot be told apart from keyword: nDCG@10 1.00 against 0.79 "
        "(+0.21, 95% interval -1.00 to 1.00); 1 query better, 0 worse, 1 the same",
        "Only 2 queries: a difference must be large to be told from chance. Use 25 or more.",
    ]


def test_a_limit_is_kept(tmp_path: Path, service: RerankService) -> None:
    """Each question is answered while the limit allows, and what was spent is told."""
    lines = printed("hosted_with_a_limit", tmp_path, GATEFLOW_API_KEY=GOOD_KEY, GATEFLOW_BASE_URL=f"{service.url}/ok")
    assert len(service.requests) == 2
    assert lines == [
        "I forgot my password: Deleting an account (0.001 USD)",
        "What did I pay in May?: Deleting an account (0.001 USD)",
        "This may cost up to $0.002, and $0.001 is left of the spending limit of $0.003. "
        "Raise the spending limit, or send fewer documents.",
        "spent 0.002, left 0.001",
    ]


def test_a_missing_key_is_a_sentence(tmp_path: Path) -> None:
    """Without a key the program ends with the name of the variable, and no traceback."""
    done = run("hosted_with_a_limit", tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("Set GATEFLOW_API_KEY in the environment, or pass api_key= in code.")
    assert "Traceback" not in done.stderr


def test_there_is_a_test_for_every_example() -> None:
    """Each file of examples/ is named in this file."""
    text = Path(__file__).read_text("utf-8")
    assert not [path.name for path in EXAMPLES.glob("*.py") if f'"{path.stem}"' not in text]
