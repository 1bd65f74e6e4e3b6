"""Results as CSV and JSON: complete, safe to open in a spreadsheet, and readable whatever the texts hold."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.exports.tables import JSON_SCHEMA, results_csv, results_json, slug
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse, TextSpan, Usage
from rerank_core.ranking.keeping import Reading
from rerank_core.ranking.strength import Levels, ScoreScale

DOCUMENTS = (
    Document("Password policies", "kb-1", {"title": "Policies", "lang": "en", "rank": "1"}),
    Document("How to reset", "kb-2", {"title": "Reset", "url": "https://example.com/2", "votes": 12}),
    Document("=cmd|'/c calc'!A1", None, {"lang": "-2+3", "tags": ["a", "=b"]}),
    Document("   "),
)


def response(documents: tuple[Document, ...] = DOCUMENTS, order: tuple[int, ...] = (1, 0, 2, 3)) -> RerankResponse:
    """An answer over these documents in this order, the last one unscored."""
    scores = [0.9, 0.5, 0.25, None]
    return RerankResponse(
        results=tuple(
            RankedDocument(place + 1, index, scores[min(place, 3)], documents[index])
            for place, index in enumerate(order)
        ),
        model="local-english",
        provider="local",
        request=RerankRequest("How do I reset my password?", documents, "local-english", 3),
        usage=Usage(0),
        cost=Cost(Decimal("0.0010"), basis="computed"),
        latency_ms=12.5,
        warnings=("One blank document was set aside.",),
    )


def rows(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file as a strict reader sees them."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def test_csv_has_every_result_with_its_movement() -> None:
    """Each row says where it is, where it was and how far it rose or fell."""
    data = results_csv(response())
    assert data.startswith(b"\xef\xbb\xbfrank,was,move,id,score,title,url,text,lang,")
    read = rows(data)
    assert [(row["rank"], row["was"], row["move"], row["id"]) for row in read] == [
        ("1", "2", "1", "kb-2"),
        ("2", "1", "-1", "kb-1"),
        ("3", "3", "0", ""),
        ("4", "4", "0", ""),
    ]
    assert [row["score"] for row in read] == ["0.9", "0.5", "0.25", ""]
    assert (read[0]["title"], read[0]["url"], read[0]["votes"]) == ("Reset", "https://example.com/2", "12")


def test_files_say_in_words_what_a_score_is_and_what_is_kept() -> None:
    """With a reading, strength and what becomes of each result follow the score; the JSON has the levels too."""
    read = Reading(ScoreScale(Levels(0.3, 0.6)), top_n=1, threshold=0.4)
    table = rows(results_csv(response(), reading=read))
    assert list(table[0])[4:7] == ["score", "strength", "kept"]
    said = [
        ("strong", "kept"),
        ("possible", "below Top 1"),
        ("weak", "under the threshold"),
        ("", "under the threshold"),
    ]
    assert [(row["strength"], row["kept"]) for row in table] == said
    made = json.loads(results_json(response(), reading=read))
    assert (made["threshold"], made["levels"], made["top_n"]) == (0.4, {"possible": 0.3, "strong": 0.6}, 1)
    assert [(row["strength"] or "", row["kept"]) for row in made["results"]] == said


def test_csv_keeps_metadata_that_is_called_like_our_columns_apart() -> None:
    """An uploaded rank does not overwrite the rank of the result."""
    read = rows(results_csv(response()))
    assert (read[1]["rank"], read[1]["metadata_rank"]) == ("2", "1")


def test_csv_keeps_clashing_names_apart() -> None:
    """Two metadata keys that would get the same column name get two columns."""
    documents = (Document("a", "1", {"rank": "x", "metadata_rank": "y"}),)
    (row,) = rows(results_csv(response(documents, (0,))))
    assert (row["rank"], row["metadata_rank"], row["metadata_metadata_rank"]) == ("1", "x", "y")


def test_csv_guards_formulas_in_texts_metadata_and_headings() -> None:
    """Nothing that came from outside begins like a formula; our own negative numbers stay numbers."""
    documents = (
        Document("+1", "@id", {"=HYPERLINK(1)": "-x", "title": "\t=1", "n": -3, "list": ["=b"]}),
        Document("b"),
    )
    data = results_csv(response(documents, (1, 0)))
    read = rows(data)
    assert "'=HYPERLINK(1)" in read[0]
    fallen = read[1]
    assert (fallen["text"], fallen["id"], fallen["'=HYPERLINK(1)"], fallen["title"]) == ("'+1", "'@id", "'-x", "'\t=1")
    assert (fallen["move"], fallen["n"], fallen["list"]) == ("-1", "-3", '["=b"]')


def test_csv_has_ratings_where_there_are_any() -> None:
    """Ratings belong to documents by their place in the input; without ratings there is no column."""
    read = rows(results_csv(response(), ratings={1: 3, 2: 0}))
    assert [row["rating"] for row in read] == ["3", "", "0", ""]
    assert "rating" not in rows(results_csv(response()))[0]


def test_csv_survives_what_no_file_can_hold() -> None:
    """A lone surrogate and a NUL become U+FFFD; line breaks, quotes and separators come through."""
    text = 'a\ud800b\x00c\r\n"d";e,f\u2028\u202e'
    (row,) = rows(results_csv(response((Document(text, "x\udfff", {"k\ud800": True}),), (0,))))
    assert row["text"] == text.replace("\ud800", "�").replace("\x00", "�")
    assert (row["id"], row["k�"]) == ("x�", "true")


@given(st.lists(st.tuples(st.text(), st.text(), st.dictionaries(st.text(), st.text(), max_size=3)), min_size=1))
def test_csv_reads_back_and_is_safe_for_any_text(items: list[tuple[str, str, dict[str, str]]]) -> None:
    """For any texts there is one row per result, no outside cell is a formula, and every text is still there."""
    documents = (Document("first"), *(Document(*item) for item in items))
    read = rows(results_csv(response(documents, tuple(range(len(documents))))))
    assert len(read) == len(documents)
    for row, document in zip(read, documents, strict=True):
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
        wanted = document.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "�")
        assert row["text"] in (wanted, "'" + wanted)


def test_json_is_versioned_and_complete() -> None:
    """The document says what it is and holds query, model, order, money, usage, warnings and every result."""
    read = json.loads(results_json(response(), order_name="as pasted", top_n=2, ratings={1: 3}))
    assert (read["schema"], read["version"]) == (JSON_SCHEMA, 1)
    assert (read["query"], read["provider"], read["model"]) == (
        "How do I reset my password?",
        "local",
        "local-english",
    )
    assert (read["order_name"], read["top_n"], read["latency_ms"]) == ("as pasted", 2, 12.5)
    assert read["cost"] == {"amount": "0.0010", "currency": "USD", "basis": "computed", "in_doubt": "0"}
    assert read["usage"] == {"search_units": 0}
    assert read["rank_fields"] == ["text"]
    assert read["warnings"] == ["One blank document was set aside."]
    assert read["results"][0] == {
        "rank": 1,
        "was": 2,
        "move": 1,
        "index": 1,
        "id": "kb-2",
        "score": 0.9,
        "rating": 3,
        "text": "How to reset",
        "metadata": {"title": "Reset", "url": "https://example.com/2", "votes": 12},
    }
    assert [row["score"] for row in read["results"]] == [0.9, 0.5, 0.25, None]


def test_json_takes_the_requests_own_top_n() -> None:
    """Without a cut of the reader's own, top_n is that of the request."""
    assert json.loads(results_json(response()))["top_n"] == 3


