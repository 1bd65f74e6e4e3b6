"""The Evaluate page, run through the frame: what it reads, keeps, sends and asks before it costs anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import rerank_core as rc
from pages.components.session import stores
from rerank_core import Client
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.query_sets import sources
from rerank_core.storage.run_record import Run
from tests.support.evaluate_page import (
    CSV,
    HOSTED,
    KEYWORD,
    QUERIES,
    choose,
    finished,
    go,
    open_step,
    own,
    run_models,
    upload,
)
from tests.support.page import click, labels, metrics, press, query_of, ran, words
from tests.support.rerank_service import RerankService

FINDABLE = CSV.replace("=the answer", "what a query with a comma finds: the answer")
"""The same queries, whose answers share words with them, so that keywords put them first."""


@pytest.fixture
def hosted(providers: Callable[..., None]) -> Callable[..., AppTest]:
    """Open the page with GateFlow set up, at a mood of the service."""

    def opened(mood: str = "ok") -> AppTest:
        providers(gateflow=mood)
        return open_step()

    return opened


def test_the_sample_is_there_from_the_first_visit() -> None:
    """Nobody has loaded anything, and there is a rated set in several languages to work with."""
    page = open_step("Query set")
    assert "165 queries" in words(page)
    assert "165 have ratings" in words(page)
    assert page.session_state["evaluate"].query_set.languages == ("de", "en", "es", "ja")


def test_a_spreadsheet_becomes_a_query_set() -> None:
    """Columns are found by their names, the guess can be changed, and commas in queries do no harm."""
    page = upload(open_step(), ("mine.csv", CSV.encode()))
    assert "6 queries, 18 results, 18 ratings" in words(page)
    picker = {box.label: box.value for box in page.selectbox}
    assert (picker["Query"], picker["Document text"], picker["Rating"]) == ("question", "passage", "grade")
    choose(page, "Rating", "")
    assert "6 queries, 18 results, 0 ratings" in words(page)
    choose(page, "Rating", "grade")
    page = click(page, "Use these queries")
    made = page.session_state["evaluate"].query_set
    assert made.queries[0].text == "query 0, with a comma"
    assert made.name == "mine"
    assert made.judged == QUERIES


def test_bad_rows_are_named_by_line_and_the_good_ones_kept() -> None:
    """An import report says which line and why; nothing else is lost."""
    page = upload(open_step(), ("mine.csv", CSV.replace("d10,0", ",0").encode()))
    assert "6 queries, 17 results, 17 ratings" in words(page)
    report = next(frame.value for frame in page.dataframe if "Reason" in frame.value.columns)
    assert list(report["Line"]) == [5]
    assert report["Reason"][0] == "The document id is blank."


def test_a_file_that_is_nothing_is_a_sentence() -> None:
    """A picture or an unknown text never stops the page."""
    page = upload(open_step(), ("x.csv", b"\x89PNG\r\n\x1a\n\x00\x00"), ("y.txt", b"{broken"))
    assert "It is not clear what kind of file" in words(page)
    assert "Use these queries" not in labels(page)


def test_a_list_of_queries_gets_its_candidates_from_a_search() -> None:
    """Typed queries are put to the sample knowledge base; blank and repeated lines do not count."""
    page = open_step()
    ran(page.toggle(key="evaluate_adding").set_value(True).run())
    ran(page.segmented_control(key="evaluate_way").set_value("From a list of queries").run())
    page.text_area(key="evaluate_queries").set_value("forgot my password\n\nsensor leaks\nforgot my password").run()
    page = press(page, "Find candidates")
    made = page.session_state["evaluate"].query_set
    assert [query.text for query in made.queries] == ["forgot my password", "sensor leaks"]
    assert all(query.candidates for query in made.queries)


def test_every_format_can_be_taken_away() -> None:
    """Each format gives a file, or a sentence why it cannot hold this set."""
    page = own(open_step())
    page.session_state["evaluate_taking"] = True
    ran(page.run())
    for kind in page.selectbox(key="evaluate_format").options:
        ran(page.selectbox(key="evaluate_format").select(kind).run())
        assert len(page.get("download_button")) == 1 or "This format cannot hold it" in words(page)


def test_rating_moves_on_and_is_undone() -> None:
    """A grade is kept under the rater's name and the next document comes; Undo brings both back."""
    page = go(own(open_step()), "Rate")
    page.text_input(key="evaluate_rater").set_value("Ann").run()
    assert "Query 1 of 6" in words(page)
    assert "Document 1 of 3" in words(page)
    ran(page.button(key="grade_2").click().run())
    assert "Document 2 of 3" in words(page)
    state = page.session_state["evaluate"]
    assert state.query_set.judgments["Ann"] == {"query 0, with a comma": {"d00": 2}}
    assert stores.query_sets().judgments(state.set_id)["Ann"] == {"query 0, with a comma": {"d00": 2}}
    ran(page.button(key="rate_skip").click().run())
    assert "Document 3 of 3" in words(page)
    ran(page.button(key="rate_undo").click().run())
    assert "Document 1 of 3" in words(page)
    assert not stores.query_sets().judgments(state.set_id).get("Ann", {}).get("query 0, with a comma")


