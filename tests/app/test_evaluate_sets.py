"""Query sets, ratings and cut-offs on the Evaluate page: every kind of file, a live engine, several raters."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from pages.components.session import stores
from rerank_core.evaluation import KINDS, read, write
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.query_sets import sources
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.models import Document
from tests.support.evaluate_page import (
    KEYWORD,
    choose,
    drop,
    finished,
    go,
    open_step,
    own,
    run_models,
    upload,
)
from tests.support.gate import Gate
from tests.support.page import (
    button,
    chooser,
    click,
    labels,
    metrics,
    once,
    open_page,
    press,
    query_of,
    ran,
    settled,
    words,
)
from tests.support.search_engine import search_engine
from tests.support.slow_files import hold_slow_files

TABLE = Imported(
    "table",
    queries={"q1": "forgot my password", "q2": "opening hours, Sundays"},
    documents={
        "d1": "Reset a password in three steps.",
        "d2": "Opening hours are from nine to six.",
        "d3": '=SUM("x")',
    },
    judgments={"q1": {"d1": 3, "d2": 0}, "q2": {"d2": 2, "d3": 0}},
    run={"q1": ("d2", "d1"), "q2": ("d3", "d2", "d1")},
)


def found(page: AppTest) -> QuerySet:
    """The query set that is worked on, once a search for candidates is over."""
    made: QuerySet = settled(page).session_state["evaluate"].query_set
    return made


def workbook(**sheets: list[list[object]]) -> bytes:
    """An Excel workbook with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# Files


@pytest.mark.parametrize("kind", ["table", "quepid-snapshot", "beir"])
@pytest.mark.slow
def test_a_file_of_another_tool_becomes_a_set_and_goes_out_the_same(kind: str) -> None:
    """What holds queries, documents and an order is enough by itself; taken away again it reads back the same."""
    data = write(kind, TABLE)
    page = upload(open_step(), (KINDS[kind].file_name, data))
    assert f"{KINDS[kind].file_name}: {KINDS[kind].label}, 2 queries" in words(page)
    made = found(click(page, "Use these queries"))
    assert len(made) == 2
    assert all(query.candidates for query in made.queries)
    again, before = read(KINDS[kind].file_name, write(kind, made.imported())), read(KINDS[kind].file_name, data)
    assert (again.queries, again.judgments) == (before.queries, before.judgments)
    assert again.documents == before.documents
    if kind != "beir":  # a collection has no order of its own: its first stage is a search
        assert again.run == before.run


def test_files_that_belong_together_are_put_together() -> None:
    """A TREC run, its qrels and the texts make one set; without the texts the page says what is missing."""
    page = upload(open_step(), ("results.run", write("trec-run", TABLE)), ("grades.qrels", write("trec-qrels", TABLE)))
    assert "3 documents have no text and cannot be scored" in words(page)
    texts = replace(TABLE, judgments={}, run={}, kind="beir")
    page = upload(page, ("texts.zip", write("beir", texts)))
    made = found(click(page, "Use these queries"))
    assert made.initial == TABLE.run
    assert made.combined() == TABLE.judgments


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "corpus.jsonl",
            b"".join(b'{"_id": "d%d", "title": "", "text": "text %d"}\n' % (one, one) for one in (1, 2, 3)),
        ),
        ("docs.csv", b"doc_id,title,text\nd1,t1,text 1\nd2,t2,text 2\nd3,t3,text 3\n"),
        (
            "docs.xlsx",
            workbook(Docs=[["id", "title", "text"], *[[f"d{one}", "t", f"text {one}"] for one in (1, 2, 3)]]),
        ),
    ],
)
@pytest.mark.slow
def test_texts_alone_go_with_the_results_of_another_file(name: str, texts: bytes) -> None:
    """A file of documents, without queries, is kept for those that name them."""
    page = upload(open_step(), (name, texts))
    assert "These are documents." in words(page)
    assert "Use these queries" not in labels(page)
    run = b"q1 Q0 d3 1 3.0 t\nq1 Q0 d2 2 2.0 t\nq1 Q0 d1 3 1.0 t\n"
    page = upload(page, ("a.run", run), ("a.qrels", b"q1 0 d1 2\nq1 0 d2 1\n"))
    made = found(click(page, "Use these queries"))
    assert made.initial == {"q1": ("d3", "d2", "d1")}
    assert made.documents["d1"].text == "text 1"


