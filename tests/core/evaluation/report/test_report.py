"""The report: one file that opens anywhere, asks nobody for anything, and holds texts as texts."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from rerank_core.documents.report import Problem
from rerank_core.evaluation.experiments.records import ExperimentProgress, Ranking
from rerank_core.evaluation.judging.settling import SettledGrade
from rerank_core.evaluation.measures.cutoff import Threshold, cut_off
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.evaluation.query_sets.scope import Scope
from rerank_core.evaluation.report.charts import cost_chart, shown
from rerank_core.evaluation.report.csv_files import COLUMNS, RESULT_COLUMNS, report_csv, results_csv
from rerank_core.evaluation.report.report import make_report, report_html
from rerank_core.models import Document
from rerank_core.ranking.contender import Contender
from tests.core.evaluation.measures.test_summary import reversed_run
from tests.support.small_query_set import small_set

EVIL = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onload="alert(1)',
    "&lt;b&gt;",
    "\u202eright to left",
    "lone \ud800 and \x00",
    "=1+1",
)
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Parsed(HTMLParser):
    """Tags in order, attributes, and text; fails where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def rankings(query_set, *labels):
    run = reversed_run(query_set)
    scores = {query: {name: 0.9 / rank for rank, name in enumerate(order, 1)} for query, order in run.items()}
    models = ("rerank-english-v3.0", "rerank-multilingual-v3.0")
    return [
        Ranking(Contender("gateflow", model, label), run, scores, len(run) * Decimal("0.001"), (5.0,))
        for label, model in zip(labels, models, strict=False)
    ]


@pytest.fixture
def report():
    query_set = small_set(30).rated("ben", "q0", "q0-d0", 1)
    query_set = replace(query_set, problems=(Problem(7, "The rating is missing."),))
    made = make_report(query_set, rankings(query_set, "English", "Multilingual"))
    return replace(made, created=datetime(2026, 11, 22, 9, tzinfo=UTC))


def test_the_report_says_everything(report):
    """The answer, method, data, tables, prices with their date and versions are in it."""
    text = report_html(report).decode()
    parsed = Parsed(text)
    words = " ".join("".join(parsed.words).split())
    assert report.summary.sentence in words
    for part in (
        "22 November 2026, 09:00 UTC",
        "Quality of each order",
        "Query by query: English",
        "Where to cut",
        "Cost against quality",
        "Prices used",
        "2026-11-21",
        "GateFlow price list as given",
        "linear gain",
        "Holm's method",
        "Line 7: The rating is missing.",
        "ann and ben rated 1 document in common",
        "ir-measures",
        "All queries",
    ):
        assert part in words, part
    assert parsed.tags.count("svg") >= 6
    assert parsed.tags.count("h1") == 1


def test_the_first_page_has_what_to_do_three_figures_and_six_queries(report):
    """The recommendation stands first, then the figures it rests on, then queries won and lost by title."""
    text = report_html(report).decode()
    header = text[text.index("<header>") : text.index("</header>")]
    words = " ".join("".join(Parsed(f"{header}</header>").words).split())
    order = [words.index(part) for part in ("Switch English on", "a month for English", "Won by English", "Lost by")]
    assert order == sorted(order)
    assert len(report.first.figures) == 3
    assert [one.value for one in report.first.figures][1:] == ["23 : 0", "$30"]
    assert len(report.first.won) == 3
    assert report.first.won[0].change.change >= report.first.won[-1].change.change > 0
    assert report.first.lost == ()
    assert "No query got worse." in words
    one = report.first.won[0]
    assert (one.before.title, one.before.rating) == (f"Title {one.change.query.id}-d0", 0)
    assert (one.after.title, one.after.rating) == (f"Title {one.change.query.id}-d5", 3)
    assert f"first after: Title {one.change.query.id}-d5 (rated 3)" in words
    assert "p 0." not in header
    assert "Perhaps" not in text


def test_queries_lost_are_named_with_what_stands_first_now():
    """Where a model makes it worse, the three worst queries are told, and the figures are about that model."""
    query_set = small_set(40)
    worse = {query: (*order[:1], order[-1], *order[1:-1]) for query, order in query_set.initial.items()}
    ranked = [replace(one, run=query_set.initial) for one in rankings(query_set, "English")]
    made = make_report(
        replace(query_set, queries=make_queries({query.id: query.text for query in query_set.queries}, worse, {})),
        ranked,
    )
    assert made.first.advice.lead.text == "Leave English off"
    assert len(made.first.lost) == 3
    assert made.first.won == ()
    assert [one.change.change for one in made.first.lost] == sorted(one.change.change for one in made.first.lost)


