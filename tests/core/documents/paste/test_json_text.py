"""JSON in its many dresses, and the lines of its bad items."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import describe, parse_documents, read_documents
from rerank_core.documents.paste.json_text import element_offsets, lines_of


def first(value: Any) -> tuple[str, str | None, dict[str, Any]]:
    parsed = parse_documents(json.dumps(value))
    assert parsed.mode == "json"
    assert not parsed.problems
    document = parsed.documents[0]
    return document.text, document.id, dict(document.metadata)


@pytest.mark.parametrize("key", ["text", "content", "body", "passage", "Text", "BODY", "page_content", "chunk-text"])
def test_the_text_goes_by_many_names(key: str) -> None:
    """Case, underscores and hyphens do not matter."""
    assert first([{key: "a", "lang": "de"}]) == ("a", None, {"lang": "de"})


def test_the_best_known_name_wins() -> None:
    """Of several names the first by priority is the text; the others stay in the metadata."""
    assert first([{"body": "b", "text": "t", "title": "T"}]) == ("t", None, {"body": "b", "title": "T"})


def test_a_text_that_is_null_gives_way_to_the_next_name() -> None:
    """An item is not lost because its first candidate is empty."""
    assert first([{"text": None, "content": "c"}]) == ("c", None, {"text": None})


def test_without_a_known_name_the_longest_text_is_taken() -> None:
    """Objects with names of their own are read like a table."""
    parsed = parse_documents(
        json.dumps([{"q": "short", "antwort": "a much longer text"}, {"q": "x", "antwort": "yes"}])
    )
    assert [document.text for document in parsed.documents] == ["a much longer text", "yes"]
    assert parsed.chosen == {"text": "antwort"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"id": 9, "text": "a"}, "9"),
        ({"_id": "MED-1", "text": "a"}, "MED-1"),
        ({"doc_id": "d", "text": "a"}, "d"),
        ({"id": "007", "text": "a"}, "007"),
        ({"id": 12345678901234567890, "text": "a"}, "12345678901234567890"),
        ({"id": None, "text": "a"}, None),
        ({"id": True, "text": "a"}, None),
        ({"id": "", "text": "a"}, None),
    ],
)
def test_ids_are_strings(item: dict[str, Any], expected: str | None) -> None:
    """Numbers become strings; what is no id leaves the document without one."""
    assert first([item])[1] == expected


@pytest.mark.parametrize(
    "value",
    [
        {"documents": ["a"]},
        {"passages": [{"text": "a"}]},
        {"candidates": ["a"]},
        {"texts": ["a"]},
        {"input": ["a"]},
        {"results": [{"index": 0, "relevance_score": 0.5, "document": {"text": "a"}}]},
        {"results": [{"index": 0, "document": "a"}]},
        {"reranked_candidates": ["a"]},
        {"data": [{"index": 0, "relevance_score": 0.5, "document": "a"}]},
        {"hits": {"total": {"value": 1}, "hits": [{"_id": "1", "_source": {"body": "a"}}]}},
        {"hits": [{"document": {"id": "1", "text": "a"}}]},
        {"response": {"numFound": 1, "docs": [{"text": ["a"]}]}},
        {"root": {"children": [{"fields": {"body": "a"}}]}},
        {"matches": [{"id": "1", "score": 0.5, "metadata": {"text": "a"}}]},
        {"result": {"points": [{"id": 1, "payload": {"text": "a"}}]}},
        {"input": {"query": "q", "documents": ["a"]}},
        {"document": "a"},
        {"text": "a"},
        [{"page_content": "a", "metadata": {"source": "x"}}],
        [{"inlineDocumentSource": {"textDocument": {"text": "a"}}}],
        "a",
    ],
)
def test_the_list_is_found_in_what_wraps_it(value: Any) -> None:
    """Request bodies, rerank replies, search hits and vector store matches all give their texts."""
    assert first(value)[0] == "a"


def test_wrapped_items_keep_their_own_keys() -> None:
    """The keys around and inside the wrapper become metadata; the id may stand in either."""
    value = {"hits": {"hits": [{"_id": "kb-1", "_score": 2.5, "_source": {"text": "a", "lang": "de"}}]}}
    assert first(value) == ("a", "kb-1", {"_score": 2.5, "lang": "de"})


def test_a_request_body_brings_its_query() -> None:
    """Query, model and top_n of a pasted request come back beside the documents."""
    parsed = parse_documents(
        '{"model": "m", "query": "why?", "documents": ["a", "b"], "top_n": 3, "return_documents": true}'
    )
    assert (parsed.query, parsed.model, parsed.top_n, len(parsed.documents)) == ("why?", "m", 3, 2)
    nested = parse_documents('{"model": "m", "input": {"query": "why?", "documents": ["a"]}, "query": {"text": ""}}')
    assert (nested.query, nested.model) == ("why?", "m")
    assert parse_documents('{"query": {"text": "why?"}, "passages": [{"text": "a"}]}').query == "why?"


def test_bad_items_are_problems_with_their_lines_and_good_ones_stay() -> None:
    """null, numbers, lists, blanks and objects without text are named by the line they begin on."""
    items = '"a",\nnull,\n\n7, true,\n" ",\n["x"],\n{"id": 1},\n{"text": ""},\n{"text": 5},\n"b"'
    pasted = f'{{"query": "q", "documents": [\n{items}]}}'
    parsed = parse_documents(pasted)
    assert [document.text for document in parsed.documents] == ["a", "b"]
    assert [tuple(problem) for problem in parsed.problems] == [
        (3, "This item is empty (null), not a text or an object with one."),
        (5, "This item is a number, not a text or an object with one."),
        (5, "This item is true or false, not a text or an object with one."),
        (6, "This item is blank."),
        (7, "This item is a list, not a text or an object with one."),
        (8, "This item has no text: none of its keys is 'text', 'content', 'body', 'passage' or the like."),
        (9, "The 'text' of this item is blank."),
        (10, "The 'text' of this item is a number, not a text."),
    ]
    assert describe(parsed) == "2 documents from 10 items; 8 items left out"


@pytest.mark.parametrize("pasted", ["{}", '{"a": 1}', '{"model": "m", "query": "q"}', '{"documents": 5}'])
def test_json_without_documents_says_so(pasted: str) -> None:
    """An object that holds none gives a sentence, never a document made of its braces."""
    parsed = parse_documents(pasted)
    assert (parsed.mode, parsed.documents) == ("json", ())
    assert "holds no documents" in parsed.problems[0].reason


@pytest.mark.parametrize("pasted", ["[]", '{"documents": []}'])
def test_an_empty_list_says_so(pasted: str) -> None:
    """An empty list is a list without documents."""
    assert parse_documents(pasted).problems == ((1, "The list of documents is empty."),)


def test_pasted_json_lines() -> None:
    """One object a line is JSON; a damaged line among them is a problem, not the end."""
    parsed = parse_documents('{"text": "a"}\n\n{"text": \n{"text": "c", "id": 3}\n')
    assert (parsed.mode, [(document.text, document.id) for document in parsed.documents]) == (
        "json",
        [("a", None), ("c", "3")],
    )
    assert [problem.line for problem in parsed.problems] == [3]


def test_lines_that_are_mostly_no_json_stay_lines() -> None:
    """A few JSON lines in prose do not turn the rest into problems."""
    parsed = parse_documents('{"text": "a"}\nprose\nmore prose\n{"text": "b"}\nprose')
    assert (parsed.mode, len(parsed.documents), parsed.problems) == ("lines", 5, ())


def test_too_deep_values_are_refused() -> None:
    """Nesting that JSON itself still reads is refused beyond a hundred levels."""
    parsed = parse_documents('[{"text": "a", "m": ' + "[" * 200 + "]" * 200 + "}]")
    assert parsed.problems == ((0, "The JSON is nested too deeply to hold documents."),)


def test_endless_digits_and_words_for_no_number_are_read() -> None:
    """Numbers beyond what Python converts, NaN and Infinity stay as words and break nothing."""
    parsed = parse_documents('[{"text": "a", "n": ' + "9" * 10_000 + ', "x": NaN, "y": -Infinity}]')
    metadata = parsed.documents[0].metadata
    assert (metadata["n"], metadata["x"], metadata["y"]) == ("9" * 10_000, "NaN", "-Infinity")


def test_escaped_control_characters_in_a_file_are_text() -> None:
    """What JSON spells out is meant: no binary data, however odd."""
    assert read_documents("a.json", b'["\\u0000\\u001f"]').documents[0].text == "\x00\x1f"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    # raw control characters make a file of them binary
    | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["text", "documents", "id", "hits", "_source", "query", "a b", 'q"\\']), inner
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([None, 1]), st.booleans())
@settings(deadline=None, max_examples=100)
def test_any_json_parses_within_its_lines(value: Any, indent: int | None, ascii_only: bool) -> None:
    """Whatever JSON says, problems lie within it, and a file with the same text gives the same documents."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    parsed = parse_documents(text, "json")
    assert all(0 <= problem.line <= text.count("\n") + 1 for problem in parsed.problems)
    if text.strip('" '):
        read = read_documents("x.json", text.encode("utf-8", "surrogatepass"))
        assert (read.documents, read.problems) == (parsed.documents, parsed.problems)


@given(st.lists(JSON, min_size=1, max_size=5), st.sampled_from([None, 2]))
@settings(deadline=None)
def test_the_lines_of_items_are_where_they_begin(values: list[Any], indent: int | None) -> None:
    """The place found for an item is where its own JSON begins."""
    text = json.dumps({"a": [1, "]"], 'q"\\': {"list": values}}, indent=indent)
    offsets = element_offsets(text, ['q"\\', "list"])
    decoder = json.JSONDecoder()
    assert [decoder.raw_decode(text, offset)[0] for offset in offsets] == values
    assert lines_of(text, offsets) == [text.count("\n", 0, offset) + 1 for offset in offsets]


def test_lines_count_every_kind_of_line_end() -> None:
    """A carriage return, a newline and both together are one line end each."""
    text = "a\rb\nc\r\nd"
    assert lines_of(text, [0, 2, 4, 5, 6, 7]) == [1, 2, 3, 3, 3, 4]


def test_of_equal_keys_the_last_counts() -> None:
    """As when reading, so when finding lines."""
    parsed = parse_documents('{"documents": ["a"],\n"documents": ["b",\nnull]}')
    assert ([document.text for document in parsed.documents], parsed.problems[0].line) == (["b"], 3)
