"""What is rated on a board stays with its run and goes into a query set: Playground, Search and Compare."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.session import stores
from rerank_core.evaluation import KINDS, read, write
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.run_record import Run
from rerank_core.storage.runs import RunStore
from rerank_core.storage.sqlite_file import StoreError
from tests.support.page import click, open_page, press, settled, words
from tests.support.small_query_set import small_set

KEYWORD = "local:local-keyword"
ENGLISH = "local:local-english"


def opened(name: str, **query: str) -> AppTest:
    """A page in a session of its own, with nothing under way."""
    return settled(open_page(f"{name}.py", query))


def playground(**query: str) -> AppTest:
    """The Playground with its best document to be looked at."""
    page = opened("playground", **query)
    page.session_state["playground"].picked = str(shown_run(page).response.results[0].index)
    return settled(page.run())


def compare(*models: str, **query: str) -> AppTest:
    """Compare with these models and the first document to be looked at."""
    page = opened("compare", **({"models": ",".join(models)} if models else {}), **query)
    if not query:
        press(page, "Compare")
    page.session_state["compare"].picked = 0
    return settled(page.run())


def shown_run(page: AppTest) -> Run:
    """The run that the Playground or Search shows."""
    held = page.session_state
    run: Run = held["playground"].run if "playground" in held else held["search"].answer.run
    return run


def rate(page: AppTest, grade: int | None) -> AppTest:
    """Rate the document that is looked at."""
    control = next(each for each in page.segmented_control if each.label == "How relevant is it?")
    return settled(control.set_value(grade).run())


def rating(page: AppTest) -> int | None:
    """The rating of the document that is looked at."""
    value: int | None = next(each for each in page.segmented_control if each.label == "How relevant is it?").value
    return value


def add(page: AppTest, *, rater: str | None = None, into: str | None = None) -> AppTest:
    """Add the ratings to a query set."""
    if into is not None:
        settled(page.selectbox(key="ratings_set").set_value(into).run())
    if rater is not None:
        settled(page.text_input(key="evaluate_rater").set_value(rater).run())
    return press(page, "Add to a query set")


def own_sets() -> list[QuerySet]:
    """The saved query sets, newest first."""
    store = stores.query_sets()
    return [made for one in store.list() if (made := store.get(one.id)) is not None]


def grades_of(made: QuerySet) -> dict[str, dict[str, dict[str, int]]]:
    """The grades by rater, query and document, both by their texts."""
    return {
        rater: {
            made.query(query).text: {made.documents[name].text: grade for name, grade in own.items()}
            for query, own in judgments.items()
        }
        for rater, judgments in made.judgments.items()
    }


def board_ratings(page: AppTest) -> Mapping[str, int]:
    """The ratings that the board was told of, by row."""
    rows = json.loads(page.get("bidi_component")[0].proto.json)["rows"]
    return {row["key"]: row["rating"] for row in rows if row["rating"] is not None}


# ---- kept with the run ------------------------------------------------------------------------------------------


def test_a_rating_on_search_stays_with_its_answer_after_a_rerun_and_a_reload() -> None:
    """The board and the passage show it; a page that is opened again by its address shows it too."""
    page = rate(opened("search"), 3)
    run = shown_run(page)
    best = run.response.results[0].index
    assert stores.runs().ratings(run.id) == {best: 3}
    again = opened("search", search=run.id)
    for each in (page.run(), again):
        assert board_ratings(each) == {str(best): 3}
        assert rating(each) == 3
        assert "Add to a query set" in [button.label for button in each.button]
    rate(again, None)
    assert stores.runs().ratings(run.id) == {}
    assert "Add to a query set" not in [button.label for button in again.button]


@pytest.mark.slow
def test_one_row_a_document_rates_the_passage_that_is_shown() -> None:
    """The rating goes to the best passage of the document, which is what the row shows, and to no other."""
    page = opened("search")
    settled(page.toggle(key="managing").set_value(True).run())
    page.text_input(key="corpus_name").set_value("Boots").run()
    text = "\n\n".join(f"Part {number}. " + "Boots that keep water out. " * 60 for number in range(3))
    page.file_uploader[0].set_value(("boots.json", json.dumps([text]).encode(), "application/json")).run()
    press(settled(page), "Create")
    page.selectbox(key="source").set_value(stores.corpora().list()[0].id).run()
    page.text_area(key="question").set_value("boots that keep water out").run()
    press(page, "Search")
    run = shown_run(page)
    assert page.toggle(key="search_by_document").value
    assert len(run.documents) > 1
    rate(page, 2)
    best = run.response.results[0].index
    assert stores.runs().ratings(run.id) == {best: 2}
    assert board_ratings(page) == {str(best): 2}


def test_a_rating_on_the_playground_outlives_a_reload() -> None:
    """Also while the server remembers the run as it was before anybody rated it."""
    page = rate(playground(), 3)
    again = playground(run=shown_run(page).id)
    assert rating(again) == 3
    assert "1 of 4 documents rated" in words(again)


@pytest.mark.slow
def test_a_rating_on_compare_is_kept_with_every_run() -> None:
    """The documents are the same for every model, so one click rates for all; a model that joins later gets it too."""
    page = rate(compare(KEYWORD, ENGLISH), 2)
    runs = [part.run_id for part in page.session_state["compare"].parts]
    assert [stores.runs().ratings(each) for each in runs] == [{0: 2}, {0: 2}]
    assert rating(compare(runs=",".join(runs))) == 2
    settled(page.multiselect(key="models").set_value([KEYWORD, ENGLISH, "local:local-multilingual"]).run())
    press(page, "Compare")
    joined = [part.run_id for part in page.session_state["compare"].parts]
    assert len(joined) == 3
    assert [stores.runs().ratings(each) for each in joined] == [{0: 2}] * 3


def test_rating_in_a_blind_test_gives_no_name_away() -> None:
    """The document's ranks stand under letters before and after it is rated and added."""
    page = compare(KEYWORD, ENGLISH)
    settled(page.toggle(key="blind").set_value(True).run())
    before = set(words(page).splitlines())
    page.session_state["compare"].picked = 0
    add(rate(settled(page.run()), 1))
    said = "\n".join(set(words(page).splitlines()) - before)
    assert "for A" in said
    assert "1 rating of 1 query is now in 'My ratings' by Me." in said
    assert "Keyword" not in said
    assert "English" not in said