def test_a_reload_before_any_run_brings_the_same_set_and_waits_for_a_name() -> None:
    """The address names a set that has not been run; ratings wait until somebody says whose they are."""
    page = go(own(open_step()), "Rate")
    set_id = page.session_state["evaluate"].set_id
    page.text_input(key="evaluate_rater").set_value("Ann").run()
    ran(page.button(key="grade_3").click().run())
    link = query_of(page)
    assert link["set"] == set_id
    again = open_step(**link)
    assert again.session_state["evaluate"].set_id == set_id
    assert "mine, 6 queries" in words(again)
    assert again.text_input(key="evaluate_rater").value == ""
    assert again.button(key="grade_0").disabled
    assert "Type your name as the rater first" in words(again)
    assert again.selectbox(key="evaluate_rated_before").options == ["Ann"]
    ran(again.selectbox(key="evaluate_rated_before").set_value("Ann").run())
    assert again.text_input(key="evaluate_rater").value == "Ann"
    assert "18 of 18 documents rated: 18 came with the file, 1 by this rater" in again.get("progress")[0].proto.text
    ran(again.button(key="grade_0").click().run())
    assert stores.query_sets().judgments(set_id)["Ann"] == {"query 0, with a comma": {"d00": 3, "d01": 0}}


def test_a_link_to_a_set_that_is_gone_says_so_and_shows_the_sample() -> None:
    """Nothing is rated on another set by mistake."""
    page = open_step("Rate", set="nonsense")
    assert "This query set is not here" in words(page)
    assert "The link names a query set that is not on this computer" in words(page)
    assert page.session_state["evaluate"].query_set.name == "Sample: support questions"


def test_a_rating_given_by_nobody_is_refused() -> None:
    """The board of the Answer step rates too: where others have rated it says where to give a name, and keeps
    nothing."""
    page = go(finished(run_models(own(open_step()), KEYWORD)), "Answer")
    state = page.session_state["evaluate"]
    state.query_set = state.query_set.rated("Bob", state.query_id, "d01", 1)
    state.picked = "0"
    ran(page.run())

    def board_rating() -> Any:
        return next(box for box in page.get("button_group") if box.label == "How relevant is it?")

    before = stores.query_sets().judgments(state.set_id)
    ran(board_rating().set_value(2).run())
    assert "Nobody has said who rates." in words(page)
    assert stores.query_sets().judgments(state.set_id) == before
    go(page, "Rate")
    page.text_input(key="evaluate_rater").set_value("Ann").run()
    go(page, "Answer")
    ran(board_rating().set_value(2).run())
    assert stores.query_sets().judgments(state.set_id)["Ann"] == {state.query_id: {"d00": 2}}


def test_the_first_to_rate_a_set_needs_no_name() -> None:
    """Whoever is alone begins at once, as "Me", on the Rate step and on the board."""
    page = go(own(open_step()), "Rate")
    assert page.text_input(key="evaluate_rater").value == "Me"
    ran(page.button(key="grade_3").click().run())
    ran(page.button(key="grade_1").click().run())
    state = page.session_state["evaluate"]
    assert stores.query_sets().judgments(state.set_id)["Me"] == {"query 0, with a comma": {"d00": 3, "d01": 1}}


def test_undo_takes_back_the_rating_of_whoever_gave_it() -> None:
    """Somebody else who sits down at the screen and presses Undo does not lose or get a rating."""
    page = go(own(open_step()), "Rate")
    for name, grade in (("Bob", 1), ("Ann", 3)):
        page.text_input(key="evaluate_rater").set_value(name).run()
        ran(page.button(key=f"grade_{grade}").click().run())
        page.session_state["evaluate"].place = 0
    page.text_input(key="evaluate_rater").set_value("Bob").run()
    before = page.session_state["evaluate"].query_set.judgments["Bob"]
    ran(page.button(key="rate_undo").click().run())
    judgments = page.session_state["evaluate"].query_set.judgments
    assert judgments["Bob"] == before
    assert not any(judgments.get("Ann", {}).values())


