"""What the board and the tables hand to the browser: bounded, checked, verbatim, and nothing folded away for good."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from pages.components.display import component
from pages.components.display.board import (
    MAX_ROWS,
    BoardEvent,
    BoardRow,
    BoardView,
    Rating,
    board,
    movement,
    rows,
    shown,
)
from pages.components.display.tables import COPY_CHARACTERS, PREVIEW_CHARACTERS, opens
from rerank_core.ranking.strength import Levels, ScoreScale
from tests.support import ROOT
from tests.support.gate import PATIENCE

HOST = ROOT / "tests" / "browser" / "board_host.py"
ROWS = [
    BoardRow("a", 1, 3, "first", score=0.1),
    BoardRow("b", 2, 1, "second", score=0.9),
    BoardRow("c", 3, 2, "third", score=0.5),
]


def payload(given_rows=ROWS, **changes):
    """The payload of a board, with the settings of a plain one."""
    plain = {"top_n": 2, "initial_name": "as pasted", "reranked_name": "by English"}
    return rows.payload(given_rows, BoardView(**plain | changes), folded=True, seen=0)


def host(**query: str) -> AppTest:
    """The host page, run once with a query string."""
    app = AppTest.from_file(str(HOST), default_timeout=PATIENCE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def sent(app: AppTest) -> dict:
    """What the board on a page was given, as the browser gets it."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def texts(app: AppTest) -> list[str]:
    """Everything a page says with st.text."""
    return [element.value for element in app.text]


def test_a_row_says_where_it_came_from():
    """Each row carries its movement in words, as an arrow, and as it is read aloud."""
    risen = payload()["rows"][1]
    assert (risen["words"] + risen["move"], risen["spoken"]) == ("now 1, was 2, ▲1", "up 1 place")
    assert payload()["rows"][0]["spoken"] == "down 2 places"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (9, 2, ("now 2, was 9, ", "▲7", "up 7 places")),
        (1, 5, ("now 5, was 1, ", "▼4", "down 4 places")),
        (4, 4, ("now 4, was 4, ", "=", "same place")),
        (2_000, 1, ("now 1, was 2,000, ", "▲1,999", "up 1,999 places")),
    ],
)
def test_a_movement_is_said_in_three_parts(was, now, said):
    """The words of the core, cut before the arrow, and the arrow in words for a screen reader."""
    assert movement(was, now) == said


def test_rows_below_the_cut_are_sent_and_counted():
    """Folding is drawing: every row is in the payload, and the fold says how many lie below Top N."""
    sent = payload(top_n=1)
    assert len(sent["rows"]) == 3
    assert sent["labels"]["show"] == "Show 2 below Top 1"


def test_the_headings_are_fixed():
    """The two headings never change; the orders' names stand beside them."""
    labels = payload(initial_name="by uploaded score")["labels"]
    assert (labels["initial"], labels["reranked"]) == ("Initial order", "Reranked order")
    assert labels["initialName"] == "by uploaded score"


def test_bars_are_drawn_only_on_the_fixed_axis():
    """Scores off 0–1 are shown as numbers; a bar that is clamped or scaled would say something untrue."""
    assert payload()["bars"]["right"]
    assert not payload([*ROWS[:2], replace(ROWS[2], score=7.25)])["bars"]["right"]
    assert not payload([*ROWS[:2], replace(ROWS[2], score=-0.1)])["bars"]["right"]


def test_a_score_has_its_word_and_the_bar_its_range():
    """The word of each score and what it means, the bar's end, one line for both; none without a scale."""
    worded = payload(scale=ScoreScale(Levels(0.2, 0.6), 0.9))
    assert [row["strength"] for row in worded["rows"]] == ["weak", "strong", "possible"]
    assert worded["meanings"]["strong"] == "Strong: a result with this score usually answers."
    assert worded["range"] == 0.9
    assert worded["labels"]["scale"] == (
        "Strong from 0.6, possible from 0.2, weak below. The bar's range is the one this model uses: 0 to 0.9."
    )
    assert payload(scale=ScoreScale())["labels"]["scale"].startswith("Nobody has measured")
    plain = payload()
    assert (plain["labels"]["scale"], plain["range"], plain["rows"][0].get("strength")) == ("", 1.0, None)


def test_a_provider_without_scores_has_no_bars_and_no_threshold():
    """Ranks alone: nothing is drawn that would stand for a score."""
    unscored = payload([replace(row, score=None) for row in ROWS], threshold=0.5)
    assert unscored["bars"] == {"left": False, "right": False}
    assert unscored["threshold"] is None


