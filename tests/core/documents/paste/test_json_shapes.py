"""Copied answers of search engines, vector stores, wikis and help centres: the text of each record, or a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import ParsedDocuments, parse_documents, read_documents
from rerank_core.documents.paste.json_text import element_offsets
from rerank_core.documents.paste.lists import find
from rerank_core.documents.tables.roles import by_role

RESET, INVOICE = "How to reset your password", "Where to find the invoice"
A_TEXT = {"type": "text", "text": RESET}


def found(value: Any) -> list[tuple[str | None, str, object]]:
    """Id, text and title of each document, the same for a paste and a file."""
    text = json.dumps(value)
    pasted, filed = parse_documents(text), read_documents("a.json", text.encode())
    assert not pasted.problems
    assert [(d.text, d.id) for d in pasted.documents] == [(d.text, d.id) for d in filed.documents]
    return [(document.id, document.text, document.metadata.get("title")) for document in by_role(pasted)]


SHAPES: dict[str, tuple[Any, list[tuple[str | None, str, object]]]] = {
    "WordPress": (
        [
            {
                "id": 11,
                "date": "2025-01-01T10:00:00",
                "link": "https://x.test/reset",
                "title": {"rendered": "Reset"},
                "content": {"rendered": "<p>Open <strong>Settings</strong>.</p>", "protected": False},
                "excerpt": {"rendered": "<p>Short</p>"},
            }
        ],
        [("11", "Open Settings.", "Reset")],
    ),
    "Confluence": (
        {"results": [{"id": "1", "title": "Reset", "body": {"storage": {"value": "<p>Open it.</p>"}}}], "size": 1},
        [("1", "Open it.", "Reset")],
    ),
    "objects in _source": (
        {
            "hits": {
                "hits": [{"_index": "p", "_id": "9", "_source": {"product": {"name": "Mouse", "description": RESET}}}]
            }
        },
        [("9", RESET, "Mouse")],
    ),
    "passages in _source": (
        {"hits": {"hits": [{"_id": "1", "_source": {"title": "T", "passages": [A_TEXT, {"text": INVOICE}]}}]}},
        [("1", f"{RESET}\n{INVOICE}", "T")],
    ),
    "OpenAI vector store": (
        {"search_query": ["reset"], "data": [{"file_id": "f", "filename": "a.md", "score": 0.9, "content": [A_TEXT]}]},
        [(None, RESET, None)],
    ),
    "Cohere chat": (
        {"documents": [{"id": "1", "data": {"title": "Reset", "snippet": RESET}}], "message": "reset"},
        [("1", RESET, "Reset")],
    ),
    "Microsoft Graph": (
        {"value": [{"searchTerms": ["reset"], "hitsContainers": [{"hits": [{"hitId": "1", "summary": RESET}]}]}]},
        [("1", RESET, None)],
    ),
    "_msearch": (
        {
            "responses": [
                {"took": 1, "hits": {"hits": [{"_id": "a1", "_source": {"body": RESET}}]}, "status": 200},
                {"error": {"type": "index_not_found_exception"}, "status": 404},
                {"took": 1, "hits": {"hits": []}, "status": 200},
                {"took": 1, "hits": {"hits": [{"_id": "a2", "_source": {"body": INVOICE}}]}, "status": 200},
            ]
        },
        [("a1", RESET, None), ("a2", INVOICE, None)],
    ),
    "Chroma query": (
        {"ids": [["k1", "k2"]], "metadatas": [[{"source": "a.md"}, None]], "documents": [[RESET, INVOICE]]},
        [("k1", RESET, None), ("k2", INVOICE, None)],
    ),
    "Chroma get": ({"ids": ["k1", "k2"], "documents": [RESET, INVOICE]}, [("k1", RESET, None), ("k2", INVOICE, None)]),
    "Kendra": (
        {"ResultItems": [{"Id": "r1", "DocumentTitle": {"Text": "Reset"}, "DocumentExcerpt": {"Text": RESET}}]},
        [("r1", RESET, "Reset")],
    ),
    "Weaviate": (
        {
            "data": {
                "Get": {"Article": [{"title": "T", "content": RESET, "_additional": {"id": "u1", "distance": 0.1}}]}
            }
        },
        [("u1", RESET, "T")],
    ),
    "Weaviate, objects": (
        {"objects": [{"id": "u1", "class": "Article", "properties": {"title": "T", "content": RESET}}]},
        [("u1", RESET, "T")],
    ),
    "FAQPage": (
        {
            "@type": "FAQPage",
            "mainEntity": [{"@type": "Question", "name": "How?", "acceptedAnswer": {"@type": "Answer", "text": RESET}}],
        },
        [(None, RESET, "How?")],
    ),
    "FAQPage in a graph": (
        {"@graph": [{"@type": "FAQPage", "mainEntity": [{"name": "How?", "acceptedAnswer": {"text": RESET}}]}]},
        [(None, RESET, "How?")],
    ),
    "ids to texts": ({"kb-1": RESET, "kb-2": INVOICE}, [("kb-1", RESET, None), ("kb-2", INVOICE, None)]),
    "ids to objects": ({"kb-1": {"title": "Reset", "text": RESET}}, [("kb-1", RESET, "Reset")]),
    "ids to texts inside": ({"documents": {"a": RESET, "b": INVOICE}}, [("a", RESET, None), ("b", INVOICE, None)]),
    "Bedrock": ({"retrievalResults": [{"content": {"text": RESET}, "score": 0.4}]}, [(None, RESET, None)]),
    "Vertex": (
        {"results": [{"id": "v", "document": {"derivedStructData": {"title": "T", "snippets": [{"snippet": RESET}]}}}]},
        [("v", RESET, "T")],
    ),
    "JSON:API": (
        {"data": [{"type": "a", "id": "7", "attributes": {"title": "T", "body": RESET}}]},
        [("7", RESET, "T")],
    ),
    "Milvus": ([[{"id": 3, "distance": 0.2, "entity": {"text": RESET}}]], [("3", RESET, None)]),
    "Algolia, several": (
        {"results": [{"hits": [{"objectID": "o", "content": RESET}], "query": "x"}]},
        [("o", RESET, None)],
    ),
    "Shopify": (
        {"products": [{"id": 1, "title": "T", "body_html": "<p>Wide<br>boots</p>"}]},
        [("1", "Wide\nboots", "T")],
    ),
    "MediaWiki": ({"query": {"search": [{"title": "T", "snippet": RESET, "pageid": 4}]}}, [(None, RESET, "T")]),
    "Atlassian document": (
        [
            {
                "key": "K-1",
                "summary": "T",
                "description": {
                    "type": "doc",
                    "content": [
                        {
                            "type": "paragraph",
                            "content": [{"type": "text", "text": "Open "}, {"type": "text", "text": "it."}],
                        },
                        {"type": "paragraph", "content": [{"type": "text", "text": "Done."}]},
                    ],
                },
            }
        ],
        [("K-1", "Open it.\nDone.", None)],
    ),
    "Portable text": (
        [{"_id": "s", "body": [{"_type": "block", "children": [{"_type": "span", "text": "Open "}, {"text": "it"}]}]}],
        [("s", "Open it", None)],
    ),
    "Notion": ([{"id": "n", "content": [{"plain_text": "Open "}, {"plain_text": "it"}]}], [("n", "Open it", None)]),
    "parts with a picture": (
        [{"content": [{"type": "image_url", "image_url": {"url": "x"}}, A_TEXT]}],
        [(None, RESET, None)],
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_text_is_found_in_what_well_known_systems_answer(shape: str) -> None:
    """Nested objects, lists of parts and lists in lists give the text of a record, with its id and title."""
    value, right = SHAPES[shape]
    assert found(value) == right


BULK = """{"index": {"_index": "kb", "_id": "a1"}}
{"title": "Reset", "body": "How to reset your password"}
{"delete": {"_index": "kb", "_id": "a0"}}
{"update": {"_id": "a2"}}
{"doc": {"title": "Bill", "body": "Where to find the invoice"}}
{"create": {"_index": "kb"}}
{"body": "no id"}
{"index": {"_id": "a3"}}
"""


def test_a_bulk_file_gives_its_documents_with_their_ids() -> None:
    """Action lines are no documents and no problems; one with nothing below it is."""
    for parsed in (parse_documents(BULK), read_documents("a.ndjson", BULK.encode())):
        assert [(d.id, d.text) for d in parsed.documents] == [("a1", RESET), ("a2", INVOICE), (None, "no id")]
        assert parsed.problems == ((8, "This action has no document in the line below it."),)


NO_TEXT = "This item has no text: none of its keys is 'text', 'content', 'body', 'passage' or the like."


@pytest.mark.parametrize(
    "item",
    [
        {"id": "a1"},
        {"id": "a1", "date": "2025-01-01T10:00:00", "updated": "Wed, 01 Jan 2025 10:00:00"},
        {"_index": "help-articles-of-2025", "_id": "a1", "_score": 1.2},
        {"file_id": "f1", "filename": "guides/reset.md", "score": 0.9},
        {"file": "How to reset.docx", "id": 3},
        {"searchTerms": ["reset your password"], "id": 3},
        {"query": "how do I reset my password"},
        {"url": "https://example.org/how-to-reset-your-password"},
        {"id": 1, "author": {"name": "A. Writer", "description": "Writes about many things"}},
        {"id": 1, "embedding": [0.1, 0.2], "status": "published"},
        {"content": {"type": "image"}, "id": 2},
    ],
)
def test_a_record_without_a_text_is_a_problem_and_never_something_else(item: dict[str, Any]) -> None:
    """An id, a date, a name of an index or a file, an address and what was searched are not ranked."""
    for items in ([item], [item, item]):
        parsed = parse_documents(json.dumps(items), "json")
        assert parsed.documents == ()
        assert len(parsed.problems) == len(items)
    mixed = parse_documents(json.dumps([{"text": RESET}, item]))
    assert [document.text for document in mixed.documents] == [RESET]
    assert len(mixed.problems) == 1


def test_a_text_under_another_name_is_said() -> None:
    """Where no name is known the longest texts are read, and the report names their key."""
    parsed = parse_documents(json.dumps([{"id": 1, "lyrics": "Row, row, row your boat"}, {"id": 2, "lyrics": "Oh my"}]))
    assert [document.text for document in parsed.documents] == ["Row, row, row your boat", "Oh my"]
    assert parsed.notes == ("No key is called a text; 'lyrics' was read as the text.",)
    nested = parse_documents(json.dumps([{"id": 1, "product": {"name": "Mouse", "description": RESET}}]))
    assert nested.notes == ("The texts were found under 'product.description'.",)


def test_a_key_inside_an_object_can_be_chosen() -> None:
    """What was not found by itself can be named."""
    data = json.dumps([{"id": 1, "details": {"blurb": "wide", "n": 3}}]).encode()
    assert not read_documents("a.json", data).documents
    parsed = read_documents("a.json", data, {"text": "details.blurb"})
    assert [(document.id, document.text) for document in parsed.documents] == [("1", "wide")]


@pytest.mark.parametrize(
    "value",
    [
        {"Authorization": "Bearer one", "Content-Type": "application/json"},
        {"took": 3, "errors": False},
        {"a": "x", "b": "y"},
        {"name": "A name of somebody", "category": "A long category of things"},
    ],
)
def test_an_object_that_is_no_list_of_documents_is_none(value: dict[str, Any]) -> None:
    """Settings, counts and single words are not ids with texts."""
    listed = find(value)
    assert listed is None or "Authorization" in value
    assert find(value, guess=False) is None


@pytest.mark.parametrize("shape", ["_msearch", "Chroma query", "ids to objects", "Weaviate", "Milvus"])
def test_problems_name_their_line_whatever_is_around_the_list(shape: str) -> None:
    """Each item is found again in the text that it came from."""
    value, _ = SHAPES[shape]
    text = json.dumps(value, indent=1)
    listed = find(value)
    assert listed is not None
    offsets = element_offsets(text, listed.path, members=listed.members)
    assert len(offsets) == len(listed.items)
    assert all(text[offset] in '{"' for offset in offsets)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "text", "title", "hits", "documents", "data", "ids", "a", "name", "doc", "Get", "1"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON)
@settings(max_examples=400, deadline=None)
def test_any_json_gives_documents_or_reasons(value: Any) -> None:
    """Nothing raises; texts are never blank; as many places are found in the text as there are items."""
    text = json.dumps(value)
    parsed: ParsedDocuments = parse_documents(text, "json")
    assert parsed.documents or parsed.problems
    assert all(document.text.strip() for document in parsed.documents)
    listed = find(value)
    if listed is not None:
        assert len(element_offsets(text, listed.path, members=listed.members)) == len(listed.items)
