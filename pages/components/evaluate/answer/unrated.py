"""The answer before anybody has rated: how much would change, where the orders disagree, and what to rate first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.components.display.board import shown
from pages.components.evaluate.answer.deciding import deciding
from pages.components.evaluate.answer.month import month
from pages.components.evaluate.board import query_board
from pages.components.evaluate.orders import (
    filters,
    judgments,
    rankings,
    scope_line,
    selected_orders,
    settings,
    worked_out,
)
from pages.components.evaluate.state import go, state
from pages.components.session import keys
from rerank_core.evaluation.measures.summary import INITIAL
from rerank_core.evaluation.measures.without_ratings import TOP, Disputed, disputed, turnovers
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.ranking.heading import heading

SHOWN, PREVIEW = 50, 200


def nothing_rated(query_set: QuerySet) -> bool:
    """Whether there are answers and not one rating for the queries that are looked at."""
    known = judgments()
    asked = settings().queries_of(query_set)
    return bool(asked) and any(ranking.run for ranking in rankings()) and not any(known.get(one.id) for one in asked)


def unrated_answer(query_set: QuerySet) -> None:
    """What can be said without ratings, and what to rate."""
    with st.container(key=keys.HEADLINE):
        st.text("You cannot know yet: nothing is rated")
    scope_line()
    runs = selected_orders()
    for one in worked_out(("turnovers", rankings(), settings().only), lambda: turnovers(runs)):
        st.text(f"{one.text}.")
    st.text("Whether that is better nobody can say without ratings. A few dozen of the right ones tell most.")
    deciding(expanded=True)
    st.button("Rate everything on the Rate step", icon=":material/star:", type="tertiary", on_click=go, args=("Rate",))
    filters(query_set)
    month(query_set)
    _disputed(query_set, runs)


def _disputed(query_set: QuerySet, runs: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    found = worked_out(("disputed", rankings(), settings().only), lambda: disputed(runs))
    if not found:
        return
    st.subheader("Where the orders disagree most", anchor=False)
    st.caption(
        f"Select a row to see that query's two orders. The first {TOP} results of every two orders are compared."
    )
    event = st.dataframe(
        pd.DataFrame([_line(query_set, one, runs) for one in found[:SHOWN]]),
        key=keys.DISPUTED,
        hide_index=True,
        height=min(320, 40 + 35 * min(SHOWN, len(found))),
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Query": st.column_config.TextColumn(width="large", pinned=True)},
        alt="The queries that the orders disagree about most, with what each order puts first",
    )
    rows = event["selection"]["rows"]
    chosen = found[rows[0] if rows and rows[0] < len(found) else 0]
    current = state()
    if current.query_id != chosen.query:
        current.query_id, current.picked = chosen.query, None
    labels = [label for label in runs if label != INITIAL]
    if st.session_state.get(keys.SUMMARY_MODEL) not in labels:
        st.session_state[keys.SUMMARY_MODEL] = labels[0]
    label = st.selectbox("Order", labels, key=keys.SUMMARY_MODEL, width=280)
    query_board(query_set, query_set.query(chosen.query), label, INITIAL)


def _line(query_set: QuerySet, one: Disputed, runs: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, str]:
    firsts = {f"First: {label}": _title(query_set, run[one.query]) for label, run in runs.items()}
    return {
        "Query": shown(query_set.query(one.query).text, PREVIEW, one_line=True),
        f"Top {TOP} differ": f"{one.disagreement:.0%}",
    } | firsts


def _title(query_set: QuerySet, names: Sequence[str]) -> str:
    if not names:
        return ""
    title, text = heading(query_set.documents[names[0]])
    return shown(title or text, PREVIEW, one_line=True)
