"""PowerPoint presentations (PPTX) to documents: one slide with its notes each."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract.archive import Archive, check_parts
from rerank_core.documents.extract.sink import SourceFile

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_REL = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_TEXT = frozenset(("sldNum", "dt", "ftr", "hdr", "sldImg"))


def read_slides(data: bytes, source: SourceFile) -> None:
    """One document a slide: its title, its text, its tables row by row, and the speaker's notes.

    "slide" in the metadata counts from 1 in the order shown, "title" is the slide's own. Slides without any
    text are passed over, those with pictures only are named. Macros are never looked at.
    Raises Unreadable where the file is damaged or hostile.
    """
    source.progress(0, 1, "unpacking")
    archive = check_parts(data, source.limits, "presentation", entities=False)
    names = _slide_names(archive)
    if not names:
        raise Unreadable("This presentation has no slides.")
    shown = names[: source.limits.pages]
    pictures: list[int] = []
    for number, name in enumerate(shown, 1):
        source.progress(number - 1, len(shown), f"slide {number:,} of {len(shown):,}")
        what = f"Slide {number:,}"
        try:
            title, text, has_pictures = _slide(archive, name)
        except Unreadable as error:
            source.refuse(error.reason, what)
            continue
        if text:
            metadata = {"slide": str(number), **({"title": title} if title else {})}
            source.add(text, f"slide{number}", metadata, what)
        elif has_pictures:
            pictures.append(number)
    if pictures:
        listed = ", ".join(f"{number:,}" for number in pictures)
        slides = "slide" if len(pictures) == 1 else "slides"
        source.refuse(f"No text on {slides} {listed}, only pictures.", rows=len(pictures))
    source.refuse_beyond(len(names), len(shown), "presentation", "slide")


def _related(archive: Archive, name: str) -> dict[str, tuple[str, str]]:
    """The relations of a part: id to (type, name of the part it leads to); none that lead outside."""
    folder, file = posixpath.split(name)
    relations = f"{folder}/_rels/{file}.rels".lstrip("/")
    if relations not in archive:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for relation in archive.xml(relations).iter(f"{_REL}Relationship"):
        if relation.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
            found[relation.get("Id", "")] = (relation.get("Type", "").rsplit("/", 1)[-1], target)
    return found


def _slide_names(archive: Archive) -> list[str]:
    """The parts that hold the slides, in the order in which they are shown."""
    start = next((name for kind, name in _related(archive, "").values() if kind == "officeDocument"), "")
    start = start if start in archive else "ppt/presentation.xml"
    parts = _related(archive, start)
    order = archive.xml(start).find(f"{_P}sldIdLst")
    ids = [slide.get(f"{_R}id", "") for slide in (order if order is not None else ())]
    return [parts[key][1] for key in ids if key in parts and parts[key][0] == "slide"]


def _slide(archive: Archive, name: str) -> tuple[str, str, bool]:
    """A slide's title, its whole text with the notes, and whether there are pictures on it."""
    root = archive.xml(name)
    title = ""
    blocks: list[str] = []
    pictures = False
    for shape in _shapes(root):
        if shape.tag == f"{_P}pic":
            pictures = True
            continue
        kind = _placeholder(shape)
        if kind in _NOT_TEXT:
            continue
        text = "\n".join(_lines(shape))
        if text and kind in ("title", "ctrTitle") and not title:
            title = " ".join(text.split())
        elif text:
            blocks.append(text)
    notes = [
        "\n".join(_lines(shape))
        for kind, part in _related(archive, name).values()
        if kind == "notesSlide" and part in archive
        for shape in _shapes(archive.xml(part))
        if _placeholder(shape) == "body"
    ]
    spoken = "\n".join(note for note in notes if note)
    parts = [title, *blocks, f"Notes: {spoken}" if spoken else ""]
    return title[:300], "\n\n".join(part for part in parts if part), pictures


def _shapes(root: Element) -> Iterator[Element]:
    """Shapes, tables and pictures in their order, those in groups included; alternatives for old programs not."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.tag in (f"{_P}sp", f"{_P}graphicFrame", f"{_P}pic", f"{_P}cxnSp"):
            yield element
        elif element.tag != _FALLBACK:
            waiting.extend(reversed(element))


def _placeholder(shape: Element) -> str:
    """What a shape is on its slide ("title", "body", "sldNum"); "" for one that is just itself."""
    place = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return "" if place is None else place.get("type", "obj")


def _lines(shape: Element) -> Iterator[str]:
    """A shape's paragraphs, or a table's rows with a bar between the cells; empty ones are left out."""
    rows = [row for table in shape.iter(f"{_A}tbl") for row in table.iter(f"{_A}tr")]
    for row in rows:
        cells = [" ".join(_paragraphs(cell)) for cell in row.findall(f"{_A}tc")]
        if any(cells):
            yield " | ".join(cells)
    if not rows:
        yield from _paragraphs(shape)


def _paragraphs(element: Element) -> Iterator[str]:
    for paragraph in element.iter(f"{_A}p"):
        words = "".join("\n" if part.tag == f"{_A}br" else part.text or "" for part in _runs(paragraph))
        lines = [" ".join(line.split()) for line in words.split("\n")]
        if text := "\n".join(line for line in lines if line):
            yield text


def _runs(paragraph: Element) -> Iterator[Element]:
    return (part for part in paragraph.iter() if part.tag in (f"{_A}t", f"{_A}br"))
