"""HTML to documents: one section, from heading to heading, each. Word files and books come through here too."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rerank_core.documents.decoding import Unreadable, decode, text_codec
from rerank_core.documents.extract.furniture import is_furniture, page_title, without_legal_lines
from rerank_core.documents.extract.sink import SourceFile
from rerank_core.documents.extract.table_rows import Block, Cell, Spans, TableRow, span_of
from rerank_core.extras import require

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_DEPTH = 2_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEFT_OUT = _words(
    "script style template noscript head title svg iframe object embed applet canvas audio video map select option "
    "datalist textarea button input dialog nav frameset frame link meta"
)
_BLOCKS = _words(
    "address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer "
    "form header hgroup hr html legend li main menu ol p pre search section summary table tbody td tfoot th thead tr "
    "ul"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Elements that HTML closes by itself, or that hold nothing, say nothing about depth.
_NO_DEPTH = _words(
    "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot "
    "option optgroup colgroup rt rp html body head"
)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})")
_SELF_CLOSED = re.compile(
    r"<(title|script|style|textarea|iframe|noscript|noframes|xmp|a|i|b|em|strong|span|div|p)\b([^<>]{0,1000})/>",
    re.IGNORECASE,
)
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_.:-]{1,40})", re.I
)
_CHARSET_BYTES = 4_096
_CELL_BLOCKS = 3
_HEADING_CHARACTERS = 300
_TITLE_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading: the headings that lead to it, outermost first, and the text with its own."""

    path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class WebPage:
    """A web page: its title and address ("" where it names none) and its sections in order."""

    title: str
    url: str
    sections: tuple[Section, ...]


def read_html(data: bytes, source: SourceFile) -> None:
    """One document a section; "section" in the metadata is the way to it, "title" and "url" are the page's own.

    Scripts, styles, forms, hidden elements and what surrounds the text of a page (menus, its foot, cookie notices) are
    left out; a page of nothing but a menu gives the menu. Raises Unreadable for what is no text, or nested too deeply.
    """
    source.progress(0, 1, "reading the page")
    text, note = decode_html(data)
    if note:
        source.note(note)
    page = read_page(text, bare=True)
    if not page.sections:
        raise Unreadable("This web page holds no text.")
    metadata = {key: value for key, value in (("title", page.title), ("url", page.url)) if value}
    add_sections(page.sections, source, metadata)


def add_sections(sections: tuple[Section, ...], source: SourceFile, metadata: dict[str, str], first: int = 1) -> None:
    """One document for each section, numbered from `first`; one that is too long for a document gives several. Where
    the file has no title, the outermost heading is that of its sections."""
    for number, section in enumerate(sections, first):
        way = " > ".join(section.path)
        title = {"title": section.path[0]} if section.path else {}
        own = {**title, **metadata, **({"section": way} if way else {})}
        pieces = _pieces(section.text, source.limits.document_characters)
        for piece, text in enumerate(pieces, 1):
            anchor = f"s{number}" if len(pieces) == 1 else f"s{number}-{piece}"
            source.add(text, anchor, own, f"Section {number:,}")
        if len(pieces) > 1:
            source.note(
                f"Section {number:,} has {len(section.text):,} characters and was read as {len(pieces):,} documents."
            )


def _pieces(text: str, most: int) -> list[str]:
    """The text in pieces of at most that many characters, cut between paragraphs where there are any."""
    pieces = []
    start = 0
    while len(text) - start > most:
        cut = text.rfind("\n\n", start + 1, start + most)
        end = start + most if cut < 0 else cut
        pieces.append(text[start:end].strip())
        start = end
    return [piece for piece in (*pieces, text[start:].strip()) if piece]


def decode_html(data: bytes) -> tuple[str, str | None]:
    """The text of an HTML file and a note on its encoding: byte order mark, then what it declares, then a guess."""
    declared = _CHARSET.search(data[:_CHARSET_BYTES])
    marked = data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if declared and not marked:
        text = decode_named(data, declared[1].decode("ascii"))
        if text is not None:
            return text, None
    decoded = decode(data)
    return decoded.text, decoded.note


