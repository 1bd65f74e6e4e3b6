"""The Playground, run through the frame: what it sends, what it costs, what it keeps, what it says when it fails."""

from __future__ import annotations

import io
import json

import pyarrow  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet
from streamlit.testing.v1 import AppTest

from pages.components.session.connection import Settings
from pages.components.sharing.picture import board_picture
from rerank_core import documents, samples
from rerank_core.storage.runs import RunStore
from tests.support import made_files as made
from tests.support.gate import Gate
from tests.support.page import (
    button,
    chooser,
    click,
    drop,
    labels,
    metrics,
    once,
    open_page,
    press,
    query_of,
    settled,
    upload,
    words,
)
from tests.support.rerank_service import GOOD_KEY, RerankService
from tests.support.slow_files import hold_slow_files

PAGE = "playground.py"
HOSTED = {"connection": "gateflow"}


def rerank(page: AppTest) -> AppTest:
    """Press Rerank and wait for the run that it may start."""
    return press(page, "Rerank")


def order(page: AppTest) -> list[int]:
    """The reranked order as places in the input."""
    return [row.index for row in page.session_state["playground"].run.response.results]


def fates(page: AppTest) -> list[str]:
    """What the table says of each result."""
    page.session_state["tab"] = "Table"
    page.run()
    table = next(frame.value for frame in page.dataframe if "Kept" in frame.value)
    return list(table["Kept"])


def test_the_first_visit_is_reranked_here_and_free(app) -> None:
    """Nobody has pressed anything, and the first story stands there with its answer on top."""
    page = app()
    assert order(page)[0] == samples.EXAMPLES[0].answers[0]
    assert metrics(page)["Billed"] == "$0"
    assert "2 of 4 moved" in words(page)
    assert [tab.label for tab in page.tabs] == ["Board", "Table", "Request", "Context", "Export"]


def test_the_picture_of_the_board_has_the_names_of_the_page(app) -> None:
    """Whoever is shown the SVG file reads which model and which connection it was, and not how we call them in code."""
    run = app().session_state["playground"].run
    picture = board_picture(run, 3, dark=False)
    assert "Model English · On this computer · 4 documents" in picture
    assert run.response.model not in picture


def test_a_hosted_connection_waits_for_the_button(app, service: RerankService) -> None:
    """Opening a page with a paid connection sends nothing; pressing sends one request for all documents."""
    page = app(HOSTED, gateflow="ok")
    assert service.requests == []
    assert metrics(page)["Estimated cost"] == "$0.001"
    assert page.session_state["playground"].run is None
    rerank(page)
    assert len(service.requests) == 1
    assert "top_n" not in service.requests[0].json or service.requests[0].json["top_n"] == 4
    assert metrics(page)["Billed"] == "$0.001"
    assert "req_42" in words(page)
    assert order(page) == [3, 2, 1, 0]


def test_moving_top_n_or_the_threshold_sends_nothing(app, service: RerankService) -> None:
    """The page cuts by itself and forgets nothing; the count and the table say the same of what is kept."""
    page = rerank(app(HOSTED, gateflow="ok"))
    count = len(service.requests)
    page.number_input(key="top").set_value(1).run()
    page.number_input(key="threshold").set_value(0.4).run()
    assert len(service.requests) == count
    assert "Keeps 1 of 4" in words(page)
    assert fates(page) == ["kept", "below Top 1", "under the threshold", "under the threshold"]
    page.number_input(key="top").set_value(3).run()
    assert "Keeps 2 of 4" in words(page)
    assert fates(page).count("kept") == 2
    assert len(page.session_state["playground"].run.response.results) == 4


