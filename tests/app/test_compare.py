"""The Compare page, run through the frame: who is asked, who fails alone, what it costs, the blind test, what stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.compare import run
from pages.components.display.compare_board import MAX_ROWS, Column, heading, payload
from pages.components.jobs import page_job, paid_call
from rerank_core import offline, samples
from rerank_core.models import Document
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from tests.support.gate import Gate
from tests.support.page import click, drop, metrics, once, open_page, press, query_of, settled, words
from tests.support.rerank_service import GOOD_KEY, RerankService
from tests.support.slow_files import hold_slow_files

PAGE = "compare.py"
HOSTED = ["gateflow:rerank-english-v3.0", "gateflow:rerank-multilingual-v3.0"]
KEYWORD = "local:local-keyword"
GERMAN = {"example": "german-query", "models": f"local:{ENGLISH},local:{MULTILINGUAL},{KEYWORD}"}
needs_models = pytest.mark.skipif(
    any(offline.unavailable_reason(model) is not None for model in (ENGLISH, MULTILINGUAL)),
    reason="the embedding models cannot run here",
)


def compare(page: AppTest) -> AppTest:
    """Press Compare and wait for all answers."""
    return press(page, "Compare")


def choose(page: AppTest, *models: str) -> AppTest:
    """Choose who takes part."""
    return settled(page.multiselect(key="models").set_value(list(models)).run())


def own(page: AppTest, query: str, documents: str) -> AppTest:
    """Type a question and paste documents."""
    page.text_area(key="query").set_value(query)
    page.text_area(key="documents").set_value(documents)
    return settled(page.run())


def open_tab(page: AppTest, name: str) -> AppTest:
    """Turn to one of the result's tabs."""
    page.session_state["compare_tab"] = name
    return page.run()


def board(page: AppTest) -> dict[str, Any]:
    """What the board was given to draw."""
    sent = page.get("bidi_component")[0].proto
    return json.loads(sent.json)


def spend(page: AppTest) -> Any:
    """How the session's money stands."""
    return page.session_state["budget"].now()


# ---- the first visit --------------------------------------------------------------------------------------------


@needs_models
def test_a_first_visit_has_compared_the_models_on_this_computer(app) -> None:
    """Agreement stands first, in words; it is free; nobody pressed anything."""
    page = app()
    assert (
        "They differ on the first place: 'Fellside Wide' for English, Multilingual and Cross-encoder, "
        "'Tarn 30 backpack' for Keyword matching." in words(page)
    )
    assert (
        "They disagree most on 'Ridge Low': 5 for English, 5 for Cross-encoder, 6 for Keyword matching, 9 for Multi"
        in words(page)
    )
    assert metrics(page)["Estimated cost"] == "$0"
    assert [tab.label for tab in page.tabs] == ["Board", "Table", "Agreement", "Cost and time", "Export"]
    assert [column["name"] for column in board(page)["columns"]] == [
        "English",
        "Multilingual",
        "Keyword matching",
        "Cross-encoder",
    ]
    assert not page.error


@needs_models
def test_every_tab_says_what_it_is_for(app) -> None:
    """Ranks and no scores in the table, pairs in words and figures, cost and latency of each."""
    page = app(GERMAN)
    table = open_tab(page, "Table").dataframe[0].value
    assert list(table.columns) == ["Document", "English", "Multilingual", "Keyword matching", "Apart", "Initial"]
    assert list(table.iloc[0])[1:] == [2, 7, 2, 5, 3]
    assert list(table["Apart"][:6]) == [5, 4, 3, 2, 0, 6]
    open_tab(page, "Agreement")
    assert (
        "English and Keyword matching agree most, Multilingual and Keyword matching least, the top places counting "
        "most." in words(page)
    )
    assert "Multilingual and Keyword matching: 1 of the top 3 is the same; 73% of all pairs of documents" in words(page)
    pairs = page.dataframe[0].value
    assert list(pairs["Models"])[-1] == "Multilingual and Keyword matching"
    assert list(pairs["Rank-biased overlap"]) == sorted(pairs["Rank-biased overlap"], reverse=True)
    costs = open_tab(page, "Cost and time").dataframe[0].value
    assert list(costs["Billed"]) == ["$0", "$0", "$0"]
    assert all(costs["Latency"] >= 0)
    open_tab(page, "Export")
    assert [button.label for button in page.get("download_button")] == ["CSV", "JSON"]


