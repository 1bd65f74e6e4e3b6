"""Many documents: two virtualised tables, one document in full, and how the scores are spread.

Document text reaches the screen as dataframe cells, `st.text` or `st.code` only, all of which show it as it is.
No column is called image, url or href: charts and tables would fetch those.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import altair as alt
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
import streamlit as st

from pages.components.display.board import ANSWER_MEANING, BoardRow, BoardView, movement, shown
from pages.components.display.download import download
from pages.components.display.reading import MAX_CHARACTERS, reading
from pages.components.session import keys
from rerank_core.models import Document
from rerank_core.ranking.keeping import UNDER, fate, reaches
from rerank_core.ranking.strength import ScoreScale, Word
from rerank_core.retrieval.marks import Segment

__all__ = ["big_tables", "detail_panel", "opens", "rating_control", "score_chart"]

# What a cell has room for in a window of 1280 pixels; the whole text is shown below once its row is selected. Both
# tables carry the texts, so that each character is sent twice.
PREVIEW_CHARACTERS = 48
# A code block with a copy button takes seconds to lay out beyond this; longer texts are plain text with a download.
COPY_CHARACTERS = 20_000
DETAIL_CHARACTERS = 500_000
_TWO_BYTES, _FEW_WORDS = 30_000, 16
TABLE_HEIGHT = 560  # pixels: a screenful, the rest scrolls inside

ADDRESSES = ("url", "link", "source", "address")
OVER = "at or over the threshold"
RATINGS = {0: "0, not relevant", 1: "1, a little", 2: "2, relevant", 3: "3, just right"}


def big_tables(rows: Sequence[BoardRow], view: BoardView, *, key: str) -> str | None:
    """Draw both orders as tables that scroll on their own and return the key of the selected document.

    Every row stays in the table: the column Result says which are kept, which lie below Top N and which under
    the threshold, the column Strength what the score says in words. A selection in either table replaces the one before
    and goes with the order it was made in.
    """
    order = hashlib.sha256("\n".join(f"{row.key}\t{row.now}" for row in rows).encode("utf-8", "replace"))
    version = order.hexdigest()[:12]
    initial = sorted(rows, key=lambda row: row.was)
    reranked = sorted(rows, key=lambda row: row.now)
    previews = {row.key: _preview(row) for row in rows}
    scale = view.scale or ScoreScale()
    left, right = st.columns(2)
    with left:
        st.subheader("Initial order", anchor=False)
        _named(view.initial_name, view)
        chosen_left = _table(
            _frame(initial, "left", previews, view),
            key=keys.of(key, "initial", version),
            bar=1.0 if _on_axis([row.initial_score for row in rows]) else None,
            alt=f"Initial order, {len(rows):,} documents",
        )
    with right:
        st.subheader("Reranked order", anchor=False)
        _named(view.reranked_name, view)
        frame = _frame(reranked, "right", previews, view)
        frame["Result"] = [fate(row.now, row.score, view.top_n, view.threshold) for row in reranked]
        chosen_right = _table(
            frame,
            key=keys.of(key, "reranked", version),
            bar=scale.top if _on_axis([row.score for row in rows]) else None,
            alt=f"Reranked order, {len(rows):,} documents",
        )
    if view.scale is not None and any(row.score is not None for row in rows):
        st.caption(scale.text)
    memory: dict[str, Any] = st.session_state.setdefault(keys.of(key, "selected"), {})
    if memory.get("version") != version:
        memory.update(version=version, left=None, right=None, picked=None)
    for side, place, table in (("left", chosen_left, initial), ("right", chosen_right, reranked)):
        if place != memory[side]:
            memory[side] = place
            memory["picked"] = table[place].key if place is not None and place < len(table) else None
    picked: str | None = memory["picked"]
    return picked


def _named(name: str, view: BoardView) -> None:
    # Where one order has a name both take the line, so that the tables start at the same height.
    if view.initial_name or view.reranked_name:
        st.text(shown(name, 80, one_line=True) or "\u00a0")


def _frame(rows: Sequence[BoardRow], side: str, previews: Mapping[str, str], view: BoardView) -> dict[str, list[Any]]:
    if side == "left":
        columns: dict[str, list[Any]] = {"Rank": [row.was for row in rows]}
        if any(row.initial_score is not None for row in rows):
            columns["Score"] = [row.initial_score for row in rows]
        columns["Now"] = [row.now for row in rows]
    else:
        columns = {"Rank": [row.now for row in rows]}
        if view.scale is not None and view.scale.at is not None:
            columns["Strength"] = [view.scale.word(row.score) for row in rows]
        if any(row.score is not None for row in rows):
            columns["Score"] = [row.score for row in rows]
        columns["Move"] = [movement(row.was, row.now)[1] for row in rows]
    columns["Document"] = [previews[row.key] for row in rows]
    if side == "right":
        columns["Was"] = [row.was for row in rows]
    return columns


def _preview(row: BoardRow) -> str:
    return shown(f"{row.title}: {row.text}" if row.title else row.text, PREVIEW_CHARACTERS, one_line=True)


def _small(column: Sequence[Any]) -> pa.Array:
    """A column as it is sent: places in two bytes each where they fit, and each word of a few once."""
    found = pa.array(column)
    if pa.types.is_integer(found.type) and len(found) < _TWO_BYTES:
        return found.cast(pa.int16())
    if pa.types.is_string(found.type):
        words = found.dictionary_encode()
        if len(words.dictionary) < _FEW_WORDS:
            return words.cast(pa.dictionary(pa.int8(), pa.string()))
    return found


def _on_axis(scores: Sequence[float | None]) -> bool:
    return all(score is None or 0 <= score <= 1 for score in scores)


def _table(columns: Mapping[str, list[Any]], *, key: str, bar: float | None, alt: str) -> int | None:
    """One table, its bars from 0 to `bar`, without bars where that is None.

    Gives the place of the selected row in the columns, whatever the person sorted it by.
    """
    number = st.column_config.NumberColumn
    score = (
        st.column_config.ProgressColumn(min_value=0, max_value=bar, format="%.3f", width=120)
        if bar is not None
        else number(format="%.3f", width="small")
    )
    known = {
        "Rank": number(width=55),
        "Score": score,
        "Now": number(width=55),
        "Was": number(width=55),
        "Move": st.column_config.TextColumn(width=65),
        "Strength": st.column_config.TextColumn(width=75),
        "Result": st.column_config.TextColumn(width=105),
        "Document": st.column_config.TextColumn(width="large"),
    }
    event = st.dataframe(
        pa.Table.from_pydict({name: _small(column) for name, column in columns.items()}),
        key=key,
        height=TABLE_HEIGHT,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="no score",
        alt=alt,
        column_config={name: known[name] for name in columns},
    )
    chosen = event["selection"]["rows"]
    return int(chosen[0]) if chosen else None


def detail_panel(
    row: BoardRow,
    document: Document,
    *,
    key: str,
    word: Word | None = None,
    on_rate: Callable[[int | None], None] | None = None,
    on_close: Callable[[], None] | None = None,
    answers: Sequence[tuple[int, int]] = (),
) -> None:
    """Show a document as it is, to be read and copied, with where it stood and where it stands.

    `on_rate(0 to 3, or None)` draws the rating and is called before the page runs again; `on_close` draws a
    button that closes the panel. `word` is what the score says. `answers` are the parts of the text to mark, (start,
    stop) in characters. `key` must differ from document to document.
    """
    with st.container(border=True):
        name, close = st.columns([5, 1], vertical_alignment="center")
        name.subheader("Document", anchor=False)
        if on_close is not None:
            close.button(
                "Close", key=keys.of(key, "close"), icon=":material/close:", on_click=on_close, width="stretch"
            )
        if row.title:
            st.text(shown(row.title, 300, one_line=True))
        words, arrow, _ = movement(row.was, row.now)
        score = "no score" if row.score is None else f"{f'{word}, ' if word else ''}relevance score {row.score:.3f}"
        parts = [words + arrow, score, *([shown(row.tooltip, 300, one_line=True)] if row.tooltip else [])]
        st.text(" · ".join(parts))
        if on_rate is not None:
            rating_control(row.rating, keys.of(key, "rating"), on_rate)
        full_text(document.text, key, answers)
        address = next((str(value) for name, value in document.metadata.items() if name.lower() in ADDRESSES), "")
        if opens(address):
            st.link_button("Open its page", address, icon=":material/open_in_new:")
        about = {"id": document.id, **document.metadata}
        about = {name: value for name, value in about.items() if value not in (None, "")}
        if about:
            st.dataframe(
                pd.DataFrame(
                    {
                        "Field": [shown(str(name), 200) for name in about],
                        "Value": [shown(str(value), 2_000) for value in about.values()],
                    }
                ),
                hide_index=True,
                alt="What else belongs to this document",
                key=keys.of(key, "about"),
            )


def full_text(text: str, key: str, answers: Sequence[tuple[int, int]] = ()) -> None:
    length = len(text)
    if answers and length <= MAX_CHARACTERS:
        st.caption(ANSWER_MEANING)
        with st.container(border=True, height=420 if length > 2_000 else "content"):
            reading([Segment(text, False)], key=keys.of(key, "reading"), answers=answers)
        with st.expander("Copy the text", icon=":material/content_copy:"):
            st.code(shown(text) or " ", language=None, wrap_lines=True, height=420 if length > 2_000 else "content")
        return
    if length <= COPY_CHARACTERS:
        st.code(shown(text) or " ", language=None, wrap_lines=True, height=420 if length > 2_000 else "content")
        return
    with st.container(height=420):
        st.text(shown(text[:DETAIL_CHARACTERS]))
    if length > DETAIL_CHARACTERS:
        st.text(f"The first {DETAIL_CHARACTERS:,} of {length:,} characters are shown.")
    label = f"Download all {length:,} characters"
    download(label, lambda: text.encode("utf-8", "replace"), "document.txt", keys.of(key, "download"))


def rating_control(rating: int | None, key: str, on_rate: Callable[[int | None], None]) -> None:
    """The grades to choose from. `on_rate(0 to 3, or None)` is called before the page runs again."""
    # A rating that was given elsewhere, as on the board, is shown by a new widget. The browser may not have drawn the
    # one before anew when the next press comes, and its old value would then be taken for a choice.
    memory = st.session_state.setdefault(keys.of(key, "shown"), {"rating": rating, "version": 0})
    if memory["rating"] != rating:
        memory.update(rating=rating, version=memory["version"] + 1)
    widget = keys.of(key, memory["version"])

    def chosen() -> None:
        value = st.session_state[widget]
        on_rate(value)
        memory["rating"] = value

    st.session_state.setdefault(widget, rating)
    st.segmented_control(
        "How relevant is it?", list(RATINGS), format_func=RATINGS.__getitem__, key=widget, on_change=chosen
    )


def opens(address: str) -> bool:
    """Whether an address from a document may be opened by a click: http or https, nothing odd in it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    plain = address.isprintable() and not any(character.isspace() for character in address)
    return plain and len(address) <= 2_000 and parts.scheme in ("http", "https") and bool(parts.hostname)


