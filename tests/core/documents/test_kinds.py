"""What PDF, Word, PowerPoint, HTML, mail, EPUB and ZIP files become, reader by reader, in this process."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import Limits, Problem
from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract import read
from rerank_core.documents.extract.pdf import page_ranges
from rerank_core.documents.extract.sink import LimitReached, Sink, SourceFile, shown_name
from rerank_core.documents.extract.web import decode_html, decode_named, read_page
from rerank_core.documents.kinds import detect_kind
from rerank_core.models import Document
from tests.support import made_files as made


@dataclass
class Found:
    """What a reader put into its sink."""

    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    progress: list[tuple[int, int, str]] = field(default_factory=list)
    rows: int = 0

    @property
    def texts(self) -> list[str]:
        return [document.text for document in self.documents]

    @property
    def ids(self) -> list[str | None]:
        return [document.id for document in self.documents]

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason in self.problems]


def read_here(name: str, data: bytes, **limits: int) -> Found:
    """Read a file as the process of its own does, but in this one."""
    found = Found()
    sink = Sink(
        Limits(**limits),
        on_document=found.documents.append,
        on_problem=found.problems.append,
        on_note=found.notes.append,
        on_progress=lambda *values: found.progress.append(values),
    )
    try:
        read(detect_kind(name, data, sink.limits), data, SourceFile(sink, name))
    except Unreadable as error:
        found.problems.append(Problem(0, error.reason))
    except LimitReached:
        pass
    found.rows = sink.rows
    return found


# PDF


def test_a_pdf_gives_a_document_a_page() -> None:
    """Pages keep their number, their lines, and words that were broken at a line's end in one piece."""
    found = read_here("manual.pdf", made.pdf([made.words("First page,", "of the man-", "ual"), made.words("Größe")]))
    assert found.texts == ["First page,\nof the manual", "Größe"]
    assert found.ids == ["manual.pdf#p1", "manual.pdf#p2"]
    assert found.documents[1].metadata == {"file": "manual.pdf", "page": "2"}
    assert found.progress == [(0, 2, "page 1 of 2"), (1, 2, "page 2 of 2")]
    assert not found.problems


def test_pages_without_text_are_named_as_scans_and_blank_ones_are_not() -> None:
    """The report says which pages, in ranges, and what to do."""
    pages = [made.PICTURE, made.PICTURE, made.words("text"), b"", made.PICTURE]
    found = read_here("scan.pdf", made.pdf(pages))
    assert found.texts == ["text"]
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith("No text on pages 1-2 and 5: a scan? ")
    assert found.rows == 4


def test_bookmarks_name_the_section_of_a_page() -> None:
    """A page belongs to the first bookmark on it, else to the last before it."""
    outline = [
        b"<< /Type /Outlines /First 11 0 R /Last 11 0 R /Count 1 >>",
        b"<< /Title (Guide) /Parent 10 0 R /Dest [4 0 R /Fit] /First 12 0 R /Last 12 0 R /Count 1 >>",
        b"<< /Title (Install) /Parent 11 0 R /Dest [6 0 R /Fit] >>",
    ]
    data = made.pdf([made.words(text) for text in "abc"], catalog=b"/Outlines 10 0 R", more=outline)
    found = read_here("a.pdf", data)
    assert [document.metadata["section"] for document in found.documents] == [
        "Guide",
        "Guide > Install",
        "Guide > Install",
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (made.pdf([]), "This PDF is damaged, or has no pages, and could not be read."),
        (made.pdf([made.words("x")])[:200], "This PDF is damaged, or has no pages, and could not be read."),
        (b"%PDF-1.7\n" + bytes(range(256)), "This PDF is damaged, or has no pages, and could not be read."),
        (made.locked_pdf(), "This PDF is protected by a password. Save it without one and try again."),
    ],
)
def test_pdfs_that_cannot_be_read_have_a_sentence(data: bytes, reason: str) -> None:
    """No pages, half a file, nonsense and a password."""
    found = read_here("a.pdf", data)
    assert found.reasons == [reason]
    assert not found.documents


def test_a_page_tree_that_bites_its_tail_ends() -> None:
    """A tree that holds itself, and claims to have a hundred million pages, gives the pages that are there."""
    data = made.pdf([made.words("one")]).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R 4 0 R 2 0 R]")
    found = read_here("a.pdf", data.replace(b"/Count 1 ", b"/Count 99999999 "))
    assert set(found.texts) <= {"one"}
    assert len(found.documents) <= 3