def test_a_scale_beyond_three_is_explained_and_can_be_cut_anywhere() -> None:
    """With ratings from 1 to 5 the board says what it shows, and a good answer may be one rated 5 only."""
    data = "query,document,rating\n" + "".join(
        f"q{n},document {n} {grade},{grade}\n" for n in range(3) for grade in (1, 5)
    )
    page = click(upload(open_step(), ("five.csv", data.encode())), "Use these queries")
    assert "Ratings go from 1 to 5." in words(page)
    go(page, "Rate")
    page.text_input(key="evaluate_rater").set_value("Ann").run()
    grades = {button.key: button.label for button in page.button if button.key and button.key.startswith("grade_")}
    assert list(grades) == [f"grade_{grade}" for grade in range(6)]
    assert grades["grade_5"] == "5, just right"
    assert "keys 0 to 5 rate" in page.get("progress")[0].proto.text
    ran(page.button(key="rate_skip").click().run())
    ran(page.button(key="grade_5").click().run())
    assert page.session_state["evaluate"].query_set.combined()["q0"] == {"document 0 1": 1, "document 0 5": 5}
    finished(run_models(page, KEYWORD))
    go(page, "Answer")
    assert "This query's ratings go from 1 to 5; on the board those over 3 are shown as 3" in words(page)
    assert "every rated document counts as relevant" in words(page)
    ran(page.selectbox(key="summary_relevant").set_value(5).run())
    figures = next(frame.value for frame in page.dataframe if "nDCG@10" in frame.value.columns)
    assert list(figures.columns)[-5:] == ["MRR(rel=5)", "P(rel=5)@5", "R(rel=5)@10", "MAP(rel=5)", "Judged@10"]
    assert list(figures["P(rel=5)@5"]) == pytest.approx([0.2, 0.2])
    assert "every rated document counts as relevant" not in words(page)
    assert "RR(rel=5)" in words(page)
    go(page, "Cut-off")
    assert page.selectbox(key="summary_relevant").options == ["1 or more", "5 only"]
    assert page.selectbox(key="summary_relevant").value == 5
    ran(page.selectbox(key="summary_relevant").set_value(1).run())
    go(page, "Report")
    assert page.selectbox(key="summary_relevant").value == 1


def test_what_counts_as_relevant_stays_when_other_raters_count() -> None:
    """A grade that was chosen does not fall back to 1 because those who count now never gave it."""
    page = go(own(open_step()), "Rate")
    page.text_input(key="evaluate_rater").set_value("Ann").run()
    for grade in (0, 1, 2):
        ran(page.button(key=f"grade_{grade}").click().run())
    go(finished(run_models(page, KEYWORD)), "Answer")
    ran(page.selectbox(key="summary_relevant").set_value(2).run())
    ran(page.multiselect(key="summary_raters").set_value(["imported"]).run())
    assert page.selectbox(key="summary_relevant").value == 2
    assert "Only ratings by imported." in words(page)


def test_ratings_of_yes_and_no_leave_nothing_to_choose() -> None:
    """Where no rating is above 1, there is no choice of the relevant ones, on any step."""
    data = "query,document,rating\n" + "".join(f"q{n},document {n} {g},{g}\n" for n in range(3) for g in (0, 1))
    page = click(upload(open_step(), ("two.csv", data.encode())), "Use these queries")
    finished(run_models(page, KEYWORD))
    for step in ("Answer", "Cut-off"):
        go(page, step)
        assert "summary_relevant" not in {box.key for box in page.selectbox}


def test_a_rating_of_ones_own_counts_in_the_answer() -> None:
    """Upwards too, where the file has a lower rating of the same document."""
    page = go(own(open_step()), "Rate")
    page.text_input(key="evaluate_rater").set_value("Ann").run()
    ran(page.button(key="grade_3").click().run())
    assert page.session_state["evaluate"].query_set.combined()["query 0, with a comma"]["d00"] == 3