def test_the_initial_order_gives_room_to_the_text_when_it_has_no_scores():
    """One initial score is enough to draw the column; none leaves it out."""
    assert not payload()["scored"]
    assert payload([*ROWS[:2], replace(ROWS[2], initial_score=0.4)])["scored"]


def test_initial_scores_off_the_axis_are_numbers_without_a_bar():
    """A file's BM25 scores stand on the left as they are; only the bar, which would be clamped, is left off."""
    given = [replace(row, initial_score=score) for row, score in zip(ROWS, (12.5, None, -2.0), strict=True)]
    sent = payload(given)
    assert (sent["scored"], sent["bars"]["left"]) == (True, False)
    assert [row["scores"]["left"] for row in sent["rows"]] == [12.5, None, -2.0]


@pytest.mark.parametrize(
    ("rating", "was", "now", "verdict"),
    [
        (3, 9, 1, "better"),
        (2, 1, 9, "worse"),
        (0, 1, 9, "better"),
        (0, 9, 1, "worse"),
        (1, 9, 1, None),
        (3, 4, 4, None),
        (None, 9, 1, None),
    ],
)
def test_only_a_rating_says_better_or_worse(rating, was, now, verdict):
    """A good document should rise and a bad one sink; without a rating a move is neither."""
    assert BoardRow("a", was, now, "text", rating=rating).verdict == verdict


def test_a_hundred_kilobytes_stay_in_python():
    """However long fifty documents are, the browser gets a bounded payload."""
    long = "wörd " * 25_000
    many = [BoardRow(str(n), n + 1, n + 1, long, title=long, tooltip=long, score=0.5) for n in range(MAX_ROWS)]
    assert len(json.dumps(payload(many), ensure_ascii=False).encode()) < 80_000


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("nul\0bell\x07", "nul␀bell␇"),
        ("escape\x1b[31m\x7f", "escape␛[31m␡"),
        ("lone \ud83d half", "lone \ufffd half"),
        ("![x](http://evil.test) <b>$x$</b>", "![x](http://evil.test) <b>$x$</b>"),
        ("one\n\n two\tthree ", "one two three"),
    ],
)
def test_text_is_shown_as_it_is(text, visible):
    """Nothing is interpreted; what has no glyph gets one; a row is one line."""
    assert shown(text, one_line=True) == visible


def test_a_document_in_full_keeps_its_lines():
    """Outside a row, line breaks and tabs stay."""
    assert shown("one\n\ttwo\r\n") == "one\n\ttwo\r\n"


@given(st.text(max_size=300), st.integers(1, 60))
def test_shown_text_is_short_and_can_always_be_sent(text, limit):
    """Any text comes out within its limit and encodes to UTF-8."""
    result = shown(text, limit, one_line=True)
    assert len(result) <= limit + 1
    result.encode("utf-8")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), max_size=80))
def test_ordinary_text_is_not_touched(text):
    """Letters, marks, digits, symbols and emoji come out as they went in."""
    assert shown(text, 80, one_line=True) == text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"was": 0}, "from 1"),
        ({"score": float("nan")}, "finite"),
        ({"initial_score": float("inf")}, "finite"),
        ({"rating": 4}, "0, 1, 2, 3"),
    ],
)
def test_a_row_is_checked_when_it_is_made(wrong, sentence):
    """Places below 1, scores that are no numbers and ratings off the scale are refused."""
    with pytest.raises(ValueError, match=sentence):
        BoardRow(**{"key": "a", "was": 1, "now": 1, "text": "t"} | wrong)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"given_rows": [ROWS[0], ROWS[0]]}, "share a key"),
        ({"given_rows": [BoardRow(str(n), n + 1, n + 1, "t") for n in range(51)]}, "at most 50"),
        ({"top_n": 0}, "at least 1"),
    ],
)
def test_a_board_is_checked_before_it_is_sent(changes, sentence):
    """Too many rows, a repeated key and a Top N below 1 are mistakes of the page and said so."""
    with pytest.raises(ValueError, match=sentence):
        payload(**changes)


def test_the_board_reaches_the_browser_as_json():
    """A page's payload can be read in a test without a browser, rows and labels included."""
    data = sent(host(threshold="0.5", rating="1"))
    assert [row["key"] for row in data["rows"]][:2] == ["d1", "d2"]
    assert (data["top"], data["threshold"], data["rating"]) == (5, 0.5, True)


def test_the_scripts_are_sent_once():
    """What a run of the page sends is the address of the board's script and style, which a browser keeps for good."""
    proto = host().get("bidi_component")[0].proto
    sent = proto.js_content + proto.css_content
    assert len(sent) < 1000
    assert "<ol" in proto.html_content
    found = re.search(r'"(/parts/board\.[0-9a-f]{16}\.js)"', sent)
    assert found
    with TestClient(Starlette(routes=component.routes())) as browser:
        reply = browser.get(found[1])
        assert browser.get("/parts/board.js").status_code == 404
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-type"].startswith("text/javascript")
    for part in ("export default function show", "class Threshold", "export const style", ".wires"):
        assert part in reply.text