def test_a_pdf_beyond_the_page_limit_is_cut_with_a_sentence() -> None:
    """The first pages stay, the rest is counted."""
    found = read_here("a.pdf", made.pdf([made.words(str(page)) for page in range(5)]), pages=3)
    assert found.texts == ["0", "1", "2"]
    assert found.reasons == ["This PDF has 5 pages; the limit is 3. What follows page 3 was not read."]
    assert found.rows == 5


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "page 3"),
        ([1, 2, 3, 4], "pages 1-4"),
        ([1, 3], "pages 1 and 3"),
        ([1, 2, 5, 7, 8], "pages 1-2, 5 and 7-8"),
    ],
)
def test_pages_are_listed_in_ranges(numbers: list[int], words: str) -> None:
    """As a person would list them."""
    assert page_ranges(numbers) == words


def test_very_many_ranges_are_not_all_listed() -> None:
    """A sentence stays a sentence."""
    assert page_ranges(range(1, 10_000, 2)).endswith(" and others")
    assert len(page_ranges(range(1, 10_000, 2))) < 200


# Word


def test_a_word_document_gives_a_document_a_section() -> None:
    """Headings of any level lead the way; a bare one is only part of it; tables come row by row."""
    cell = "<w:tc>{}</w:tc>".format
    table = f"<w:tbl><w:tr>{cell(made.paragraph('Size'))}{cell(made.paragraph('XL'))}</w:tr></w:tbl>"
    body = (
        made.paragraph("Before all headings")
        + made.paragraph("Guide", "Heading1")
        + made.paragraph("Install", "Heading2")
        + made.paragraph("Do this.")
        + made.paragraph("Then that.")
        + made.paragraph("Sizes", "Heading2")
        + table
    )
    found = read_here("guide.docx", made.docx(body))
    assert found.texts == ["Before all headings", "Install\n\nDo this.\n\nThen that.", "Sizes\n\nSize | XL"]
    assert [document.metadata.get("section") for document in found.documents] == [
        None,
        "Guide > Install",
        "Guide > Sizes",
    ]
    assert found.ids == ["guide.docx#s1", "guide.docx#s2", "guide.docx#s3"]


