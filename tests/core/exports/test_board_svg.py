"""The board as SVG: right numbers, well-formed whatever the texts hold, and nothing fetched from anywhere."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.exports.board_svg import MAX_CURVES, MAX_ROWS, board_svg
from rerank_core.exports.text_width import ELLIPSIS, fit, is_right_to_left, text_width, wrap
from rerank_core.models import Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.ranking.strength import Levels, ScoreScale

SVG = "{http://www.w3.org/2000/svg}"
EVIL = (
    '![x](http://evil.example/x.png) <image href="http://evil.example/y.png"/> & ]]> <!-- $x^2$ :red[x]',
    "a\x00b\x0bc\ud800d\ufffee\x1b[31m",
    "x" * 100_000,
    "كيف يمكنني إعادة تعيين كلمة المرور؟",
    "如何重置我的密码？请打开设置页面，然后选择“安全”。" * 10,
    "👩‍👩‍👧‍👦🇩🇪👍🏽" * 30,
    "\u202eright to left\u2066",
    "line\nbreak\r\ttab",
)


def response(
    texts: list[str | Document],
    order: list[int],
    scores: list[float | None],
    *,
    query: str = "Reset it",
    **rest: object,
) -> RerankResponse:
    """An answer that puts the texts in this order with these scores, best first."""
    documents = tuple(text if isinstance(text, Document) else Document(text) for text in texts)
    results = tuple(
        RankedDocument(rank, index, score, documents[index])
        for rank, (index, score) in enumerate(zip(order, scores, strict=True), start=1)
    )
    request = RerankRequest(query, documents, top_n=rest.get("top_n"))  # type: ignore[arg-type]
    return RerankResponse(results, "local-english", "local", request)


def texts_of(svg: str) -> list[str]:
    """The contents of all text elements, in the order of the file."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def bars(svg: str) -> list[float]:
    """The lengths of the score bars without their tracks, in rank order."""
    rects = [rect for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect") if rect.get("height") == "9"]
    return [float(rect.get("width", "")) for rect in rects if rect.get("fill") == "#0b5cad"]


def test_the_board_says_where_each_document_is_and_was() -> None:
    """Ranks, scores, movements, order name, query and labels are all there."""
    svg = board_svg(
        response(["one", "two", "three"], [2, 1, 0], [0.9, 0.256, 0.0]),
        order_name="as pasted",
        model_label="English",
        connection_label="On this computer",
    )
    shown = texts_of(svg)
    for part in ("Initial order", "as pasted", "Reranked order", "Reset it", "0.90", "0.26", "▲2", "same place", "▼2"):
        assert part in shown
    assert "Model English · On this computer · 3 documents" in shown
    assert ElementTree.fromstring(svg).findtext(f"{SVG}title") == "Reset it"


def test_bars_stand_on_a_fixed_axis() -> None:
    """A best score of 0.1 is a tenth of the track; scores outside 0 to 1 stay inside the track."""
    assert bars(board_svg(response(["a", "b"], [0, 1], [0.1, 0.05]))) == [14.0, 7.0]
    assert bars(board_svg(response(["a", "b"], [0, 1], [7.5, -3.0]))) == [140.0, 0.0]


def test_a_score_has_its_word_and_the_bar_ends_where_the_model_does() -> None:
    """With a scale the word stands before the number, and the footer says what the bar's range is."""
    svg = board_svg(response(["a", "b"], [0, 1], [0.3, 0.05]), scale=ScoreScale(Levels(0.1, 0.25), 0.6))
    shown = texts_of(svg)
    assert {"strong", "weak", "0.30", "0.05", "0.6"} <= set(shown)
    assert bars(svg) == [40.0, 6.7]
    assert "The bar's range is the one this model uses: 0 to 0.6." in " ".join(shown)


def test_without_scores_there_are_no_bars_and_a_sentence() -> None:
    """A provider that gives only an order gets no invented bars or numbers."""
    svg = board_svg(response(["a", "b"], [1, 0], [None, None]))
    assert bars(svg) == []
    assert "This provider gives an order and no scores." in texts_of(svg)
    assert "score" not in texts_of(svg)


def test_an_unscored_document_among_scored_ones_says_none() -> None:
    """A blank document shows that it has no score and that it is blank."""
    shown = texts_of(board_svg(response(["a", "  "], [0, 1], [0.5, None])))
    assert "none" in shown
    assert "(blank)" in shown


def test_the_cut_is_drawn_where_top_n_ends() -> None:
    """The cut carries its number; an explicit top_n wins, and a cut past the end is not drawn."""
    answer = response(["a", "b", "c"], [0, 1, 2], [0.9, 0.5, 0.1], top_n=2)
    assert "Top 2" in texts_of(board_svg(answer))
    assert "Top 1" in texts_of(board_svg(answer, top_n=1))
    assert not [text for text in texts_of(board_svg(answer, top_n=3)) if text.startswith("Top")]


def test_long_lists_are_bounded_and_say_so() -> None:
    """At most MAX_ROWS rows a side and MAX_CURVES curves, and the footer counts the rest."""
    count = MAX_ROWS + 20
    svg = board_svg(response([f"text {n}" for n in range(count)], list(range(count)), [0.5] * count))
    assert svg.count("<circle") == 2 * MAX_CURVES
    assert sum(text.startswith("text ") for text in texts_of(svg)) == 2 * MAX_ROWS
    assert any("20 more documents are not drawn." in text for text in texts_of(svg))


def test_documents_that_were_not_returned_stay_in_the_initial_order() -> None:
    """With fewer results than documents the left side is still whole, and no curve leads nowhere."""
    svg = board_svg(response(["a", "b", "c"], [2], [0.9]))
    assert [text for text in texts_of(svg) if text in "abc"] == ["a", "b", "c", "c"]
    assert svg.count("<circle") == 2


def test_a_title_is_the_heading_and_is_not_repeated() -> None:
    """The metadata title stands above the text, without the copy the text begins with, unless a sentence needs it."""
    documents: list[str | Document] = [
        Document("Wi-Fi drops: what to do.", None, {"title": "Wi-Fi drops"}),
        Document("Wireless", None, {"title": "Wire"}),
        Document("Other", None, {"title": 7}),
        Document("Returns are free.", None, {"title": "Returns"}),
    ]
    shown = texts_of(board_svg(response(documents, [0, 1, 2, 3], [0.9, 0.5, 0.2, 0.1])))
    assert shown.count("Wi-Fi drops") == 2
    assert "what to do." in shown
    assert {"Wire", "Wireless", "Other", "Returns", "Returns are free."} <= set(shown)


def test_light_and_dark_differ_only_in_colour() -> None:
    """Both palettes show the same texts in the same places."""
    answer = response(["a", "b"], [1, 0], [0.9, 0.1])
    light, dark = board_svg(answer), board_svg(answer, dark=True)
    assert light != dark
    assert texts_of(light) == texts_of(dark)


def test_the_file_needs_nothing_from_outside() -> None:
    """No link, image, script, style sheet or font address gets into the file, whatever the texts say."""
    svg = board_svg(response(list(EVIL), list(range(len(EVIL))), [0.5] * len(EVIL), query=EVIL[0]), order_name=EVIL[0])
    allowed = {"svg", "title", "desc", "rect", "path", "circle", "text"}
    for element in ElementTree.fromstring(svg).iter():
        assert element.tag.removeprefix(SVG) in allowed
        assert not [name for name in element.attrib if "href" in name or name.startswith("on") or name == "style"]


def test_evil_texts_are_shown_as_they_are() -> None:
    """Markup and markdown come back literally; what XML cannot hold becomes U+FFFD."""
    shown = "\n".join(texts_of(board_svg(response(list(EVIL[:2]), [0, 1], [0.5, 0.4]))))
    assert "![x](http://evil.example/x.png) <image" in shown
    assert "a�b c�d�e�[31m" in shown


@given(
    st.lists(st.text(st.characters()), min_size=1, max_size=6),
    st.text(st.characters(), min_size=1),
    st.text(st.characters()),
    st.booleans(),
)
def test_any_text_makes_a_well_formed_file(texts: list[str], query: str, title: str, dark: bool) -> None:
    """For any texts, surrogates and control characters included, the file parses, encodes and has all rows."""
    documents: list[str | Document] = [Document("first"), *(Document(text, None, {"title": title}) for text in texts)]
    answer = response(documents, list(range(len(documents))), [0.5] * len(documents), query=f"q{query}")
    svg = board_svg(answer, order_name=title, model_label=title, connection_label=query, dark=dark)
    root = ElementTree.fromstring(svg.encode("utf-8"))
    ranks = [element.text for element in root.iter(f"{SVG}text") if element.get("font-size") == "17"]
    assert ranks.count(str(len(documents))) == 2


@given(st.text(), st.integers(20, 400), st.integers(1, 4))
def test_wrapped_lines_fit_and_lose_nothing_silently(text: str, width: int, lines: int) -> None:
    """Each line fits, there are no more than asked for, and text is missing only where an ellipsis says so."""
    found = wrap(text, width, 15, lines)
    assert 1 <= len(found) <= lines
    joined = "".join(found)
    whole = "".join(text.split())
    if joined.endswith(ELLIPSIS) and not whole.endswith(ELLIPSIS):
        assert whole.startswith("".join(joined[:-1].split()))
    else:
        assert "".join(joined.split()) == whole
    for line in found:
        # One character is always taken, however narrow the column.
        assert text_width(line, 15) <= width + text_width(ELLIPSIS, 15) or len(line) <= 3


def test_text_is_cut_with_an_ellipsis_and_never_inside_a_character() -> None:
    """A cut text ends in an ellipsis; accents and joined emoji stay whole."""
    assert fit("short", 200, 15) == "short"
    cut = fit("a long line of words that goes on", 100, 15)
    assert cut.endswith(ELLIPSIS)
    assert text_width(cut, 15) <= 100
    for width in range(20, 200, 3):
        kept = fit("e\u0301" * 60, width, 15)[:-1]
        assert not kept or unicodedata.combining(kept[-1])
        family = fit("👩‍👩‍👧‍👦 " * 20, width, 15)[:-1]
        assert not family.endswith("\u200d")


def test_chinese_lines_do_not_begin_with_a_comma() -> None:
    """A line break before closing punctuation is moved back."""
    text = "如何重置我的密码，请打开设置页面，然后选择安全"
    for width in range(60, 300, 7):
        assert not any(line.startswith("，") for line in wrap(text, width, 15, 4))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("hello", False), ("مرحبا hello", True), ("123 שלום", True), ("hello שלום", False), ("123", False), ("", False)],
)
def test_direction_follows_the_first_letter(text: str, expected: bool) -> None:
    """Digits and punctuation have no say; the first letter decides."""
    assert is_right_to_left(text) is expected


def test_text_from_right_to_left_starts_at_the_right_end() -> None:
    """Arabic is marked as such and anchored at the right edge of its column; Latin is not."""
    svg = board_svg(response(["مرحبا", "hello"], [0, 1], [0.9, 0.1]))
    places = {
        element.text: (element.get("direction"), float(element.get("x", "")))
        for element in ElementTree.fromstring(svg).iter(f"{SVG}text")
    }
    assert places["مرحبا"][0] == "rtl"
    assert places["hello"][0] is None
    assert places["مرحبا"][1] > places["hello"][1]