def test_nothing_is_fetched_and_nothing_runs(report):
    """No script, link, picture, font or address; the policy in the file forbids them too."""
    text = report_html(report).decode()
    parsed = Parsed(text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "a", "form", "base"} & set(parsed.tags)
    assert not {"src", "href", "xlink:href", "srcset", "style", "action"} & {name for name, _ in parsed.attributes}
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert "http://" not in text
    assert "https://" not in text.replace(report.prices[0].source, "")
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert "prefers-color-scheme:dark" in text
    assert "@media print" in text


def test_evil_texts_are_texts():
    """Whatever queries, titles, labels, raters and notes hold, no tag comes of it, and it is shown as it is."""
    texts = {f"q{place}": f"{text} {place}" for place, text in enumerate(EVIL)}
    documents = {text: Document(text or "x", text) for text in EVIL}
    judgments = {query: dict.fromkeys(EVIL, 1) for query in texts}
    query_set = QuerySet(
        EVIL[0],
        make_queries(texts, dict.fromkeys(texts, EVIL), dict.fromkeys(texts, EVIL[1]), dict.fromkeys(texts, "en")),
        documents,
        {EVIL[0]: judgments, EVIL[1]: judgments},
        EVIL[1],
        (Problem(1, EVIL[1]),),
        (EVIL[0],),
    )
    run = {query: tuple(reversed(EVIL)) for query in texts}
    scores = {query: dict.fromkeys(EVIL, 0.5) for query in texts}
    made = make_report(
        query_set,
        [Ranking(Contender("local", EVIL[2], EVIL[1]), run, scores, None)],
        title=EVIL[1],
        progress=None,
    )
    text = report_html(made).decode("utf-8")
    parsed = Parsed(text)
    assert not {"script", "img", "b"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    whole = "".join(parsed.words)
    for evil in EVIL[:4]:
        assert evil in whole
    assert "lone � and �" in whole
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(drawing)
    for data in (report_csv(made), results_csv(made)):
        for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))):
            assert not [cell for cell in row if cell.startswith("=")]


def test_broken_off_requests_are_told(report):
    """Money that may have been billed besides stands in the report."""
    progress = ExperimentProgress("done", 30, 30, 0, 0, Decimal("0.03"), Decimal("0.004"), 0)
    assert "up to $0.004 more" in report_html(replace(report, progress=progress)).decode()


def test_the_numbers_as_csv(report):
    """Every mean, difference, value by query, cut-off and cost is a row, exact to the last digit."""
    data = report_csv(report)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    means = {(row["order"], row["measure"]): row["value"] for row in rows if row["section"] == "mean"}
    for row in report.summary.rows:
        for name, value in row.means.items():
            assert float(means[row.label, name]) == value
    values = [row for row in rows if row["section"] == "query"]
    assert len(values) == 3 * len(report.summary.measures) * 30
    assert {row["section"] for row in rows} == {
        "setting",
        "mean",
        "difference",
        "query",
        "cut-off",
        "top-n",
        "cost",
        "price",
        "agreement",
    }
    (monthly,) = [r["value"] for r in rows if r["measure"] == "a month (USD)" and r["order"] == "English"]
    assert float(monthly) == 30


def test_the_results_as_csv(report):
    """Every document of every order with its rank, score and rating."""
    rows = list(csv.DictReader(io.StringIO(results_csv(report).decode("utf-8-sig"))))
    assert tuple(rows[0]) == RESULT_COLUMNS
    assert len(rows) == 30 * 6 * 3
    assert rows[0] | {"rating": ""} == {
        "query_id": "q0",
        "query": "question 0 about alpha",
        "order": "Initial order",
        "rank": "1",
        "document": "q0-d0",
        "score": "",
        "rating": "",
    }