def test_the_title_of_a_word_document_is_its_title_else_its_outermost_heading() -> None:
    """Word's own style for it stands above the headings and is no document of its own."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{shown}"/></w:style>'
        for name, shown in (("Title", "Title"), ("Heading1", "heading 1"), ("Heading2", "heading 2"))
    )
    more = [
        ("word/styles.xml", f'<?xml version="1.0"?><w:styles xmlns:w="{word}">{styles}</w:styles>'),
        (
            "word/_rels/document.xml.rels",
            f'<?xml version="1.0"?><Relationships xmlns="{relations}"><Relationship Id="s" Type="{office}/styles" '
            'Target="styles.xml"/></Relationships>',
        ),
    ]
    sections = made.paragraph("Mac", "Heading1") + made.paragraph("a") + made.paragraph("Linux", "Heading1")
    sections += made.paragraph("b")
    titled = read_here("a.docx", made.docx(made.paragraph("Handbook", "Title") + sections, more=more))
    assert titled.texts == ["Mac\n\na", "Linux\n\nb"]
    assert [document.metadata["title"] for document in titled.documents] == ["Handbook", "Handbook"]
    untitled = read_here("a.docx", made.docx(sections, more=more))
    assert [document.metadata["title"] for document in untitled.documents] == ["Mac", "Linux"]


@pytest.mark.parametrize(
    ("named", "content", "title"),
    [
        (b"(Reset your password)", made.words("Step one"), "Reset your password"),
        (b"(Microsoft Word - reset.docx)", made.words("Step one"), None),
        (b"(reset-final.pdf)", made.words("Step one"), None),
        (b"()", b"BT /F1 24 Tf 72 720 Td (Reset it) Tj /F1 11 Tf 0 -40 Td (Open the settings) Tj ET", "Reset it"),
        (b"()", made.words("All", "of one size"), None),
    ],
)
def test_the_title_of_a_pdf_is_its_own_or_its_largest_line(named: bytes, content: bytes, title: str | None) -> None:
    """What programs write there, and names of files, are no titles."""
    data = made.pdf([content], trailer=b"/Info 6 0 R", more=[b"<< /Title %s >>" % named])
    (document,) = read_here("reset-final.pdf", data).documents
    assert document.metadata.get("title") == title


def test_text_in_content_controls_is_read_and_deleted_text_is_not() -> None:
    """Forms keep their text in controls; what was deleted with changes tracked is gone."""
    body = (
        f"<w:sdt><w:sdtContent>{made.paragraph('In a control')}</w:sdtContent></w:sdt>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>kept</w:t></w:r></w:ins></w:p>"
    )
    assert read_here("a.docx", made.docx(body)).texts == ["In a control\n\nkept"]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (made.docx(made.paragraph("&c;"), before=LAUGHS), "holds XML entities"),
        (made.docx("<w:p>"), "damaged"),
        (made.docx(""), "holds no text"),
        (made.docx("<w:sdt><w:sdtContent>" * 20_000 + "</w:sdtContent></w:sdt>" * 20_000), "nested too deeply"),
        (made.docx(made.paragraph("a" * 11_000_000)), "as zip bombs do"),
        (made.docx(made.paragraph("x"), more=[("word/huge.bin", "x" * 300_000)]), "unpacks to"),
        (made.docx(made.paragraph("x"), more=[(f"word/{n}.bin", "x") for n in range(40)]), "has 43 parts"),
        (made.locked(made.docx(made.paragraph("x"))), "protected by a password"),
        (made.zipped([("word/document.xml", "x")]), "damaged"),
    ],
)
def test_word_documents_that_cannot_be_read_have_a_sentence(data: bytes, words: str) -> None:
    """Entities, damage, nothing, endless nesting, bombs, a password."""
    limits = {"expanded_bytes": 250_000} if words == "unpacks to" else {"entries": 30} if "parts" in words else {}
    found = read_here("a.docx", data, **limits)
    assert len(found.reasons) == 1
    assert words in found.reasons[0]
    assert not found.documents


# PowerPoint


def test_a_presentation_gives_a_document_a_slide() -> None:
    """Title first, then text and tables as they stand, then the notes; slides come in the order shown."""
    table = (
        '<p:graphicFrame><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:tbl><a:tr>'
        "<a:tc><a:p><a:r><a:t>Plan</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>9 euro</a:t></a:r></a:p></a:tc>"
        "</a:tr></a:tbl></a:graphic></p:graphicFrame>"
    )
    slides = [
        made.shape("Prices", kind="title") + made.shape("One", "Two") + table + made.shape("12", kind="sldNum"),
        made.shape("Welcome", kind="ctrTitle"),
        "<p:pic/>",
        "",
    ]
    found = read_here("deck.pptx", made.pptx(slides, notes=["Say it slowly."], order=[2, 1, 3, 4]))
    assert found.texts == ["Welcome", "Prices\n\nOne\nTwo\n\nPlan | 9 euro\n\nNotes: Say it slowly."]
    assert found.ids == ["deck.pptx#slide1", "deck.pptx#slide2"]
    assert found.documents[1].metadata == {"file": "deck.pptx", "slide": "2", "title": "Prices"}
    assert found.reasons == ["No text on slide 3, only pictures."]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (made.pptx([]), "no slides"),
        (made.pptx(["<broken"]), "damaged"),
        (made.zipped([("ppt/presentation.xml", LAUGHS + "<x/>")]), "holds XML entities"),
        (made.zipped([("ppt/slides/slide1.xml", "x")]), "damaged"),
        (made.locked(made.pptx([made.shape("x")])), "protected by a password"),
    ],
)
def test_presentations_that_cannot_be_read_have_a_sentence(data: bytes, words: str) -> None:
    """No slides, damage, entities, a password."""
    found = read_here("a.pptx", data)
    assert words in found.reasons[0]
    assert not found.documents


def test_one_damaged_slide_does_not_cost_the_others() -> None:
    """It is named, and the slides around it stay."""
    found = read_here("a.pptx", made.pptx([made.shape("one"), "<broken", made.shape("three")]))
    assert found.texts == ["one", "three"]
    assert found.reasons == ["Slide 2: This presentation is damaged and could not be read."]


# HTML


HTML = """<!doctype html><html><head><title> Help
 center</title><link rel="canonical" href="https://example.org/help"><style>no { color: red }</style></head><body>
<nav><a href="/">no menu</a></nav><script>document.write("<h1>no script</h1>")</script>
<p>Intro <b>bo</b>ld &amp; <br>second line
<h1>Guide</h1><h2>In<i>stall</i></h2><p>Do<p>this<ul><li>one<ul><li>inner</ul><li><p>two</p></ul>
<h2>Prices</h2><table><tr><th>Plan<th>Price<tr><td>Basic<td><p>9</p><p>euro</p></table>
<pre>def f():
    return 1</pre>