def test_a_rating_that_cannot_be_saved_stays_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence says that it is in this tab only; it is still there to be added to a query set."""

    def full(*_: object) -> None:
        raise StoreError("The disk is full.", hint="Make room.")

    page = opened("search")
    monkeypatch.setattr(RunStore, "set_rating", full)
    rate(page, 3)
    assert "This rating is in this browser tab only" in words(page)
    assert rating(page.run()) == 3
    assert "in this browser tab only" not in words(page)
    add(page)
    assert len(own_sets()[0].judgments["Me"]) == 1


def test_what_a_browser_has_not_drawn_yet_takes_no_rating_back() -> None:
    """A rating that was given on the board is shown by a new control: the empty one that the browser may still send
    is nobody's choice. A choice in the control itself keeps it, so that the keyboard stays where it is."""

    def control() -> str:
        return next(str(each.key) for each in page.segmented_control if each.label == "How relevant is it?")

    page = opened("search")
    run, before = shown_run(page), control()
    best = run.response.results[0].index
    page.session_state["ratings"].given[run.id][best] = 3
    settled(page.run())
    assert rating(page) == 3
    after = control()
    assert after != before
    rate(page, 1)
    assert control() == after


# ---- into a query set -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("open_board", [lambda: opened("search"), playground, lambda: compare(KEYWORD, ENGLISH)])
def test_ratings_of_every_board_become_a_query_set_in_one_click(open_board) -> None:
    """Nothing is to be filled in: the query, all its documents, the grade and "Me" are in a new set."""
    page = open_board()
    assert "Add to a query set" not in [button.label for button in page.button]
    add(rate(page, 3))
    assert "1 rating of 1 query is now in 'My ratings' by Me." in words(page)
    (made,) = own_sets()
    parts = page.session_state["compare"].parts if "compare" in page.session_state else None
    run = parts[0].run if parts else shown_run(page)
    place = 0 if parts else run.response.results[0].index
    assert made.name == "My ratings"
    assert made.order_name == run.order_name
    assert grades_of(made) == {"Me": {run.query: {run.documents[place].text: 3}}}
    assert [document.text for document in made.documents_of(made.queries[0])] == [each.text for each in run.documents]