def score_chart(rows: Sequence[BoardRow], threshold: float | None, key: str, *, top: float = 1.0) -> None:
    """How the scores are spread from 0 to `top`, with the threshold as a dashed line; nothing where there are none.

    Scores off that axis widen it, and so does the threshold. Bars under the threshold are lighter as well as left of
    the line.
    """
    scores = [row.score for row in rows if row.score is not None]
    if not scores:
        st.text("No scores to draw: this connection gives only an order.")
        return
    low, high = min(0.0, *scores), max(top, threshold or 0.0, *scores)
    dark = st.context.theme.type == "dark"
    ink, accent, pale = ("#e8edf2", "#6cb4ff", "#5b6875") if dark else ("#111418", "#0b5cad", "#b4bfcc")
    side = {OVER: accent, UNDER: pale}
    table = pd.DataFrame(
        {
            "Score": scores,
            "Result": [OVER if reaches(score, threshold) else UNDER for score in scores],
        }
    )
    axis = alt.X("Score:Q", bin=alt.Bin(extent=[low, high], step=(high - low) / 40), title="Relevance score")
    bars = (
        alt.Chart(table)
        .mark_bar(binSpacing=1)
        .encode(
            x=axis,
            y=alt.Y("count()", title="Documents", axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color("Result:N", scale=alt.Scale(domain=list(side), range=list(side.values())), legend=None),
            tooltip=[
                alt.Tooltip("count()", title="Documents"),
                alt.Tooltip("Score:Q", bin=True),
                alt.Tooltip("Result:N"),
            ],
        )
    )
    chart: alt.Chart | alt.LayerChart | alt.FacetChart = bars
    said = f"How {len(scores):,} relevance scores are spread from {min(scores):.3f} to {max(scores):.3f}"
    if threshold is not None:
        over = sum(reaches(score, threshold) for score in scores)
        said += f"; {over:,} reach the threshold {threshold:.3f}"
        mark = pd.DataFrame({"Threshold": [threshold], "Label": [f"{over:,} reach {threshold:.3f}"]})
        across = alt.X("Threshold:Q")
        rule = alt.Chart(mark).mark_rule(color=ink, strokeDash=[5, 4], strokeWidth=2).encode(x=across)
        near_right = threshold > low + (high - low) * 0.7
        label = (
            alt.Chart(mark)
            .mark_text(color=ink, align="right" if near_right else "left", dx=-6 if near_right else 6, fontSize=12)
            .encode(x=across, y=alt.value(-8), text=alt.Text("Label:N"))
        )
        chart = alt.layer(bars, rule, label)
    st.altair_chart(chart.properties(height=160), key=key, alt=said)