def test_the_report_names_what_it_left_out_and_whose_ratings_count():
    """The filter stands under the answer and with the data, only Ben's ratings are in the files, and the cut-off goes
    by the same queries, ratings and grade as the answer."""
    made = replace(small_set(12), judgments={"imported": small_set(12).judgments["ann"]})
    for number in (1, 3, 5):
        made = made.rated("Ben", f"q{number}", f"q{number}-d5", 2).rated("Ben", f"q{number}", f"q{number}-d0", 1)
    scope = Scope(tags=("odd",), raters=("Ben",))
    report = make_report(
        made,
        rankings(made, "English"),
        EvaluationSettings(only=scope.only(made), scope=scope.text(made), raters=scope.raters, relevant=2),
        thresholds={
            ("gateflow", "rerank-english-v3.0"): Threshold(
                "gateflow", "rerank-english-v3.0", 0.5, "from 34 borderline pairs", datetime(2026, 11, 1, tzinfo=UTC)
            )
        },
    )
    words = " ".join("".join(Parsed(report_html(report).decode()).words).split())
    assert words.count("Only tag odd: 6 of 12 queries; ratings by Ben.") == 2
    assert "Its figures are over 3 queries with ratings and answers." in words
    assert "Rated by Ben; not counted: ratings by imported." in words
    assert "A document counts as relevant where it is rated 2 or more." in words
    assert "P(rel=2)@5" in words
    assert "The threshold kept for this model is 0.500 (from 34 borderline pairs). At 0.500, 3 of 3 queries" in words
    rows = list(csv.DictReader(io.StringIO(results_csv(report).decode("utf-8-sig"))))
    rated = {(row["document"], row["rating"]) for row in rows if row["rating"]}
    assert rated == {(f"q{number}-d{place}", grade) for number in (1, 3, 5) for place, grade in ((0, "1"), (5, "2"))}
    numbers = list(csv.DictReader(io.StringIO(report_csv(report).decode("utf-8-sig"))))
    said = {row["measure"]: row["value"] for row in numbers if row["section"] in ("setting", "cut-off")}
    assert (said["only"], said["ratings by"], said["relevant from grade"], said["kept threshold"]) == (
        "Only tag odd: 6 of 12 queries; ratings by Ben",
        "Ben",
        "2",
        "0.5",
    )
    assert report.cuts == (
        cut_off(
            made, report.rankings[0], replace(report.summary.settings, judgments=None, only=report.summary.queries)
        ),
    )
    everything = " ".join("".join(Parsed(report_html(make_report(made, rankings(made, "A"))).decode()).words).split())
    assert "Rated by imported, Ben; a person's rating takes the place of the imported one." in everything
    assert "Only tag" not in everything


def test_the_report_says_by_which_rule_grades_count_and_what_was_settled():
    """Of three raters how far all agree besides every two; a settled grade is what its figures count."""
    own = small_set(6).judgments["ann"]
    made = replace(small_set(6), judgments={"Ann": own, "Ben": own, "Cem": own}, rule="majority")
    made = made.rated("Ben", "q1", "q1-d5", 0)
    made = replace(made, settled={"q1": {"q1-d5": SettledGrade(1, "Dora", datetime(2026, 11, 30, tzinfo=UTC))}})
    report = make_report(made, rankings(made, "English"))
    assert (report.summary.settings.judgments or {})["q1"]["q1-d5"] == 1
    words = " ".join("".join(Parsed(report_html(report).decode()).words).split())
    assert (
        "Rated by Ann, Ben, Cem; where several people rated a document, the grade that most gave, the lower one of "
        "several, counts; what was settled, 1 grade, counts before that."
    ) in words
    assert "Of 12 documents that two or more of the 3 raters rated they agree on 92%" in words
    rows = list(csv.DictReader(io.StringIO(report_csv(report).decode("utf-8-sig"))))
    together = {row["measure"]: row["value"] for row in rows if row["order"] == "all 3 raters"}
    assert together["pairs"] == "12"
    assert {"kappa", "weighted kappa", "weighted kappa, lower end (95%)"} <= together.keys()


def test_a_picture_of_costs_needs_costs(report):
    """Where everything is free there is no picture; labels at one place do not stand on each other."""
    assert cost_chart([replace(point, monthly=None) for point in report.points], "nDCG@10", 1000) == ""
    drawing = cost_chart(report.points, "nDCG@10", 1000)
    labels = [float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)">', drawing)]
    assert len(labels) == 3
    assert min(abs(a - b) for a in labels for b in labels if a is not b) >= 16.9


def test_pictures_scroll_rather_than_shrink(report):
    """On a phone a picture keeps a size at which its type can be read, in a frame that the keyboard can scroll; on
    paper it fits the page."""
    text = report_html(report).decode()
    framed = '<div class="wide" tabindex="0" role="group" aria-label="Chart"><svg '
    assert text.count("<svg ") == text.count(framed) > 0
    assert "svg{max-width:100%;min-width:720px" in text
    assert "main svg{min-width:0}" in text


def test_what_no_document_may_hold():
    """Control characters and single halves of surrogate pairs become U+FFFD."""
    assert shown("a\x00\x1b\ud800<") == "a���&lt;"