def test_adding_again_changes_only_what_was_rated_anew() -> None:
    """Nothing stands twice, a changed grade takes the place of the one before, and the set stays chosen."""
    page = add(rate(playground(), 3))
    add(page)
    (made,) = own_sets()
    rate(page, 1)
    assert "now in 'My ratings'" not in words(page)
    add(page)
    (after,) = own_sets()
    assert (after.queries, after.documents) == (made.queries, made.documents)
    assert [list(own.values()) for own in after.judgments["Me"].values()] == [[1]]


def test_ratings_of_two_people_stand_apart() -> None:
    """Somebody who changes the name adds grades of their own; those of the first name stay."""
    page = add(rate(playground(), 3))
    add(rate(page, 0), rater=" Ann ")
    assert "by Ann." in words(page)
    (made,) = own_sets()
    grades = {rater: list(own.values()) for rater, (own,) in ((r, q.values()) for r, q in made.judgments.items())}
    assert grades == {"Me": [3], "Ann": [0]}


def test_whoever_comes_to_a_set_that_others_rated_says_who_it_is() -> None:
    """A new session finds the set again and asks for the name, since it may be another person."""
    add(rate(playground(), 3))
    page = rate(opened("search"), 2)
    assert page.selectbox(key="ratings_set").options[0] == "My ratings (1)"
    add(page)
    assert "Nobody is named as the rater." in words(page)
    add(page, rater="Ann")
    (made,) = own_sets()
    assert len(made.queries) == 2
    assert set(made.judgments) == {"Me", "Ann"}
    page.query_params["step"], page.query_params["set"] = "Rate", stores.query_sets().list()[0].id
    settled(page.switch_page("evaluate.py").run())
    assert page.text_input(key="evaluate_rater").value == "Ann"


def test_a_new_set_is_given_a_name_and_no_name_stands_twice() -> None:
    """A name that is taken gets a number, so that nobody's ratings come into somebody else's set unseen."""
    page = rate(playground(), 3)
    page.text_input(key="ratings_name").set_value("Tickets").run()
    add(page)
    assert "now in 'Tickets'" in words(page)
    add(page, into="new")
    settled(page.selectbox(key="ratings_set").set_value("new").run())
    page.text_input(key="ratings_name").set_value("Tickets").run()
    add(page)
    assert [made.name for made in own_sets()] == ["Tickets (2)", "My ratings", "Tickets"]


def test_two_sessions_add_at_once_and_neither_loses_anything() -> None:
    """Both began when there was no set yet; then both add to the same one."""
    first, second = rate(playground(), 3), rate(opened("search"), 2)
    add(first)
    click(second, "Add to a query set")
    assert "now in 'My ratings (2)' by Me." in words(second)
    target = next(one.id for one in stores.query_sets().list() if one.name == "My ratings")
    add(second, into=target, rater="Ben")
    add(rate(first, 1))
    made = stores.query_sets().get(target)
    assert made is not None
    assert len(made.queries) == 2
    assert sorted((rater, *own.values()) for rater, each in made.judgments.items() for own in each.values()) == [
        ("Ben", 2),
        ("Me", 1),
    ]


def test_a_set_that_was_deleted_meanwhile_is_a_sentence() -> None:
    """The ratings stay where they are, and the next click makes a new set."""
    page = rate(playground(), 3)
    add(page)
    stores.query_sets().delete(stores.query_sets().list()[0].id)
    click(page, "Add to a query set")
    assert "The ratings were not added" in words(page)
    assert "There is no such query set." in words(page)
    assert rating(page) == 3
    add(page)
    assert "1 rating of 1 query is now in 'My ratings' by Me." in words(page)
    assert len(own_sets()) == 1


