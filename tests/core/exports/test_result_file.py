"""A result as an HTML file: all of it is there, as text, and nothing in it runs or is fetched."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from rerank_core.exports.result_file import result_html
from rerank_core.exports.shared_result import SharedAnswer, SharedResult
from rerank_core.models import Document
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.ranking.strength import Levels, ScoreScale
from tests.core.exports.shared import TEXTS, result

EVIL = (
    "<script>alert(1)</script></style><img src=http://evil.example/x onerror=alert(1)>"
    '" onload="alert(1) {{ 7*7 }} \ud800\x00'
)


class Parsed(HTMLParser):
    """The tags of a file in order, their attributes and its words."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All words with single blanks between them."""
        return " ".join(" ".join(self.words).split())


def comparison() -> SharedResult:
    """Two models, of which one names no scores and leaves a document out."""
    return result(
        kind="compare",
        answers=(
            SharedAnswer("gateflow", "rerank-english-v3.0", (1, 0, 2), (0.91, 0.34, 0.02)),
            SharedAnswer("flashrank", None, (2, 1), (None, None)),
        ),
        ratings={1: 3, 2: 0},
        top_n=1,
        rank_fields=TITLE_AND_TEXT,
    )


def test_the_file_says_what_was_asked_and_what_each_model_gave() -> None:
    """Query, documents, both orders, scores, moves, models, date, fields and ratings stand in it."""
    text = Parsed(result_html(comparison(), ["Both agree.", "Nearly."])).text
    for said in (
        "I forgot my password",
        "Both agree.",
        "Nearly.",
        "English, FlashRank HTTP",
        "GateFlow, FlashRank HTTP",
        "22 November 2026, 09:00 UTC",
        "title + text",
        "as pasted",
        "0.910 · was 2, ▲1 · rated 3",
        "0.020 · was 3, = · rated 0",
        "Reranked order, without scores",
        "1 not ranked.",
        "2 of 3 documents",
        *TEXTS,
    ):
        assert said in text, said


def test_scores_stand_in_words_where_their_model_was_measured() -> None:
    """The word comes first and its number after it, on bars whose range is said."""
    text = Parsed(result_html(result(), scales=[ScoreScale(Levels(0.1, 0.5), 0.8)])).text
    assert "strong 0.910" in text
    assert "possible 0.340" in text
    assert "weak 0.020" in text
    assert "Strong from 0.5, possible from 0.1, weak below." in text
    assert "0 to 0.8" in text


def test_a_search_names_its_collection_and_what_was_searched_for() -> None:
    """The question as it was typed stands at the head, its shorter form and the knowledge base below."""
    search = result(kind="search", question="Hello, I forgot my password. Greetings", source="Help centre")
    text = Parsed(result_html(search)).text
    assert text.index("Hello, I forgot") < text.index("Searched in Help centre") < text.index("Searched for I forgot")


@pytest.mark.parametrize("place", ["query", "title", "text", "id", "order", "model", "source", "headline"])
def test_whatever_a_text_holds_it_is_text(place: str) -> None:
    """Markup in any text is shown as it was written; the tags of the file stay the same."""
    evil = {place: EVIL}
    shared = result(
        kind="search",
        query=evil.get("query", "plain"),
        documents=(Document(evil.get("text", "plain"), evil.get("id"), {"title": evil.get("title", "plain")}),),
        answers=(SharedAnswer("local", evil.get("model", "plain"), (0,), (0.5,)),),
        order_name=evil.get("order", "plain"),
        source=evil.get("source", "plain"),
    )
    plain = result(
        kind="search",
        query="plain",
        documents=(Document("plain", "plain" if place == "id" else None, {"title": "plain"}),),
        answers=(SharedAnswer("local", "plain", (0,), (0.5,)),),
        order_name="plain",
        source="plain",
    )
    found, usual = (Parsed(result_html(one, [evil.get("headline", "plain")])) for one in (shared, plain))
    if place not in ("text", "title"):  # a text that only repeats its title is drawn without one
        assert found.tags == usual.tags
    assert not {"script", "img"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("src", "srcset")]
    assert "alert(1)" in found.text
    assert "{{ 7*7 }}" in found.text


def test_nothing_is_fetched_and_nothing_runs() -> None:
    """The file's own policy forbids what its markup does not hold anyway."""
    found = Parsed(result_html(comparison()))
    policy = next(value for name, value in found.attributes if name == "content" and "default-src" in (value or ""))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert [value for name, value in found.attributes if name == "href" and not (value or "").startswith("#")] == []