def test_ratings_given_in_another_window_count_in_this_one() -> None:
    """Two people rate at the same time; each sees the other's ratings at the next step, changed ones too."""
    mine = go(own(open_step()), "Rate")
    state = mine.session_state["evaluate"]
    theirs = open_step("Rate")
    theirs.session_state["evaluate"].use(state.set_id, stores.query_sets().get(state.set_id))
    ran(theirs.run())
    theirs.text_input(key="evaluate_rater").set_value("Bob").run()
    ran(theirs.button(key="grade_2").click().run())
    go(mine, "Query set")
    assert state.query_set.judgments["Bob"] == {"query 0, with a comma": {"d00": 2}}
    before = state.query_set
    go(mine, "Rate")
    assert state.query_set is before
    theirs.session_state["evaluate"].place = 0
    ran(theirs.run())
    ran(theirs.button(key="grade_3").click().run())
    go(mine, "Query set")
    assert state.query_set.judgments["Bob"] == {"query 0, with a comma": {"d00": 3}}


def test_runs_added_in_another_window_are_there_at_the_next_step() -> None:
    """Rated runs that somebody adds to the set in work show up; the finished run on it keeps its figures."""
    page = go(finished(run_models(own(open_step()), KEYWORD)), "Answer")
    state, figures = page.session_state["evaluate"], page.dataframe[0].value
    with Client("local") as client:
        response = client.rerank("a new question", ["one", "two"], model="local-keyword")
    stores.query_sets().add_runs(state.set_id, [Run(response, ratings={0: 3})], "Bob")
    go(page, "Query set")
    assert "7 queries with 20 candidates; 7 have ratings" in words(page)
    go(page, "Answer")
    assert page.dataframe[0].value.equals(figures)
    assert "1 query without an answer from every model is left out for all of them." in words(page)
    assert "6 of 6 done" in words(go(page, "Run"))


def test_a_set_deleted_in_another_window_is_said_to_be_gone() -> None:
    """The page goes on with another set and says why, on whatever step it stands."""
    page = go(own(open_step()), "Rate")
    stores.query_sets().delete(page.session_state["evaluate"].set_id)
    go(page, "Cost")
    assert "The query set 'mine' has been deleted in another window." in words(page)
    assert page.session_state["evaluate"].query_set.name == "Sample: support questions"


def test_raters_are_kept_apart_with_their_agreement() -> None:
    """Two people who rated the same are compared in words."""
    page = go(own(open_step()), "Rate")
    page.text_input(key="evaluate_rater").set_value("Ann").run()
    for grade in (0, 1, 3):
        ran(page.button(key=f"grade_{grade}").click().run())
    assert "rated 3 documents in common and agree on 100%" in words(page)


def test_a_run_says_its_whole_cost_and_sends_nothing_before_the_button(hosted, service: RerankService) -> None:
    """Choosing a paid model sends nothing; the cost, requests and time stand there first."""
    page = go(own(hosted()), "Run")
    ran(page.multiselect(key="evaluate_models").set_value([HOSTED, KEYWORD]).run())
    shown = metrics(page)
    assert shown["Requests"] == "12"
    assert shown["Estimated cost"] == "$0.006"
    assert shown["Time"].startswith("about")
    assert service.requests == []


def test_from_a_spreadsheet_to_the_answer_the_cost_and_the_report(hosted, service: RerankService) -> None:
    """The whole way: each query is asked once, the answer is a sentence, and the report holds it."""
    page = finished(run_models(own(hosted()), HOSTED, KEYWORD))
    assert len(service.requests) == QUERIES
    go(page, "Answer")
    assert "You cannot know yet: rate about 20 more queries" in words(page)  # three comparisons, and six queries
    assert "English reranking cannot be told apart from the initial order: nDCG@10" in words(page)
    assert "6 queries better, 0 worse, 0 the same" in words(page)
    assert "$0.006 this run" in words(page)
    assert "Only 6 queries" in words(page)
    figures = next(frame.value for frame in page.dataframe if "nDCG@10" in frame.value.columns)
    assert figures.iloc[1]["nDCG@10"] == 1
    go(page, "Cost")
    page.number_input(key="searches_a_day").set_value(2000).run()
    assert "$60 a month" in words(page)
    go(page, "Cut-off")
    assert "6 of 6 queries are answered, 0 of them wrongly" in words(page)
    page = click(page, "Keep for this model")
    assert "Kept for this model" in words(page)
    go(page, "Report")
    assert {button.label for button in page.get("download_button")} == {
        "Report (HTML)",
        "Every number (CSV)",
        "All results (CSV)",
    }
    assert len(service.requests) == QUERIES