def decode_named(data: bytes, name: str) -> str | None:
    """Bytes in the encoding of this name; None where there is none for text, or where they do not fit it."""
    codec = text_codec(name)
    # a UTF-16 that is declared in plain letters is none
    if codec is None or codec.startswith(("utf-16", "utf-32")):
        return None
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def read_page(html: str, *, bare: bool = False) -> WebPage:
    """The title, address and sections of an HTML text.

    With `bare` the title loses the site's name, and the sections what surrounds the text of a page: menus, the head
    and foot of the page, cookie notices, copyright lines. A page of nothing else gives all of it.
    Raises Unreadable where it is nested too deeply, and where selectolax is missing.
    """
    require("Reading HTML", "documents", "selectolax", refused=Unreadable)
    from selectolax.lexbor import LexborHTMLParser

    html = html.encode("utf-8", "replace").decode("utf-8")
    if "<?xml" in html[:200] or "/xhtml" in html[:1000]:
        # XML's <title/> and <a id="x"/> would stay open in HTML and swallow or mark what follows
        html = _SELF_CLOSED.sub(r"<\1\2></\1>", html)
    _check_depth(html)
    tree = LexborHTMLParser(html)
    link = tree.css_first('head > link[rel="canonical"]')
    url = (link.attributes.get("href") or "").strip() if link is not None else ""
    body = tree.body
    sections: tuple[Section, ...] = ()
    if body is not None:
        sections = (_bare_sections(body) if bare else ()) or _sections(body, _LEFT_OUT)
        sections = sections or _sections(body, _LEFT_OUT - {"nav"})
    return WebPage(
        page_title(tree, bare=bare)[:_TITLE_CHARACTERS],
        url if url.startswith(("https://", "http://")) and len(url) < 2_000 else "",
        sections,
    )


def _bare_sections(body: LexborNode) -> tuple[Section, ...]:
    sections = _sections(body, _LEFT_OUT, bare=True)
    while sections:
        last = replace(sections[-1], text=without_legal_lines(sections[-1].text))
        if last.text:
            return (*sections[:-1], last)
        sections = sections[:-1]
    return sections


def _check_depth(html: str) -> None:
    """Refuse what only an attack nests this deep: parsing takes time with the square of the depth."""
    depth = deepest = 0
    for match in _TAG.finditer(html):
        if match[2].lower() not in _NO_DEPTH:
            depth = max(0, depth - 1) if match[1] else depth + 1
            deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise Unreadable(f"This web page is nested {deepest:,} levels deep; the limit is {MAX_DEPTH:,}.")


def _sections(body: LexborNode, left_out: frozenset[str], *, bare: bool = False) -> tuple[Section, ...]:
    """The sections of a page; `bare` without what surrounds its text and what is for eyes alone."""
    writer = _Writer()
    for node, entering in _walk(body, left_out, bare):
        tag = node.tag or ""
        if tag == "-text":
            writer.text(node.text_content or "")
        elif entering:
            writer.enter(tag, node)
        else:
            writer.leave(tag)
    return writer.finish()


def _walk(root: LexborNode, left_out: frozenset[str], bare: bool) -> Iterator[tuple[LexborNode, bool]]:
    """Each text node once, each element on entering and on leaving; without recursion, whatever the depth."""
    open_elements: list[LexborNode] = []
    node: LexborNode | None = root
    while node is not None or open_elements:
        if node is None:
            closed = open_elements.pop()
            yield closed, False
            node = closed.next if open_elements else None
            continue
        tag = node.tag or ""
        if tag == "-text":
            yield node, True
        elif not (
            tag.startswith(("-", "!", "_"))
            or tag in left_out
            or _hidden(node)
            or (bare and (_silent(node) or is_furniture(node, tag)))
        ):
            yield node, True
            open_elements.append(node)
            node = node.first_child
            continue
        node = node.next if open_elements else None


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    # what is hidden until somebody searches the page for it is meant to be found
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    style = attributes.get("style")
    if style is None:
        return False
    style = style[:500].replace(" ", "").lower()
    return "display:none" in style or "visibility:hidden" in style


def _silent(node: LexborNode) -> bool:
    """Whether an element is meant for eyes alone: signs and pictures made of letters, or what a dialogue covers."""
    return (node.attributes.get("aria-hidden") or "").strip().lower() == "true"


def _line(text: str) -> str:
    return " ".join(text.split())