def test_a_disk_that_is_full_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was added, the ratings are still there, and a second click adds them once there is room."""

    def full(*_: object) -> None:
        raise StoreError("The disk is full.", hint="Make room.")

    page = rate(playground(), 3)
    with monkeypatch.context() as patched:
        patched.setattr(QuerySetStore, "save", full)
        add(page)
        assert "The disk is full." in words(page)
    add(page)
    assert "now in 'My ratings'" in words(page)


def test_nothing_is_written_into_the_sample() -> None:
    """It is not among the sets to choose from, and no new set may be called like it."""
    page = opened("evaluate", step="Query set")
    settled(page.switch_page("search.py").run())
    rate(page, 3)
    assert page.selectbox(key="ratings_set").options == ["A new set"]
    page.text_input(key="ratings_name").set_value("Sample: support questions").run()
    add(page)
    assert "is the name of the sample" in words(page)
    page.text_input(key="ratings_name").set_value("").run()
    add(page)
    assert [made.name for made in own_sets()] == ["My ratings", "Sample: support questions"]
    assert "Me" not in own_sets()[1].judgments


# ---- with Evaluate ----------------------------------------------------------------------------------------------


def test_the_set_that_is_open_on_evaluate_is_the_one_to_add_to() -> None:
    """Whoever works on a set of their own and rates on a board adds there without choosing."""
    set_id = stores.query_sets().save(small_set(2))
    page = opened("evaluate", step="Query set", set=set_id)
    settled(page.switch_page("search.py").run())
    add(rate(page, 3), rater="Zoe")
    assert f"now in '{small_set(2).name}' by Zoe." in words(page)
    made = stores.query_sets().get(set_id)
    assert made is not None
    assert len(made.queries) == 3


@pytest.mark.slow
def test_the_link_opens_the_set_and_its_new_query_is_there_at_once() -> None:
    """In the same session, which worked on another set before, and in one that has the set open meanwhile."""
    page = opened("evaluate", step="Query set")
    settled(page.switch_page("search.py").run())
    add(rate(page, 3))
    set_id = stores.query_sets().list()[0].id
    (link,) = page.get("page_link")[-1:]
    assert link.proto.page == "evaluate"
    assert f"set={set_id}" in link.proto.query_string
    other = opened("evaluate", step="Query set", set=set_id)
    assert len(other.session_state["evaluate"].query_set) == 1
    page.query_params["set"], page.query_params["step"] = set_id, "Query set"
    settled(page.switch_page("evaluate.py").run())
    assert page.session_state["evaluate"].set_id == set_id
    third = rate(playground(), 1)
    add(third, into=set_id, rater="Ann")
    for each in (page, other):
        settled(each.run())
        assert len(each.session_state["evaluate"].query_set) == 2
        assert "Ann" in each.session_state["evaluate"].query_set.judgments


# ---- and out again ----------------------------------------------------------------------------------------------


def test_what_was_rated_on_a_board_leaves_in_every_format() -> None:
    """Each file that Evaluate offers reads back with the query and the grade, where the format has a place for them."""
    add(rate(playground(), 3))
    (made,) = own_sets()
    (query,) = made.queries
    page = opened("evaluate", step="Query set", set=stores.query_sets().list()[0].id)
    page.session_state["evaluate_taking"] = True
    settled(page.run())
    for kind in KINDS:
        settled(page.selectbox(key="evaluate_format").set_value(kind).run())
        assert not page.error
        data = [value for key, value in page.session_state["evaluate_memory"] if key[0] == "file"][-1]
        assert data == write(kind, made.imported(apart=kind == "rater-ratings"))
        back = read(KINDS[kind].file_name, data, kind)
        if kind == "trec-run":
            assert list(back.run.values()) == [query.candidates]
        elif kind == "opensearch-queries":
            assert list(back.queries.values()) == [query.text]
        else:
            assert list(back.judgments.values()) == list(made.judgments["Me"].values()), kind


def test_each_raters_ratings_leave_in_a_column_of_their_own() -> None:
    """The table of several judges has one for "Me" and one for Ann."""
    page = add(rate(playground(), 3))
    add(rate(page, 0), rater="Ann")
    (made,) = own_sets()
    back = read("book.csv", write("quepid-ratings", made.imported(apart=True)))
    assert {rater: [list(own.values()) for own in each.values()] for rater, each in back.raters.items()} == {
        "Me": [[3]],
        "Ann": [[0]],
    }