def test_json_keeps_lone_surrogates_and_control_characters() -> None:
    """What Python can hold comes back the same from Python's own reader, and the bytes are valid UTF-8."""
    text = 'é \\ud800 \ud800 \\\udfff \x00 "quoted" 😀'
    data = results_json(response((Document(text),), (0,)))
    data.decode("utf-8")
    assert json.loads(data)["results"][0]["text"] == text


def test_json_turns_strange_metadata_into_plain_values() -> None:
    """Numbers JSON has no word for become null, keys become strings, other things their text."""
    metadata: dict[str, Any] = {
        "nan": float("nan"),
        "price": Decimal("1.50"),
        "nested": {1: (1, 2)},
        "raw": b"x",
    }
    read = json.loads(results_json(response((Document("a", None, metadata),), (0,))))
    assert read["results"][0]["metadata"] == {"nan": None, "price": "1.50", "nested": {"1": [1, 2]}, "raw": "b'x'"}


def test_exports_leave_out_what_was_sent_and_received() -> None:
    """Raw bodies, where a provider could echo anything, are in no export."""
    base = response()
    marked = RerankResponse(
        results=base.results,
        model="m",
        provider="p",
        request=base.request,
        raw={"secret": "gw_prod_1"},
        sent="gw_prod_1",
    )
    assert b"gw_prod_1" not in results_json(marked)
    assert b"gw_prod_1" not in results_csv(marked)


@given(st.text())
def test_slug_is_a_safe_file_name(text: str) -> None:
    """Whatever the text, the name has no separator, dot or white space, and fits any file system."""
    name = slug(text)
    assert name
    assert len(name.encode("utf-8")) <= 200
    assert all(char.isalnum() or char == "-" for char in name)
    assert not name.startswith("-")
    assert not name.endswith("-")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("How do I reset my password?", "how-do-i-reset-my-password"),
        ("Wie geht das? Größe", "wie-geht-das-grösse"),
        ("../../etc/passwd", "etc-passwd"),
        ("كيف", "كيف"),
        ("CON", "results-con"),
        ("!?", "results"),
        ("\ud800", "results"),
    ],
)
def test_slug_examples(text: str, name: str) -> None:
    """Words stay readable, paths and device names are defused."""
    assert slug(text) == name


def test_json_carries_the_parts_that_speak_to_the_query() -> None:
    """Where they are known each result has them with their text; the provider's own unless others are given."""
    plain = json.loads(results_json(response()))
    assert not any("spans" in row for row in plain["results"])
    given = json.loads(results_json(response(), spans={1: (TextSpan(0, 6, 0.5),), 2: ()}))["results"]
    assert {row["index"]: row["spans"] for row in given if "spans" in row} == {
        1: [{"start": 0, "stop": 6, "score": 0.5, "text": "How to"}]
    }
    own = replace(response(), spans={1: (TextSpan(7, 12),)})
    assert json.loads(results_json(own))["results"][0]["spans"][0]["text"] == "reset"