def test_a_refused_key_is_a_sentence_and_the_texts_stay(app, monkeypatch) -> None:
    """401: what happened, what to do, and nothing typed is lost; the right key then works."""
    page = app(HOSTED, gateflow="ok")
    page.text_area(key="query").set_value("my own question").run()
    monkeypatch.setenv("GATEFLOW_API_KEY", "gw_prod_wrong")
    rerank(page)
    assert "The key was not accepted" in words(page)
    assert "gw_prod_wrong" not in words(page)
    assert page.text_area(key="query").value == "my own question"
    assert "How to reset your password" in page.text_area(key="documents").value
    monkeypatch.setenv("GATEFLOW_API_KEY", GOOD_KEY)
    rerank(page)
    assert order(page) == [3, 2, 1, 0]
    assert "The key was not accepted" not in words(page)


@pytest.mark.parametrize("mood", ["html", "not-found", "moved", "broke", "failing", "forbidden"])
def test_each_failure_of_a_service_is_shown_and_leaves_no_order(app, mood: str) -> None:
    """A failed call never passes the old order off as a new one."""
    page = app(HOSTED, gateflow=mood)
    page.session_state["connection_settings"] = {"gateflow": Settings(max_retries=0)}
    rerank(page)
    assert page.error
    assert page.session_state["playground"].run is None
    assert "![" not in "".join(str(box.value) for box in page.error)


def test_a_provider_without_scores_shows_ranks_and_says_so(app) -> None:
    """FlashRank HTTP: no bars, no threshold, no invented score, and Model is disabled."""
    page = rerank(app({"connection": "flashrank"}, flashrank="ok"))
    assert "gives an order and no scores" in words(page)
    assert not [box for box in page.number_input if box.label == "Score threshold"]
    assert metrics(page)["Billed"] == "unknown"
    assert page.segmented_control(key="model").disabled


def test_the_retired_model_says_so_on_gateflow_only(app) -> None:
    """v2's shut-down stands before the button on the hosted service, and not on this computer."""
    hosted = words(app(HOSTED | {"model": "v2"}, gateflow="ok"))
    assert "2025-04-30" in hosted or "30 April 2025" in hosted
    assert "2025" not in "".join(str(box.value) for box in app({"model": "v2"}).warning)


def test_a_spending_limit_asks_before_it_is_passed(app, service: RerankService) -> None:
    """Nothing is sent until the person agrees, and refusing sends nothing at all."""
    page = app(HOSTED, gateflow="ok")
    page.sidebar.number_input(key="spending_limit").set_value(0.0005).run()
    count = len(service.requests)
    rerank(page)
    assert "This may pass your spending limit" in words(page)
    assert len(service.requests) == count
    press(page, "Do not run")
    assert "This may pass your spending limit" not in words(page)
    assert len(service.requests) == count
    rerank(page)
    press(page, "Rerank and raise the limit")
    assert len(service.requests) == count + 1
    assert metrics(page)["Billed"] == "$0.001"


def test_german_text_with_the_english_model_is_said_before_the_button(app) -> None:
    """One click switches to Multilingual."""
    page = app()
    page.text_area(key="query").set_value("Wie kann ich mein Passwort zurücksetzen?").run()
    assert "German" in words(page)
    click(page, "Switch to Multilingual")
    assert page.segmented_control(key="model").value == "Multilingual"
    assert not [button for button in page.button if button.label == "Switch to Multilingual"]


def test_a_run_is_saved_and_its_link_reopens_it_without_a_call(app, service: RerankService) -> None:
    """The address names the run; a new session shows it from the store."""
    page = rerank(app(HOSTED, gateflow="ok"))
    run = page.session_state["playground"].run
    assert GOOD_KEY.encode() not in RunStore().database.address.file.read_bytes()
    count = len(service.requests)
    again = open_page(PAGE, {"run": run.id})
    assert order(again) == [3, 2, 1, 0]
    assert again.text_area(key="query").value == run.query
    assert len(service.requests) == count


def test_an_unknown_run_falls_back_to_the_first_story(app) -> None:
    """A link to a run of another computer is no dead end, and says that this is not what the link meant."""
    page = app({"run": "no-such-run"})
    assert order(page)[0] == samples.EXAMPLES[0].answers[0]
    assert "The link names a run that is not on this computer" in words(page)
    assert "The link names" not in words(rerank(page))