<div hidden>no hidden</div><p style="display: none">no style</p><template>no template</template>
<svg><text>no svg</text></svg><noscript>no noscript</noscript><textarea>no form</textarea><!-- no comment -->
<h2>Last</h2>日本<b>語</b></body></html>"""


def test_a_web_page_gives_a_document_a_section() -> None:
    """Headings, paragraphs, lists, tables and code stay; scripts, styles, menus, forms and hidden parts do not."""
    found = read_here("help.html", HTML.encode())
    assert found.texts == [
        "Intro bold &\nsecond line",
        "Install\n\nDo\n\nthis\n\n- one\n- inner\n- two",
        "Prices\n\nPlan | Price\nBasic | 9 euro\n\ndef f():\n    return 1",
        "Last\n\n日本語",
    ]
    assert not any(re.search(r"\bno\b", text) for text in found.texts)
    assert found.documents[1].metadata == {
        "file": "help.html",
        "title": "Help center",
        "url": "https://example.org/help",
        "section": "Guide > Install",
    }


def test_a_table_that_only_lays_out_the_page_gives_paragraphs() -> None:
    """Mails put everything into tables; headings inside them still begin a section."""
    page = read_page(
        "<table><tr><td><p>one</p><p>two</p><table><tr><td>a<td>b</table><h2>Deep</h2><p>x</p></td></tr></table>"
    )
    assert [section.text for section in page.sections] == ["one\n\ntwo\n\na | b", "Deep\n\nx"]


def test_a_page_of_nothing_but_a_menu_gives_the_menu() -> None:
    """Better than nothing."""
    assert read_here("a.html", b"<nav><a>Home</a> <a>Help</a></nav>").texts == ["Home Help"]


@pytest.mark.parametrize("text", ["", "<script>x</script>", "<p> </p>", "<frameset><frame></frameset>"])
def test_a_page_without_text_says_so(text: str) -> None:
    """An empty page is no document."""
    assert read_here("a.html", b"<html>" + text.encode()).reasons == ["This web page holds no text."]


def test_closed_tags_of_xhtml_swallow_nothing() -> None:
    """An empty title or script in XML's short form would hide the rest of the page."""
    page = '<?xml version="1.0"?><html><head><title/><script src="x"/></head><body><a id="x"/><p>text</p></body></html>'
    assert read_here("a.xhtml", page.encode()).texts == ["text"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('<meta charset="windows-1252"><p>Größe</p>'.encode("cp1252"), "Größe"),
        ('<meta http-equiv=x content="text/html; charset=Shift_JIS"><p>日本語</p>'.encode("shift_jis"), "日本語"),
        ("<p>Größe</p>".encode("utf-16"), "Größe"),
        ("<p>Größe</p>".encode(), "Größe"),
        (b'<meta charset="unicode_escape"><p>\\u0041</p>', "\\u0041"),
        (b'<meta charset="no such thing"><p>a</p>', "a"),
        (b'<meta charset="utf-16"><p>a</p>', "a"),
        ('<meta charset="utf-8"><p>Größe</p>'.encode("cp1252"), "Größe"),
    ],
)
def test_the_encoding_is_the_declared_one_if_it_fits(data: bytes, text: str) -> None:
    """A byte order mark first, then what the page says, then a guess; never an encoding that is not for text."""
    assert read_page(decode_html(data)[0]).sections[0].text == text


@pytest.mark.parametrize("name", ["idna", "punycode", "hex", "zlib", "rot13", "utf-7", "x" * 5000, "", "\x00", "é"])
def test_encodings_that_are_not_for_text_are_not_used(name: str) -> None:
    """Some of Python's encodings are slow or do other things than decode."""
    assert decode_named(b"abc", name) is None


def test_nesting_that_only_an_attack_has_is_refused_quickly() -> None:
    """Parsing would take minutes."""
    found = read_here("a.html", b"<div>" * 100_000)
    assert found.reasons == ["This web page is nested 100,000 levels deep; the limit is 2,000."]


def test_long_attributes_and_scripts_cost_nothing() -> None:
    """A megabyte in an attribute, and one in a script."""
    data = b'<p title="' + b"x" * 1_000_000 + b'">text</p><script>' + b"<p>no" * 200_000 + b"</script>"
    assert read_here("a.html", data).texts == ["text"]


def test_a_section_that_is_too_long_becomes_several_documents() -> None:
    """Cut between paragraphs, with a note; nothing is lost."""
    data = "".join(f"<p>{'word ' * 10}{number}</p>" for number in range(40)).encode()
    found = read_here("a.html", data, document_characters=500)
    assert len(found.documents) > 3
    assert all(len(text) <= 500 for text in found.texts)
    assert "\n\n".join(found.texts) == read_here("a.html", data).texts[0]
    assert found.ids[:2] == ["a.html#s1-1", "a.html#s1-2"]
    assert "was read as" in found.notes[0]


