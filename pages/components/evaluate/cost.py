"""Step 6: what it costs a month, next to what one gets for it."""

from __future__ import annotations

from collections.abc import Collection

import altair as alt
import pandas as pd
import streamlit as st

from pages.components.evaluate.answer.month import month, searches_field
from pages.components.evaluate.orders import searches_a_day
from pages.components.evaluate.summary import current_summary
from pages.components.session import keys
from rerank_core import pricing
from rerank_core.evaluation.measures.cost_quality import CostPoint, cost_quality, picture, worth
from rerank_core.evaluation.measures.summary import INITIAL
from rerank_core.evaluation.query_sets.query_set import QuerySet

HEIGHT, PLOT, TYPE = 400, 255, 12
"""Pixels: the picture, what its axes and legend leave of it, and its type."""
UP_TO_ONE = "datum.value > 1.0001 ? '' : datum.label"
STAND_IN, HOSTED = "This computer, stand-in", "Hosted"
VALUE, BEATEN = "Nothing better for less", "Another is better or cheaper"
OPEN = "Cannot be told apart from the initial order"


def cost_step(query_set: QuerySet) -> None:
    """Searches a day to money a month, with the quality beside it."""
    searches_field()
    found = current_summary(lambda summary: worth(summary, searches_a_day()), to_all=True)
    if found is None:
        month(query_set, ask=False)
        return
    st.subheader("What was run", anchor=False)
    points = cost_quality(found, searches_a_day())
    local = {row.label for row in found.rows if row.local}
    _picture(points, found.measure)
    _table(points, found.measure, local)
    if local:
        st.caption(
            "A stand-in runs on this computer in the place of a hosted model and costs nothing. It is not that model, "
            "which may order better."
        )
    st.caption(
        "A month has 30 days. The cost of a search is what this run's searches cost on average, so it holds for as "
        "many candidates of the same length. An interval says how sure the change from the initial order is."
    )
    month(query_set, ask=False)


def _table(points: tuple[CostPoint, ...], measure: str, local: Collection[str]) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "Order": [one.label for one in points],
                "Where": [_where(one.label, local) for one in points],
                measure: [one.quality for one in points],
                "95% interval": [f"{one.low:.3f} to {one.high:.3f}" if one.low != one.high else "" for one in points],
                "1,000 searches": [
                    pricing.money_text(None if one.per_search is None else one.per_search * 1000) for one in points
                ],
                "A month": [pricing.money_text(one.monthly) for one in points],
                "Verdict": [_verdict(one) for one in points],
            }
        ),
        hide_index=True,
        column_config={measure: st.column_config.NumberColumn(format="%.3f")},
        alt="Cost a month and quality of every order",
    )


def _verdict(one: CostPoint) -> str:
    return OPEN if not one.told_apart else VALUE if one.best_value else BEATEN


def _where(label: str, local: Collection[str]) -> str:
    return "" if label == INITIAL else STAND_IN if label in local else HOSTED


def _picture(points: tuple[CostPoint, ...], measure: str) -> None:
    """Money across and quality up; where nothing costs anything, one row an order with quality across."""
    known = [one for one in points if one.monthly is not None]
    drawn = picture(known, PLOT, TYPE)
    table = pd.DataFrame(
        {
            "Order": [one.label for one in known],
            "Month": [float(one.monthly or 0) for one in known],
            "Quality": [one.quality for one in known],
            "Low": [one.low for one in known],
            "High": [one.high for one in known],
            "Label": drawn.labels,
            "Before": drawn.before,
            "Verdict": [_verdict(one) for one in known],
        }
    )
    dark = st.context.theme.type == "dark"
    ink, accent, pale = ("#e8edf2", "#6cb4ff", "#8b98a5") if dark else ("#111418", "#0b5cad", "#6b7785")
    most, reach = drawn.most, alt.Scale(domain=[drawn.low, drawn.high], nice=False, zero=False)
    base = alt.Chart(table)
    look = {
        "color": alt.Color(
            "Verdict:N",
            scale=alt.Scale(domain=[VALUE, BEATEN, OPEN], range=[accent, pale, pale]),
            legend=alt.Legend(orient="bottom", title=None, columns=1),
        ),
        "shape": alt.Shape(
            "Verdict:N",
            scale=alt.Scale(domain=[VALUE, BEATEN, OPEN], range=["circle", "triangle-down", "square"]),
            legend=None,
        ),
        "tooltip": [
            alt.Tooltip("Order:N"),
            alt.Tooltip("Quality:Q", format=".3f", title=measure),
            alt.Tooltip("Month:Q", format="$,.2f", title="A month"),
        ],
    }
    marks, whiskers = base.mark_point(filled=True, size=130, opacity=1), base.mark_rule(color=pale, strokeWidth=2)
    said = "; ".join(f"{one.label} {one.quality:.2f} for {pricing.money_text(one.monthly)}" for one in known)
    if most > 0:
        across = alt.X(
            "Month:Q", title="US dollars a month", scale=alt.Scale(domain=[-most * 0.04, most * 1.06], nice=False)
        )
        up = alt.Y("Quality:Q", title=measure, scale=reach, axis=alt.Axis(labelExpr=UP_TO_ONE))
        beside = alt.Y("Label:Q", title=measure, scale=reach)
        names = [
            base.transform_filter(alt.datum.Before == before)
            .mark_text(align="right" if before else "left", dx=-10 if before else 10, color=ink, fontSize=TYPE)
            .encode(x=across, y=beside, text="Order:N")
            for before in (False, True)
        ]
        chart = alt.layer(
            whiskers.encode(x=across, y=alt.Y("Low:Q", title=measure, scale=reach), y2="High:Q"),
            marks.encode(x=across, y=up, **look),
            *names,
        ).properties(height=HEIGHT)
    else:
        ranked = list(table.sort_values("Quality", ascending=False)["Order"])
        few = alt.Axis(tickCount=6, format=".2f", labelExpr=UP_TO_ONE)
        order = alt.Y("Order:N", title=None, sort=ranked, axis=alt.Axis(labelLimit=260))
        chart = alt.layer(
            whiskers.encode(x=alt.X("Low:Q", title=measure, scale=reach, axis=few), x2="High:Q", y=order),
            marks.encode(x=alt.X("Quality:Q", title=measure, scale=reach, axis=few), y=order, **look),
        ).properties(height=60 + 40 * len(known))
    st.altair_chart(chart, key=keys.COST_PICTURE, alt=f"{measure} against money a month: {said}")
