"""Step 4: what to do first, then the figures behind it, query by query, down to the board of one query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from pages.components.display import errors, glossary
from pages.components.display.board import shown
from pages.components.evaluate.answer.deciding import deciding
from pages.components.evaluate.answer.month import month
from pages.components.evaluate.answer.other_tools import other_tools
from pages.components.evaluate.answer.recommended import advice, draw_reasons
from pages.components.evaluate.answer.unrated import nothing_rated, unrated_answer
from pages.components.evaluate.board import query_board
from pages.components.evaluate.orders import filters, scope_line, summary
from pages.components.evaluate.run import under_way
from pages.components.evaluate.state import go, state
from pages.components.session import keys
from rerank_core import RerankError, pricing
from rerank_core.evaluation.measures.measure import mean_name
from rerank_core.evaluation.measures.significance import interval_text, p_text
from rerank_core.evaluation.measures.summary import INITIAL, OrderScores, QueryChange, Summary, method
from rerank_core.evaluation.query_sets.query_set import QuerySet

BETTER, WORSE, SAME = "Better", "Worse", "The same"
PREVIEW = 300
NARROW = 78
"""Pixels of a column of figures, so that what decides can be seen without scrolling sideways."""


def summary_step(query_set: QuerySet) -> None:
    """What to do, the table of metrics, the bars, the worst regressions, one query's board."""
    if nothing_rated(query_set):
        unrated_answer(query_set)
        return
    found = current_summary(lambda summary: advice(summary).lead.text)
    if found is None:
        return
    draw_reasons(found)
    deciding(expanded=False)
    if found.warnings:
        with st.container(border=True):
            st.text("\n".join(f"• {warning}" for warning in found.warnings))
    filters(query_set)
    _metrics(found)
    other_tools(found)
    month(query_set)
    _queries(found)


def current_summary(headline: Callable[[Summary], str], *, to_all: bool = False) -> Summary | None:
    """The summary as things stand, under the headline that it gives; where there is none, the page says why and what to
    do. `to_all` as in `scope_line`."""
    current = state()
    try:
        found = summary()
    except RerankError as error:
        if under_way() and error.code == "no_answers":
            st.caption(
                "The models are ranking every query now; the answer appears here when they are done. You can go on "
                "reading or leave the page: the run goes on."
            )
            return None
        if current.query_set is not None and error.code == "no_ratings":
            filters(current.query_set)
        errors.show(error, title="There is no answer yet")
        with st.container(horizontal=True):
            if error.code == "no_ratings":
                st.button("Rate results", icon=":material/star:", on_click=go, args=("Rate",))
            else:
                st.button("To the run", icon=":material/play_arrow:", on_click=go, args=("Run",))
        return None
    with st.container(key=keys.HEADLINE):
        st.text(headline(found))
    scope_line(to_all=to_all)
    return found


def _metrics(found: Summary) -> None:
    main, *rest = found.measures
    means = dict(method(found.settings.relevant))
    rows = []
    for row in found.rows:
        compared = row.compared
        line: dict[str, object] = {
            "Order": row.label,
            main: row.means[main],
            "Change": compared.difference if compared else None,
            "This run": _paid(row) if compared else "",
            "Median time": f"{row.latency_ms:,.0f} ms" if row.latency_ms is not None else "",
            "95% interval": interval_text(compared) if compared else "",
            "p": p_text(compared.p) if compared else "",
            "Better / worse / same": f"{compared.better} / {compared.worse} / {compared.same}" if compared else "",
        }
        rows.append(line | {mean_name(name): row.means[name] for name in rest})
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="",
        column_config={
            mean_name(name): number(format="%.3f", width=NARROW, help=glossary.measure(name)) for name in found.measures
        }
        | {
            "Order": text(pinned=True),
            "Change": number(
                format="%+.3f",
                width=NARROW,
                help=f"In {main}, against the initial order; interval and p too.",
            ),
            "This run": text(
                width=110,
                help="A stand-in runs on this computer in the place of a hosted model. Saved: the very same was asked "
                "before, and cost nothing now.",
            ),
            "Median time": text(width=105),
            "95% interval": text(width=135, help=means["95% interval"]),
            "p": text(width=95, help=means["p"]),
        },
        alt=f"Metrics of every order over {len(found.queries):,} rated queries",
    )
    st.caption(f"Further to the right: {', '.join(map(mean_name, rest))}.")
    with st.popover("What these mean", icon=":material/help:", type="tertiary"):
        for name, meaning in means.items():
            st.caption(f"**{name}** {meaning}")


def _paid(row: OrderScores) -> str:
    if row.local:
        return f"{pricing.money_text(row.cost)}, stand-in"
    return f"{pricing.money_text(row.cost)}, {row.saved:,} saved" if row.saved else pricing.money_text(row.cost)


