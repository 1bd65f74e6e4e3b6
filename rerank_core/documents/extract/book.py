"""EPUB books to documents: one section of a chapter, from heading to heading, each."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract.archive import Archive, Protected, check_parts
from rerank_core.documents.extract.sink import SourceFile
from rerank_core.documents.extract.web import add_sections, decode_html, read_page
from rerank_core.extras import require

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_ENC = "{http://www.w3.org/2001/04/xmlenc#}"


def read_book(data: bytes, source: SourceFile) -> None:
    """One document a section; "title" in the metadata is the book's, "chapter" counts the files it is made of
    in reading order from 1, "section" is the way from heading to heading.

    Raises Unreadable where the file is damaged or hostile, Protected where it is copy-protected.
    """
    require("Reading EPUB books", "documents", "selectolax", refused=Unreadable)
    source.progress(0, 1, "unpacking")
    # chapters may name a document type: they go to the HTML reader, which knows no entities but HTML's own
    archive = check_parts(data, source.limits, "book", entities=False)
    root, folder = _package(archive)
    title = " ".join((root.findtext(f"{_OPF}metadata/{_DC}title") or "").split())[:300]
    chapters = _chapters(root, folder)
    if not chapters:
        raise Unreadable("This book has no chapters.")
    locked = _locked(archive)
    if locked.issuperset(name.casefold() for name in chapters):
        raise Protected("This book is copy-protected and could not be read.")
    shown = chapters[: source.limits.pages]
    sections = 0
    for number, name in enumerate(shown, 1):
        source.progress(number - 1, len(shown), f"chapter {number:,} of {len(shown):,}")
        what = f"Chapter {number:,}"
        if name.casefold() in locked:
            source.refuse("This chapter is copy-protected.", what)
            continue
        try:
            text, _ = decode_html(archive.read(name))
            page = read_page(text)
        except Unreadable as error:
            source.refuse(error.reason, what)
            continue
        metadata = {**({"title": title} if title else {}), "chapter": str(number)}
        add_sections(page.sections, source, metadata, sections + 1)
        sections += len(page.sections)
    source.refuse_beyond(len(chapters), len(shown), "book", "chapter")


def _package(archive: Archive) -> tuple[Element, str]:
    """The book's table of parts, and the folder that the names in it count from."""
    container = archive.xml("META-INF/container.xml")
    files = [entry.get("full-path", "") for entry in container.iter(f"{_CONTAINER}rootfile")]
    name = next((file for file in files if file in archive), None)
    if name is None:
        raise Unreadable("This book is damaged and could not be read.")
    return archive.xml(name), posixpath.dirname(name)


def _chapters(root: Element, folder: str) -> list[str]:
    """The names of the parts with text, in reading order, each once."""
    parts = {item.get("id", ""): item for item in root.iterfind(f"{_OPF}manifest/{_OPF}item")}
    names = []
    for entry in root.iterfind(f"{_OPF}spine/{_OPF}itemref"):
        part = parts.get(entry.get("idref", ""))
        if part is not None and "html" in part.get("media-type", "html"):
            names.append(_joined(folder, part.get("href", "")))
    return list(dict.fromkeys(names))


def _locked(archive: Archive) -> set[str]:
    """The names, in small letters, of the parts that are encrypted; fonts may be, and nobody misses them."""
    if "META-INF/encryption.xml" not in archive:
        return set()
    references = archive.xml("META-INF/encryption.xml").iter(f"{_ENC}CipherReference")
    return {_joined("", reference.get("URI", "")).casefold() for reference in references}


def _joined(folder: str, address: str) -> str:
    path = unquote(address.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
