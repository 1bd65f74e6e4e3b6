"""A pasted request that names its rank_fields, as Cohere's first API and others take it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.documents import merge, parse_documents
from rerank_core.documents.tables.roles import by_role, ranked_by_role
from rerank_core.rank_fields import ranked_text

REQUEST = {
    "model": "rerank-english-v3.0",
    "query": "reset password",
    "documents": [
        {"id": "A", "title": "Reset your password", "snippet": "Open Settings.", "url": "https://example.com/a"},
        {"id": "B", "title": "Opening hours", "snippet": "We are open from nine to five.", "views": 12},
    ],
    "rank_fields": ["title", "snippet"],
    "top_n": 2,
}


def request(**changes: object) -> str:
    """The request as JSON, with some of its parts changed or, where None, left out."""
    return json.dumps({name: value for name, value in {**REQUEST, **changes}.items() if value is not None})


def test_the_fields_that_a_request_has_ranked_come_back():
    """By their names here, with the snippet as the text and every other field kept."""
    parsed = parse_documents(request())
    assert (parsed.query, parsed.model, parsed.top_n) == ("reset password", "rerank-english-v3.0", 2)
    assert parsed.rank_fields == ranked_by_role(parsed) == ("title", "text")
    first, second = by_role(parsed)
    assert ranked_text(first, parsed.rank_fields) == "Reset your password\nOpen Settings."
    assert first.metadata == {"title": "Reset your password", "url": "https://example.com/a"}
    assert (second.id, second.metadata["views"]) == ("B", 12)
    assert merge([parsed, parse_documents("a\nb")]).rank_fields == ("title", "text")


def test_a_request_without_them_names_none():
    """Nor does a list that is none, or one of something else."""
    assert parse_documents(request(rank_fields=None)).rank_fields == ()
    for wrong in ("title", [], [1], [" "], {"title": 1}):
        assert parse_documents(request(rank_fields=wrong)).rank_fields == ()


@pytest.mark.parametrize(
    ("document", "fields", "read"),
    [
        (
            {"headline": "Tent", "blurb": "Grey, for two.", "text": "long"},
            ["headline", "blurb"],
            "Tent\nGrey, for two.",
        ),
        ({"Title": "Tent", "Body": "Grey, for two."}, ["Body", "Title"], "Grey, for two.\nTent"),
        (
            {"name": "Tent", "brand": "Vaude", "description": "Grey."},
            ["name", "brand", "description"],
            "Tent\nVaude\nGrey.",
        ),
        ({"title": "Tent", "text": "Grey."}, ["title"], "Tent"),
        ({"title": "Tent", "text": "Grey."}, ["text", "title"], "Grey.\nTent"),
    ],
)
def test_the_text_is_found_among_them(document: dict[str, str], fields: list[str], read: str):
    """Whatever they are called, what is read of a document is what the request would have had read."""
    parsed = parse_documents(request(documents=[document, document | {"id": "2"}], rank_fields=fields))
    (first, _) = by_role(parsed)
    assert ranked_text(first, ranked_by_role(parsed)) == read
    assert parsed.notes == ()


def test_a_field_that_no_document_has_is_said():
    """The others are kept; documents that are plain texts have no fields to choose."""
    parsed = parse_documents(request(rank_fields=["title", "abstract"]))
    assert parsed.rank_fields == ("title",)
    assert "The request ranks by 'abstract', which no document has." in parsed.notes
    assert parse_documents(request(documents=["one", "two"])).rank_fields == ()


def test_a_document_without_the_chosen_field_keeps_its_place():
    """What has a title alone is read by it, and nothing is lost."""
    documents = [*REQUEST["documents"], {"id": "C", "title": "Shipping", "text": "By post."}]
    parsed = parse_documents(request(documents=documents))
    assert len(parsed.documents) == 3
    assert parsed.problems == ()


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9))))
def test_any_names_are_read(names: list[str], documents: list[dict[str, str]]):
    """Whatever stands there, what comes back are names that documents can have."""
    parsed = parse_documents(json.dumps({"query": "q", "documents": documents, "rank_fields": names}), "json")
    assert all(name == "text" or name in parsed.columns for name in parsed.rank_fields)