def test_ratings_give_measures_and_are_kept_with_the_run(app) -> None:
    """Without a rating there is no metric; with one, before and after."""
    page = app()
    assert not [name for name in metrics(page) if name.startswith("nDCG")]
    run = page.session_state["playground"].run
    page.session_state["playground"].picked = str(order(page)[0])
    page.run()
    rating = next(control for control in page.segmented_control if control.label == "How relevant is it?")
    rating.set_value(3).run()
    assert metrics(page)["nDCG@3"] == metrics(page)["MRR"] == "1.000"
    assert "1 of 4 documents rated" in words(page)
    assert RunStore().get(run.id).ratings == {order(page)[0]: 3}


def test_a_measure_that_stays_the_same_is_called_neither_better_nor_worse(app) -> None:
    """Green and red are for change alone."""
    page = app()
    page.session_state["ratings"].given[page.session_state["playground"].run.id] = dict.fromkeys(range(4), 2)
    page.run()
    (ndcg,) = [metric for metric in page.metric if metric.label.startswith("nDCG")]
    assert (ndcg.value, ndcg.delta, ndcg.proto.color) == ("1.000", "no change", 2)


def test_a_pasted_request_offers_what_else_it_asks_for(app) -> None:
    """A query of one's own is not overwritten, and one click takes over the other's, its Top N and its model."""
    page = app({"example": "own"})
    page.text_area(key="query").set_value("mine").run()
    body = {"query": "theirs", "top_n": 2, "model": "rerank-multilingual-v3.0", "documents": ["a", "b", "c"]}
    page.text_area(key="documents").set_value(json.dumps(body)).run()
    assert page.text_area(key="query").value == "mine"
    assert "The pasted request also holds the query “theirs”, Top N “2”, the model “Multilingual”." in words(page)
    click(page, "Use them")
    assert (page.text_area(key="query").value, page.number_input(key="top").value) == ("theirs", 2)
    assert page.segmented_control(key="model").value == "Multilingual"
    assert "also holds" not in words(page)
    page.text_area(key="query").set_value("another").run()
    assert "also holds" not in words(page)
    page.text_area(key="documents").set_value(json.dumps(body | {"documents": ["d", "e"]})).run()
    assert "The pasted request also holds the query “theirs”." in words(page)
    click(page, "Leave them")
    assert "also holds" not in words(page)
    assert page.text_area(key="query").value == "another"


def test_the_name_of_a_file_cannot_turn_our_words_around(app) -> None:
    """A right-to-left override in it is shown as a character that cannot be shown."""
    page = app({"example": "own"})
    upload(page, ("\u202etxt.csv", b"text\nfirst\nsecond\n"))
    assert "\ufffdtxt.csv: 2 documents" in words(page)
    assert "\u202e" not in words(page)


def test_pasting_replaces_uploads_append_and_undo_brings_back(app) -> None:
    """The one working list: its count and source are shown after each step."""
    page = app({"example": "own"})
    page.text_area(key="documents").set_value("first\nsecond").run()
    assert "2 documents, pasted, one per line" in words(page)
    upload(page, ("kb.csv", b"text,score\nthird,0.2\nfourth,0.9\n"))
    assert "4 documents: 2 pasted, 2 from kb.csv" in words(page)
    assert "By uploaded score" in page.selectbox(key="start_order").options
    click(page, "Undo")
    assert "2 documents, pasted" in words(page)
    assert not page.exception


def test_bad_rows_are_reported_by_line_and_good_rows_stay(app) -> None:
    """An import report names what was left out."""
    page = app({"example": "own"})
    upload(page, ("kb.csv", b"id,text\n1,good\n2,\n3,also good\n"))
    assert "2 documents" in words(page)
    assert 3 in list(page.dataframe[0].value["Line"])


