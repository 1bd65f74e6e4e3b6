"""Two runs: what was asked otherwise, and what became of the order."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.components.display.board import MAX_ROWS, BoardEvent, BoardRow, BoardView, board, shown
from pages.components.display.difference import side_by_side
from pages.components.history.changes_table import changes_table
from pages.components.history.state import state
from pages.components.session import keys, stores
from rerank_core import RerankError
from rerank_core.duplicates import difference
from rerank_core.models import Document
from rerank_core.ranking.changes import AnswerChanges, Change, answer_changes
from rerank_core.ranking.comparison import PairAgreement
from rerank_core.ranking.heading import heading
from rerank_core.ranking.orders import Move
from rerank_core.storage.history.record import HistoryEntry
from rerank_core.storage.run_record import Run

_PREVIEW, _LISTED, _TEXT = 160, 20, 4_000
_DEPTH = 10


def draw(before: HistoryEntry, after: HistoryEntry) -> None:
    """Draw what differs between two entries of one run each."""
    runs = [whole(entry.runs[0] if entry.runs else "") for entry in (before, after)]
    settings = [
        {"Started from": run.order_name} | _search(entry) for run, entry in zip(runs, (before, after), strict=True)
    ]
    found = answer_changes(runs[0].response, runs[1].response, (settings[0], settings[1]), _DEPTH)
    what_changed(found.asked, found)
    order_changed(found)


def whole(run_id: str) -> Run:
    """The run of this id. Raises RerankError where it is gone."""
    run = stores.runs().get(run_id)
    if run is None:
        raise RerankError("One of the two is gone.", hint="It was deleted, perhaps in another window.")
    return run


def _search(entry: HistoryEntry) -> dict[str, str]:
    return dict(stores.history().settings(entry.id))


def what_changed(asked: Sequence[Change], found: AnswerChanges) -> None:
    """What was asked otherwise; the query and the documents with what differs in them."""
    st.subheader("What changed", anchor=False)
    documents = found.documents
    if not asked and documents.none:
        st.text("Nothing: the very same was asked twice.")
        return
    rows = [(one.what, one.before, one.after) for one in asked if one.what != "Query"]
    if documents.text:
        rows.append(
            ("Documents", f"{documents.same + len(documents.edited) + len(documents.removed):,}", documents.text)
        )
    query = next((one for one in asked if one.what == "Query"), None)
    if query is not None:
        st.text("Query")
        side_by_side(difference(query.before[:_TEXT], query.after[:_TEXT]), "Earlier", "Later", key=keys.HISTORY_QUERY)
    changes_table(rows)
    _documents(found)


def _documents(found: AnswerChanges) -> None:
    documents = found.documents
    named = (("Added", documents.added), ("Removed", documents.removed))
    if not (documents.added or documents.removed or documents.edited):
        return
    box = st.expander(
        "The documents that changed", icon=":material/description:", key=keys.HISTORY_TEXTS, on_change="rerun"
    )
    if not box.open:
        return
    with box:
        for name, texts in named:
            if texts:
                st.markdown(f"**{name}**")
                for document in texts[:_LISTED]:
                    st.text(preview(document))
                if len(texts) > _LISTED:
                    st.caption(f"and {len(texts) - _LISTED:,} more")
        for place, (was, now) in enumerate(documents.edited[:_LISTED]):
            pieces = difference(was.text[:_TEXT], now.text[:_TEXT])
            name = now.id or f"Document {place + 1}"
            side_by_side(pieces, f"{name}, earlier", f"{name}, later", key=keys.of(keys.HISTORY_TEXTS, place))
        if len(documents.edited) > _LISTED:
            st.caption(f"and {len(documents.edited) - _LISTED:,} more that were edited")


def order_changed(found: AnswerChanges, about: str = "", place: int = 0) -> None:
    """The two orders; `about` is whose they are, empty where that is plain, `place` which one of several this is."""
    order = found.order
    st.subheader(f"The order{about and ': '}{about}", anchor=False)
    agreed = PairAgreement(0, 1, order.k, order.overlap, order.kendall_tau, order.rbo)
    both = [move for move in order.moves if move.was is not None and move.now is not None]
    st.text(agreed.text if both else "The two share no document.")
    if len(both) == len(order.moves) and len(both) <= MAX_ROWS:
        rows = [_row(found.shown[move.key], move) for move in both]
        view = BoardView(_DEPTH, "", picked=state().picked, headings=("Earlier order", "Later order"))
        board(rows, view, key=keys.of(keys.HISTORY_BOARD, place), on_event=_on_board)
        picked = next((found.shown[move.key] for move in both if str(move.key) == state().picked), None)
        if picked is not None:
            st.text(shown(picked.text, _TEXT))
        return
    _table(order.moves, found)


def _row(document: Document, move: Move) -> BoardRow:
    title, text = heading(document)
    return BoardRow(key=str(move.key), was=move.was or 1, now=move.now or 1, text=text, title=title)


def _on_board(event: BoardEvent) -> None:
    if event.picked is not None:
        state().picked = event.picked


def _table(moves: Sequence[Move], found: AnswerChanges) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "Earlier": [move.was for move in moves],
                "Later": [move.now for move in moves],
                "Move": [_move(move) for move in moves],
                "Document": [preview(found.shown[move.key]) for move in moves],
            }
        ),
        hide_index=True,
        height=min(600, 40 + 35 * len(moves)),
        column_config={
            "Earlier": st.column_config.NumberColumn(width=80),
            "Later": st.column_config.NumberColumn(width=80),
            "Move": st.column_config.TextColumn(width=110),
            "Document": st.column_config.TextColumn(width="large"),
        },
        alt="Every document with its rank in the earlier and in the later order",
    )


def _move(move: Move) -> str:
    if move.was is None:
        return "new"
    if move.now is None:
        return "no longer there"
    return f"▲{move.change}" if (move.change or 0) > 0 else f"▼{-(move.change or 0)}" if move.change else "the same"


def preview(document: Document) -> str:
    """A document in a line."""
    title, text = heading(document)
    return shown(f"{title}: {text}" if title else text, _PREVIEW, one_line=True)