def test_above_the_limit_a_run_is_asked_for_once(hosted, service: RerankService) -> None:
    """A run that may pass the session's spending limit waits for a yes, and no leaves everything unsent."""
    page = own(hosted())
    page.number_input(key="spending_limit").set_value(0.005).run()
    page = run_models(page, HOSTED)
    assert "Start this run?" in words(page)
    assert service.requests == []
    page = click(page, "Do not start")
    assert "Start this run?" not in words(page)
    page = finished(click(click(page, "Start the run"), "Start within my limit"))
    assert len(service.requests) < QUERIES
    assert "spending limit" in words(page)
    page.number_input(key="spending_limit").set_value(5.0).run()
    page = finished(click(page, "Resume"))
    assert len(service.requests) == QUERIES


def test_failed_queries_are_listed_and_run_again_alone(hosted, providers, service: RerankService) -> None:
    """A service that answers nonsense leaves a list and no order; once it is well, only those are asked."""
    page = finished(run_models(own(hosted("html")), HOSTED))
    failed = len(stores.experiments().failures(page.session_state["evaluate"].experiment_id))
    assert failed == QUERIES
    listed = next(frame.value for frame in page.dataframe if "What happened" in frame.value.columns)
    assert len(listed) == QUERIES
    go(page, "Answer")
    assert "There is no answer yet" in words(page)
    providers(gateflow="ok")
    service.requests.clear()
    go(page, "Run")
    page = finished(click(page, f"Run the {failed} failed again"))
    assert len(service.requests) == QUERIES


def test_an_experiment_is_reopened_by_its_link(hosted, service: RerankService) -> None:
    """Another session with ?experiment=id sees the same answer, and asks nobody again."""
    page = finished(run_models(own(hosted()), HOSTED))
    one = page.session_state["evaluate"].experiment_id
    assert page.query_params["experiment"] in (one, [one])
    service.requests.clear()
    again = open_step("Answer", experiment=one)
    assert "English reranking lifts" in words(again)
    assert service.requests == []


