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