@pytest.mark.slow
def test_a_workbook_with_several_sheets_is_read_from_the_one_that_is_chosen() -> None:
    """The first sheet is a cover; the right one is chosen, its columns are guessed anew and can be changed."""
    data = workbook(
        Cover=[["Prepared by"], ["Ann"]],
        May=[["Query", "Answer", "Old answer", "Grade"], ["opening hours", "Nine to six", "Nine to five", 3]],
    )
    page = upload(open_step(), ("tickets.xlsx", data))
    assert "Use these queries" not in labels(page)
    choose(page, "Sheet", "May")
    assert "1 query, 1 result, 1 rating" in words(page)
    choose(page, "Document text", "Old answer")
    assert chooser(page, "Sheet").value == "May"
    made = found(click(page, "Use these queries"))
    assert [document.text for document in made.documents.values()] == ["Nine to five"]


def test_how_a_file_is_read_can_be_chosen() -> None:
    """The first row is data, the encoding is another one, the kind is said: each reads the file anew."""
    data = "сброс пароля;Откройте настройки;3\nчасы работы;С девяти до пяти;2\n".encode("koi8-r")
    page = choose(upload(open_step(), ("list.csv", data)), "Kind of file", "table")
    page = choose(page, "First row", "no")
    page = choose(page, "Encoding", "koi8-r")
    page = choose(choose(page, "Query", "Column 1"), "Document text", "Column 2")
    page = choose(page, "Rating", "Column 3")
    assert "Spreadsheet, 2 queries, 2 results, 2 ratings" in words(page)
    assert chooser(page, "Encoding").value == "koi8-r"
    made = found(click(page, "Use these queries"))
    assert [query.text for query in made.queries] == ["сброс пароля", "часы работы"]
    page = choose(upload(page, ("words.csv", b"query,docid,rating\na,d1,3\n")), "Kind of file", "opensearch-queries")
    assert "OpenSearch query set, 2 queries" in words(page)


