"""Behind the orders of a comparison: agreement in words and figures, what each model cost and took, files."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.components.compare.state import CompareState, Figures, Shown
from pages.components.display import glossary
from pages.components.display.download import download
from pages.components.display.response import BASIS
from pages.components.session import keys
from rerank_core import pricing, provider
from rerank_core.exports import comparison as exports_comparison
from rerank_core.exports import tables
from rerank_core.exports.comparison import Entry
from rerank_core.ranking import comparison
from rerank_core.ranking.contender import short_names


def agreement(figures: Figures, names: Sequence[str]) -> None:
    """Which models agree, pair by pair: the closest first, in words and then in figures."""
    if not figures.agreement.pairs:
        st.caption("Agreement is between two models or more.")
        return
    depth, pairs = figures.agreement.k, figures.agreement.by_closeness
    extremes = comparison.extremes_text(figures.agreement, names)
    if extremes:
        st.text(f"{extremes}.")
    for pair in pairs:
        st.text(f"{names[pair.first]} and {names[pair.second]}: {pair.text[0].lower()}{pair.text[1:]}")
    overlap, same, rbo, tau = f"Overlap at {depth}", "Pairs in the same order", "Rank-biased overlap", "Kendall's tau"
    bar, number = st.column_config.ProgressColumn, st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "Models": [f"{names[pair.first]} and {names[pair.second]}" for pair in pairs],
                overlap: [pair.overlap for pair in pairs],
                rbo: [pair.rbo for pair in pairs],
                same: [100 * pair.same_pairs for pair in pairs],
                tau: [pair.kendall_tau for pair in pairs],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            overlap: bar(
                min_value=0, max_value=1, format="%.3f", help=f"The share of the top {depth} that both have: 0 to 1."
            ),
            rbo: bar(
                min_value=0,
                max_value=1,
                format="%.3f",
                help="0 to 1; the first ten places carry 86% of the weight (p = 0.9).",
            ),
            same: bar(
                min_value=0,
                max_value=100,
                format="%.0f of 100",
                help="Of all pairs of documents, the share that both put in the same order: half of them by chance.",
            ),
            tau: number(
                format="%.3f",
                help="The same in another form. 1: the same order, 0: no more alike than chance, −1: the reverse.",
            ),
        },
        alt="Agreement of each pair of models in figures, the closest pair first",
    )
    st.caption("Agreement says how alike the orders are, not which is right. Ratings say that.")


def cost(current: CompareState, columns: Sequence[Shown]) -> None:
    """What each model cost and how long it took."""
    responses = [column.run.response for column in columns]
    known = [response.cost.amount for response in responses if response.cost.amount is not None]
    slowest = max(response.latency_ms for response in responses)
    with st.container(horizontal=True):
        st.metric("Billed in all", pricing.money_text(comparison.total(known)), width="content")
        if len(known) < len(responses):
            st.metric("Of unknown cost", f"{len(responses) - len(known)}", width="content")
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "Model": [column.name for column in columns],
                "Connection": [provider(column.run.connection).label for column in columns],
                "Billed": [pricing.money_text(response.cost.amount) for response in responses],
                "How it is known": [BASIS[response.cost.basis] for response in responses],
                "Search units": [response.usage.search_units for response in responses],
                "Latency": [round(response.latency_ms) for response in responses],
                "Provider's latency": [response.provider_latency_ms for response in responses],
            }
        ),
        hide_index=True,
        height="content",
        placeholder="not reported",
        column_config={
            "Latency": st.column_config.ProgressColumn(
                format="%d ms", min_value=0, max_value=max(1, round(slowest)), help=glossary.LATENCY
            ),
            "Search units": number(help=glossary.SEARCH_UNITS),
            "Provider's latency": number(format="%d ms", help=glossary.PROVIDER_LATENCY),
        },
        alt="Cost and latency of each model",
    )
    notes = ["Latency is the whole call as seen from here, with waits and retries."]
    if sum(provider(column.run.connection).is_local for column in columns) > 1:
        notes.append("All were asked at the same moment, so models on this computer shared its processor.")
    if any(provider(column.run.connection).is_local for column in columns):
        notes.append("A text that was ranked on this computer before takes less time than a new one.")
    if any(part.run is None for part in current.parts):
        notes.append("A model that gave no answer is not in this table; the sidebar shows what may have been billed.")
    st.caption(" ".join(notes))


def files(current: CompareState, columns: Sequence[Shown], top_n: int) -> None:
    """The comparison to take away."""
    run = columns[0].run
    entries = [Entry(column.name, column.part.contender, column.run.response) for column in columns]
    named = short_names([part.contender for part in current.parts])
    entries += [
        Entry(name, part.contender, part.error)
        for part, name in zip(current.parts, named, strict=True)
        if part.error is not None
    ]
    name = f"compare-{tables.slug(run.query, fallback='models')}"
    with st.container(horizontal=True):
        download("CSV", lambda: exports_comparison.comparison_csv(entries), f"{name}.csv", keys.GET_COMPARE_CSV)
        download(
            "JSON",
            lambda: exports_comparison.comparison_json(entries, k=top_n, order_name=run.order_name),
            f"{name}.json",
            keys.GET_COMPARE_JSON,
        )
    st.caption(
        "The CSV has every document with its rank in each model. The JSON has everything, scores and costs included. "
        "No file holds a key. This page's address reopens the comparison on this computer; Share has a link that opens "
        "it anywhere."
    )
