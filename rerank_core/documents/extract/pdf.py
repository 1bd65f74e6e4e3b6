"""PDF files to documents: one page each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract.archive import Protected
from rerank_core.documents.extract.furniture import TITLE_CHARACTERS, own_title
from rerank_core.documents.extract.page_columns import in_columns
from rerank_core.documents.extract.sink import SourceFile
from rerank_core.documents.report import listed
from rerank_core.extras import require

_BOOKMARKS = 20_000
_BOOKMARK_DEPTH = 8
_SHOWN_RANGES = 20
_TITLE_LOOK = 2_000  # characters of the first page
_LARGER = 1.15  # than the letter in the middle of all sizes


def read_pdf(data: bytes, source: SourceFile) -> None:
    """One document a page, "page" in its metadata from 1, "title" where the file has one, and "section" where bookmarks
    say which. Text stands as it was drawn, but for columns of prose that were drawn across (see page_columns).

    Pages without text but with something on them are named as scans; blank ones are passed over.
    Raises Unreadable where the file is damaged, Protected where it asks for a password.
    """
    require("Reading PDF files", "documents", "pypdfium2", refused=Unreadable)
    import pypdfium2 as pdfium  # type: ignore[import-untyped]  # it has no stubs

    try:
        book = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.raw.FPDF_ERR_PASSWORD:
            raise Protected("This PDF is protected by a password. Save it without one and try again.") from error
        raise Unreadable("This PDF is damaged, or has no pages, and could not be read.") from error
    try:
        _read_pages(book, source, pdfium)
    finally:
        book.close()


def _read_pages(book: Any, source: SourceFile, pdfium: Any) -> None:
    total = len(book)
    if not total:
        raise Unreadable("This PDF has no pages.")
    pages = min(total, source.limits.pages)
    sections = _sections(book, pages, pdfium)
    title = ""
    scans: list[int] = []
    damaged: list[int] = []
    for number in range(1, pages + 1):
        source.progress(number - 1, pages, f"page {number:,} of {pages:,}")
        if number == 1:  # after its progress, so that a first page that breaks the reader is named
            title = _title(book, pdfium)
        try:
            text, marks = _page(book, number - 1, pdfium)
        except pdfium.PdfiumError:
            damaged.append(number)
            continue
        if text:
            metadata = {"page": str(number)} | ({"title": title} if title else {})
            if sections[number - 1]:
                metadata["section"] = sections[number - 1]
            source.add(text, f"p{number}", metadata, f"Page {number:,}")
        elif marks:
            scans.append(number)
    if scans:
        source.refuse(
            f"No text on {page_ranges(scans)}: a scan? Run text recognition (OCR) over the PDF and upload it again.",
            rows=len(scans),
        )
    if damaged:
        source.refuse(f"The file is damaged at {page_ranges(damaged)}, which could not be read.", rows=len(damaged))
    if total > pages:
        source.refuse(
            f"This PDF has {total:,} pages; the limit is {pages:,}. What follows page {pages:,} was not read.",
            rows=total - pages,
        )


def _title(book: Any, pdfium: Any) -> str:
    """The title of a PDF: what it says of itself, unless that is the name of a file or a program's own, else the line
    in the largest letters of its first page; "" where neither is one."""
    try:
        return own_title(book.get_metadata_value("Title")) or _largest_line(book, pdfium)
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return ""


def _largest_line(book: Any, pdfium: Any) -> str:
    """The first lines of the first page that are set larger than all others, "" where its letters are of one size."""
    page = book[0]
    try:
        words = page.get_textpage()
        try:
            most = min(words.count_chars(), _TITLE_LOOK)
            letters = [
                (chr(pdfium.raw.FPDFText_GetUnicode(words, place)), pdfium.raw.FPDFText_GetFontSize(words, place))
                for place in range(most)
            ]
        finally:
            words.close()
    finally:
        page.close()
    sizes = sorted(size for letter, size in letters if letter.isalnum())
    if not sizes or sizes[-1] < _LARGER * sizes[len(sizes) // 2]:
        return ""
    found, begun = [], False
    for letter, size in letters:
        large = size >= 0.99 * sizes[-1]
        if letter.isalnum() and not large and begun:
            break
        begun = begun or (large and letter.isalnum())
        if begun:
            found.append(letter)
    title = " ".join("".join(found).replace("\ufffe", "").split())
    return title if 1 < len(title) <= TITLE_CHARACTERS else ""


def _page(book: Any, index: int, pdfium: Any) -> tuple[str, int]:
    """The text of one page, and how many things are on it."""
    page = book[index]
    try:
        marks = pdfium.raw.FPDFPage_CountObjects(page)
        words = page.get_textpage()
        try:
            text = words.get_text_range()
            return _clean(text if page.get_rotation() else in_columns(words, text, pdfium)), marks
        finally:
            words.close()
    finally:
        page.close()


def _clean(text: str) -> str:
    """PDFium's text with a word that was broken across two lines in one piece, and no white space at line ends."""
    # U+FFFE stands for the hyphen at the end of a line together with the line break
    text = text.replace("\ufffe", "").replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _sections(book: Any, pages: int, pdfium: Any) -> list[str]:
    """For each page the way to the bookmark that it falls under: the first that begins on it, else the last before."""
    first: dict[int, str] = {}
    last: dict[int, str] = {}
    path: list[str] = []
    try:
        for number, mark in enumerate(book.get_toc(max_depth=_BOOKMARK_DEPTH)):
            if number >= _BOOKMARKS:
                break
            path = [*path[: mark.level], " ".join(mark.get_title().split())]
            target = mark.get_dest()
            place = None if target is None else target.get_index()
            if place is not None and 0 <= place < pages:
                way = " > ".join(title for title in path if title)
                first.setdefault(place, way)
                last[place] = way
    except (pdfium.PdfiumError, ValueError, UnicodeDecodeError):
        return [""] * pages  # a damaged table of contents is no reason to lose the pages
    found: list[str] = []
    current = ""
    for place in range(pages):
        found.append(first.get(place, current))
        current = last.get(place, current)
    return found


def page_ranges(numbers: Sequence[int]) -> str:
    """Ascending page numbers in words: "page 3", "pages 1-4 and 7"; of very many ranges the first ones."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [f"{first:,}" if first == last else f"{first:,}-{last:,}" for first, last in ranges[:_SHOWN_RANGES]]
    if len(ranges) > _SHOWN_RANGES:
        words.append("others")
    return f"page{'' if len(numbers) == 1 else 's'} {listed(words)}"