def test_a_long_reading_is_seen_survives_a_reload_and_can_be_cancelled(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before is there, in this session and in one that follows the address; Cancel names the rest."""
    hold_slow_files(monkeypatch, gate)
    page = drop(open_step(), ("quick.csv", write("table", TABLE)), ("slow.csv", write("table", TABLE)))
    once(once(page, "slow.csv: reading"), "quick.csv: Spreadsheet, 2 queries")
    assert button(page, "Use these queries").disabled
    again = once(open_step(**query_of(page)), "quick.csv: Spreadsheet, 2 queries")
    press(again, "Cancel reading")
    assert "Reading was stopped." in words(again)
    assert "slow.csv" in words(again)


def test_ratings_of_one_person_can_be_taken_away_alone() -> None:
    """Of several raters the median leaves, or one person's ratings; a column each for Quepid, or a row each."""
    documents = {name: Document(f"text {name}", name) for name in ("a", "b")}
    rated = {"Ann": {"q": {"a": 3, "b": 0}}, "Ben": {"q": {"a": 1}}}
    made = QuerySet("Two", make_queries({"q": "q"}, {"q": ("a", "b")}, {}), documents, rated)
    set_id = stores.query_sets().save(made)
    page = open_step()
    ran(page.selectbox(key="query_set").set_value(set_id).run())
    page.session_state["evaluate_taking"] = True
    ran(page.run())
    written: list[bytes] = []
    for kind, whose in (
        *(("quepid-ratings", -1), ("quepid-ratings", 1), ("quepid-ratings", -2), ("table", -1)),
        *(("rater-ratings", -1), ("rater-ratings", 0)),
    ):
        ran(page.selectbox(key="evaluate_format").set_value(kind).run())
        ran(page.selectbox(key="evaluate_whose").set_value(whose).run())
        memory = page.session_state["evaluate_memory"]
        written.append([value for key, value in memory if key[0] == "file"][-1])
    assert written[:3] == [
        b"query,docid,rating\nq,a,1\nq,b,0\n",
        b"query,docid,rating\nq,a,1\n",
        b"query,docid,Ann,Ben\nq,a,3,1\nq,b,0,\n",
    ]
    assert read("a.csv", written[3]).judgments == {"q": {"a": 1, "b": 0}}
    tidy = b"query,docid,rater,rating\n"
    assert written[4:] == [tidy + b"q,a,Ann,3\nq,a,Ben,1\nq,b,Ann,0\n", tidy + b"q,a,Ann,3\nq,b,Ann,0\n"]
    assert read("a.csv", written[4]).raters == rated
    ran(page.selectbox(key="evaluate_format").set_value("quepid-ratings").run())
    ran(page.selectbox(key="evaluate_whose").set_value(-2).run())
    ran(page.selectbox(key="evaluate_format").set_value("table").run())
    assert page.selectbox(key="evaluate_whose").value == -1


def test_a_click_beside_an_import_does_not_put_it_together_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files take seconds, so what was made of them is kept until a file or a column changes."""
    made: list[int] = []
    real = sources.from_files

    def counted(*parts: Any, **options: Any) -> QuerySet:
        made.append(1)
        return real(*parts, **options)

    monkeypatch.setattr(sources, "from_files", counted)
    page = upload(open_step(), ("set.csv", write("table", TABLE)))
    page.text_input(key="evaluate_name").set_value("Another name").run()
    ran(page.run())
    assert len(made) == 1
    choose(page, "Rating", "")
    assert len(made) == 2
    assert "0 have ratings" in words(page)
    assert found(click(page, "Use these queries")).name == "Another name"


# A live engine


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """A real search engine with OpenSearch's API and three articles."""
    articles = {"a1": "Reset a forgotten password", "a2": "Password rules", "a3": "Opening hours"}
    with search_engine({name: {"body": text} for name, text in articles.items()}) as address:
        yield address


def test_a_live_engine_supplies_the_candidates(engine: str) -> None:
    """Each query of a list is put to the engine, whose order is the initial one; a wrong index is a sentence."""
    page = open_step()
    ran(page.toggle(key="evaluate_adding").set_value(True).run())
    ran(page.segmented_control(key="evaluate_way").set_value("From a list of queries").run())
    page.text_area(key="evaluate_queries").set_value("forgotten password\nopening hours").run()
    ran(page.selectbox(key="evaluate_source").set_value("live").run())
    for key, value in (("live_address", engine), ("live_index", "nowhere"), ("live_text", "body")):
        page.text_input(key=key).set_value(value).run()
    page = click(page, "Find candidates")
    found(page)
    assert page.error
    page.text_input(key="live_index").set_value("articles").run()
    made = found(click(page, "Find candidates"))
    assert made.order_name == "as the search engine listed them"
    assert made.initial == {"forgotten password": ("a1", "a2"), "opening hours": ("a3",)}


# Rating


def test_every_document_that_any_model_shows_is_to_be_rated() -> None:
    """The pool has the top of the initial order and of each model's, so that no model is at a disadvantage."""
    texts = [f"number {place} about nothing" for place in range(19)] + ["the very parcel refund"]
    documents = {f"d{place}": Document(text, f"d{place}") for place, text in enumerate(texts)}
    queries = make_queries({"q": "parcel refund"}, {"q": tuple(documents)}, {})
    set_id = stores.query_sets().save(QuerySet("Pool", queries, documents, {"ann": {"q": {"d0": 0}}}))
    page = open_step()
    ran(page.selectbox(key="query_set").set_value(set_id).run())
    go(page, "Rate")
    assert "0 of 5 documents rated by this rater" in page.get("progress")[0].proto.text
    page = go(finished(run_models(page, KEYWORD)), "Rate")
    assert "0 of 6 documents rated by this rater" in page.get("progress")[0].proto.text
    assert "rank: Initial order 20, Keyword matching 1" in "\n".join(
        words(ran(page.button(key="rate_skip").click().run())) for _ in range(6)
    )


@pytest.mark.slow
def test_raters_who_differ_are_told_apart_with_their_kappa() -> None:
    """Each has ratings of his own, the page says how far they agree and where not, and figures can go by one."""
    page = own(open_step())
    go(page, "Rate")
    for name, grades in (("Ann", (3, 3, 0, 0, 3, 0)), ("Ben", (3, 0, 0, 0, 3, 0))):
        page.text_input(key="evaluate_rater").set_value(name).run()
        page.session_state["evaluate"].rated_query = None
        ran(page.run())
        for grade in grades:
            ran(page.button(key=f"grade_{grade}").click().run())
    ran(page.segmented_control(key="judging_view").set_value("raters").run())
    said = "Ann and Ben rated 6 documents in common and agree on 83%: substantial agreement (weighted kappa 0.67, "
    assert said in words(page)
    assert "So few say little: rate 30 or more in common" in words(page)
    ran(page.segmented_control(key="judging_view").set_value("settle").run())
    assert "0 of 1 settled" in words(page)
    assert "Ann 3 · Ben 0 · by the median 0" in words(page)
    page = go(finished(run_models(page, KEYWORD)), "Answer")
    ran(page.multiselect(key="summary_raters").set_value(["Ben"]).run())
    assert "Only 2 queries" in words(page)


# The answer and the cut-off


@pytest.mark.slow
def test_figures_can_be_narrowed_by_tag_language_and_length() -> None:
    """Each filter names how many queries are left; the worst of them stands first, and its board below."""
    page = go(finished(run_models(open_step(), KEYWORD)), "Answer")
    before = next(frame.value for frame in page.dataframe if "Before" in frame.value.columns)
    assert list(before["Change"]) == sorted(before["Change"])
    ran(page.multiselect(key="summary_languages").set_value(["ja"]).run())
    narrowed = next(frame.value for frame in page.dataframe if "Before" in frame.value.columns)
    assert set(narrowed["Language"]) == {"ja"}
    assert 0 < len(narrowed) < len(before)
    first = page.session_state["evaluate"].query_id
    assert page.session_state["evaluate"].query_set.query(first).text.startswith(narrowed["Query"][0][:40])


@pytest.mark.slow
def test_a_filter_is_told_on_every_step_and_taken_back_by_one_click() -> None:
    """Chosen on the Answer step, it narrows the cut-off, the cost and the report too, and each of them says so."""
    page = go(finished(run_models(open_step(), KEYWORD)), "Answer")
    assert "165 queries." not in words(page)
    ran(page.multiselect(key="summary_languages").set_value(["de"]).run())
    said = re.search(r"Only language de: (\d+) of 165 queries\.", words(page))
    assert said is not None
    assert "Show all queries" not in labels(page)
    assert said[0] in words(go(page, "Report"))
    assert said[0] in words(go(page, "Cut-off"))
    assert f" of {said[1]} queries are answered" in words(page)
    assert said[0] in words(go(page, "Cost"))
    click(page, "Show all queries")
    assert "Only language" not in words(page)
    assert " of 165 queries are answered" in words(go(page, "Cut-off"))
    go(page, "Answer")
    ran(page.multiselect(key="summary_languages").set_value(["ja"]).run())
    assert "Only language ja" in words(go(page, "Cut-off"))
    click(page, "Show all queries")
    assert " of 165 queries are answered" in words(page)
    go(page, "Answer")
    assert page.multiselect(key="summary_languages").value == []


def test_a_filter_of_another_set_does_no_harm() -> None:
    """A rater or a tag that this set does not have narrows nothing, on whatever step one comes back."""
    page = finished(run_models(own(open_step()), KEYWORD))
    page.session_state["summary_raters"], page.session_state["summary_tags"] = ["Somebody else"], ["none of these"]
    assert "Only stand-ins on this computer were run" in words(go(page, "Cost"))
    assert " of 6 queries are answered" in words(go(page, "Cut-off"))


@pytest.mark.slow
def test_the_order_that_is_looked_at_is_the_best_until_somebody_chooses() -> None:
    """While models answer one after another the best changes; a choice stays, for that run."""
    page = go(finished(run_models(open_step(), KEYWORD, "English (On this computer)")), "Answer")
    best = page.selectbox(key="summary_model").value
    other = next(label for label in page.selectbox(key="summary_model").options if label != best)
    page.session_state["summary_model"] = other  # as it stood when only that one had answered
    assert ran(page.run()).selectbox(key="summary_model").value == best
    ran(page.selectbox(key="summary_model").set_value(other).run())
    assert ran(page.run()).selectbox(key="summary_model").value == other


def test_what_a_run_cost_stands_beside_what_it_brought() -> None:
    """The money is among the first columns, which fit a window without scrolling sideways."""
    page = go(finished(run_models(own(open_step()), KEYWORD)), "Answer")
    figures = next(frame.value for frame in page.dataframe if "nDCG@10" in frame.value.columns)
    assert list(figures.columns)[:5] == ["Order", "nDCG@10", "Change", "This run", "Median time"]


@pytest.mark.slow
def test_a_threshold_holds_for_the_playground_of_another_session() -> None:
    """What is kept for a model on the Cut-off step is the score threshold wherever that model answers next."""
    page = go(finished(run_models(open_step(), KEYWORD)), "Cut-off")
    ran(page.number_input(key="cut_line").set_value(0.42).run())
    page = click(page, "Keep for this model")
    assert "Kept for this model: 0.420" in words(page)
    stores.forget()
    other = settled(open_page(query={"model": "v2"}))
    assert other.number_input(key="threshold").value == 0.42
    page = click(page, "Forget it")
    assert "Kept for this model" not in words(page)
    ran(other.run())
    assert other.number_input(key="threshold").value != 0.42


@pytest.mark.slow
def test_the_recipe_leads_from_pairs_to_a_kept_threshold() -> None:
    """Pairs are looked at one by one, the mean of the borderline ones moves the line, and it is kept as such."""
    page = go(finished(run_models(open_step(), KEYWORD)), "Cut-off")
    page.session_state["cut_recipe"] = True
    ran(page.run())
    assert "Pair 1 of 50 · score" in words(page)
    scores = []
    for mark in ("borderline", "good", "bad", "borderline", "borderline"):
        said = re.search(r"Pair \d+ of 50 · score ([0-9.]+)", words(page))
        assert said is not None
        scores += [float(said[1])] if mark == "borderline" else []
        ran(page.button(key=f"recipe_{mark}").click().run())
    ran(page.button(key="recipe_undo").click().run())
    mean = sum(scores[:2]) / 2
    assert f"The mean of 2 borderline pairs is {mean:.2f}" in words(page)
    assert "30 pairs or more are needed" in words(page)
    page = click(page, "Take the rest as borderline")
    assert "50 of 50 pairs looked at, 48 borderline" in page.get("progress")[0].proto.text
    assert "30 pairs or more are needed" not in words(page)
    ran(page.button(key="recipe_use").click().run())
    line = page.number_input(key="cut_line").value
    assert page.button(key="recipe_use").label == f"Move the line to {line:.3f}"
    page = click(page, "Keep for this model")
    assert f"Kept for this model: {line:.3f} (from 48 borderline pairs)" in words(page)


@pytest.mark.slow
def test_the_lines_stay_where_they_were_put() -> None:
    """A look at another step moves neither line; another run of the same model begins with its own suggestion."""
    page = go(finished(run_models(open_step(), KEYWORD)), "Cut-off")
    state = page.session_state["evaluate"]
    suggested = page.number_input(key="cut_line").value
    ran(page.number_input(key="cut_line").set_value(0.5).run())
    ((about, _),) = state.lines.items()
    state.tops[about] = 7
    go(page, "Cost")
    go(page, "Cut-off")
    assert page.number_input(key="cut_line").value == 0.5
    assert "At 0.500, " in words(page)
    assert "With the top 7, " in words(page)
    ran(page.selectbox(key="summary_relevant").set_value(2).run())
    assert page.number_input(key="cut_line").value != 0.5
    assert "With the top 3, " in words(page)
    ran(page.selectbox(key="summary_relevant").set_value(1).run())
    assert page.number_input(key="cut_line").value == 0.5
    go(finished(run_models(page, KEYWORD)), "Cut-off")
    assert page.number_input(key="cut_line").value == suggested


def test_the_recipe_needs_no_ratings_and_its_marks_outlive_a_reload() -> None:
    """A set that nobody rated has no line, and yet its pairs lead to a kept threshold, from one visit to the next."""
    unrated = replace(TABLE, judgments={})
    page = click(upload(open_step(), ("plain.csv", write("table", unrated))), "Use these queries")
    page = go(finished(run_models(page, KEYWORD)), "Cut-off")
    assert "There is nothing to cut yet" in words(page)
    page.session_state["cut_recipe"] = True
    ran(page.run())
    assert "Pair 1 of 2 · score" in words(page)
    ran(page.button(key="recipe_borderline").click().run())
    link = query_of(page)
    stores.forget()
    page = open_step(**link)
    page.session_state["cut_recipe"] = True
    ran(page.run())
    assert "1 of 2 pairs looked at, 1 borderline" in page.get("progress")[0].proto.text
    ran(page.button(key="recipe_bad").click().run())
    ran(page.button(key="recipe_undo").click().run())
    assert "1 of 2 pairs looked at, 1 borderline" in page.get("progress")[0].proto.text
    said = re.fullmatch(r"Keep ([0-9.]+) for this model", page.button(key="recipe_use").label)
    assert said is not None
    ran(page.button(key="recipe_use").click().run())
    assert f"Kept for this model: {said[1]} (from 1 borderline pairs)" in words(page)
    page = click(page, "Forget it")
    assert "Kept for this model" not in words(page)


def test_a_service_without_scores_has_a_top_n_and_no_threshold(providers) -> None:
    """Where nothing is scored there is no line to drag; how many to show can still be chosen."""
    providers(gateflow="ok", flashrank="ok")
    page = go(own(open_step()), "Run")
    name = next(one for one in page.multiselect(key="evaluate_models").options if "FlashRank" in one)
    page = run_models(page, name)
    if "Start this run?" in words(page):
        page = click(page, "Yes, start")
    page = go(finished(page), "Cut-off")
    assert "an order and no scores" in words(page)
    assert "With the top 3" in words(page)
    assert "Threshold" not in metrics(page)


def test_two_sets_of_one_name_stay_apart() -> None:
    """A list tells its entries apart by their words; choosing the older one shows the older one."""
    page = own(open_step("Query set"))
    first = page.session_state["evaluate"].set_id
    go(own(page), "Query set")
    second = page.session_state["evaluate"].set_id
    box = page.selectbox(key="query_set")
    assert len(set(box.options)) == len(box.options) == 3
    assert first != second
    ran(box.set_value(first).run())
    assert page.session_state["evaluate"].set_id == first


def test_the_sample_of_an_earlier_version_stays_beside_the_one_of_today() -> None:
    """A home that has an older sample opens with the new one, once, and the old one can still be chosen."""
    sample = stores.sample_query_set()
    older = stores.query_sets().save(replace(sample, queries=sample.queries[:77]))
    page = open_step("Query set")
    assert "165 queries" in words(page)
    assert open_step("Query set").session_state["evaluate"].set_id == page.session_state["evaluate"].set_id
    assert sorted(one.queries for one in stores.query_sets().list()) == [77, 165]
    page = open_step("Query set", set=older)
    assert "77 queries" in words(page)