def test_the_answer_opens_again_without_being_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another session, as after a restart, every figure is there as it was; after a rating they are worked out anew.
    (What goes into their name is tested in tests/core/evaluation/kept.)"""
    page = go(finished(run_models(own(open_step()), KEYWORD)), "Answer")
    one, figures = page.session_state["evaluate"].experiment_id, page.dataframe[0].value

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it was worked out again")

    with monkeypatch.context() as without:
        for name in ("summarise", "deciding_pairs", "not_run"):
            without.setattr(f"rerank_core.evaluation.kept.figures.{name}", refuse)
        again = open_step("Answer", experiment=one)
        assert again.dataframe[0].value.equals(figures)
    current = again.session_state["evaluate"]
    query = current.query_set.queries[0]
    stores.query_sets().rate(current.set_id, "Somebody", query.id, query.candidates[0], 3)
    stores.query_sets().rate(current.set_id, "Somebody", query.id, query.candidates[-1], 0)
    assert not ran(again.run()).dataframe[0].value.equals(figures)


def test_a_link_to_a_run_that_is_gone_says_so_and_shows_the_sample() -> None:
    """The heading says what is the matter, and the page works on."""
    page = open_step("Query set", experiment="nonsense")
    assert "This run is not here" in words(page)
    assert "The link names a run that is not on this computer" in words(page)
    assert "165 queries" in words(page)


def test_without_ratings_the_answer_says_what_would_change_and_what_to_rate() -> None:
    """A set that nobody rated says how much of the top 3 changes, and the pairs that decide are rated by a click."""
    unrated = FINDABLE.replace("grade", "shelf").encode()
    page = finished(run_models(click(upload(open_step(), ("q.csv", unrated)), "Use these queries"), KEYWORD))
    go(page, "Answer")
    assert "You cannot know yet: nothing is rated" in words(page)
    assert " changes 0% of the top 3, and the first result of 6 of 6 queries." in words(page)
    disagreeing = next(frame.value for frame in page.dataframe if "Top 3 differ" in frame.value.columns)
    assert len(disagreeing) == QUERIES
    assert len([name for name in disagreeing.columns if name.startswith("First: ")]) == 2
    assert "18 to go" in words(page)
    click(page, "Just right")
    assert sum(map(len, page.session_state["evaluate"].query_set.judgments["Me"].values())) == 1
    click(page, "Not relevant")
    click(page, "Undo")
    assert sum(map(len, page.session_state["evaluate"].query_set.judgments["Me"].values())) == 1
    assert "You cannot know yet: rate about 25 more queries" in words(page)
    assert "to go" in words(page)
    assert "Query 1 of 6" in words(go(page, "Rate"))


def test_a_month_of_every_hosted_model_stands_there_without_a_key() -> None:
    """Before a run and after it, for each model with a known price: $1 per 1,000 searches are $30 at 1,000 a day."""
    names = {spec.id: spec.label for spec in rc.providers()}
    models = {(spec.id, model.id): model.label for spec in rc.providers() for model in spec.models}
    priced = [(price.provider, price.model) for price in rc.PriceTable.default().prices]
    page = own(open_step())
    for step in ("Cost", "Answer"):
        go(page, step)
        assert "Nothing has been run on this query set yet" in words(page)
        assert _months(page).keys() == {f"{models[one]} ({names[one[0]]})" for one in priced}
    page = finished(run_models(page, KEYWORD))
    for step in ("Answer", "Cost"):
        go(page, step)
        months = _months(page)
        assert months["English (GateFlow)"] == "$30.00"
        assert "What these models would add to the quality is not known" in words(page)
    assert "30,000 searches a month" in words(page)
    assert "Only stand-ins on this computer were run" in words(page)
    local = next(frame.value for frame in page.dataframe if "Where" in frame.value.columns)
    assert list(local["Where"]) == ["", "This computer, stand-in"]
    page.number_input(key="searches_a_day").set_value(2000).run()
    assert _months(page)["English (GateFlow)"] == "$60.00"


def _months(page: AppTest) -> dict[str, str]:
    """What a month costs by model, as the table of models that were not run has it."""
    frame = next(frame.value for frame in page.dataframe if "State" in frame.value.columns)
    assert set(frame["State"]) == {"Hosted, not run"}
    return dict(zip(frame["Model"], frame["A month"], strict=True))


def test_the_figures_of_other_tools_stand_beside_ours() -> None:
    """Quepid's and Elasticsearch's nDCG of every order, and how ties, missing queries and the ideal are treated."""
    page = click(upload(open_step(), ("q.csv", FINDABLE.encode())), "Use these queries")
    page = go(finished(run_models(page, KEYWORD)), "Answer")
    page.session_state["other_tools"] = True
    ran(page.run())
    theirs = next(frame.value for frame in page.dataframe if "nDCG@10 in Quepid" in frame.value.columns)
    assert theirs["nDCG@10 here"].iloc[1] == pytest.approx(0.9639, abs=5e-5)  # 3, 0, 1: 3.5 of 3.6309
    assert theirs["nDCG@10 in Quepid"].iloc[1] == pytest.approx(0.9828, abs=5e-5)  # 7.5 of 7.6309
    assert theirs["nDCG@10 in Elasticsearch"].iloc[0] < theirs["nDCG@10 here"].iloc[0]
    for word in ("Ties:", "Missing queries:", "Ideal:"):
        assert word in words(page)


def test_where_no_cut_can_be_learned_nothing_is_suggested() -> None:
    """Every query of this set has its answer first, so a threshold could only lose some."""
    page = click(upload(open_step(), ("q.csv", FINDABLE.encode())), "Use these queries")
    page = go(finished(run_models(page, KEYWORD)), "Cut-off")
    assert "No cut can be learned here. Every query has a good answer" in words(page)
    assert not [button for button in page.button if button.label.startswith("Suggestion")]


def test_what_somebody_typed_never_reaches_markdown() -> None:
    """A query, a name or a tag that looks like a picture is shown as text or not at all."""
    evil = "![x](http://evil.test/leak.png)"
    made = sources.from_files(
        Imported(
            "table",
            queries={"q": evil},
            documents={"d": evil, "e": "other"},
            judgments={"q": {"d": 3, "e": 0}},
            run={"q": ("e", "d")},
            titles={"d": evil},
            tags={"q": evil},
        ),
        name=evil,
    )
    stores.query_sets().save(made)
    page = open_step()
    for step in ("Query set", "Rate", "Run"):
        go(page, step)
        for kind in ("markdown", "caption", "warning", "error", "info", "success", "header", "subheader"):
            assert not [element for element in page.get(kind) if evil in str(element.value)]
        assert not [button.label for button in page.button if evil in button.label]
