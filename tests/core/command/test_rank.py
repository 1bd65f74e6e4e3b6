"""`rerank QUERY FILE`: what goes in, what comes out, and the exit status."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from rerank_core import __version__
from rerank_core.command.group import rerank
from tests.support.rerank_service import GOOD_KEY, RerankService

LINES = "The refund takes five days\nHow to reset your password\nBilling address\n"
QUERY = "forgot my password"
TABLE = (
    'id,title,text\n7,Money back,"The refund takes five days"\n9,Access,"How to reset your password, step by step"\n'
)


def run(*arguments: str, given: str | bytes = LINES) -> Result:
    """The command in this process; `keyword` is the model that needs no weights."""
    return CliRunner().invoke(rerank, [*arguments], input=given, catch_exceptions=False, prog_name="rerank")


def ranked(*arguments: str, given: str | bytes = LINES) -> list[dict[str, object]]:
    """The lines of JSON that it prints."""
    result = run(QUERY, "--model", "local-keyword", "--format", "jsonl", *arguments, given=given)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_lines_of_standard_input_are_ranked():
    first, *rest = ranked()
    assert (first["text"], first["index"], first["rank"]) == ("How to reset your password", 1, 1)
    assert sorted(row["index"] for row in rest) == [0, 2]


def test_a_file_is_read_by_its_name(tmp_path: Path):
    path = tmp_path / "help.csv"
    path.write_text(TABLE, "utf-8")
    first, second = ranked(str(path))
    assert (first["id"], first["metadata"]["title"], first["metadata"]["file"]) == ("9", "Access", "help.csv")
    assert second["id"] == "7"


def test_several_files_and_standard_input_are_one_list(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("Reset a forgotten password", "utf-8")
    assert [row["index"] for row in ranked(str(path), "-")][:1] == [0]
    assert len(ranked(str(path), "-")) == 4


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (TABLE, 2),
        (TABLE.replace(",", ";"), 2),
        ('{"id": 1, "text": "How to reset your password"}\n{"id": 2, "text": "Billing"}\n', 2),
        ('["How to reset your password", "Billing"]', 2),
        ("First, we reset the password\nThen, billing", 2),
        ("A paragraph\nof two lines\n\nAnother: password", 2),
    ],
    ids=["csv", "semicolons", "jsonl", "json", "prose with commas", "paragraphs"],
)
def test_standard_input_is_what_it_looks_like(given: str, count: int):
    assert len(ranked(given=given)) == count


def test_a_column_is_named():
    given = "id,note,text\n1,reset your password,nothing\n2,other words,password password\n"
    assert ranked("--column", "text=note", given=given)[0]["id"] == "1"
    assert run(QUERY, "--column", "words=note").exit_code == 2
    assert run(QUERY, "--input", "csv", "--column", "text=nowhere", given=given).exit_code == 3


def test_top_n_and_a_least_score_leave_out():
    assert len(ranked("--top-n", "1")) == 1
    assert len(ranked("--min-score", "0.05")) == 1


def test_json_is_the_document_of_the_app():
    result = run(QUERY, "--model", "local-keyword", "--format", "json")
    found = json.loads(result.stdout)
    assert found["schema"] == "rerank-playground/results"
    assert found["results"][0]["index"] == 1


def test_csv_is_for_programs():
    result = run(QUERY, "--model", "local-keyword", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert (rows[0]["text"], rows[0]["was"]) == ("How to reset your password", "2")


def test_a_table_stays_in_its_lines_and_columns():
    """A text moves no cursor and colours nothing, and wide letters do not shift what comes after."""
    result = run(QUERY, "--model", "local-keyword", given="\x1b[31mred\x1b[0m password\n返金" + "返金" * 100 + "\n")
    lines = result.stdout.splitlines()
    assert "\x1b" not in result.stdout
    assert len(lines) == 3
    assert lines[0].split() == ["rank", "score", "strength", "document", "text"]
    assert all(line.rstrip().endswith(("…", "text", "password")) for line in lines)


def test_explain_says_what_moved_and_what_the_scores_mean():
    result = run(QUERY, "--model", "local-keyword", "--explain")
    assert "may answer this; it rose from 2 to 1" in result.stdout
    assert "weak below" in result.stdout
    assert "local local-keyword" in result.stdout


def test_explain_shows_what_answers_of_the_results_that_are_kept():
    texts = ["The refund takes five days. It goes to your card.", "Choose Forgot password.", "Password rules. Be long."]
    told = run(QUERY, "--model", "local-keyword", "--explain", "--top-n", "1", given="\n".join(texts)).stdout
    answers = [line for line in told.splitlines() if line[:2] in ("1.", "2.", "3.")]
    assert answers == ["1. #2: Choose Forgot password."]


def test_a_sheet_is_named_as_columns_are(tmp_path: Path):
    path, book = tmp_path / "two.xlsx", Workbook()
    for name, text in (("First", "The refund takes five days"), ("Second", "How to reset your password")):
        sheet = book.create_sheet(name)
        sheet.append(["id", "text"])
        sheet.append(["7", text])
    book.remove(book["Sheet"])
    book.save(path)
    assert [row["text"] for row in ranked(str(path), "--column", "sheet=Second")] == ["How to reset your password"]
    assert "sheet" in run(QUERY, str(path), "--column", "colour=red").stderr


def test_compare_shows_a_rank_for_each_model():
    result = run(QUERY, "--compare", "local-keyword,local:local-keyword,local-english", "--format", "jsonl")
    first = json.loads(result.stdout.splitlines()[0])
    assert list(first["ranks"]) == ["Keyword matching", "English"]
    assert first["index"] == 1
    table = run(QUERY, "--compare", "local-keyword,local-english").stdout.splitlines()
    assert table[0].split() == ["was", "Keyword", "matching", "English", "document", "text"]
    assert json.loads(run(QUERY, "--compare", "local-keyword", "--format", "json").stdout)["models"][0]["results"]
    assert "spread" in run(QUERY, "--compare", "local-keyword", "--format", "csv").stdout.splitlines()[0]


def test_of_two_models_one_may_fail():
    result = run(QUERY, "--compare", "local-keyword,gateflow")
    assert result.exit_code == 0
    assert "rerank: " in result.stderr
    assert run(QUERY, "--compare", "gateflow").exit_code == 4


def test_estimate_sends_nothing(service: RerankService):
    result = run(QUERY, "--provider", "gateflow", "--base-url", service.url + "/ok", "--estimate", "--format", "json")
    (only,) = json.loads(result.stdout)
    assert (only["amount"], only["search_units"], only["currency"]) == ("0.001", 1, "USD")
    assert not service.requests
    assert "$0.001" in run(QUERY, "--provider", "gateflow", "--estimate").stdout


def test_a_hosted_provider_within_its_limit(service: RerankService, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEFLOW_API_KEY", GOOD_KEY)
    asked = ("--provider", "gateflow", "--base-url", service.url + "/ok", "--format", "jsonl")
    assert [json.loads(line)["index"] for line in run(QUERY, *asked).stdout.splitlines()] == [2, 1, 0]
    sent = len(service.requests)
    refused = run(QUERY, *asked, "--limit", "0.001")  # three tries may be billed
    assert refused.exit_code == 5
    assert "Nothing was sent" in refused.stderr
    assert len(service.requests) == sent
    assert run(QUERY, *asked, "--limit", "0.003").exit_code == 0
    assert run(QUERY, *asked, "--limit", "-1").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "given", "status", "said"),
    [
        ((QUERY, "nowhere.txt"), "", 3, "nowhere.txt cannot be read"),
        ((QUERY,), "", 3, "No document was found"),
        (("",), LINES, 3, "The query is empty"),
        ((QUERY, "-", "-"), LINES, 3, "Standard input is named twice"),
        ((QUERY, "--model", "nope"), LINES, 4, "no model called 'nope'"),
        ((QUERY, "--provider", "nope"), LINES, 4, "no provider called 'nope'"),
        ((QUERY, "--provider", "gateflow"), LINES, 4, "GATEFLOW_API_KEY"),
        ((QUERY, "--format", "xml"), LINES, 2, "xml"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_status(arguments, given, status, said):
    result = run(*arguments, given=given)
    assert result.exit_code == status, result.output
    assert said in result.stderr
    assert not result.stdout
    assert "Traceback" not in result.stderr


def test_what_is_left_out_is_said_on_standard_error():
    result = run(QUERY, "--model", "local-keyword", given='[{"text": "a password"}, {"size": 1}]')
    assert "rerank: -: " in result.stderr
    assert "password" in result.stdout


def test_a_query_may_be_called_like_a_command():
    assert "completion" in run("--help").stdout
    result = run("rank", "completion", "--model", "local-keyword", given="completion of shells\nother\n")
    assert "completion of shells" in result.stdout.splitlines()[1]


def test_version_and_completion():
    assert run("--version").stdout.strip() == __version__
    for shell in ("bash", "zsh", "fish"):
        assert "_RERANK_COMPLETE" in run("completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "begun", "found"),
    [
        (["rerank", "rank", "q"], "--est", ["--estimate"]),
        (["rerank", "rank", "q", "--provider"], "ga", ["gateflow"]),
        (["rerank", "rank", "q", "--model"], "local-e", ["local-english"]),
        (["rerank", "rank", "q", "--compare"], "local-english,local-k", ["local-english,local-keyword"]),
        (["rerank", "rank", "q", "--provider", "gateflow", "--model"], "rerank-m", ["rerank-multilingual-v3.0"]),
        (["rerank", "rank", "q", "--model"], "leg", ["legacy"]),
        (["rerank", "rank", "q", "--provider", "isaacus", "--compare"], "legacy,m", []),
    ],
)
def test_models_and_providers_are_completed(words, begun, found):
    from click.shell_completion import ShellComplete

    made = ShellComplete(rerank, {}, "rerank", "_RERANK_COMPLETE")
    assert [item.value for item in made.get_completions(words[1:], begun)] == found
