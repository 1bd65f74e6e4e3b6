"""No CSV that leaves here is run by a spreadsheet, and what was written is read back as it was."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.command import output
from rerank_core.documents.direct import read_directly
from rerank_core.documents.limits import DEFAULT_LIMITS
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.duplicates.files import compared_csv, groups_csv
from rerank_core.duplicates.measures import WORDING
from rerank_core.duplicates.pairs import find_duplicates
from rerank_core.duplicates.reference import ComparedText
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.formats import json_lines, opensearch_csv, quepid, rater_ratings, registry, table_writing
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.kinds import KINDS
from rerank_core.evaluation.judging.files import settled_csv
from rerank_core.evaluation.judging.settling import SettledGrade
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet, make_queries
from rerank_core.evaluation.report import csv_files
from rerank_core.evaluation.report.report import make_report
from rerank_core.exports.comparison import Entry, comparison_csv, votes_csv
from rerank_core.exports.formulas import guarded, unguarded
from rerank_core.exports.tables import results_csv
from rerank_core.exports.tickets import TicketRecord, tickets_csv
from rerank_core.models import Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.pricing.allowance import PaidCall, Sums
from rerank_core.pricing.estimates import CostEstimate
from rerank_core.ranking.blind_test import Tally, Vote
from rerank_core.ranking.contender import Contender
from rerank_core.ranking.keeping import Reading
from rerank_core.storage.missing_articles import MissingArticle, missing_articles_csv
from rerank_core.storage.spending.csv_files import calls_csv, days_csv
from rerank_core.storage.spending.ledger import DaySums
from rerank_core.storage.spending.rows import LedgerCall
from tests.support import ROOT

BAD = "=SUM(A1:A9) and words"
CALL = LedgerCall(
    1,
    date(2026, 11, 30),
    datetime(2026, 11, 30, tzinfo=UTC),
    None,
    PaidCall(BAD, BAD, BAD, BAD, BAD),
    "in doubt",
    Decimal("0.5"),
    Decimal(0),
    Decimal("0.5"),
    Decimal(0),
    BAD,
)
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
WRITERS_OF_FILES = {"csv.writer", "csv.DictWriter", "Workbook", "to_csv", "to_excel", "xlsxwriter", "savetxt"}

# Texts in which what makes a formula, what guards and what is invisible meet often.
NASTY = st.text(st.sampled_from("''==+-@＝ \t\u200b\ufeffab") | st.characters(exclude_categories=("Cs",)), max_size=8)
WRITABLE = NASTY.map(
    lambda text: re.sub(r"[^\S \t\r\n]|[\x00-\x08\x0e-\x1f\x7f-\x9f]", "", text)
)  # many make it binary


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", "\tx", "\rx", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\x00=1", "＝1", "＠a"]
)
def test_what_a_spreadsheet_could_run_is_guarded(text: str) -> None:
    """Starts of formulas get an apostrophe, behind invisible characters too."""
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", ["", " ", "a=1", "1-2", "'tis", "'", "''", "mail@example.com", "–dash"])
def test_plain_text_is_left_alone_both_ways(text: str) -> None:
    """A text that is no formula is not touched when it is written, nor when it is read."""
    assert guarded(text) == unguarded(text) == text


@settings(max_examples=500)
@given(NASTY)
def test_the_inverse_gives_back_every_text(text: str) -> None:
    """Whatever a text is, also one that looks guarded by itself, writing and reading it changes nothing."""
    cell = guarded(text)
    assert unguarded(cell) == unguarded(cell, by_quepid=True) == text
    assert not runs(cell)
    assert cell in (text, "'" + text)


ROW = st.lists(st.text(st.sampled_from("'=+a\n\""), max_size=5), min_size=3, max_size=3)


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@given(st.lists(ROW, min_size=1, max_size=4))
def test_guarded_cells_of_a_table_come_back(quoting: int, rows: list[list[str]]) -> None:
    """In whichever row or line of it they stand: rows without any are not looked at."""
    text = io.StringIO(newline="")
    header = ["id", "title", "text"]
    csv.writer(text, quoting=quoting).writerows([header, *(list(map(guarded, row)) for row in rows)])
    read = read_delimited(text.getvalue(), DEFAULT_LIMITS, prefer=",")
    assert [[*row.cells] for row in read.rows[1:]] == [row for row in rows if any(map(str.strip, map(guarded, row)))]


@settings(max_examples=500)
@given(NASTY)
def test_only_what_is_guarded_is_changed_by_reading(text: str) -> None:
    """A cell that no guard wrote is read as it stands."""
    assert unguarded(text) == text or guarded(unguarded(text)) == text


@settings(max_examples=100)
@given(st.lists(st.tuples(WRITABLE.filter(str.strip), WRITABLE), min_size=2, max_size=4))
def test_results_that_are_uploaded_again_have_their_texts(given: list[tuple[str, str]]) -> None:
    """The CSV of results, and a workbook that it was saved as, give back each text and title."""
    documents = tuple(
        Document(f"{text} words {place}", f"kb-{place}", {"title": f"{title} title"})
        for place, (text, title) in enumerate(given)
    )
    wanted = [(one.text, one.metadata["title"]) for one in documents]
    data = results_csv(answer(documents))
    assert texts("csv", data) == wanted
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        try:
            book.active.append(row)
        except openpyxl.utils.exceptions.IllegalCharacterError:
            return  # no workbook can hold it
    out = io.BytesIO()
    book.save(out)
    one_kind = [tuple(re.sub("\r\n?", "\n", text) for text in pair) for pair in wanted]  # XML knows no other break
    assert texts("xlsx", out.getvalue()) == one_kind


def texts(kind: str, data: bytes) -> list[tuple[str, str]]:
    read = read_directly(
        kind, f"results.{kind}", data, {"text": "text", "title": "title", "header": "yes"}, DEFAULT_LIMITS
    )
    return [(document.text, document.metadata.get("title", "")) for document in read.documents]


def answer(documents: tuple[Document, ...]) -> RerankResponse:
    rows = tuple(RankedDocument(place + 1, place, 0.5, one) for place, one in enumerate(documents))
    return RerankResponse(results=rows, model="m", provider="local", request=RerankRequest(BAD, documents))


def runs(cell: str) -> bool:
    """Whether a spreadsheet may run it, by other means than the code that is tested."""
    shown = re.sub(r"\A[\s\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+", "", cell)
    return cell[:1] in ("\t", "\r", "\n") or shown.startswith(STARTS)


# --- all writers -----------------------------------------------------------------------------------------------------


def report() -> object:
    names = {"q1": BAD}
    found = {BAD: Document(BAD, BAD, {"title": BAD})}
    made = QuerySet(BAD, make_queries(names, {"q1": (BAD,)}, {"q1": BAD}, {"q1": "en"}), found, {BAD: {"q1": {BAD: 3}}})
    ranking = Ranking(Contender("local", BAD, BAD), {"q1": (BAD,)}, {"q1": {BAD: -0.5}}, Decimal("0.001"))
    return make_report(made, [ranking], title=BAD)


def imported(**more: object) -> Imported:
    held = {
        "queries": {BAD: BAD},
        "judgments": {BAD: {"@d": -1}},
        "run": {BAD: ("@d",)},
        "documents": {"@d": "+1"},
        "scores": {BAD: {"@d": -0.25}},
        "titles": {"@d": "\t=1"},
        "metadata": {"@d": {"-x": "＝1"}},
        "tags": {BAD: BAD},
    }
    return Imported("table", **held | more)


PLAIN = (Document(BAD, "-1", {"title": "@sum", "=key": "-2+3"}), Document(f"{BAD}, or nearly", "b"))
MAKERS: dict[str, Callable[[], bytes]] = {
    "rerank_core.exports.tables.results_csv": lambda: results_csv(answer(PLAIN)),
    "rerank_core.exports.tickets.tickets_csv": lambda: tickets_csv([TicketRecord(BAD, "answered", BAD, BAD, BAD, BAD)]),
    "rerank_core.exports.comparison.comparison_csv": lambda: comparison_csv(
        [Entry(BAD, Contender("local", "m", BAD), answer(PLAIN))]
    ),
    "rerank_core.exports.comparison.votes_csv": lambda: votes_csv(
        Tally((Vote("r", ("a", "b"), "a", BAD),)), lambda key: f"+{key}"
    ),
    "rerank_core.storage.missing_articles.missing_articles_csv": lambda: missing_articles_csv(
        [MissingArticle(BAD, BAD, BAD, -0.5)]
    ),
    "rerank_core.storage.spending.csv_files.calls_csv": lambda: calls_csv([CALL]),
    "rerank_core.storage.spending.csv_files.days_csv": lambda: days_csv(
        [DaySums(CALL.day, "own", BAD, BAD, BAD, Sums(Decimal("0.5")))]
    ),
    "rerank_core.duplicates.files.groups_csv": lambda: groups_csv(find_duplicates(PLAIN, None), WORDING, 0.1),
    "rerank_core.duplicates.files.compared_csv": lambda: compared_csv(BAD, [ComparedText(0, PLAIN[0], 0.5, -0.5)]),
    "rerank_core.evaluation.report.csv_files.report_csv": lambda: csv_files.report_csv(report()),
    "rerank_core.evaluation.report.csv_files.results_csv": lambda: csv_files.results_csv(report()),
    "rerank_core.command.output.results": lambda: output.results(answer(PLAIN), Reading(), "csv", {}, explain=False),
    "rerank_core.command.output.compared": lambda: output.compared(
        [Entry(BAD, Contender("local", "m", BAD), answer(PLAIN))], "csv", 5
    ),
    "rerank_core.command.output.estimates": lambda: output.estimates({BAD: CostEstimate(1, Decimal(1))}, "csv"),
    "rerank_core.evaluation.formats.table_writing.write_table": lambda: table_writing.write_table(imported()),
    "rerank_core.evaluation.formats.quepid.write_ratings": lambda: quepid.write_ratings(
        imported(raters={"ann": {BAD: {"@d": -1}}, "ben": {BAD: {"@d": 1}}})
    ),
    "rerank_core.evaluation.formats.rater_ratings.write_ratings": lambda: rater_ratings.write_ratings(
        imported(raters={"=ann": {BAD: {"@d": -1}}, "ben": {BAD: {"@d": 1}}})
    ),
    "rerank_core.evaluation.judging.files.settled_csv": lambda: settled_csv(
        QuerySet(
            BAD,
            (Query("q", BAD),),
            settled={"q": {BAD: SettledGrade(-1, BAD, datetime(2026, 11, 30, tzinfo=UTC))}},
        )
    ),
    "rerank_core.evaluation.formats.opensearch_csv.write_quepid_ratings": lambda: opensearch_csv.write_quepid_ratings(
        imported()
    ),
    "rerank_core.evaluation.formats.opensearch_csv.write_quepid_snapshot": lambda: opensearch_csv.write_quepid_snapshot(
        imported()
    ),
    "rerank_core.evaluation.formats.opensearch_csv.write_opensearch_judgments": (
        lambda: opensearch_csv.write_opensearch_judgments(imported())
    ),
}
FOR_PROGRAMS = {
    json_lines.write_beir: "tab-separated judgments inside a ZIP, whose ids must be those of the other files"
}


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    return tuple(_modules())


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for top in ("rerank_core", "pages", "app.py"):
        for path in sorted((ROOT / top).rglob("*.py")) if (ROOT / top).is_dir() else [ROOT / top]:
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), ast.parse(path.read_text("utf-8"))


def writers() -> set[str]:
    """Every function of the product that writes CSV, by what it calls, directly or through another one."""
    calls: dict[str, set[str]] = {}
    for module, tree in modules():
        known = {
            name.asname or name.name: f"{node.module}.{name.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        }
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        known |= {one.name: f"{module}.{one.name}" for one in functions}
        for one in functions:
            used = {ast.unparse(node.func) for node in ast.walk(one) if isinstance(node, ast.Call)}
            calls[f"{module}.{one.name}"] = {known.get(name, name) for name in used}
    found = {"rerank_core.exports.tables.csv_text"}
    while more := {name for name, used in calls.items() if used & found} - found:
        found |= more
    return found


# What only puts rows into a file, for the writers of the list above.
PARTS = {
    "rerank_core.command.output.csv_lines",
    "rerank_core.command.evaluate.evaluate",  # a whole command, run in tests/core/command
    "rerank_core.exports.tables.csv_text",
    "rerank_core.exports.tables.csv_file",
    "rerank_core.evaluation.formats.opensearch_csv.csv_bytes",
}


def public(names: set[str]) -> set[str]:
    return {name for name in names if not name.rpartition(".")[2].startswith("_")}


def test_every_writer_of_csv_is_tried_below() -> None:
    """The functions that write CSV are found in the source; one that is new is missing here until it is tried too."""
    apart = {f"{one.__module__}.{one.__name__}" for one in FOR_PROGRAMS}
    core = {name for name in public(writers()) if name.startswith("rerank_core.")}
    assert core - PARTS - apart == set(MAKERS)


def test_nothing_else_writes_a_spreadsheet() -> None:
    """No file of the product writes CSV or a workbook by other means than the one that guards."""
    found = [
        f"{module}: {ast.unparse(node)}"
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
        and (ast.unparse(node) in WRITERS_OF_FILES or ast.unparse(node).rpartition(".")[2] in WRITERS_OF_FILES)
    ]
    assert not found


@pytest.mark.parametrize("name", MAKERS)
def test_no_cell_of_any_csv_is_run(name: str) -> None:
    """Texts, ids, titles, names of columns and labels from outside are guarded in each file; figures stay figures."""
    data = MAKERS[name]()
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]
    assert "'" + BAD in cells
    assert not [cell for cell in cells if runs(cell) and not NUMBER.fullmatch(cell)]


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.file_name.endswith(".csv")])
def test_every_csv_of_evaluate_is_safe(kind: str) -> None:
    """The same for each format that can be downloaded as CSV, by the list of formats."""
    text = registry.write(kind, imported()).decode()
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if runs(cell) and not NUMBER.fullmatch(cell)]
