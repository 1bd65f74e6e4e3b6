"""The board as a picture: one standalone SVG file with both orders, scores, movements and joining curves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rerank_core.exports.text_width import fit, is_right_to_left, text_width, wrap
from rerank_core.models import Document, RankedDocument, RerankResponse
from rerank_core.ranking.heading import heading
from rerank_core.ranking.strength import ScoreScale

MAX_ROWS: Final = 50
"""Rows drawn on each side; the footer says how many more there are."""
MAX_CURVES: Final = 30
"""Curves are drawn for this many of the best results."""

_WIDTH: Final = 1200
_MARGIN: Final = 36
_LEFT_END: Final = 476  # the initial order is left of this, the reranked order right of the next
_RIGHT_START: Final = 580
_ROW: Final = 58
_TEXT_INDENT: Final = 46
_FACTS: Final = 196  # bar, score and movement at the right end of a reranked row
_BAR: Final = 140  # where scores have no words
_BAR_BESIDE_WORD: Final = 80
_BOLD: Final = 1.1  # how much wider a bold text is
_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"

# What XML 1.0 cannot hold, lone surrogates and the two non-characters of the basic plane included.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Marks that could turn round the text around them; each text stands alone, so its own letters decide.
_DIRECTION_MARKS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class _Palette:
    paper: str
    ink: str
    soft: str
    hair: str
    track: str
    accent: str


_LIGHT: Final = _Palette("#ffffff", "#111418", "#525c68", "#e3e8ee", "#e4e9f0", "#0b5cad")
_DARK: Final = _Palette("#101418", "#e8edf2", "#a9b4bf", "#262f39", "#2a343f", "#6cb4ff")


def board_svg(
    response: RerankResponse,
    *,
    order_name: str = "",
    top_n: int | None = None,
    model_label: str | None = None,
    connection_label: str | None = None,
    scale: ScoreScale | None = None,
    dark: bool = False,
) -> str:
    """The initial order beside the reranked order as the text of an SVG file, 1200 units wide.

    `order_name` says what the initial order is. `top_n` draws the cut (default: the request's own); rows past it are
    dimmed, not left out. The labels stand for the response's model and provider where given. At most MAX_ROWS rows a
    side are drawn and MAX_CURVES curves. `scale` puts a word before each score and ends the bars where the model
    does; without it bars run from 0 to 1. A provider without scores gets no bars. A document's metadata "title" is
    its heading. The file needs nothing from outside, holds no date, and is well-formed XML whatever the texts hold:
    characters that XML has no place for become U+FFFD.
    """
    return "".join(_Drawing(response, order_name, top_n, (model_label, connection_label), scale, dark).parts())


class _Drawing:
    """One board on its way into a file."""

    def __init__(
        self,
        response: RerankResponse,
        order_name: str,
        top_n: int | None,
        labels: tuple[str | None, str | None],
        scale: ScoreScale | None,
        dark: bool,
    ) -> None:
        model_label, connection_label = labels
        self.scale = scale or ScoreScale()
        self._bar = _BAR if self.scale.at is None else _BAR_BESIDE_WORD
        self.response = response
        self.order_name = order_name
        self.colours = _DARK if dark else _LIGHT
        self.initial = response.request.documents[:MAX_ROWS]
        self.results = response.results[:MAX_ROWS]
        self.scored = any(row.relevance_score is not None for row in response.results)
        cut = response.request.top_n if top_n is None else top_n
        self.cut = cut if cut is not None and 0 < cut < len(response.results) else None
        model = model_label or response.model
        self.made_by = " · ".join(
            part
            for part in (
                f"Model {model}" if model else "",
                connection_label or response.provider,
                _count(len(response.request.documents)),
            )
            if part
        )
        self.query_lines = wrap(response.request.query, (_WIDTH - 2 * _MARGIN) / _BOLD, 27, 2)
        self.top = 122 + 34 * len(self.query_lines)
        self.height = self.top + _ROW * max(len(self.initial), len(self.results)) + 64

    def parts(self) -> Iterator[str]:
        """The file, piece by piece."""
        c = self.colours
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{self.height}" '
            f'viewBox="0 0 {_WIDTH} {self.height}" role="img" font-family="{_FONT}" font-size="15" '
            f'fill="{c.ink}">\n'
        )
        yield f"<title>{_escaped(_short(self.response.request.query))}</title>\n"
        yield f"<desc>{_escaped(self._description())}</desc>\n"
        yield f'<rect width="{_WIDTH}" height="{self.height}" fill="{c.paper}"/>\n'
        yield from self._head()
        yield from self._curves()
        for place, document in enumerate(self.initial):
            yield from self._row(_MARGIN, _LEFT_END, place, document)
        for place, row in enumerate(self.results):
            yield from self._result(place, row)
        yield from self._cut_line()
        yield from self._foot()
        yield "</svg>\n"

    def _description(self) -> str:
        rows = (
            f"{row.rank}. {_short(' '.join(_parts(row.document)))} (was {row.index + 1})" for row in self.results[:10]
        )
        return "Reranked order: " + "; ".join(rows)

    def _head(self) -> Iterator[str]:
        c = self.colours
        yield _fitted(_MARGIN, 46, self.made_by, _WIDTH - 2 * _MARGIN, size=14, fill=c.soft)
        for number, line in enumerate(self.query_lines):
            yield _fitted(_MARGIN, 82 + 34 * number, line, _WIDTH - 2 * _MARGIN, size=27, weight=650)
        base = self.top - 14
        for start, end, name, note in (
            (_MARGIN, _LEFT_END, "Initial order", self.order_name),
            (_RIGHT_START, _WIDTH - _MARGIN, "Reranked order", ""),
        ):
            yield _text(start, base, name, size=17, weight=650)
            taken = text_width(name, 17) * _BOLD + 4
            if note:
                yield _fitted(start + taken, base, note, end - start - taken, size=14, fill=c.soft)
            yield f'<path d="M{start} {self.top - 1}H{end}" stroke="{c.soft}" stroke-width="1.5"/>\n'
        if self.scored:
            bar = _WIDTH - _MARGIN - self._bar
            yield _text(bar, base, "0", size=12, fill=c.soft)
            yield _text(bar + self._bar, base, f"{self.scale.top:g}", size=12, fill=c.soft, anchor="end")
            yield _text(_WIDTH - _MARGIN - _FACTS, base, "score", size=12, fill=c.soft)

    def _middle(self, place: int) -> float:
        return self.top + _ROW * (place + 0.5)

    def _curves(self) -> Iterator[str]:
        c = self.colours
        start, end = _LEFT_END + 4, _RIGHT_START - 4
        half = (start + end) / 2
        joined = [(place, row) for place, row in enumerate(self.results[:MAX_CURVES]) if row.index < len(self.initial)]
        # The best are drawn last, on top of the others.
        for place, row in reversed(joined):
            y0, y1 = self._middle(row.index), self._middle(place)
            kept = self.cut is None or place < self.cut
            moved = row.index != place
            stroke = c.ink if moved and kept else c.soft
            opacity = 0.75 if moved and kept else 0.4
            thickness = 2 if moved and kept else 1.25
            yield (
                f'<path d="M{start} {y0:g}C{half:g} {y0:g} {half:g} {y1:g} {end} {y1:g}" fill="none" '
                f'stroke="{stroke}" stroke-opacity="{opacity}" stroke-width="{thickness}"/>\n'
                f'<circle cx="{start}" cy="{y0:g}" r="2.5" fill="{stroke}" fill-opacity="{opacity}"/>\n'
                f'<circle cx="{end}" cy="{y1:g}" r="2.5" fill="{stroke}" fill-opacity="{opacity}"/>\n'
            )

    def _row(
        self, start: float, end: float, place: int, document: Document, rank: int | None = None, kept: bool = True
    ) -> Iterator[str]:
        c = self.colours
        middle = self._middle(place)
        ink = c.ink if kept else c.soft
        yield f'<path d="M{start} {middle + _ROW / 2:g}H{end}" stroke="{c.hair}"/>\n'
        yield _text(start + 32, middle + 6, str(rank or place + 1), size=17, weight=650, anchor="end", fill=ink)
        x, width = start + _TEXT_INDENT, end - start - _TEXT_INDENT - 8
        heading, text = _parts(document)
        if heading and text:
            yield _fitted(x, middle - 4, heading, width, weight=600, fill=ink)
            yield _fitted(x, middle + 16, text, width, size=14, fill=c.soft)
            return
        lines = wrap(heading or text or "(blank)", width, 15, 2)
        for number, line in enumerate(lines):
            yield _fitted(x, middle + 5 - 10 * (len(lines) - 1) + 20 * number, line, width, fill=ink)

    def _result(self, place: int, row: RankedDocument) -> Iterator[str]:
        c = self.colours
        middle = self._middle(place)
        kept = self.cut is None or place < self.cut
        facts, end = _WIDTH - _MARGIN - _FACTS, _WIDTH - _MARGIN
        yield from self._row(_RIGHT_START, facts - 8, place, row.document, row.rank, kept)
        yield f'<path d="M{facts - 8} {middle + _ROW / 2:g}H{end}" stroke="{c.hair}"/>\n'
        score = row.relevance_score
        below = middle + 18 if self.scored else middle + 5
        if self.scored:
            bar = end - self._bar
            yield f'<rect x="{bar}" y="{middle - 12:g}" width="{self._bar}" height="9" rx="3" fill="{c.track}"/>\n'
            if score is not None:
                length = self._bar * min(1.0, max(0.0, score / self.scale.top))
                yield (
                    f'<rect x="{bar}" y="{middle - 12:g}" width="{length:.1f}" height="9" rx="3" '
                    f'fill="{c.accent}" fill-opacity="{1 if kept else 0.55}"/>\n'
                )
            shown = "none" if score is None else f"{score:.2f}"
            ink = c.ink if kept else c.soft
            word = self.scale.word(score)
            if word is not None:
                yield _text(facts, middle - 2, word, weight=600 if word == "strong" else 400, fill=ink)
            yield _text(bar - 10, middle - 2, shown, weight=400 if word else 600, anchor="end", fill=ink)
        yield _text(facts, below, f"was {row.index + 1},", size=13, fill=c.soft)
        moved = row.index + 1 != row.rank
        x = facts + text_width(f"was {row.index + 1},", 13) + 1
        yield _text(
            x, below, _movement(row), size=13, weight=600 if moved else 400, fill=c.ink if kept and moved else c.soft
        )

    def _cut_line(self) -> Iterator[str]:
        if self.cut is None or self.cut > len(self.results):
            return
        c = self.colours
        y = self.top + _ROW * self.cut
        label = f"Top {self.cut}"
        width = text_width(label, 12) + 14
        x = _WIDTH - _MARGIN - width
        yield f'<path d="M{_RIGHT_START} {y}H{_WIDTH - _MARGIN}" stroke="{c.ink}" stroke-dasharray="5 4"/>\n'
        yield f'<rect x="{x:g}" y="{y - 9}" width="{width:g}" height="18" rx="9" fill="{c.ink}"/>\n'
        yield _text(x + width / 2, y + 4, label, size=12, weight=600, anchor="middle", fill=c.paper)

    def _foot(self) -> Iterator[str]:
        notes = []
        if self.scored:
            words = f"{self.scale.words_text} " if self.scale.at is not None else ""
            notes.append(f"{words}{self.scale.range_text} Scores compare documents within this query only.")
        else:
            notes.append("This provider gives an order and no scores.")
        hidden = max(len(self.response.request.documents), len(self.response.results)) - MAX_ROWS
        if hidden > 0:
            notes.append(f"{hidden:,} more {'document is' if hidden == 1 else 'documents are'} not drawn.")
        y = self.height - 26
        yield _text(_MARGIN, y, " ".join(notes), size=13, fill=self.colours.soft)
        yield _text(_WIDTH - _MARGIN, y, "Rerank Playground", size=13, fill=self.colours.soft, anchor="end")


def _count(number: int) -> str:
    return f"{number:,} document" + ("" if number == 1 else "s")


def _movement(row: RankedDocument) -> str:
    risen = row.index + 1 - row.rank
    return "same place" if risen == 0 else f"▲{risen}" if risen > 0 else f"▼{-risen}"


def _parts(document: Document) -> tuple[str, str]:
    """The document's title and its text, which does not say the title again."""
    title, text = heading(document)
    return title or "", text.strip()


def _short(text: str) -> str:
    return fit(text, 90 * 0.57, 1)


def _escaped(text: str) -> str:
    clean = _DIRECTION_MARKS.sub("", _NOT_XML.sub("�", text))
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _text(
    x: float,
    y: float,
    content: str,
    *,
    size: float = 15,
    weight: int = 400,
    anchor: str = "start",
    fill: str | None = None,
) -> str:
    """One line of text, as wide as it is."""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return _tag(x, y, _font(size, weight, fill) + anchored, content)


def _fitted(
    x: float, y: float, content: str, width: float, *, size: float = 15, weight: int = 400, fill: str | None = None
) -> str:
    """One line of text, cut to a width. Text that runs from right to left begins at the right end of it."""
    attributes = _font(size, weight, fill)
    if is_right_to_left(content):
        # In such text "start" is the right end, so the anchor stays and the place moves.
        attributes += ' direction="rtl"'
        x += width
    return _tag(x, y, attributes, fit(content, width / (_BOLD if weight >= 600 else 1), size))


def _font(size: float, weight: int, fill: str | None) -> str:
    attributes = f' font-size="{size:g}"' if size != 15 else ""
    if weight != 400:
        attributes += f' font-weight="{weight}"'
    return attributes if fill is None else f'{attributes} fill="{fill}"'


def _tag(x: float, y: float, attributes: str, content: str) -> str:
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{_escaped(content)}</text>\n'
