"""HTML inside the fields of a paste or a file: found where it is, read as text, and nothing else touched."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.documents import parse_documents, read_documents
from rerank_core.documents.isolated.reader import read_isolated
from rerank_core.documents.markup import field_as_text, is_markup, may_hold_markup, text_of_markup
from rerank_core.errors import InvalidDocumentsError

BODY = (
    '<h1 class="t">Reset</h1><p>Open <strong>Settings</strong> &amp; choose&nbsp;Reset.</p><ul><li>Step one</li></ul>'
)
ZENDESK = json.dumps(
    {"count": 1, "articles": [{"id": 35467, "title": "Reset your password", "body": BODY, "vote_sum": 3}]}
)
PAGE = (
    '<div class="article-body"><h2 id="h_01HX">Overview</h2><p class="no-margin">Open <span style="font-weight: 400;">'
    "Settings</span>&nbsp;&gt; <strong>Security</strong> and choose <em>Reset pass&shy;word</em>.</p><p>"
    '<img src="https://x.test/hc/article_attachments/360012345/reset-screen.png" alt=""></p></div>'
)
OTHER = '<div class="article-body"><p>Our billing class explains how to strong-arm a late invoice.</p></div>'


def texts(parsed: rc.documents.ParsedDocuments) -> list[str]:
    return [document.text for document in parsed.documents]


@pytest.mark.parametrize("read", ["paste", "file", "process"])
def test_an_export_of_a_help_centre_is_read_as_its_text(read: str) -> None:
    """Tags away, entities resolved, block ends as line breaks, in pastes and files alike; said once."""
    parsed = {
        "paste": lambda: parse_documents(ZENDESK),
        "file": lambda: read_documents("a.json", ZENDESK.encode()),
        "process": lambda: read_isolated("a.json", ZENDESK.encode()),
    }[read]()
    assert texts(parsed) == ["Reset\nOpen Settings & choose Reset.\nStep one"]
    assert parsed.markup is True
    assert parsed.notes == (
        "HTML in the texts was read as text: without tags, with characters such as &amp; resolved.",
    )


def test_a_help_page_scores_as_its_plain_text_does() -> None:
    """The tags neither hide the right page nor bring in a page that is called like one of them."""
    pasted = parse_documents(f"{PAGE}\n\n{OTHER}")
    with rc.Client("local") as client:
        found = client.rerank("reset password", pasted.documents, model="local-english")
        plain_text = "Overview\nOpen Settings > Security and choose Reset password."
        plain = client.rerank("reset password", [plain_text], model="local-english")
    assert found.results[0].index == 0
    score = found.results[0].relevance_score
    assert score is not None
    assert score > 0.8
    assert score == pytest.approx(plain.results[0].relevance_score)


def test_reading_html_as_text_can_be_switched_off() -> None:
    """What was brought stays as it is, and the import says that HTML is there."""
    for parsed in (
        parse_documents(ZENDESK, markup_as_text=False),
        read_documents("a.json", ZENDESK.encode(), {"markup": "keep"}),
        read_isolated("a.json", ZENDESK.encode(), {"markup": "keep"}),
    ):
        assert texts(parsed) == [BODY]
        assert (parsed.markup, parsed.notes) == (False, ())
    with pytest.raises(InvalidDocumentsError, match="The markup is 'maybe'"):
        read_documents("a.csv", b"text\na\n", {"markup": "maybe"})


def test_a_file_without_html_says_nothing_of_it() -> None:
    """Nothing was decided, so there is nothing to choose."""
    assert read_documents("a.csv", b"id,text\n1,R&D at 3 < 4\n").markup is None
    assert parse_documents("if a < b and c > d").markup is None


def test_titles_and_other_fields_are_read_as_text_too() -> None:
    """Any field may be ranked; the note names those beside the text."""
    data = 'id,title,specs,text\n1,Black &amp; white,"<ul><li>2 kg</li><li>red</li></ul>",<p>A mug.</p>\n'
    data += '2,Tea &amp; milk,"<ul><li>1 kg</li></ul>",<p>A pot.</p>\n'
    parsed = read_documents("shop.csv", data.encode())
    assert [(d.text, d.metadata) for d in parsed.documents] == [
        ("A mug.", {"title": "Black & white", "specs": "2 kg\nred"}),
        ("A pot.", {"title": "Tea & milk", "specs": "1 kg"}),
    ]
    assert "HTML in the texts, 'title' and 'specs' was read as text" in parsed.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "if a < b and c > d: pass",
        "List<String> names = new ArrayList<>();",
        "Bob <bob@example.org> wrote",
        "the <b> tag makes bold",
        "use <br> for a new line",
        "The <div> and </div> tags belong together",
        "Write `<p>text</p>` for a paragraph",
        'Put it between "<b>" and "</b>".',
        "```\n<p>text</p>\n```",
        "function Hello() { return <div>Hello</div>; }\n",
        '<Button className="x">Go</Button>',
        "x <- c(1, 2); y -> z",
        "a <b and c> d",
        "<3 you",
        "Enter <your-name> and <your key>",
        "R&D, AT&T; &c.",
        "?a=1&copy=2",
        "Write &amp; for an ampersand",
    ],
)
def test_a_text_that_has_brackets_or_code_in_it_stays_as_it_is(text: str) -> None:
    """Not everything between < and > is HTML."""
    assert field_as_text([text]) == {}
    assert texts(parse_documents(json.dumps([text]))) == [text]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Great mug.<br>Dishwasher safe.<br/>Blue.", "Great mug.\nDishwasher safe.\nBlue."),
        ("Open <strong>Settings</strong> &amp; choose\nReset.", "Open Settings & choose\nReset."),
        ("<p>Open\n  the   page</p>\n\n<p>then go</p>", "Open the page\nthen go"),
        ("<p>a<!-- not this -->b</p><style>.c{}</style><script>if (a < b) no()</script>", "ab"),
        ("<!-- wp:paragraph --><p>Word&shy;Press</p><!-- /wp:paragraph -->", "WordPress"),
        ("<p>for</p><pre>def f():\n    return 1</pre>", "for\ndef f():\n    return 1"),
        (
            "<table><tr><th>Size</th><td>2<br>kg</td></tr><tr><th>Red</th><td>no</td></tr></table>",
            "Size | 2 kg\nRed | no",
        ),
        ("How to <c0>reset</c0> it <ddd/>", "How to reset it"),
        ('<p title="a > b">x</p>', "x"),
        ("&lt;p&gt;Tea &amp;amp; milk&lt;/p&gt;", "Tea & milk"),
        ("<p>Write &lt;b&gt; for bold</p>", "Write <b> for bold"),
        ("<p>Mail <me@example.org>, 3 < 4</p>", "Mail <me@example.org>, 3 < 4"),
        (
            '<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">java</ac:parameter>'
            "<ac:plain-text-body><![CDATA[x  < 2;]]></ac:plain-text-body></ac:structured-macro><p>y</p>",
            "x  < 2;\ny",
        ),
        ("<p>&#8222;Quoted&#x201C; &unknown; &#99999999999999;</p>", "„Quoted“ &unknown; &#99999999999999;"),
        ("<p>never closed <b>word", "never closed word"),
    ],
)
def test_html_becomes_what_a_person_reads(markup: str, text: str) -> None:
    """Blocks, line breaks, tables, code, comments, scripts, entities and the tags of other systems."""
    assert field_as_text([markup, "<p>x</p>"]).get(markup, markup) == text


def test_where_most_of_a_field_is_html_all_of_it_is() -> None:
    """A value without a closed tag is read like those around it; in a field of plain texts it is not."""
    open_ended = "Tea &amp; milk<p>hot"
    assert field_as_text(["<p>a</p>", "<p>b</p>", open_ended])[open_ended] == "Tea & milk\nhot"
    assert field_as_text(["a", "b", "c", "d", open_ended]) == {}


def test_a_document_of_html_without_a_word_is_named() -> None:
    """A picture alone is no text, and is not lost without a word."""
    data = b'id,text\n1,<p>word</p>\n2,"<p><img src=""a.png""></p>"\n'
    parsed = read_documents("a.csv", data)
    assert texts(parsed) == ["word"]
    assert [problem.reason for problem in parsed.problems] == [
        "Document 2 ('2') holds HTML and no words. It was left out."
    ]
    assert parsed.left_out == 1


@given(st.text(st.sampled_from("<>/=\"'&;!-[] \n`abpri#x\xad\x00"), max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_can_be_looked_at(text: str) -> None:
    """Nothing raises; a text that changes is one that might hold HTML; what is read has no blank lines."""
    new = field_as_text([text]).get(text, text)
    assert new == text or may_hold_markup(text) or is_markup(text)
    assert "\n\n" not in text_of_markup(text)


WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(["p", "div", "li", "h2", "td"]))
def test_every_block_comes_out_once_and_in_order(words: list[str], tag: str) -> None:
    """No word is lost between tags, whatever the blocks are."""
    markup = "<i></i>".join(f"<{tag} class='{word}'>{word}</{tag}>" for word in words)
    assert is_markup(markup)
    assert text_of_markup(markup).replace(" | ", "\n").split("\n") == words


@given(st.lists(WORDS, max_size=8))
def test_plain_words_are_never_touched(words: list[str]) -> None:
    """Without a bracket or an ampersand there is nothing to decide."""
    assert field_as_text([" ".join(words)]) == {}