# ---- models of any connections ----------------------------------------------------------------------------------


def test_four_models_of_three_connections_answer_side_by_side(app, service: RerankService) -> None:
    """Two of one service, one of another that gives no scores, one here; each with its own cost, in one press."""
    page = choose(app(gateflow="ok", flashrank="ok"), *HOSTED, "flashrank", KEYWORD)
    assert service.requests == []
    assert metrics(page)["Estimated cost"] == "$0.002 + one unknown"
    compare(page)
    names = [column["name"] for column in board(page)["columns"]]
    assert names == ["English", "Multilingual", "FlashRank HTTP", "Keyword matching"]
    assert sorted(request.json.get("model", "flashrank") for request in service.requests) == [
        "flashrank",
        "rerank-english-v3.0",
        "rerank-multilingual-v3.0",
    ]
    count = len(samples.example("product-search").documents)
    assert board(page)["columns"][2]["order"] == list(range(count))[::-1]
    assert spend(page).spent == Decimal("0.002")
    costs = open_tab(page, "Cost and time").dataframe[0].value
    assert list(costs["Billed"]) == ["$0.001", "$0.001", "unknown", "$0"]
    assert metrics(page)["Of unknown cost"] == "1"
    page.session_state["compare"].picked = 0
    open_tab(page, "Board")
    others = "12 for English, 12 for Multilingual, 12 for FlashRank HTTP"
    assert f"Ranks: {others}, 5 for Keyword matching, 1 in the initial order." in words(page)


def test_no_more_than_four_models_are_taken_from_a_link(app) -> None:
    """A link with too many, unknown and repeated names opens with the first four that there are."""
    page = app({"models": f"{KEYWORD},{KEYWORD},nobody:none,flashrank,{','.join(HOSTED)},local:local-english"})
    assert page.multiselect(key="models").value == [KEYWORD, "flashrank", *HOSTED]
    assert not page.session_state["compare"].parts


@pytest.mark.parametrize(
    ("mood", "heading"),
    [
        ("forbidden", "the key may not do this"),
        ("html", "the answer makes no sense"),
        ("broke", "the credit at the provider is used up"),
        ("not-found", "the connection is not set up"),
    ],
)
def test_one_model_fails_alone_with_its_sentence(app, service: RerankService, mood: str, heading: str) -> None:
    """The others stand, what was typed stays, and a second press asks only for what is missing."""
    page = choose(app(gateflow=mood, flashrank="ok"), HOSTED[0], "flashrank", KEYWORD)
    own(page, "printer is jammed", "the first text\nthe second text\nhow to clear a printer")
    compare(page)
    assert [box.value for box in page.error] == [f"English: {heading}"]
    assert [column["name"] for column in board(page)["columns"]] == ["FlashRank HTTP", "Keyword matching"]
    assert page.text_area(key="query").value == "printer is jammed"
    assert page.text_area(key="documents").value.endswith("how to clear a printer")
    assert "FlashRank HTTP, Keyword matching are there already and not sent again." in words(page)
    service.requests.clear()
    compare(page)
    assert {request.json.get("model") for request in service.requests} == {"rerank-english-v3.0"}
    assert len(board(page)["columns"]) == 2
    open_tab(page, "Cost and time")
    assert "A model that gave no answer is not in this table" in words(page)


def test_a_missing_key_is_said_before_the_button_and_stops_only_its_own_model(app) -> None:
    """The keyless model answers; the other says which key it needs."""
    page = choose(app(), HOSTED[0], KEYWORD)
    assert "not set up yet. The other models run without it." in words(page)
    compare(page)
    assert [box.value for box in page.error] == ["English: the connection is not set up"]
    assert "GATEFLOW_API_KEY" in words(page)
    assert "Keyword matching puts" in words(page)


