"""One query's two orders on the board, with ratings that count at once."""

from __future__ import annotations

import streamlit as st

from pages.components.display import tables
from pages.components.display.board import BoardEvent, BoardRow, BoardView, shown
from pages.components.display.orders_view import orders_view
from pages.components.evaluate.orders import judgments, orders, rankings
from pages.components.evaluate.rate import keep
from pages.components.evaluate.state import state
from pages.components.session import keys, thresholds
from rerank_core import providers
from rerank_core.evaluation.measures.summary import INITIAL
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.ranking.heading import heading
from rerank_core.ranking.strength import ScoreScale


def query_board(query_set: QuerySet, query: Query, label: str, against: str) -> None:
    """Draw how `against` and `label` order the candidates of a query."""
    with st.container(border=True):
        about = [part for part in (query.tag, query.lang) if part]
        st.subheader("This query", anchor=False)
        st.text(shown(query.text, 4_000))
        if about:
            st.text(" · ".join(about))
        rows = board_rows(query_set, query, label, against)
        if rows is None:
            st.text("One of the two orders has no answer to this query.")
            return
        current = state()
        top_n = int(st.session_state.get(keys.SUMMARY_DEPTH) or 10)
        view = BoardView(
            top_n,
            _name(query_set, against),
            _name(query_set, label),
            picked=current.picked,
            rating=True,
            scale=_words(query_set, query, label, rows),
        )
        # A component's key must not hold two underscores in a row, and a query's id may.
        current.picked = orders_view(rows, view, key=keys.EVALUATE_BOARD, on_event=_on_board)
        _scale(query)
        _detail(query_set, query, rows)


def _words(query_set: QuerySet, query: Query, label: str, rows: list[BoardRow]) -> ScoreScale | None:
    """What the scores of an order's model say in words; None for an order that no model made."""
    made_by = next((ranking.contender for ranking in rankings() if ranking.label == label), None)
    if made_by is None or made_by.provider not in {spec.id for spec in providers()}:
        return None
    documents = query_set.documents_of(query)
    return thresholds.scale_for((made_by.provider, made_by.model), [row.score for row in rows], query.text, documents)


def _scale(query: Query) -> None:
    """Say so where the query has ratings that the board cannot show as they are."""
    grades = judgments().get(query.id, {}).values()
    if any(not 0 <= grade <= 3 for grade in grades):
        st.caption(
            f"This query's ratings go from {min(grades)} to {max(grades)}; on the board those over 3 are shown as 3 "
            "and those under 0 as 0."
        )


def _name(query_set: QuerySet, label: str) -> str:
    return query_set.order_name if label == INITIAL else f"by {label}"


def board_rows(query_set: QuerySet, query: Query, label: str, against: str) -> list[BoardRow] | None:
    """The candidates as the board takes them; None where an order is missing."""
    runs = orders()
    before, after = (runs.get(name, {}).get(query.id) for name in (against, label))
    if not before or not after:
        return None
    was = {name: rank for rank, name in enumerate(before, start=1)}
    scores = next((ranking.scores for ranking in rankings() if ranking.label == label), {}).get(query.id, {})
    places = {name: place for place, name in enumerate(query.candidates)}
    grades = judgments().get(query.id, {})
    rows = []
    for now, name in enumerate(after, start=1):
        document = query_set.documents[name]
        (title, text), grade = heading(document), grades.get(name)
        rows.append(
            BoardRow(
                key=str(places[name]),
                was=was[name],
                now=now,
                text=text,
                title=title,
                score=scores.get(name),
                # the board knows 0 to 3; a file may hold other scales, which `_scale` explains
                rating=None if grade is None else min(3, max(0, grade)),
            )
        )
    return rows


def _on_board(event: BoardEvent) -> None:
    current = state()
    if event.picked is not None:
        current.picked = event.picked
    if current.query_set is None or current.query_id is None:
        return
    candidates = current.query_set.query(current.query_id).candidates
    for rating in event.rated:
        if rating.key.isdigit() and int(rating.key) < len(candidates):
            keep(current.query_id, candidates[int(rating.key)], rating.value)


def _detail(query_set: QuerySet, query: Query, rows: list[BoardRow]) -> None:
    current = state()
    row = next((row for row in rows if row.key == current.picked), None)
    if row is None:
        return
    name = query.candidates[int(row.key)]

    def rate(grade: int | None) -> None:
        keep(query.id, name, grade)

    tables.detail_panel(
        row,
        query_set.documents[name],
        key=keys.of(keys.EVALUATE_DETAIL, query.id, row.key),
        on_rate=rate,
        on_close=_close,
    )


def _close() -> None:
    state().picked = None
