"""The ledger of spending on a page: what calls of services have cost, by day and one by one, as pictures and files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

import altair as alt
import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.display import errors
from pages.components.display.download import download
from pages.components.session import keys, stores
from rerank_core.pricing.allowance import Sums
from rerank_core.pricing.estimates import money_text
from rerank_core.storage.spending.csv_files import calls_csv, days_csv
from rerank_core.storage.spending.ledger import DaySums, LedgerFilter
from rerank_core.storage.spending.rows import LedgerCall
from rerank_core.storage.spending.store import KEPT_DAYS, SUMS_KEPT_DAYS
from rerank_core.storage.sqlite_file import StoreError

SHOWN = 1_000
"""Calls in the table; the file has all."""

_USUAL_DAYS = 30
_NOBODY = "nobody signed in"
_KEYS = {"configured": "the app's", "own": "own", "none": "none needed"}


def show(who: str | None) -> LedgerFilter | None:
    """Draw the ledger, of one person or of all for None; what it is narrowed to, None where it cannot be read."""
    try:
        return _show(who)
    except StoreError as error:
        errors.show(error, title="The ledger of spending cannot be read")
        return None


def _show(who: str | None) -> LedgerFilter:
    ledger = stores.spending()
    ledger.recover()
    today = ledger.today()
    which = _filters(who, today)
    days = ledger.days(which)
    sums = sum((each.sums for each in days), Sums())
    if not sums.calls:
        st.text("No call of a service in these days.")
        return which
    _figures(sums)
    _picture(days)
    calls = ledger.calls(which, most=SHOWN)
    _table(calls, with_who=who is None)
    with st.container(horizontal=True, vertical_alignment="center"):
        download("Calls as CSV", lambda: calls_csv(ledger.calls(which)), "calls.csv", keys.LEDGER_CALLS_CSV)
        download("Days as CSV", partial(days_csv, days), "spending_by_day.csv", keys.LEDGER_DAYS_CSV)
        st.caption(
            f"Single calls are kept for {KEPT_DAYS} days, the sums of days for {SUMS_KEPT_DAYS // 365} years. "
            "Days are the server's."
        )
    return which


def _filters(who: str | None, today: date) -> LedgerFilter:
    """Which days, whose, over which connection."""
    ledger = stores.spending()
    people, connections = ledger.names(who)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.date_input(
            "Days",
            (today - timedelta(days=_USUAL_DAYS - 1), today),
            min_value=today - timedelta(days=SUMS_KEPT_DAYS),
            max_value=today,
            key=keys.LEDGER_DAYS,
            width=260,
        )
        if who is None and len(people) > 1:
            who = st.selectbox(
                "Person",
                [None, *people],
                format_func=lambda name: "Everybody" if name is None else name or _NOBODY,
                key=keys.LEDGER_PERSON,
                width=260,
            )
        connection = None
        if len(connections) > 1:
            connection = st.selectbox(
                "Connection",
                [None, *connections],
                format_func=lambda name: "All" if name is None else _label(name),
                key=keys.LEDGER_CONNECTION,
                width=260,
            )
    span = chosen if isinstance(chosen, tuple) else (chosen,)
    first = span[0] if span else today - timedelta(days=_USUAL_DAYS - 1)
    return LedgerFilter(who, first, span[1] if len(span) > 1 else None, connection)


def _figures(sums: Sums) -> None:
    """What it all comes to."""
    with st.container(horizontal=True):
        st.metric("Known cost", money_text(sums.spent), width="content")
        if sums.doubt or sums.held:
            st.metric("May be billed besides", money_text(sums.doubt + sums.held), width="content")
        if sums.unknown:
            st.metric("Calls of unknown cost", f"{sums.unknown:,}", width="content")
        if sums.assumed:
            st.metric("Counted for them", money_text(sums.assumed), width="content")
        st.metric("Calls", f"{sums.calls:,}", width="content")


def _picture(days: Sequence[DaySums]) -> None:
    """What each day counts, by connection."""
    rows: dict[tuple[date, str], float] = {}
    for each in days:
        at = each.day, _label(each.connection) + (", own key" if each.key == "own" else "")
        rows[at] = rows.get(at, 0.0) + float(each.sums.counted)
    if not any(rows.values()):
        return
    # At noon, since a browser reads a day alone as midnight in UTC, which is another day to the west.
    table = pd.DataFrame([(f"{day}T12:00:00", name, value) for (day, name), value in rows.items()])
    table.columns = ["Day", "Connection", "Dollars"]
    by_day: dict[str, float] = {}
    for (day, _name), value in rows.items():
        by_day[day.isoformat()] = by_day.get(day.isoformat(), 0.0) + value
    dearest = max(by_day, key=lambda day: by_day[day])
    chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(Day):T", title=None, axis=alt.Axis(format="%d %b", labelAngle=0)),
            y=alt.Y("sum(Dollars):Q", title="US dollars", axis=alt.Axis(tickCount=4)),
            color=alt.Color("Connection:N", legend=alt.Legend(orient="bottom", title=None, columns=2)),
            tooltip=[
                alt.Tooltip("yearmonthdate(Day):T", title="Day"),
                alt.Tooltip("Connection:N"),
                alt.Tooltip("sum(Dollars):Q", format="$,.6f", title="US dollars"),
            ],
        )
        .properties(height=260)
    )
    st.altair_chart(chart, alt=f"US dollars a day by connection over {len(by_day)} days, the most on {dearest}")


def _table(calls: Sequence[LedgerCall], *, with_who: bool) -> None:
    """The calls one by one, the newest first."""
    rows = [
        {
            "When": row.started.astimezone().replace(tzinfo=None),
            **({"Who": row.call.who or _NOBODY} if with_who else {}),
            "Connection": _label(row.call.connection),
            "Model": row.call.model or "the usual one",
            "What for": row.call.page,
            "Cost": float(row.spent) if row.state in ("billed", "not billed") else None,
            "May be billed": float(row.sums.doubt + row.sums.held) or None,
            "State": row.state,
            "Key": _KEYS[row.call.key],
            "Run": row.call.run,
            "Note": row.note,
        }
        for row in calls
    ]
    if not any(row["Note"] for row in rows):
        for row in rows:
            del row["Note"]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content" if len(rows) < 10 else 400,
        column_config={
            "When": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
            "Cost": st.column_config.NumberColumn(format="$%.6f", width="small"),
            "May be billed": st.column_config.NumberColumn(
                help="What was set aside for calls under way, and for those that got no answer.",
                format="$%.6f",
                width="small",
            ),
        },
        placeholder="",
        alt="The calls, the newest first",
    )
    if len(calls) == SHOWN:
        st.caption(f"The newest {SHOWN:,} calls; the file has all.")


def _label(provider_id: str) -> str:
    """What a connection is called; its id where it is no longer there."""
    known = {spec.id: spec.label for spec in rc.providers()}
    return known.get(provider_id, provider_id)
