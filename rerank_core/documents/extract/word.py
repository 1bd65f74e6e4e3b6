"""Word documents (DOCX) to documents: one section, from heading to heading, each."""

from __future__ import annotations

import io
import re

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract.archive import Archive, check_parts
from rerank_core.documents.extract.furniture import own_title
from rerank_core.documents.extract.hidden_text import without_hidden
from rerank_core.documents.extract.sink import SourceFile
from rerank_core.documents.extract.web import add_sections, read_page
from rerank_core.extras import require

# Word's built-in styles have these names in files of every language. The title stands above the headings.
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Heading 1'] => h2:fresh
p[style-name='Heading 2'] => h3:fresh
p[style-name='Heading 3'] => h4:fresh
p[style-name='Heading 4'] => h5:fresh
p[style-name='Heading 5'] => h6:fresh
p[style-name='Heading 6'] => h6:fresh
p[style-name='Heading 7'] => h6:fresh
p[style-name='Heading 8'] => h6:fresh
p[style-name='Heading 9'] => h6:fresh
comment-reference =>
"""

_PROPERTIES = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"

# the way back from a note to where it is called is for eyes and mice
_BACK = re.compile(r'<a href="#[^"<>]{0,80}note-ref-[^"<>]{0,40}">↑</a>')


def read_word(data: bytes, source: SourceFile) -> None:
    """One document a section; "section" in the metadata is the way to it, heading by heading. "title" is the
    document's title, where it has one in its text or else among its properties, else the outermost heading.

    Lists, tables, text boxes and notes are kept as text; pictures, comments, deleted and hidden text, page headers
    and footers are not. Macros are never looked at. Raises Unreadable where the file is damaged or hostile.
    """
    require("Reading Word documents", "documents", "mammoth", "selectolax", refused=Unreadable)
    import mammoth  # type: ignore[import-untyped]  # it has no stubs

    source.progress(0, 2, "unpacking")
    archive = check_parts(data, source.limits, "Word document")
    source.progress(1, 2, "reading the document")
    # The style map inside a file would let the file decide what is kept.
    converted = mammoth.convert_to_html(
        io.BytesIO(without_hidden(data, archive)),
        style_map=_STYLES,
        include_embedded_style_map=False,
        external_file_access=False,
        convert_image=_no_picture,
    )
    page = read_page(_BACK.sub("", converted.value))
    if not page.sections:
        raise Unreadable("This Word document holds no text.")
    title = "" if "<h1" in converted.value else _said_title(archive)
    add_sections(page.sections, source, {"title": title} if title else {})


def _said_title(archive: Archive) -> str:
    """The title among the file's properties, "" where there is none."""
    if _PROPERTIES not in archive:
        return ""
    try:
        return own_title(archive.xml(_PROPERTIES).findtext(_TITLE) or "")
    except Unreadable:
        return ""  # damaged properties are no reason to lose the text


def _no_picture(_: object) -> list[object]:
    return []