@given(st.text(st.sampled_from("<>/abh123p! -\"'=&;\n\ud800é")))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_page(text: str) -> None:
    """Tag soup gives sections that are never blank, and never raises."""
    page = read_page(text)
    assert all(section.text.strip() for section in page.sections)


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8), max_size=6))
@settings(deadline=None)
def test_what_stands_in_paragraphs_comes_out(texts: list[str]) -> None:
    """Every paragraph once, in order, and nothing of a script between them."""
    html = "<script>never</script>".join(f"<p>{text}</p>" for text in texts)
    assert [section.text for section in read_page(html).sections] == (["\n\n".join(texts)] if texts else [])


PAUSE = """<html><head><title>Pause your subscription | VeloFox Help</title></head><body>
<a class="skip-link" href="#m">Skip to content</a><header><a>VeloFox Help</a></header><nav><a>Home</a></nav>
<ol class="breadcrumbs"><li>Help</li><li>Orders</li></ol>
<main><article><header><h1>Pause your subscription</h1></header><p>Open <b>Orders</b>.</p>
<p>Cookies taste best in the morning.</p><blockquote>Said <footer>a rider</footer></blockquote></article></main>
<div id="cookie-banner">We use cookies. <button>OK</button></div>
<div class="bottom"><p><a>Imprint</a> · <a>Privacy</a> · <a>Cookies</a></p>
<p>© VeloFox 2026 · Imprint · Privacy</p></div>
<footer>© VeloFox 2026 · Imprint · Privacy · Cookies</footer></body></html>"""


def test_what_surrounds_a_page_is_no_part_of_its_text() -> None:
    """Menus, the foot, notices, legal lines and the site's name in the title go; the head of an article stays."""
    (document,) = read_here("pause.html", PAUSE.encode()).documents
    assert document.text == (
        "Pause your subscription\n\nOpen Orders.\n\nCookies taste best in the morning.\n\nSaid\n\na rider"
    )
    assert document.metadata["title"] == "Pause your subscription"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>Pause | VeloFox Help</title>", "Pause"),
        ("<title>VeloFox Help - Reset it</title></head><h1>Reset it</h1>", "Reset it"),
        ("<title>Wi-Fi - what to do</title>", "Wi-Fi - what to do"),
        ('<title>Pause - VeloFox</title><meta property="og:site_name" content="VeloFox">', "Pause"),
        (
            "<title>Reset it - step by step | Help</title></head><h1>Reset it - step by step</h1>",
            "Reset it - step by step",
        ),
        ("<title>Help centre</title></head><h1>Reset</h1>", "Help centre"),
        ('<meta property="og:title" content="Pause">', "Pause"),
        ("</head><h1>Only a heading</h1>", "Only a heading"),
        ("<title> | Help</title>", "| Help"),
    ],
)
def test_the_title_of_a_page_is_without_its_site(head: str, title: str) -> None:
    """A part that is the heading is the title; the site is what the page says it is, or what stands behind a bar."""
    (document, *_) = read_here("a.html", f"<html><head>{head}<p>text".encode()).documents
    assert document.metadata["title"] == title


def test_a_page_of_nothing_but_furniture_gives_it() -> None:
    """Better than nothing."""
    assert read_here("a.html", b"<footer>Only a foot</footer>").texts == ["Only a foot"]
    assert read_here("a.html", b"<div aria-hidden=true><p>All of it</p></div>").texts == ["All of it"]


def test_hidden_text_is_left_out() -> None:
    """What nobody sees is not read; what opens when it is searched for is."""
    hidden = ("<i hidden>no</i>", "<i style='display: none'>no</i>", "<i style=visibility:hidden>no</i>")
    page = "".join(("<p>yes ", *hidden, "<i aria-hidden=true>no</i></p><p hidden=until-found>answer</p>"))
    assert read_here("a.html", page.encode()).texts == ["yes\n\nanswer"]