@pytest.mark.parametrize(
    ("models", "query", "documents", "sentence"),
    [
        ([], "a question", "a text\nanother", "No model is chosen."),
        ([KEYWORD], "  ", "a text\nanother", "query"),
        ([KEYWORD], "a question", "", "document"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(app, models, query, documents, sentence) -> None:
    """Nothing is asked, the page says what is missing, and the texts stay."""
    page = own(choose(app({"example": "own", "models": KEYWORD}), *models), query, documents)
    compare(page)
    assert len(page.error) == 1
    assert sentence in words(page)
    assert page.text_area(key="query").value == query
    assert not page.session_state["compare"].parts


# ---- money ------------------------------------------------------------------------------------------------------


def test_the_whole_cost_of_all_models_is_asked_for_before_the_limit_is_passed(app, service: RerankService) -> None:
    """Either model alone would fit; both do not. "Do not run" sends nothing; raising the limit sends both."""
    page = choose(app(gateflow="ok"), *HOSTED, KEYWORD)
    page.session_state["budget"].set_limit(Decimal("0.004"))
    compare(page)
    assert "This may pass your spending limit" in words(page)
    assert "may cost up to $0.006" in words(page).replace("\\$", "$")
    assert service.requests == []
    press(page, "Do not run")
    assert service.requests == []
    assert "This may pass your spending limit" not in words(page)
    assert spend(page).reserved == 0
    compare(page)
    press(page, "Compare and raise the limit")
    assert len(service.requests) == 2
    assert spend(page).limit == Decimal("0.006")
    assert (spend(page).spent, spend(page).reserved) == (Decimal("0.002"), 0)


def test_a_comparison_that_fits_the_limit_is_not_asked_for(app, service: RerankService) -> None:
    """The limit is the whole cost with every retry, to the cent."""
    page = choose(app(gateflow="ok"), *HOSTED)
    page.session_state["budget"].set_limit(Decimal("0.006"))
    compare(page)
    assert len(service.requests) == 2
    assert spend(page).limit == Decimal("0.006")


# ---- under way --------------------------------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, gate: Gate) -> list[object]:
    """From now on requests wait at the gate; the list has each that was sent."""
    sent: list[object] = []
    send = paid_call.rerank

    def late(*args: Any, **kwargs: Any) -> Any:
        sent.append(args)
        gate.hold()
        return send(*args, **kwargs)

    monkeypatch.setattr(paid_call, "rerank", late)
    monkeypatch.setattr(page_job, "_AT_ONCE_SECONDS", 0.0)
    return sent


@pytest.mark.slow
def test_cancel_ends_the_models_that_are_still_out_and_keeps_the_others(app) -> None:
    """The finished model stands; the cancelled one says so, and its money is no longer set aside as under way."""
    page = choose(app(gateflow="held"), HOSTED[0], KEYWORD)
    once(click(page, "Compare"), "1 of 2 done. Finished models stay when you cancel.")
    assert page.session_state["compare"].under_way
    assert [column["name"] for column in board(page)["columns"]] == ["Keyword matching"]
    press(page, "Cancel")
    assert "English was cancelled. Press Compare to ask the models that are missing." in words(page)
    assert "Keyword matching puts" in words(page)
    assert spend(page).reserved == 0


@pytest.mark.slow
def test_a_comparison_goes_on_while_another_page_is_looked_at(app, held: list[object], gate: Gate) -> None:
    """The answer is there on coming back, and so are the models, the question and the depth."""
    page = own(app({"example": "own", "models": KEYWORD}), "wi-fi drops", "printer\nthe wi-fi drops")
    page.number_input(key="top").set_value(2)
    click(page, "Compare")
    assert page.session_state["compare"].under_way
    page.switch_page("connections.py").run()
    gate.open()
    page.switch_page("compare.py").run()
    settled(page)
    assert "Keyword matching puts 'the wi-fi drops' first" in words(page)
    assert page.text_area(key="query").value == "wi-fi drops"
    assert page.number_input(key="top").value == 2
    assert page.multiselect(key="models").value == [KEYWORD]


def test_a_comparison_is_reopened_from_its_address_without_asking_anybody(app, service: RerankService) -> None:
    """Somebody else with the link on this computer sees the same orders, and nothing is sent."""
    page = compare(choose(app(gateflow="ok"), *HOSTED))
    orders = [column["order"] for column in board(page)["columns"]]
    link = query_of(page)
    assert GOOD_KEY not in str(link)
    assert "Nepal" not in str(link)
    service.requests.clear()
    again = app(link, gateflow="ok")
    assert [column["order"] for column in board(again)["columns"]] == orders
    assert service.requests == []


def test_a_reopened_column_has_the_name_of_the_model_that_made_it(app) -> None:
    """Another model was chosen after the run: the address names it, and the orders keep their own names."""
    page = compare(choose(app(gateflow="ok"), HOSTED[0], KEYWORD))
    choose(page, HOSTED[1], KEYWORD)
    again = app(query_of(page), gateflow="ok")
    assert again.multiselect(key="models").value == [HOSTED[1], KEYWORD]
    assert [column["name"] for column in board(again)["columns"]] == ["English", "Keyword matching"]
    assert "The models changed since." in words(again)


@pytest.mark.slow
def test_a_reload_while_models_are_under_way_brings_the_texts_back(app, held: list[object], gate: Gate) -> None:
    """Whoever reloads sees the question, the documents and the progress, then the answer; nothing is asked twice."""
    page = app({"example": "own", "models": KEYWORD})
    own(page, "wi-fi drops", "printer\nthe wi-fi drops")
    click(page, "Compare")
    again = open_page(PAGE, query_of(page))
    assert again.session_state["compare"].under_way
    assert again.text_area(key="query").value == "wi-fi drops"
    assert again.text_area(key="documents").value == "printer\nthe wi-fi drops"
    gate.open()
    settled(again)
    assert "Keyword matching puts 'the wi-fi drops' first" in words(again)
    assert "changed since" not in words(again)
    assert len(held) == 1


def test_a_link_of_runs_that_do_not_belong_together_shows_none_of_them(app) -> None:
    """Orders of different questions do not compare, and a name that nobody knows is left out; the page says so."""
    page = compare(own(app({"example": "own", "models": KEYWORD}), "wi-fi drops", "printer\nthe wi-fi drops"))
    first = page.session_state["compare"].parts[0].run_id
    page.text_area(key="query").set_value("printer").run()
    second = compare(page).session_state["compare"].parts[0].run_id
    mixed = app({"example": "own", "models": KEYWORD, "runs": f"{first},{second}"})
    assert not mixed.session_state["compare"].parts
    assert "The link names runs that do not compare" in words(mixed)
    one = app({"example": "own", "models": KEYWORD, "runs": f"{first},nobody,../etc"})
    assert "Keyword matching puts 'the wi-fi drops' first" in words(one)
    assert "The link names 3 runs, and 1 of them is on this computer." in words(one)


@pytest.mark.parametrize("story", [{}, {"example": "support"}, {"example": "own"}])
def test_a_link_of_runs_that_are_gone_says_so(story: dict[str, str]) -> None:
    """Whoever follows it is not left to take the example for what the link was about."""
    page = settled(open_page(PAGE, {**story, "runs": "nobody"}))
    assert "The link names runs that are not on this computer" in words(page)
    assert not page.error


def test_a_change_of_the_texts_is_said_and_sends_nothing(app, service: RerankService) -> None:
    """The result stays, with a note that it is of the texts before."""
    page = compare(choose(app(gateflow="ok"), *HOSTED))
    service.requests.clear()
    page.text_area(key="query").set_value("another question").run()
    assert "The texts changed since. Press Compare to bring the result up to date." in words(page)
    assert service.requests == []


# ---- the table and the document ---------------------------------------------------------------------------------


def test_a_closed_document_does_not_come_back_by_itself(app) -> None:
    """The row that was chosen in the table is forgotten with the document that it opened."""
    page = open_tab(compare(choose(app(), KEYWORD)), "Table")
    current = page.session_state["compare"]
    page.session_state[f"compare_table_{current.round}_{current.closed}"] = {"selection": {"rows": [0], "columns": []}}
    current.picked = 3
    page.run()
    assert "Ranks: " in words(page)
    press(page, "Close")
    page.run()
    assert "Ranks: " not in words(page)
    assert current.picked is None


@pytest.mark.parametrize(
    ("title", "text", "shown"),
    [
        ("Pets", "Pets: they need a passport.", ("Pets", "they need a passport.")),
        ("Pets", "Pets\n\nThey need a passport.", ("Pets", "They need a passport.")),
        ("Pets", "Pets are issued a passport.", ("Pets", "Pets are issued a passport.")),
        ("Pets", "Pets-and-owners form", ("Pets", "Pets-and-owners form")),
        ("Pets", "Pets", (None, "Pets")),
        ("Pets", "Pets:", ("Pets", "Pets:")),
        ("", "Pets: they need a passport.", (None, "Pets: they need a passport.")),
        (None, "Pets: they need a passport.", (None, "Pets: they need a passport.")),
        (7, "7: the number", (None, "7: the number")),
        ("![x](y)", "![x](y): text", ("![x](y)", "text")),
    ],
)
def test_a_title_is_not_said_twice(title: object, text: str, shown: tuple[str | None, str]) -> None:
    """A text that begins with its own title goes on after it; a sentence that begins like it stays whole."""
    assert heading(Document(text, metadata={} if title is None else {"title": title})) == shown


def test_what_the_board_is_sent_does_not_grow_with_the_list() -> None:
    """A thousand documents of any length: fifty rows a column are sent, every rank of theirs, and no text in full."""
    documents = [Document(f"{place} " + "long " * 1000) for place in range(1000)]
    columns = [Column("A", tuple(range(1000))), Column("B", tuple(range(999, -1, -1)), only=frozenset({999, 5}))]
    sent = payload(columns, documents, top_n=3, picked=None, folded=True)
    assert [len(column["order"]) for column in sent["columns"]] == [MAX_ROWS, MAX_ROWS]
    assert len(sent["documents"]) == 2 * MAX_ROWS
    assert sent["ranks"][1]["0"] == 1000
    assert sent["labels"]["more"] == "950 more in the table"
    assert len(json.dumps(sent)) < 100_000


# ---- the blind test ---------------------------------------------------------------------------------------------

SHUFFLES = [(0, 1), (1, 0)]


def secrets_of(page: AppTest) -> list[str]:
    """What would give a model away in the part of the page that is of the result."""
    sent = board(page)
    return [json.dumps(sent), *(str(button.label) for button in page.button if button.key and "vote" in button.key)]


def blind(app: Callable[..., AppTest], mood: str = "ok") -> AppTest:
    """A page on which two models are to be compared blind."""
    page = choose(app(gateflow=mood), HOSTED[0], KEYWORD)
    return page.toggle(key="blind").set_value(True).run()


@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_the_blind_test_hides_and_a_vote_reveals(app, monkeypatch, shuffle) -> None:
    """Letters in every place while it is blind, whatever the order of the columns; then the name of the chosen one."""
    monkeypatch.setattr(run, "shuffled", lambda count: shuffle)
    page = blind(app)
    own(page, "printer is jammed", "how to clear a printer\nthe second text\nthe third text")
    compare(page)
    names = ("English", "GateFlow", "Keyword", "local", "ms", "$", "computer")
    for name in names:
        assert not any(name in text for text in secrets_of(page)), name
    headline = [text.value for text in page.text if "first" in text.value or "disagree" in text.value]
    assert headline
    assert not any(name in text for text in headline for name in ("English", "Keyword matching"))
    for tab in ("Cost and time", "Export"):
        open_tab(page, tab)
        assert "Hidden while the names are: vote, or reveal them." in words(page)
        assert not page.get("download_button")
        assert [metric for metric in metrics(page) if metric not in ("Estimated cost",)] == []
    for tab in ("Table", "Agreement"):
        shown = str(open_tab(page, tab).dataframe[0].value)
        assert "English" not in shown
        assert "Keyword matching" not in shown
    open_tab(page, "Board")
    keyword_column = shuffle[1]
    assert [column["order"][0] for column in board(page)["columns"]] == ([2, 0] if keyword_column else [0, 2])
    press(page, "AB"[keyword_column])
    assert f"You chose {'AB'[keyword_column]}: Keyword matching." in words(page)
    assert "After 1 round: Keyword matching (local) 1, English (GateFlow) 0." in words(page)
    assert [column["name"] for column in board(page)["columns"]][
        keyword_column
    ] == f"{'AB'[keyword_column]}: Keyword matching"


@needs_models
def test_a_story_that_names_a_model_waits_for_the_names_too(app) -> None:
    """The example tells which model finds what, and a note says what English is made for: neither before the vote."""
    page = app({**GERMAN, "blind": "1"})
    assert "Which order is better?" in words(page)
    assert "Multilingual brings up the page" not in words(page)
    assert "English is made for English" not in words(page)
    press(page, "C")
    assert "Multilingual brings up the page" in words(page)
    assert "English is made for English" in words(page)


def test_a_low_score_waits_for_the_names(app) -> None:
    """Only some models have a scale of their own, so what it says would name them; it comes with the names."""
    page = blind(app)
    own(page, "zebra quotient", "the first text\nhow to clear a printer")
    compare(page)
    assert "Nothing here answers this well" not in words(page)
    press(page, "Reveal the names")
    assert "Nothing here answers this well: even the best score is weak, by the own scale of" in words(page)
    assert "takes no vote" in words(page)


def test_the_tally_is_kept_across_runs_and_pages_and_can_be_forgotten(app) -> None:
    """Two rounds, one undecided; the count survives another page, and is gone for good once it is forgotten."""
    page = blind(app)
    compare(page)
    press(page, "A")
    page.text_area(key="query").set_value("second question").run()
    compare(page)
    assert not page.session_state["compare"].revealed
    press(page, "No difference")
    assert "After 2 rounds: " in words(page)
    assert "no difference 1" in words(page)
    page.switch_page("connections.py").run()
    page.switch_page("compare.py").run()
    assert "After 2 rounds: " in words(page)
    page.toggle(key="blind").set_value(False).run()
    said = [each.value for each in page.text]
    [below_the_board] = [each for each in said if "of all pairs of documents" in each]
    [tally] = [each for each in said if each.startswith("After 2 rounds: ")]
    assert said.index(below_the_board) < said.index(tally)
    press(page, "Yes, forget them")
    assert "After 2 rounds: " not in words(page)
    assert "After 2 rounds: " not in words(app(query_of(page)))


def voted(app) -> AppTest:
    """A page on which one blind round was voted on."""
    page = blind(app)
    own(page, "printer is jammed", "how to clear a printer\nthe second text\nthe third text")
    return press(compare(page), "No difference")


def test_a_reload_keeps_the_tally_and_the_vote_that_was_given(app) -> None:
    """The address brings the round back with its vote, and the same runs cannot be voted on twice."""
    page = voted(app)
    again = app(query_of(page), gateflow="ok")
    assert again.toggle(key="blind").value
    assert "After 1 round: " in words(again)
    assert "You saw no difference." in words(again)
    assert "Which order is better?" not in words(again)
    press(compare(again), "A")  # the same question once more: a round of its own, and not a fair one
    assert "After 2 rounds: " in words(again)
    third = app(query_of(again), gateflow="ok")
    assert "After 2 rounds: " in words(third)
    assert "You chose " in words(third)


@pytest.mark.parametrize("asked_again", [False, True], ids=["same-runs", "asked-again"])
def test_orders_that_were_seen_with_their_names_are_no_fair_round_after_a_reload(app, asked_again: bool) -> None:
    """Names that were revealed stay known to have been seen, whatever the session; also where the same was asked
    once more, which gives runs of their own."""
    page = blind(app)
    own(page, "printer is jammed", "how to clear a printer\nthe second text\nthe third text")
    compare(page)
    fresh = app(query_of(page), gateflow="ok")
    assert "Which order is better?" in words(fresh)
    assert "For a fair vote, take another question." not in words(fresh)
    press(page, "Reveal the names")
    if asked_again:
        compare(page)
    again = app(query_of(page), gateflow="ok")
    assert "Which order is better?" in words(again)
    assert "For a fair vote, take another question." in words(again)


def test_votes_that_cannot_be_kept_count_in_the_session_and_the_page_says_so(app, tmp_path) -> None:
    """A damaged file takes nothing away from the round."""
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "votes.sqlite3").write_bytes(b"not a database" * 100)
    page = voted(app)
    assert "You saw no difference." in words(page)
    assert "After 1 round: " in words(page)
    assert "The votes cannot be kept" in words(page)


def test_orders_that_were_seen_with_their_names_are_no_fair_round(app) -> None:
    """Turning the blind test on, or asking the same again after the names were shown, says to take another question."""
    note = "For a fair vote, take another question."
    page = compare(choose(app(gateflow="ok"), HOSTED[0], KEYWORD))
    page.toggle(key="blind").set_value(True).run()
    assert note in words(page)
    compare(page)
    assert note in words(page)
    page.text_area(key="query").set_value("another question").run()
    compare(page)
    assert note not in words(page)
    press(page, "B")
    compare(page)
    assert "Which order is better?" in words(page)
    assert note in words(page)


def test_one_answer_alone_is_not_voted_on(app) -> None:
    """Where the other failed there is nothing to choose between, so nothing is hidden."""
    page = blind(app, "forbidden")
    compare(page)
    assert "Which order is better?" not in words(page)
    assert "Keyword matching" in board(page)["columns"][0]["name"]


def test_a_file_that_takes_its_time_arrives_on_this_page_too(app, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not read at once is taken over as soon as it has been."""
    page = app({"example": "own"})
    hold_slow_files(monkeypatch, gate)
    once(drop(page, ("slow.csv", b"text\nboots\nhats\n")), "slow.csv: reading")
    gate.open()
    settled(page)
    assert "2 documents from slow.csv" in words(page)