def test_html_in_fields_is_read_as_text_and_can_be_kept(app) -> None:
    """Said once in the report of a paste and of a file; one click keeps what was brought, another reads it again."""
    page = app({"example": "own"})
    markup = "<p>Open <b>Settings</b></p>"
    page.text_area(key="documents").set_value(json.dumps([{"text": markup}])).run()
    assert words(page).count("HTML in the texts was read as text") == 1
    for kept, text in ((False, markup), (True, "Open Settings")):
        page.toggle(key="pasted_markup").set_value(kept).run()
        assert [document.text for document in page.session_state["texts"].working.documents] == [text]
    page.text_area(key="documents").set_value("").run()
    upload(page, ("kb.csv", f"title,body\nReset,{markup}\n".encode()))
    assert [document.text for document in page.session_state["texts"].working.documents] == ["Open Settings"]
    assert "HTML in the texts was read as text" in words(page)
    settled(chooser(page, "HTML in the fields").set_value("keep").run())
    assert [document.text for document in page.session_state["texts"].working.documents] == [markup]


def test_the_pasted_source_of_a_web_page_is_read_as_the_page(app) -> None:
    """The report says so, and one click keeps the source."""
    page = app({"example": "own"})
    page.text_area(key="documents").set_value("<!doctype html>\n<h1>Reset</h1>\n<p>Open <b>Settings</b>.</p>").run()
    assert [document.text for document in page.session_state["texts"].working.documents] == ["Reset\n\nOpen Settings."]
    assert "This is the source of a web page" in words(page)
    page.toggle(key="pasted_markup").set_value(False).run()
    assert page.session_state["texts"].working.documents[0].text == "<!doctype html>"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, gate: Gate) -> Gate:
    """Files called slow wait at this gate."""
    hold_slow_files(monkeypatch, gate)
    return gate


def test_what_is_being_read_can_be_cancelled_and_the_rest_stays(app, slow: Gate) -> None:
    """The files before the slow one are there at once, the others are named, and reading goes on afterwards."""
    page = upload(app({"example": "own"}), ("a.csv", b"text\none\ntwo\n"))
    drop(page, ("b.txt", b"three"), ("slow.txt", b"four"), ("c.txt", b"five"))
    once(once(page, "slow.txt: reading"), "3 documents: 2 from a.csv, 1 from b.txt")
    interpreted = [str(each.value) for kind in ("caption", "markdown") for each in page.get(kind)]
    assert not [said for said in interpreted if "slow.txt" in said]  # a file's name goes through no markdown
    assert page.query_params["reading"] == page.session_state["job_reading"].id
    press(page, "Cancel reading")
    assert "3 documents: 2 from a.csv, 1 from b.txt" in words(page)
    assert "slow.txt\nc.txt" in words(page)
    assert not page.session_state["job_reading"].running
    upload(page, ("d.txt", b"six"))
    assert "4 documents" in words(page)
    assert "slow.txt" not in words(page)


def test_a_reload_while_a_file_is_read_loses_nothing(app, slow: Gate) -> None:
    """The address names the reading: a new session of the same page has the texts, the files, and goes on."""
    page = app({"example": "own"})
    page.text_area(key="query").set_value("a patient question").run()
    page.text_area(key="documents").set_value("first\nsecond").run()
    upload(page, ("kb.csv", b"text\nthird\n"))
    once(drop(page, ("quick.txt", b"fourth"), ("slow.txt", b"fifth")), "1 from quick.txt")
    again = open_page(PAGE, {"reading": page.query_params["reading"]})
    assert again.text_area(key="query").value == "a patient question"
    assert again.text_area(key="documents").value == "first\nsecond"
    assert "4 documents: 2 pasted, 1 from kb.csv, 1 from quick.txt" in words(again)
    slow.open()
    settled(again)
    assert "1 from slow.txt" in words(again)
    assert again.session_state["playground"].run is None


