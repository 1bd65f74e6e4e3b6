"""How an answer looks at a prompt and in a notebook. Texts of documents go in as text, never as markup."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rerank_core.models import RankedDocument, RerankResponse

_LINES, _ROWS = 5, 20
_LINE, _CELL = 60, 160
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")


def lines(response: RerankResponse) -> str:
    """An answer in a few lines: who answered, how many results, and the first of them."""
    who = " ".join(filter(None, (response.provider, response.model)))
    head = f"RerankResponse({who}, {len(response.results):,} results, {response.latency_ms:,.0f} ms)"
    shown = [f"  {_row_line(row)}" for row in response.results[:_LINES]]
    left = len(response.results) - len(shown)
    return "\n".join([head, *shown, *([f"  and {left:,} more"] if left else [])])


def _row_line(row: RankedDocument) -> str:
    score = "-" if row.relevance_score is None else f"{row.relevance_score:.3f}"
    return f"{row.rank}. {score}  {_one_line(row.document.text, _LINE)}"


def html(response: RerankResponse) -> str:
    """An answer as a table with a bar for each score, for a notebook: the first 20 results.

    A bar's length is the score's part of the highest one; without scores, or where none is above 0, there are no bars.
    Style stands in the elements themselves, since a notebook keeps no style sheet of ours; colours are those of the
    notebook's own text, so that it can be read in the light and in the dark.
    """
    shown = response.results[:_ROWS]
    top = max((row.relevance_score for row in shown if row.relevance_score is not None), default=0.0)
    rows = "".join(_row_html(row, top) for row in shown)
    who = " ".join(filter(None, (response.provider, response.model)))
    left = len(response.results) - len(shown)
    more = f"<p>and {left:,} more</p>" if left else ""
    head = "".join(f"<th style='text-align:left'>{name}</th>" for name in ("rank", "was", "score", "id", "text"))
    caption = f"{_text(response.request.query, _CELL)} ({_text(who, _LINE)})"
    return f"<table><caption style='text-align:left'>{caption}</caption><tr>{head}</tr>{rows}</table>{more}"


def _row_html(row: RankedDocument, top: float) -> str:
    score = row.relevance_score
    bar = ""
    if score is not None and top > 0:
        width = round(100 * max(0.0, score) / top)
        bar = (
            "<div style='background:currentColor;opacity:.35;height:.5em;"
            f"width:{width}%;min-width:1px' title='{score:.4g}'></div>"
        )
    number = "" if score is None else f"{score:.3f}"
    cells: Sequence[str] = (
        f"<td>{row.rank}</td>",
        f"<td>{row.index + 1}</td>",
        f"<td style='min-width:6em'>{number}{bar}</td>",
        f"<td>{_text(row.document.id or '', _LINE)}</td>",
        f"<td style='text-align:left' dir='auto'>{_text(row.document.text, _CELL)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _text(text: str, width: int) -> str:
    return escape(_one_line(text, width), quote=True)


def _one_line(text: str, width: int) -> str:
    """The start of a text on one line, without what moves a cursor or cannot be shown."""
    folded = " ".join(text[: 20 * width].split())
    seen = "".join(char for char in folded if unicodedata.category(char) not in _HIDDEN)
    return seen if len(seen) <= width else seen[: width - 1] + "…"
