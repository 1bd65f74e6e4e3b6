"""HTML inside Markdown, and a web page that was pasted as its source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.documents import parse_documents, read_documents
from rerank_core.documents.paste.markdown_html import text_of_markdown

FILE = """# Order a <b>charger</b>

<p align="center">
  <img src="a.png"
       alt="">
</p>

Open <strong>Orders</strong> &amp; choose<br>New.

- one
  - `<b>` makes bold

<!-- not
this -->
```html
<p>code &amp; more</p>
```
See <https://example.org/a?b=1> or <me@example.org>.
"""
TEXT = """Order a charger


Open Orders & choose
New.

- one
  - `<b>` makes bold


```html
<p>code &amp; more</p>
```
See <https://example.org/a?b=1> or <me@example.org>."""


def test_html_inside_markdown_is_read_as_text() -> None:
    """Tags and comments go; code, addresses, lists and blank lines stay. It is said once and can be switched off."""
    parsed = read_documents("a.md", FILE.encode())
    assert [document.text for document in parsed.documents] == [TEXT]
    assert parsed.documents[0].metadata == {"title": "Order a charger", "section": "Order a charger"}
    assert parsed.markup is True
    assert parsed.notes == (
        "HTML in the texts was read as text: without tags, with characters such as &amp; resolved.",
    )
    kept = read_documents("a.md", FILE.encode(), {"markup": "keep"})
    assert "<strong>Orders</strong>" in kept.documents[0].text
    assert (kept.markup, kept.notes) == (False, ())


@pytest.mark.parametrize(
    "text",
    ["Use `<b>` for bold.", "```\n<p>x</p>\n```", "if a < b and c > d", "See <https://a.test/b> now.", "R&amp;D"],
)
def test_markdown_that_speaks_of_html_stays_as_it_is(text: str) -> None:
    """In code and in words."""
    parsed = read_documents("a.md", f"# Top\n{text}\n".encode())
    assert [document.text for document in parsed.documents] == [f"Top\n{text}"]
    assert parsed.markup is None


def test_a_section_of_nothing_but_a_picture_is_named() -> None:
    """It has no words to rank."""
    parsed = read_documents("a.md", b"---\na: b\n---\n<p><img src=x></p>\n# Two\n<p>words</p>\n")
    assert [document.text for document in parsed.documents] == ["Two\nwords"]
    assert [problem.reason for problem in parsed.problems] == ["Document 1 holds HTML and no words. It was left out."]


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<b>", "`", "```", "\n", " ", "word", "&amp;", "<!--", "-->", "<", "'", '"'])
    )
)
def test_words_outside_tags_stay(parts: list[str]) -> None:
    """Whatever is around them; only a comment or a tag takes what is in it."""
    text = text_of_markdown("".join(parts))
    assert "\x01" not in text
    assert text.count("word") <= parts.count("word")
    if not {"<!--", "<"} & set(parts):
        assert text.count("word") == parts.count("word")


PAGE = """<!DOCTYPE html>
<html><head><title>Chargers - Shop</title><meta charset="iso-8859-1"></head><body>
<nav><a href="/">Home</a></nav>
<h1>Chargers</h1><p>For every cable: größer.</p>
<h2>Costs</h2><p>None.</p>
</body></html>"""


def test_the_source_of_a_web_page_is_read_as_the_page() -> None:
    """In sections and without its menu, whatever encoding the page had once; it can be kept as it is."""
    parsed = parse_documents(PAGE)
    assert [(d.text, d.id, d.metadata) for d in parsed.documents] == [
        ("Chargers\n\nFor every cable: größer.", None, {"title": "Chargers", "section": "Chargers"}),
        ("Costs\n\nNone.", None, {"title": "Chargers", "section": "Chargers > Costs"}),
    ]
    assert parsed.notes[0] == "This is the source of a web page, and was read as the page that it shows."
    assert parsed.markup is True
    kept = parse_documents(PAGE, markup_as_text=False)
    assert kept.documents[0].text == "<!DOCTYPE html>"
    assert kept.markup is False


@pytest.mark.parametrize(
    "text", ["<html is a tag of pages", "The <html> tag\nbegins a page", "<htmlx>a</htmlx>", "<!doctype xml>"]
)
def test_a_text_that_only_speaks_of_pages_is_none(text: str) -> None:
    """It has to begin as a page does and hold one."""
    assert parse_documents(text).markup is None
    assert "\n".join(document.text for document in parse_documents(text).documents) == text
