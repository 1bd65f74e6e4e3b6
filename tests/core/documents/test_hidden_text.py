"""Text that a Word document hides is not read."""

from __future__ import annotations

import pytest

from rerank_core.documents import read_documents
from tests.support.made_files import docx

_RUN = "<w:r><w:rPr>{}</w:rPr><w:t>{}</w:t></w:r>"


@pytest.mark.parametrize("mark", ["<w:vanish/>", '<w:b/><w:vanish w:val="1"/>', '<w:vanish w:val="true"/>'])
def test_hidden_text_is_not_read(mark: str) -> None:
    body = f"<w:p>{_RUN.format('', 'Open Settings')}{_RUN.format(mark, ' HIDDEN')}{_RUN.format('', ' now')}</w:p>"
    (document,) = read_documents("a.docx", docx(body)).documents
    assert document.text == "Open Settings now"


@pytest.mark.parametrize("mark", ['<w:vanish w:val="0"/>', '<w:vanish w:val="false"/>', "<w:webHidden/>"])
def test_what_is_shown_is_read(mark: str) -> None:
    (document,) = read_documents("a.docx", docx(f"<w:p>{_RUN.format(mark, 'Open Settings')}</w:p>")).documents
    assert document.text == "Open Settings"


def test_a_hidden_end_of_a_paragraph_hides_no_text() -> None:
    body = f"<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>{_RUN.format('', 'Open Settings')}</w:p>"
    (document,) = read_documents("a.docx", docx(body)).documents
    assert document.text == "Open Settings"


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = (
    f'<w:styles xmlns:w="{WORD}">'
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"/>'
    '<w:style w:type="character" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Deeper"><w:basedOn w:val="Secret"/><w:rPr><w:b/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Open"><w:basedOn w:val="Secret"/><w:rPr><w:vanish w:val="0"/></w:rPr>'
    '</w:style><w:style w:type="character" w:styleId="Round"><w:basedOn w:val="Round"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Notes"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
)


def styled(body: str, styles: str = STYLES, more: tuple[tuple[str, str], ...] = ()) -> str:
    (document,) = read_documents("a.docx", docx(body, more=[("word/styles.xml", styles), *more])).documents
    return document.text


@pytest.mark.parametrize(
    ("style", "shown"), [("Secret", False), ("Deeper", False), ("Open", True), ("Round", True), ("Unknown", True)]
)
def test_a_style_hides_what_has_it(style: str, shown: bool) -> None:
    """By itself or by the style that it is based on; one that says so shows it."""
    inside = _RUN.format(f'<w:rStyle w:val="{style}"/>', " maybe")
    assert styled(f"<w:p>{_RUN.format('', 'Open')}{inside}</w:p>") == ("Open maybe" if shown else "Open")


def test_the_style_of_a_paragraph_hides_it_unless_a_run_says_otherwise() -> None:
    hidden = f'<w:p><w:pPr><w:pStyle w:val="Notes"/></w:pPr>{_RUN.format("", "HIDDEN")}{{}}</w:p>'
    seen = _RUN.format('<w:vanish w:val="0"/>', "Seen")
    both = _RUN.format('<w:rStyle w:val="Secret"/>', " twice")  # two that toggle undo one another
    assert styled(f"<w:p>{_RUN.format('', 'Open')}</w:p>{hidden.format('')}") == "Open"
    assert styled(hidden.format(seen + both)) == "Seen twice"


def test_the_usual_style_may_hide_and_a_link_within_a_hidden_paragraph_is_hidden() -> None:
    usual = STYLES.replace('w:styleId="Normal"/>', 'w:styleId="Normal"><w:rPr><w:vanish/></w:rPr></w:style>')
    seen = f'<w:p><w:pPr><w:pStyle w:val="Plain"/></w:pPr>{_RUN.format("", "Open")}</w:p>'
    link = f"<w:p><w:hyperlink>{_RUN.format('', 'HIDDEN')}</w:hyperlink></w:p>"
    assert styled(seen + link, usual) == "Open"


def test_hidden_text_of_a_note_is_not_read() -> None:
    inside = _RUN.format("", "Open") + _RUN.format('<w:rStyle w:val="Secret"/>', "HIDDEN")
    note = f'<w:footnotes xmlns:w="{WORD}"><w:footnote w:id="2"><w:p>{inside}</w:p></w:footnote></w:footnotes>'
    body = f'<w:p>{_RUN.format("", "Text")}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    found = styled(body, more=(("word/footnotes.xml", note),))
    assert "Open" in found
    assert "HIDDEN" not in found


def test_a_damaged_table_of_styles_is_one_sentence() -> None:
    parsed = read_documents("a.docx", docx("<w:p/>", more=[("word/styles.xml", "<w:styles")]))
    assert "damaged" in parsed.problems[0].reason