def _queries(found: Summary) -> None:
    labels = [row.label for row in found.rows]
    # The best one, whichever that is as the answers come in, until somebody chooses for this run.
    if (
        st.session_state.get(keys.SUMMARY_MODEL) not in labels[1:]
        or st.session_state.get(keys.SUMMARY_MODEL_OF) != state().experiment_id
    ):
        st.session_state[keys.SUMMARY_MODEL] = found.best
    others = [label for label in labels if label != st.session_state[keys.SUMMARY_MODEL]]
    if st.session_state.get(keys.SUMMARY_AGAINST) not in others:
        st.session_state[keys.SUMMARY_AGAINST] = INITIAL
    if st.session_state.get(keys.SUMMARY_MEASURE) not in found.measures:
        st.session_state[keys.SUMMARY_MEASURE] = found.measure
    st.subheader("Query by query", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox("Order", labels[1:], key=keys.SUMMARY_MODEL, width=280, on_change=_chosen)
        against = st.selectbox("Compared with", others, key=keys.SUMMARY_AGAINST, width=280)
        measure = st.selectbox("Measure", found.measures, key=keys.SUMMARY_MEASURE, width=140)
    changes = found.changes(label, measure, against)
    counts = {kind: sum(_kind(one) == kind for one in changes) for kind in (BETTER, WORSE, SAME)}
    _bars(changes, label, measure, counts)
    _list(changes, counts)
    _one_query(label, against)


def _chosen() -> None:
    st.session_state[keys.SUMMARY_MODEL_OF] = state().experiment_id


def _kind(change: QueryChange) -> str:
    return BETTER if change.change > 1e-9 else WORSE if change.change < -1e-9 else SAME


def colours() -> dict[str, str]:
    """Blue and orange, which colour-blind readers tell apart; the direction of the bar and the word say it too."""
    if st.context.theme.type == "dark":
        return {BETTER: "#56B4E9", WORSE: "#F0A44B", SAME: "#8b98a5"}
    return {BETTER: "#0072B2", WORSE: "#B35C00", SAME: "#6b7785"}


def _table(changes: tuple[QueryChange, ...], characters: int) -> pd.DataFrame:
    """A row a query, with so many characters of its text."""
    return pd.DataFrame(
        {
            "Change": [one.change for one in changes],
            "Result": [_kind(one) for one in changes],
            "Query": [shown(one.query.text, characters, one_line=True) for one in changes],
            "Before": [one.before for one in changes],
            "After": [one.after for one in changes],
        }
    )


def _bars(changes: tuple[QueryChange, ...], label: str, measure: str, counts: dict[str, int]) -> None:
    palette = colours()
    table = _table(changes, 120).assign(Number=range(1, len(changes) + 1))
    clicked = alt.selection_point(name="bar", fields=["Number"], on="click", clear=False, empty=False)
    chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("Number:O", axis=None, title=None),
            y=alt.Y("Change:Q", title=f"Change in {measure}", axis=alt.Axis(format="+.2f")),
            color=alt.Color(
                "Result:N",
                scale=alt.Scale(domain=list(palette), range=list(palette.values())),
                legend=alt.Legend(orient="top", title=None),
            ),
            tooltip=[
                alt.Tooltip("Query:N"),
                alt.Tooltip("Before:Q", format=".3f"),
                alt.Tooltip("After:Q", format=".3f"),
                alt.Tooltip("Change:Q", format="+.3f"),
            ],
        )
        .add_params(clicked)
        .properties(height=220)
    )
    event = st.altair_chart(
        chart,
        key=keys.SUMMARY_BARS,
        on_select="rerun",
        selection_mode="bar",
        alt=f"{label}: {counts[BETTER]} queries better, {counts[WORSE]} worse, {counts[SAME]} the same in {measure}; "
        "one bar a query, the worst on the left",
    )
    picked: list[dict[str, Any]] = event.selection.get("bar") or []
    number = picked[0].get("Number") if picked else None
    if isinstance(number, int) and 0 < number <= len(changes):
        _take("bars", (label, measure, number), changes[number - 1].query.id)


def _take(source: str, signature: tuple[object, ...], query_id: str) -> None:
    """Show a query's board where its bar or row was just chosen; an old choice does not come back."""
    seen = st.session_state.setdefault(keys.SUMMARY_SEEN, {})
    if seen.get(source) != signature:
        seen[source] = signature
        current = state()
        current.query_id, current.query_chosen, current.picked = query_id, True, None


def _list(changes: tuple[QueryChange, ...], counts: dict[str, int]) -> None:
    worse = counts[WORSE]
    st.caption(
        f"{'The worst regressions stand first' if worse else 'No query got worse'}. Select a row, or click a bar, to "
        "see that query's two orders."
    )
    event = st.dataframe(
        _table(changes, PREVIEW).assign(
            Tag=[one.query.tag or "" for one in changes], Language=[one.query.lang or "" for one in changes]
        ),
        key=keys.of(keys.SUMMARY_LIST, hash(tuple(one.query.id for one in changes))),
        hide_index=True,
        height=min(320, 40 + 35 * len(changes)),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Change": st.column_config.NumberColumn(format="%+.3f", width=80),
            "Result": st.column_config.TextColumn(width=90),
            "Query": st.column_config.TextColumn(width="large"),
            "Before": st.column_config.NumberColumn(format="%.3f", width=75),
            "After": st.column_config.NumberColumn(format="%.3f", width=75),
            "Tag": st.column_config.TextColumn(width="small"),
            "Language": st.column_config.TextColumn(width="small"),
        },
        alt="Every query with its change, the worst first; select one to see its orders",
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(changes):
        _take("list", (rows[0], changes[rows[0]].query.id), changes[rows[0]].query.id)
    known = {one.query.id for one in changes}
    current = state()
    if current.query_id not in known or not current.query_chosen:
        current.query_id, current.query_chosen = changes[0].query.id if changes else None, False


def _one_query(label: str, against: str) -> None:
    current = state()
    if current.query_id is None or current.query_set is None:
        return
    query_board(current.query_set, current.query_set.query(current.query_id), label, against)
