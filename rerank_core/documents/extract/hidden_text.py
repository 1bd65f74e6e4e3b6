"""What a Word document hides from everybody who reads it: runs with `w:vanish`, by themselves or by their style."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.dom import minidom
from xml.etree.ElementTree import Element
from xml.parsers.expat import ExpatError

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract.archive import Archive

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_W = f"{{{_WORD}}}"
_STYLES = "word/styles.xml"
_READ = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")
_OFF = ("0", "false", "off")


def without_hidden(data: bytes, archive: Archive) -> bytes:
    """The document without the runs that its writer has hidden in the text and in notes. `vanish` of a run decides;
    where it has none, that of its paragraph's and its own style, which undo one another where both have it. Raises
    Unreadable where a part is damaged."""
    styles = _Styles.of(archive)
    changed: dict[str, bytes] = {}
    for part in archive.parts:
        name = part.filename.casefold()
        if name in _READ:
            body = archive.unpack(part)
            if b"vanish" in body or styles.in_use(body):
                changed[name] = _shown(body, styles)
    if not changed:
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        for part in archive.parts:
            content = changed.get(part.filename.casefold())
            written.writestr(part.filename, archive.unpack(part) if content is None else content)
    return out.getvalue()


class _Styles:
    """The styles that hide what has them."""

    def __init__(self, hiding: frozenset[str], usual: str) -> None:
        self.hiding = hiding
        self._usual = usual  # of a paragraph that names none

    @classmethod
    def of(cls, archive: Archive) -> _Styles:
        if _STYLES not in archive:
            return cls(frozenset(), "")
        found = {style.get(f"{_W}styleId", ""): style for style in archive.xml(_STYLES).iter(f"{_W}style")}
        usual = next((name for name, style in found.items() if _is_usual(style)), "")
        return cls(frozenset(name for name in found if name and _hides(name, found)), usual)

    def in_use(self, body: bytes) -> bool:
        """Whether a part may have text in one of them."""
        return self._usual in self.hiding or any(f'"{name}"'.encode() in body for name in self.hiding)

    def hide(self, run: Any) -> bool:
        """Whether the styles of a run and its paragraph hide it."""
        paragraph = run.parentNode
        while paragraph is not None and paragraph.localName != "p":
            paragraph = paragraph.parentNode
        own = _style_of(run, "rPr", "rStyle")
        around = (_style_of(paragraph, "pPr", "pStyle") if paragraph is not None else "") or self._usual
        return (own in self.hiding) != (around in self.hiding)


def _is_usual(style: Element) -> bool:
    return style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default", "0").lower() not in _OFF


def _hides(name: str, styles: dict[str, Element]) -> bool:
    """What a style says of it, or else the nearest one that it is based on."""
    seen: set[str] = set()
    while name in styles and name not in seen:
        seen.add(name)
        mark = styles[name].find(f"{_W}rPr/{_W}vanish")
        if mark is not None:
            return mark.get(f"{_W}val", "1").lower() not in _OFF
        based = styles[name].find(f"{_W}basedOn")
        name = "" if based is None else based.get(f"{_W}val", "")
    return False


def _shown(body: bytes, styles: _Styles) -> bytes:
    try:
        document = minidom.parseString(body)  # noqa: S318  # what declares entities does not get here
    except (ExpatError, ValueError, LookupError) as error:
        raise Unreadable("This Word document is damaged: it could not be read.") from error
    for run in [*document.getElementsByTagNameNS(_WORD, "r")]:
        marks = [mark for about in _children(run, "rPr") for mark in _children(about, "vanish")]
        hidden = marks[-1].getAttributeNS(_WORD, "val").lower() not in _OFF if marks else styles.hide(run)
        if hidden and run.parentNode:
            run.parentNode.removeChild(run)
    return document.toxml(encoding="utf-8")


def _style_of(node: Any, about: str, what: str) -> str:
    names = [style.getAttributeNS(_WORD, "val") for own in _children(node, about) for style in _children(own, what)]
    return str(names[-1]) if names else ""


def _children(node: Any, name: str) -> Iterator[Any]:
    return (child for child in node.childNodes if child.localName == name and child.namespaceURI == _WORD)