def test_files_dropped_while_others_are_read_wait_their_turn(app, slow: Gate) -> None:
    """Nothing is refused and nothing comes twice; two of one name are told apart."""
    page = drop(drop(app({"example": "own"}), ("slow.txt", b"one")), ("slow.txt", b"two"))
    assert "No documents yet" in words(page)
    slow.open()
    settled(page)
    assert "2 documents: 1 from slow.txt, 1 from slow.txt (2)" in words(page)


@pytest.mark.slow
def test_a_parquet_table_is_a_file_of_documents(app) -> None:
    """Its columns are guessed and can be chosen, as those of a spreadsheet; there is no choice of a first row."""
    stream = io.BytesIO()
    columns = {"sku": ["a"], "name": ["Wide boots"], "description": ["Waterproof boots for wide feet"]}
    parquet.write_table(pyarrow.table(columns), stream)
    page = upload(app({"example": "own"}), ("shop.parquet", stream.getvalue()))
    (document,) = page.session_state["texts"].working.documents
    assert (document.id, document.text) == ("a", "Waterproof boots for wide feet")
    assert "First row" not in labels(page)
    settled(chooser(page, "Text to rank").set_value("name").run())
    assert page.session_state["texts"].working.documents[0].text == "Wide boots"


@pytest.mark.slow
def test_another_sheet_and_other_columns_are_read_anew(app) -> None:
    """A workbook's sheet brings its own columns; a chosen column takes the place of the guessed one."""
    book = made.xlsx(
        {
            "Old": [["id", "text"], ["1", "from the old sheet"]],
            "New": [["sku", "short", "long"], ["a", "Boots", "Waterproof boots for wide feet"]],
        }
    )
    page = upload(app({"example": "own"}), ("kb.xlsx", book))

    def texts() -> list[str]:
        return [document.text for document in page.session_state["texts"].working.documents]

    assert texts() == ["from the old sheet"]
    settled(chooser(page, "Sheet").set_value("New").run())
    assert texts() == ["Waterproof boots for wide feet"]
    settled(chooser(page, "Text to rank").set_value("short").run())
    assert texts() == ["Boots"]
    settled(chooser(page, "Title").set_value("long").run())
    assert page.session_state["inbox_reading"].files["kb.xlsx"].parsed.chosen["title"] == "long"
    assert "1 document from kb.xlsx" in words(page)


def test_a_reader_that_breaks_is_a_sentence_and_the_page_works_on(app, monkeypatch) -> None:
    """Whatever goes wrong in the worker, the other documents stay and the next upload is read."""
    page = upload(app({"example": "own"}), ("a.txt", b"one"))
    with monkeypatch.context() as patched:
        patched.setattr(documents, "read_files", lambda *_args, **_kwargs: 1 / 0)
        upload(page, ("b.txt", b"two"))
    assert "Something went wrong while reading." in words(page)
    assert "b.txt" in words(page)
    assert "1 document from a.txt" in words(page)
    upload(page, ("c.txt", b"three"))
    assert "2 documents" in words(page)
    assert "Something went wrong" not in words(page)


def test_the_request_tab_has_every_snippet_and_no_key(app) -> None:
    """curl, Python twice and JavaScript, the JSON both ways; the key is a variable."""
    page = rerank(app(HOSTED, gateflow="ok"))
    page.session_state["tab"] = "Request"
    page.run()
    seen = []
    for view in page.segmented_control(key="request_view").options:
        page.segmented_control(key="request_view").set_value(view).run()
        seen.append(page.code[0].value)
        assert GOOD_KEY not in seen[-1]
    assert len(seen) == 6
    assert json.loads(seen[4])["query"] == samples.EXAMPLES[0].query
    assert json.loads(seen[5])["id"] == "rerank-1"
    assert "GATEFLOW_API_KEY" in seen[0]