def test_events_from_the_browser_are_heard_once():
    """Ratings carry a number: what was heard before is not heard again, and numbers from before are old news."""
    event, seen = rows.event_of("ratings", [[15, "d9", 3], [16, "d2", 0], [17, "d9", None]], 10)
    assert event.rated == (Rating("d9", 3), Rating("d2", 0), Rating("d9", None))
    assert seen == 17
    assert rows.event_of("ratings", [[5, "d9", 3], [17, "d9", None]], seen) == (BoardEvent(), 17)


def test_a_document_and_a_threshold_are_heard():
    """The key of a row that was picked, and where the handle was let go, within 0 to 1."""
    assert rows.event_of("picked", "d9", 0) == (BoardEvent(picked="d9"), 0)
    assert rows.event_of("threshold", 0.25, 0) == (BoardEvent(threshold=0.25), 0)
    assert rows.event_of("threshold", 2.0, 0) == (BoardEvent(threshold=1.0), 0)


def test_a_rating_whose_callback_was_broken_off_is_heard_all_the_same():
    """It is followed when the page is drawn, which then shows it: the page is told once, and draws the row as rated."""
    app = host(rating="1")
    number = sent(app)["seen"] + 1
    app.session_state["board"] = {"ratings": [[number, "d9", 3]]}
    app.run()
    assert sent(app)["seen"] == number
    assert next(row["rating"] for row in sent(app)["rows"] if row["key"] == "d9") == 3
    assert 'log [{"picked": null, "rated": [["d9", 3]], "threshold": null}]' in texts(app.run())


@pytest.mark.parametrize(
    ("name", "noise"),
    [
        ("ratings", "3"),
        ("ratings", [[9**15, "d1"], ["x", "d1", 2], [9**15, 9, 2], [9**15, "d1", 7], None]),
        ("ratings", None),
        ("threshold", "high"),
        ("picked", 7),
        ("folded", "yes"),
    ],
)
def test_nonsense_from_the_browser_is_no_event(name, noise):
    """What arrives is checked like anything from outside."""
    assert rows.event_of(name, noise, 0) == (BoardEvent(), 0)


def test_a_fold_that_is_none_changes_nothing():
    """Only yes and no fold the board; anything else leaves it as it was."""
    app = host()
    app.session_state["board"] = {"folded": "yes"}
    assert sent(app.run())["folded"] is True


def test_the_fold_survives_a_rerun_and_a_remount():
    """What was unfolded stays so when the page runs again, and when the board was away for a while."""
    app = host()
    assert sent(app)["folded"]
    app.session_state["board"] = {"folded": False}
    assert not sent(app.run())["folded"]
    app.checkbox[0].check().run()
    assert not app.get("bidi_component")
    assert not sent(app.checkbox[0].uncheck().run())["folded"]


def test_the_board_is_one_component():
    """The module registers it once, at import, and every board on a page uses that."""
    assert board.__module__ == "pages.components.display.board"


def test_large_tables_keep_every_row():
    """Both tables hold all documents; the column Result says which are kept."""
    app = host(case="tables", n="120", top="5", threshold="0.5")
    left, right = app.dataframe[0].value, app.dataframe[1].value
    assert len(left) == len(right) == 120
    assert list(right["Rank"]) == list(range(1, 121))
    assert list(right["Result"][:5]) == ["kept"] * 5
    assert right["Result"].value_counts().to_dict() == {"under the threshold": 60, "below Top 5": 55, "kept": 5}
    assert right["Move"][0] == "▲119"


def test_large_tables_send_what_a_cell_shows():
    """A text is cut where its cell ends, and of the columns that say the same few words each word is sent once."""
    app = host(case="tables", n="120", top="5", threshold="0.5")
    tables = [frame.value for frame in app.dataframe[:2]]
    assert all(frame["Document"].str.len().max() <= PREVIEW_CHARACTERS + 1 for frame in tables)
    sizes = [len(frame.proto.arrow_data.data) for frame in app.dataframe[:2]]
    assert sum(sizes) < 120 * 2 * PREVIEW_CHARACTERS + 9_000