class _Writer:
    """Turns the elements of a page, in order, into sections of paragraphs, list items, table rows and code."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._heading = ""
        self._blocks: list[Block] = []
        self._inline: list[str] = []
        self._rows: list[TableRow] = []
        self._spans: list[Spans] = []
        self._bullet = False
        self._code = 0
        self._in_heading = 0

    def text(self, words: str) -> None:
        words = words.replace("\xad", "")  # it says where a word may break, and is no letter of it
        if self._code:
            self._inline.append(words)
            return
        # white space around a word counts, how much of it does not; a line break in the source is none
        bare = _line(words)
        self._inline.append(f"{' ' if words[:1].isspace() else ''}{bare}{' ' if words[-1:].isspace() else ''}")

    def enter(self, tag: str, node: LexborNode) -> None:
        if tag == "br":
            self._inline.append("\n")
        elif tag in _HEADINGS:
            self._flush()
            self._close_rows()
            self._in_heading += 1
        elif tag in _BLOCKS:
            self._flush()
            if tag == "li":
                self._bullet = True
            elif tag == "tr":
                self._rows.append(TableRow())
            elif tag in ("td", "th") and self._rows:
                about = node.attributes
                self._rows[-1].cells.append(
                    Cell(rows=span_of(about.get("rowspan")), columns=span_of(about.get("colspan")))
                )
            elif tag == "table":
                self._spans.append(Spans())
                for row in self._rows:
                    row.plain = False
            elif tag == "pre":
                self._code += 1

    def leave(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._in_heading = max(0, self._in_heading - 1)
            words = _line("".join(self._inline))
            self._inline.clear()
            if words:
                self._begin(_HEADINGS[tag], words)
        elif tag in _BLOCKS:
            self._flush()
            if tag == "pre":
                self._code = max(0, self._code - 1)
            elif tag == "li":
                self._bullet = False
            elif tag == "tr" and self._rows:
                self._end_row(self._rows.pop())
            elif tag == "table" and self._spans:
                self._spans.pop()

    def finish(self) -> tuple[Section, ...]:
        self._in_heading = 0
        self._flush()
        self._close_rows()
        self._close()
        return tuple(self._sections)

    def _flush(self) -> None:
        """What has been written in line becomes a block of its own; a heading stays in one piece."""
        if self._in_heading:
            self._inline.append(" ")
            return
        words = "".join(self._inline)
        self._inline.clear()
        if self._code:
            text, kind = "\n".join(line.rstrip() for line in words.strip("\r\n").splitlines()), "code"
        else:
            text, kind = "\n".join(line for part in words.split("\n") if (line := _line(part))), "text"
        if not text.strip():
            return
        if self._bullet and not self._code:
            text, kind, self._bullet = f"- {text}", "item", False
        self._put(Block(text, kind))

    def _put(self, block: Block) -> None:
        if self._rows and self._rows[-1].cells:
            self._rows[-1].cells[-1].blocks.append(block)
        else:
            self._blocks.append(block)

    def _end_row(self, row: TableRow) -> None:
        """A row of data becomes one line; one that only lays out the page stays the blocks that it holds."""
        filled = self._spans[-1].filled(row.cells) if self._spans and row.plain else row.cells
        cells = [cell.blocks for cell in filled if cell.blocks]
        if row.plain and len(cells) > 1 and all(len(cell) <= _CELL_BLOCKS for cell in cells):
            self._put(Block(" | ".join(_line(" ".join(block.text for block in cell)) for cell in cells), "row"))
        else:
            for cell in row.cells:
                for block in cell.blocks:
                    self._put(block)

    def _close_rows(self) -> None:
        """Put down what the rows around a heading hold so far, outermost first."""
        for row in self._rows:
            self._blocks += [block for cell in row.cells for block in cell.blocks]
            row.cells = [Cell()] if row.cells else []
            row.plain = False

    def _begin(self, level: int, heading: str) -> None:
        self._close(level)
        self._path = [*(entry for entry in self._path if entry[0] < level), (level, heading[:_HEADING_CHARACTERS])]
        self._heading = heading

    def _close(self, next_level: int = 0) -> None:
        """End the section; a heading with nothing below it but a lower one is only part of the way there."""
        body = _joined(self._blocks)
        self._blocks = []
        bare = bool(self._path) and not body
        if not (bare and next_level > self._path[-1][0]) and (body or self._heading):
            text = "\n\n".join(part for part in (self._heading, body) if part)
            self._sections.append(Section(tuple(title for _, title in self._path), text))
        self._heading = ""


def _joined(blocks: list[Block]) -> str:
    parts: list[str] = []
    before = ""
    for block in blocks:
        if parts:
            parts.append("\n" if block.kind == before and block.kind in ("item", "row") else "\n\n")
        parts.append(block.text)
        before = block.kind
    return "".join(parts)