def test_ten_thousand_short_documents_do_not_fall_over(app) -> None:
    """The page takes them, ranks them by keyword, and shows two tables."""
    page = app({"example": "own"})
    page.segmented_control(key="model").set_value("v2").run()
    page.text_area(key="query").set_value("note 77").run()
    page.text_area(key="documents").set_value("\n".join(f"note {n}" for n in range(10_000))).run()
    rerank(page)
    assert len(page.session_state["playground"].run.response.results) == 10_000
    assert order(page)[0] == 77


@pytest.mark.slow
def test_a_reload_in_mid_run_shows_the_texts_and_cancel_keeps_them(app, service: RerankService) -> None:
    """The page is closed while a request is under way; the link shows its texts, and Cancel ends it."""
    page = app(HOSTED, gateflow="held")
    page.text_area(key="query").set_value("a patient question").run()
    click(page, "Rerank")
    run_id = page.session_state["job_rerank"].id
    service.gate.wait_until_held()
    again = open_page(PAGE, HOSTED | {"run": run_id})
    assert again.text_area(key="query").value == "a patient question"
    press(again, "Cancel")
    assert again.text_area(key="query").value == "a patient question"
    assert "How to reset your password" in again.text_area(key="documents").value
    assert not button(again, "Rerank").disabled
    assert "Cancelled. A request that had already left for a service may still be billed." in words(again)


def test_a_link_to_an_examples_run_keeps_its_story(app) -> None:
    """Whoever opens the link of an example's run sees that example by its name and story, not a list of nobody."""
    first = app({"example": "no-answer"})
    run = first.session_state["playground"].run
    second = app({"run": run.id})
    assert second.session_state["playground"].run.id == run.id
    assert second.session_state["example"] == "no-answer"
    assert samples.example("no-answer").story in words(second)


def test_undo_after_another_example_does_not_keep_its_name(app) -> None:
    """What Undo brings back is not the chosen example's list, and an upload that it takes away is not listed."""
    page = app()
    page.selectbox(key="example").set_value("no-answer").run()
    settled(page)
    press(page, "Undo")
    assert page.session_state["example"] == "own"
    assert "How to reset your password" in page.text_area(key="documents").value
    assert samples.example("no-answer").story not in words(page)


def test_a_files_own_rank_and_score_never_stand_for_the_runs(app) -> None:
    """The columns of an upload keep their own names in the table of results, and its title is on the board."""
    page = app({"example": "own"})
    data = b"Body,Title,Rank,Score\nSun hats,Hats,1,0.9\nWaterproof boots,Boots,2,0.1\n"
    upload(page, ("kb.csv", data))
    page.text_area(key="query").set_value("waterproof boots").run()
    page = rerank(page)
    documents = page.session_state["playground"].run.documents
    assert [document.metadata["title"] for document in documents] == ["Hats", "Boots"]
    page.session_state["tab"] = "Table"
    page.run()
    table = next(each.value for each in page.dataframe if "Kept" in each.value.columns)
    assert list(table["Rank"]) == [1, 2]
    assert list(table["Rank (given)"]) == ["2", "1"]
    assert list(table["Score"]) != list(table["Score (given)"]) == ["0.1", "0.9"]


def test_the_presenter_view_has_the_board_large_and_nothing_technical(app) -> None:
    """A link into it: query and sentence in its head, the large board, and no figures, tabs or ids; nothing is sent
    twice for it."""
    page = app()
    said = page.session_state["playground"].run
    click(page, "Present")
    drawn = [json.loads(each.proto.json) for each in page.get("bidi_component")]
    head, board = (next(data for data in drawn if name in data) for name in ("controls", "rows"))
    assert head["query"] == "How do I reset my password?"
    assert "2 of 4 moved" in head["sentence"]
    assert [control["cap"] for control in head["controls"]] == ["→", "←", "M", "L", "S", "Esc"]
    assert board["presenter"]
    assert not board["rating"]
    assert "Latency" not in metrics(page)
    assert not page.tabs
    assert page.session_state["playground"].run == said
    assert query_of(page)["presenting"] == "1"