ROWS = "<table><tr><th>Region</th><th>City</th><th>Hours</th></tr>"


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (
            f"{ROWS}<tr><td rowspan=3>North</td><td>Kiel</td><td>9-5</td></tr><tr><td>Bremen</td><td>8-4</td></tr>"
            "<tr><td>Hamburg</td><td>7-3</td></tr><tr><td>South</td><td>Ulm</td><td>1-2</td></tr></table>",
            "Region | City | Hours\nNorth | Kiel | 9-5\nNorth | Bremen | 8-4\nNorth | Hamburg | 7-3\nSouth | Ulm | 1-2",
        ),
        (
            "<table><tr><td rowspan=2>Pro</td><td>9 monthly</td></tr><tr><td>90 yearly</td></tr></table>",
            "Pro | 9 monthly\nPro | 90 yearly",
        ),
        (
            "<table><tr><td>a</td><td rowspan=2>x</td></tr><tr><td>b</td></tr><tr><td>c</td><td>y</td></tr></table>",
            "a | x\nb | x\nc | y",
        ),
        (
            "<table><tr><td rowspan=2 colspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
            "a | b\na | c",
        ),
        ("<table><tr><td rowspan=0>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\na | c"),
        ("<table><tr><td rowspan=x>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a | b\nc | d"),
    ],
)
def test_a_cell_over_several_rows_stands_in_each(table: str, lines: str) -> None:
    """Opening hours keep the region that they belong to."""
    assert read_here("a.html", table.encode()).texts == [lines]


def test_a_table_that_repeats_without_end_fills_no_memory() -> None:
    """Cells that reach down are repeated a million characters in all."""
    wide = "".join(f"<td rowspan=1000>{'x' * 300}</td>" for _ in range(100))
    page = f"<table><tr>{wide}</tr>{'<tr><td>y</td></tr>' * 900}</table>"
    assert sum(map(len, read_here("a.html", page.encode()).texts)) < 2_000_000


# EPUB


def test_a_book_gives_a_document_a_section() -> None:
    """Chapters in reading order, HTML's own entities, and the book's title with each."""
    chapters = [
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "x"><html><head><title/></head><body>'
        "<h1>One</h1><p>caf&eacute;</p><h2>Sub</h2><p>b</p></body></html>",
        "<html><body><p>no heading</p></body></html>",
    ]
    found = read_here("book.epub", made.epub(chapters))
    assert found.texts == ["One\n\ncafé", "Sub\n\nb", "no heading"]
    assert found.ids == ["book.epub#s1", "book.epub#s2", "book.epub#s3"]
    assert found.documents[1].metadata == {
        "file": "book.epub",
        "title": "A book",
        "chapter": "1",
        "section": "One > Sub",
    }


def test_a_copy_protected_book_says_so() -> None:
    """All chapters locked is one sentence; locked fonts do not matter."""
    lock = (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData><e:CipherData>'
        '<e:CipherReference URI="{}"/></e:CipherData></e:EncryptedData></encryption>'
    ).format
    entry = "META-INF/encryption.xml"
    chapter = "<p>text</p>"
    locked = made.epub([chapter], more=[(entry, lock("OEBPS/text/chapter%201.xhtml"))])
    assert read_here("a.epub", locked).reasons == ["This book is copy-protected and could not be read."]
    assert read_here("a.epub", made.epub([chapter], more=[(entry, lock("OEBPS/font.otf"))])).texts == ["text"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (made.epub([]), "no chapters"),
        (made.zipped([("META-INF/container.xml", LAUGHS + "<x/>")]), "holds XML entities"),
        (made.zipped([("META-INF/container.xml", "<x/>")]), "damaged"),
    ],
)
def test_books_that_cannot_be_read_have_a_sentence(data: bytes, words: str) -> None:
    """No chapters, entities, no table of parts."""
    assert words in read_here("a.epub", data).reasons[0]


# Mail


def test_a_mail_is_its_message_and_its_attachments() -> None:
    """The subject is the title, the plain text wins over HTML, and each attachment is read as what it is."""
    data = made.eml(
        "Hello,\n\nwhere is it?",
        html="<p>Hello in HTML</p>",
        subject="Größe",
        attachments=[
            ("manual.pdf", "application/pdf", made.pdf([made.words("page one")])),
            ("../list.csv", "text/csv", b"id,text\n7,seven\n,eight\n"),
            ("photo.png", "image/png", b"\x89PNG"),
            ("log", "text/plain", b"a line"),
        ],
    )
    found = read_here("t.eml", data)
    assert found.texts == ["Hello,\n\nwhere is it?", "page one", "seven", "eight", "a line"]
    assert found.ids == ["t.eml", "t.eml/manual.pdf#p1", "7", "t.eml/list.csv#2", "t.eml/log.txt#1"]
    assert found.documents[0].metadata == {
        "file": "t.eml",
        "title": "Größe",
        "from": "Ann <ann@example.org>",
        "date": "2025-02-03T10:00:00+01:00",
    }
    assert found.documents[1].metadata == {"file": "t.eml/manual.pdf", "page": "1"}
    assert found.reasons == ["photo.png: Files that end in .png cannot be read."]


