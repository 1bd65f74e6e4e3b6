"""Titles and headings of files: underlined ones in Markdown, those among the properties of a Word document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.documents import read_documents
from rerank_core.documents.paste.markdown import headings_of
from tests.support import made_files as made


def test_underlined_headings_of_markdown_are_headings() -> None:
    """With === for the first level and --- for the second; the line below is no text."""
    data = "Order a charger\n===============\n\nOpen Orders.\n\nCosts\n-----\nNone.\n\n### More\nAsk.\n"
    parsed = read_documents("a.md", data.encode())
    assert [(d.text, d.metadata["title"], d.metadata["section"]) for d in parsed.documents] == [
        ("Order a charger\n\nOpen Orders.", "Order a charger", "Order a charger"),
        ("Costs\nNone.", "Order a charger", "Order a charger > Costs"),
        ("More\nAsk.", "Order a charger", "Order a charger > Costs > More"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "A sentence that ends.\n---\nAnother one.",
        "- an item\n---\ntext",
        "a | b\n--- | ---\n1 | 2",
        "one\ntwo lines\n---",
        "```\nCode\n====\n```",
        "\n---\n",
        "    code\n    ====",
        "word\n--",
    ],
)
def test_other_lines_above_a_rule_are_no_headings(text: str) -> None:
    """Rules, lists, tables, code."""
    assert not any(headings_of(text.split("\n")))


@given(st.lists(st.sampled_from(["", "Words", "===", "---", "# Top", "```", "- item", "end."]), max_size=12))
def test_every_line_of_markdown_is_looked_at_once(lines: list[str]) -> None:
    """One answer a line, and every word stays."""
    assert len(list(headings_of(lines))) == len(lines)
    parsed = read_documents("a.md", "\n".join(["# H", "x", *lines]).encode())
    kept = "\n".join(document.text for document in parsed.documents)
    sections = "\n".join(document.metadata.get("section", "") for document in parsed.documents)
    for line in lines:
        if line in ("Words", "- item", "end."):
            assert line in kept or line in sections


CORE = (
    '<?xml version="1.0"?><cp:coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"><dc:title>{}</dc:title>'
    "</cp:coreProperties>"
)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Handbook of  chargers", "Handbook of chargers"),
        ("Document management for all", "Document management for all"),
        ("Microsoft Word - draft7", None),
        ("Document1", None),
        ("Dokument 2", None),
        ("offer.docx", None),
        ("", None),
        ("2024", None),
    ],
)
def test_a_word_document_has_the_title_of_its_properties(said: str, title: str | None) -> None:
    """Unless a program gave it."""
    data = made.docx(made.paragraph("text"), more=[("docProps/core.xml", CORE.format(said))])
    assert read_documents("a.docx", data).documents[0].metadata.get("title") == title


STYLES = (
    '<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>'
)


@pytest.mark.parametrize(
    ("style", "properties", "title"),
    [
        ("Title", CORE.format("Of the properties"), "In the text"),
        ("Heading1", CORE.format("Of the properties"), "Of the properties"),
        ("Heading1", "<damaged>", "In the text"),
    ],
)
def test_a_title_in_the_text_of_a_word_document_comes_first(style: str, properties: str, title: str) -> None:
    """A heading alone is no title of the whole; damaged properties change nothing."""
    body = made.paragraph("In the text", style) + made.paragraph("text")
    more = [("word/styles.xml", STYLES), ("docProps/core.xml", properties)]
    metadata = read_documents("a.docx", made.docx(body, more=more)).documents[0].metadata
    assert metadata == {"file": "a.docx", "section": "In the text", "title": title}