def test_a_selection_in_either_table_is_the_one_that_counts():
    """The last table a row was selected in names the document; taking the selection back names none."""
    app = host(case="tables", n="60")
    version = app.session_state["tables_selected"]["version"]
    left, right = f"tables_initial_{version}", f"tables_reranked_{version}"
    app.session_state[left] = {"selection": {"rows": [3], "columns": [], "cells": []}}
    assert "picked d4" in texts(app.run())
    app.session_state[right] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    assert "picked d60" in texts(app.run())
    app.session_state[right] = {"selection": {"rows": [], "columns": [], "cells": []}}
    assert "picked None" in texts(app.run())


def test_the_picture_of_the_scores_marks_the_threshold():
    """The spread is said in words for who cannot see it, the threshold and what it keeps included."""
    chart = host(case="tables", n="60", threshold="0.5").get("vega_lite_chart")[0].proto
    said = "How 60 relevance scores are spread from 0.016 to 0.984; 30 reach the threshold 0.500"
    assert chart.alt == said
    marks = [layer["mark"]["type"] for layer in json.loads(chart.spec)["layer"]]
    assert marks == ["bar", "rule", "text"]
    assert not host(case="tables", n="60", noscores="1").get("vega_lite_chart")


@pytest.mark.parametrize("case", ["tables", "detail", "evil"])
def test_no_column_is_called_something_that_gets_fetched(case):
    """Charts and tables fetch columns called image, url or href; none of ours is."""
    for frame in host(case=case, n="60").dataframe:
        assert not {"image", "url", "href"} & {str(name).lower() for name in frame.value.columns}


def test_a_document_in_full_is_code_without_a_language():
    """The text can be copied and nothing in it is interpreted; what belongs to it stands in a table."""
    app = host(case="detail")
    assert app.code[0].language in (None, "", "plaintext")
    about = app.dataframe[0].value
    assert list(about["Field"]) == ["id", "lang", "url", "n"]
    assert list(about["Value"]) == ["kb-7", "de", "https://example.test/kb/7", "3"]


def test_a_very_long_document_is_whole_and_can_be_taken_away():
    """Where a code block would take seconds, plain text shows all of it and a button downloads it."""
    app = host(case="detail", evil="1")
    assert not app.code
    longest = max(texts(app), key=len)
    assert len(longest) > COPY_CHARACTERS
    assert app.get("download_button")


def test_a_rating_in_the_panel_is_an_event_like_on_the_board():
    """The panel shows the stored rating and tells the page of a new one."""
    app = host(case="detail")
    app.button_group[0].set_value(2).run()
    assert not app.exception
    assert app.session_state["ratings"] == {"d9": 2}


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://example.test/kb/7?q=a#b", True),
        ("http://example.test", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.test/x", False),
        ("https://", False),
        ("https://exa mple.test", False),
        ("https://example.test/\u202egpj.exe", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_only_plain_web_addresses_open(address, may):
    """An address from a document becomes a button only if it is http or https with nothing odd in it."""
    assert opens(address) is may


def test_words_shared_with_the_question_are_pieces_that_put_together_are_the_text() -> None:
    """The marks cut the shown text without changing it; without a question there are none."""
    row = BoardRow("a", 1, 1, "Reset <b>your</b> password\nhere")
    asked = payload([row], question="password reset")["rows"][0]
    assert "".join(text for text, _ in asked["pieces"]) == asked["text"]
    assert [text for text, shared in asked["pieces"] if shared] == ["Reset", "password"]
    assert "pieces" not in payload([row])["rows"][0]


def test_the_sentence_that_answers_is_near_the_beginning():
    """Its row has the text around the mark, what stands before it shortened where it is long; other rows have none."""
    text = "One is here.\n\n  Two  is there. Three."
    near, far, none = payload(
        [
            BoardRow("a", 1, 1, text, answers=((16, 30),)),
            BoardRow("b", 2, 2, "word " * 30 + text + " word" * 200, answers=((166, 180), (181, 187))),
            BoardRow("c", 3, 3, text),
        ]
    )["rows"]
    assert near["answer"] == [["One is here. ", False], ["Two is there.", "answer"], [" Three.", False]]
    assert far["answer"][:3] == [["… ", False], ["Two is there.", "answer"], [" ", False]]
    assert far["answer"][3] == ["Three.", "answer"]
    assert sum(len(piece) for piece, _ in far["answer"]) < 410
    assert "answer" not in none


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=80), st.integers(0, 60), st.integers(1, 60))
def test_whatever_is_marked_can_be_sent(text, start, size):
    """Pieces are bounded plain text, whatever stands in the document."""
    start = min(start, len(text) - 1)
    row = BoardRow("a", 1, 1, text * 20, answers=((start, start + size),))
    pieces = payload([row])["rows"][0]["answer"]
    json.dumps(pieces).encode()
    assert sum(len(piece) for piece, _ in pieces) <= rows.TEXT_CHARACTERS + rows.LEAD_CHARACTERS + 10