def test_a_mail_in_html_alone_gives_its_text() -> None:
    """Headings and paragraphs of the message are one document."""
    found = read_here("t.eml", made.eml(None, html="<h1>Hi</h1><p>there</p><script>no</script>"))
    assert found.texts == ["Hi\n\nthere"]


def test_forwarded_mails_are_read_and_inline_pictures_passed_over() -> None:
    """A mail in a mail keeps its own subject; a logo is no attachment worth a sentence."""
    raw = (
        b'Subject: Fwd\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nsee below\r\n'
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Release 2.0\r\n\r\ninner\r\n"
        b'--b\r\nContent-Type: image/png; name="logo.png"\r\nContent-ID: <x>\r\n\r\nxx\r\n--b--\r\n'
    )
    found = read_here("t.eml", raw)
    assert found.texts == ["see below", "inner"]
    assert found.documents[1].metadata == {"file": "t.eml/Release 2.0.eml", "title": "Release 2.0"}
    assert not found.problems


def test_a_thousand_parts_are_read_and_no_more() -> None:
    """The rest is counted in a sentence."""
    lines = [b'Subject: x\nContent-Type: multipart/mixed; boundary="b"\n']
    part = b"--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=f%d.txt\n\ntext %d\n"
    lines += [part % (number, number) for number in range(1_005)]
    found = read_here("a.eml", b"\n".join([*lines, b"--b--\n"]))
    assert len(found.documents) == 1_000
    assert found.reasons == ["This mail has 1,005 attachments; only the first 1,000 were read."]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no header here", "no mail"),
        (b"Subject: x\n\n", "no text"),
        (b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(200)), "no text"),
    ],
)
def test_mails_that_cannot_be_read_have_a_sentence(data: bytes, words: str) -> None:
    """No header, no text, parts in parts without end."""
    found = read_here("a.eml", data)
    assert words in found.reasons[0]
    assert not found.documents


def test_hostile_headers_cost_no_time() -> None:
    """Very long subjects, addresses and charsets are cut, and the message is read."""
    data = b"Subject: %b\nTo: %b\nDate: %b\nContent-Type: text/plain; charset=%b\n\nhello" % (
        b"=?utf-8?q?x?= " * 20_000,
        b"<(" * 200_000,
        b"9" * 100_000,
        b"x" * 100_000,
    )
    found = read_here("a.eml", data)
    assert found.texts == ["hello"]
    assert all(len(value) <= 500 for value in found.documents[0].metadata.values())


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_a_mail_or_a_sentence(data: bytes) -> None:
    """With a header in front, too."""
    for content in (data, b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n' + data, b"Subject: " + data):
        if content.strip():
            found = read_here("a.eml", content)
            assert found.documents or found.problems


# ZIP


def test_an_archive_gives_what_its_files_give() -> None:
    """Each is read by its own kind and named by its place; what cannot be read is named."""
    inner = made.zipped([("note.md", "# Top\n\ntext")])
    data = made.zipped(
        [
            ("docs/page.html", "<h1>A</h1>b"),
            ("docs/", b""),
            ("../../etc/list.csv", "id,text\n7,seven\n8,\n"),
            ("inner.zip", inner),
            ("manual.pdf", made.pdf([made.words("one"), made.PICTURE])),
            ("empty.txt", ""),
            ("prog.exe", "MZ"),
            ("__MACOSX/docs/._page.html", "x"),
            (".DS_Store", "x"),
        ]
    )
    found = read_here("all.zip", data)
    assert found.texts == ["A\n\nb", "seven", "Top\n\ntext", "one"]
    assert found.ids == ["all.zip/docs/page.html#s1", "7", "all.zip/inner.zip/note.md#1", "all.zip/manual.pdf#p1"]
    assert [document.metadata["file"] for document in found.documents] == [
        "all.zip/docs/page.html",
        "all.zip/etc/list.csv",
        "all.zip/inner.zip/note.md",
        "all.zip/manual.pdf",
    ]
    assert found.problems == [
        (3, "etc/list.csv: The 'text' cell is blank."),
        (0, "manual.pdf: No text on page 2: a scan? Run text recognition (OCR) over the PDF and upload it again."),
        (0, "empty.txt: This file is empty."),
        (0, "prog.exe: Files that end in .exe cannot be read."),
    ]
    assert {total for _, total, _ in found.progress} == {6}


def nested(levels: int) -> bytes:
    data = made.zipped([("bottom.txt", "bottom")])
    for level in range(levels - 1, 0, -1):
        data = made.zipped([(f"{level}.zip", data), (f"{level}.txt", f"level {level}")])
    return data


def test_archives_in_archives_end_at_a_depth() -> None:
    """Three are read; a fourth inside them is named."""
    assert read_here("a.zip", nested(3)).texts == ["bottom", "level 2", "level 1"]
    found = read_here("a.zip", nested(4))
    assert found.texts == ["level 3", "level 2", "level 1"]
    assert found.reasons == [
        "1.zip/2.zip/3.zip: Archives and mails lie more than 3 deep inside one another; this one was not read."
    ]


def test_bombs_are_refused_before_they_are_unpacked() -> None:
    """By what one part unpacks to, by the sum, by the number of files, and however they lie inside one another."""
    assert "as zip bombs do" in read_here("a.zip", made.zipped([("a.txt", "0" * 15_000_000)])).reasons[0]
    large = made.zipped([("a.txt", "0" * 5_000)])
    assert "unpacks to" in read_here("a.zip", large, expanded_bytes=4_000).reasons[0]
    found = read_here("a.zip", large, file_bytes=4_000)
    assert found.reasons == ["a.txt: This file is 5,000 bytes; the limit is 4,000 bytes."]
    several = made.zipped([(f"{n}.txt", "line\n" * 100) for n in range(10)])
    found = read_here("a.zip", several, expanded_bytes=3_000)
    assert "what came after was not read" in found.reasons[-1]
    assert found.documents
    inside = made.zipped([(f"{n}.zip", several) for n in range(3)])
    found = read_here("a.zip", inside, entries=25)
    assert found.reasons == ["The limit is 25 files in one archive; what came after was not read."]
    assert "has 10 parts" in read_here("a.zip", several, entries=5).reasons[0]


def test_a_part_that_lies_about_its_size_is_damaged() -> None:
    """No more is unpacked than the table of parts says."""
    data = bytearray(made.zipped([("a.txt", "line\n" * 1000)]))
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    found = read_here("a.zip", bytes(data))
    assert not found.documents
    assert "damaged" in found.reasons[0]


def test_archives_with_a_password_say_so() -> None:
    """One sentence for the whole archive."""
    found = read_here("a.zip", made.locked(made.zipped([("a.txt", "a"), ("b.txt", "b")])))
    assert found.reasons == ["This archive is protected by a password. Unpack it, and upload the files without one."]


def test_office_files_called_zip_are_named() -> None:
    """Their insides are no documents."""
    assert "a Word document although" in read_here("a.zip", made.docx(made.paragraph("x"))).reasons[0]
    assert "an EPUB book although" in read_here("a.zip", made.epub(["x"])).reasons[0]
    assert read_here("a.zip", made.zipped([])).reasons == ["This archive holds no files."]


def test_the_limit_of_documents_and_text_holds_across_files() -> None:
    """What was read before it stays."""
    data = made.zipped([(f"{n}.html", f"<p>{'x' * 40}</p>") for n in range(10)])
    found = read_here("a.zip", data, documents=4)
    assert len(found.documents) == 4
    assert found.reasons == ["The limit is 4 documents; what came after them was not read."]
    found = read_here("a.zip", data, text_characters=200)
    assert len(found.documents) == 5
    assert "more than 200 characters" in found.reasons[0]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a/b.txt", "a/b.txt"),
        ("..\\..\\windows\\a.txt", "windows/a.txt"),
        ("/etc/passwd", "etc/passwd"),
        ("a\nb\x1b[31m\u202e.txt", "a\ufffdb\ufffd[31m\ufffd.txt"),
        ("", "unnamed"),
        ("../..", "unnamed"),
    ],
)
def test_names_inside_archives_are_labels(name: str, shown: str) -> None:
    """They lead nowhere and fit on one line."""
    assert shown_name(name) == shown
    assert len(shown_name(name * 1000)) <= 200


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=6), st.sampled_from(["docx", "pptx", "epub", "zip"]))
@settings(deadline=None, max_examples=150)
def test_damaged_containers_raise_nothing(place: int, patch: bytes, kind: str) -> None:
    """Whatever bytes are wrong, there are documents or a sentence."""
    data = bytearray(CONTAINERS[kind])
    data[place % len(data) : place % len(data) + len(patch)] = patch
    found = read_here(f"a.{kind}", bytes(data))
    assert found.documents or found.problems


CONTAINERS = {
    "docx": made.docx(made.paragraph("Top", "Heading1") + made.paragraph("text")),
    "pptx": made.pptx([made.shape("one"), made.shape("two")], notes=["note"]),
    "epub": made.epub(["<h1>One</h1><p>a</p>"]),
    "zip": made.zipped([("a.txt", "a"), ("b.html", "<p>b</p>"), ("c.zip", made.zipped([("d.md", "# d")]))]),
}
