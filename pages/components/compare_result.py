"""What the models gave: how far they agree in words, the orders side by side, and everything behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.components import compare_blind, errors, tables
from pages.components.board import shown
from pages.components.compare_board import Column, compare_board
from pages.components.compare_input import FIRST
from pages.components.compare_state import SHOW_INITIAL, TAB, CompareState, Figures, Part, state
from pages.components.examples import TITLES
from pages.components.result import BASIS, show_warnings, suggested_threshold
from pages.components.state import EXAMPLE, load_example
from pages.components.state import state as playground
from rerank_core import comparison, comparison_export, export, pricing, provider, ranking, samples
from rerank_core.blind_test import letters
from rerank_core.comparison_export import Entry
from rerank_core.models import Document
from rerank_core.runs import Run

TABS = ["Board", "Table", "Agreement", "Cost and time", "Export"]
PREVIEW = 200
FULL_HEIGHT_ROWS = 12


@dataclass(frozen=True)
class Shown:
    """One answer as it stands on the page: `name` is a letter while names are hidden, `head` what stands above its
    column, which keeps the letter of a blind test after the names are revealed."""

    part: Part
    run: Run
    name: str
    head: str

    @property
    def order(self) -> tuple[int, ...]:
        """The places in the input, best first."""
        return tuple(row.index for row in self.run.response.results)


def result(top_n: int) -> None:
    """Draw what has ended so far. Nothing here sends anything."""
    current = state()
    _failures(current)
    blind = compare_blind.hidden(current)
    if not current.answered or (blind and current.under_way):
        return
    columns = _columns(current, blind)
    names = [column.name for column in columns]
    documents = columns[0].run.documents

    def label(place: int) -> str:
        return ranking.label_of(documents[place])

    figures = _figures(current, columns, top_n)
    with st.container(key="headline"):
        st.text(comparison.agreement_text(figures.agreement, names, label) + ".")
    widest = comparison.disagreement_text(figures.differences, names, label)
    if widest:
        st.text(widest + ".")
    elif len(columns) > 1:
        _offer_a_better_example()
    compare_blind.vote(current, [column.part for column in columns], [column.head for column in columns])
    _notices(columns)
    tabs = st.tabs(TABS, key=TAB, on_change="rerun")
    draw: dict[str, Callable[[], None]] = {
        "Board": lambda: _board(current, columns, figures, top_n, blind),
        "Table": lambda: _table(current, columns, figures, documents),
        "Agreement": lambda: _agreement(figures, names),
        "Cost and time": lambda: _hidden() if blind else _cost(columns),
        "Export": lambda: _hidden() if blind else _files(current, columns, top_n),
    }
    for tab, name in zip(tabs, TABS, strict=True):
        if tab.open:
            with tab:
                draw[name]()
    if current.picked is not None and current.picked < len(documents):
        _detail(current.picked, columns, blind)


def _columns(current: CompareState, blind: bool) -> list[Shown]:
    """The answers in the sequence in which they are shown: as chosen, or shuffled in a blind test."""
    named = comparison.short_names([part.contender for part in current.parts])
    found = [
        Shown(part, part.run, name, name)
        for part, name in zip(current.parts, named, strict=True)
        if part.run is not None
    ]
    if not compare_blind.on():
        return found
    turns = {id(part): turn for part, turn in zip(current.parts, current.shuffle, strict=True)}
    found.sort(key=lambda each: turns[id(each.part)])
    return [
        Shown(each.part, each.run, letter if blind else each.name, letter if blind else f"{letter}: {each.name}")
        for each, letter in zip(found, letters(len(found)), strict=True)
    ]


def _figures(current: CompareState, columns: Sequence[Shown], top_n: int) -> Figures:
    made_of = (tuple(column.run.id for column in columns), top_n)
    if current.figures is None or current.figures[0] != made_of:
        orders = [column.order for column in columns]
        current.figures = (
            made_of,
            Figures(
                comparison.agreement(orders, top_n),
                comparison.differences(orders, top_n),
                comparison.only_here(orders, top_n),
            ),
        )
    return current.figures[1]


def _failures(current: CompareState) -> None:
    """Each model that failed, in its own words; the others stand."""
    named = comparison.short_names([part.contender for part in current.parts])
    for part, name in zip(current.parts, named, strict=True):
        if part.error is not None:
            errors.show(
                part.error, title=f"{name}: {errors.heading(part.error)[0].lower()}{errors.heading(part.error)[1:]}"
            )
        elif part.cancelled:
            st.caption(f":material/cancel: {name} was cancelled. Press Compare to ask the models that are missing.")


def _offer_a_better_example() -> None:
    if playground().example in TITLES and playground().example != FIRST:
        st.button("Show an example on which they differ", icon=":material/compare_arrows:", on_click=_better_example)


def _better_example() -> None:
    load_example(samples.example(FIRST))
    st.session_state[EXAMPLE] = FIRST


def _notices(columns: Sequence[Shown]) -> None:
    weak = [
        column.name
        for column in columns
        if ranking.no_good_answer(
            [row.relevance_score for row in column.run.response.results], suggested_threshold(column.run)
        )
    ]
    if weak:
        st.warning(
            f"{' and '.join(weak)}: even the best score is low, on its own scale. Perhaps nothing here answers this.",
            icon=":material/search_off:",
        )
    for column in columns:
        show_warnings(tuple(f"{column.name}: {warning}" for warning in column.run.response.warnings))


def _board(current: CompareState, columns: Sequence[Shown], figures: Figures, top_n: int, blind: bool) -> None:
    documents = columns[0].run.documents
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("By rank only: scores of different models do not compare.", width="content")
        initial = st.toggle("Show the initial order", key=SHOW_INITIAL, persist_state="session")
    drawn = [
        Column(column.head, column.order, "" if blind else _about(column.run), only)
        for column, only in zip(columns, figures.only, strict=True)
    ]
    if initial:
        drawn.insert(0, Column("Initial order", tuple(range(len(documents))), columns[0].run.order_name))

    def picked(place: int) -> None:
        current.picked = place

    compare_board(
        drawn,
        documents,
        top_n=top_n,
        key="compare_board",
        picked=current.picked,
        on_pick=picked,
    )


def _about(run: Run) -> str:
    amount = run.response.cost.amount
    cost = "cost unknown" if amount is None else pricing.money_text(amount)
    return f"{provider(run.connection).label} · {cost} · {run.response.latency_ms:,.0f} ms"


def _table(current: CompareState, columns: Sequence[Shown], figures: Figures, documents: Sequence[Document]) -> None:
    st.caption("The documents they disagree on most come first, those at somebody's top before all others.")
    rows = figures.differences
    ranks = {column.name: [each.ranks[place] for each in rows] for place, column in enumerate(columns)}
    frame = pd.DataFrame(
        {
            "Document": [_preview(documents[each.index]) for each in rows],
            **{name: pd.array(values, dtype="Int64") for name, values in ranks.items()},
            "Apart": [each.spread for each in rows],
            "Initial": [each.index + 1 for each in rows],
        }
    )
    number = st.column_config.NumberColumn
    event = st.dataframe(
        frame,
        key=f"compare_table_{current.round}",
        hide_index=True,
        height="content" if len(rows) <= FULL_HEIGHT_ROWS else 520,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="not placed",
        column_config={
            "Document": st.column_config.TextColumn(width="large"),
            "Apart": number(width="small", help="Places between the highest and the lowest rank."),
            "Initial": number(width="small", help="The place in the initial order."),
        },
        alt="Every document with its rank in each model",
    )
    chosen = event["selection"]["rows"]
    if chosen:
        current.picked = rows[int(chosen[0])].index


def _agreement(figures: Figures, names: Sequence[str]) -> None:
    if not figures.agreement.pairs:
        st.caption("Agreement is between two models or more.")
        return
    depth = figures.agreement.k
    pairs = figures.agreement.pairs
    for pair in pairs:
        st.text(f"{names[pair.first]} and {names[pair.second]}: {pair.text[0].lower()}{pair.text[1:]}")
    st.dataframe(
        pd.DataFrame(
            {
                "Models": [f"{names[pair.first]} and {names[pair.second]}" for pair in pairs],
                f"Overlap at {depth}": [pair.overlap for pair in pairs],
                "Kendall's tau": [pair.kendall_tau for pair in pairs],
                "Rank-biased overlap": [pair.rbo for pair in pairs],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            name: st.column_config.NumberColumn(format="%.3f", help=words)
            for name, words in (
                (f"Overlap at {depth}", f"The share of the top {depth} that both have: 0 to 1."),
                ("Kendall's tau", "1: the same order, 0: no more alike than chance, −1: the reverse."),
                ("Rank-biased overlap", "0 to 1; the first ten places carry 86% of the weight (p = 0.9)."),
            )
        },
        alt="Agreement of each pair of models in figures",
    )
    st.caption("Agreement says how alike the orders are, not which is right. Ratings say that.")


def _cost(columns: Sequence[Shown]) -> None:
    responses = [column.run.response for column in columns]
    known = [response.cost.amount for response in responses if response.cost.amount is not None]
    with st.container(horizontal=True):
        st.metric("Billed in all", pricing.money_text(comparison.total(known)), width="content")
        if len(known) < len(responses):
            st.metric("Of unknown cost", f"{len(responses) - len(known)}", width="content")
    st.dataframe(
        pd.DataFrame(
            {
                "Model": [column.name for column in columns],
                "Connection": [provider(column.run.connection).label for column in columns],
                "Billed": [pricing.money_text(response.cost.amount) for response in responses],
                "How it is known": [BASIS[response.cost.basis] for response in responses],
                "Search units": [response.usage.search_units for response in responses],
                "Latency (ms)": [round(response.latency_ms) for response in responses],
                "Provider's latency (ms)": [response.provider_latency_ms for response in responses],
            }
        ),
        hide_index=True,
        height="content",
        placeholder="not reported",
        column_config={
            "Latency (ms)": st.column_config.NumberColumn(format="localized"),
            "Provider's latency (ms)": st.column_config.NumberColumn(format="localized"),
        },
        alt="Cost and latency of each model",
    )
    st.caption(
        "All were asked at the same moment, so models on this computer shared its processor: one alone is faster. "
        "Latency is the whole call as seen from here, with waits and retries."
    )


def _files(current: CompareState, columns: Sequence[Shown], top_n: int) -> None:
    run = columns[0].run
    entries = [Entry(column.name, column.part.contender, column.run.response) for column in columns]
    named = comparison.short_names([part.contender for part in current.parts])
    entries += [
        Entry(name, part.contender, part.error)
        for part, name in zip(current.parts, named, strict=True)
        if part.error is not None
    ]
    name = f"compare-{export.slug(run.query, fallback='models')}"
    with st.container(horizontal=True):
        for kind, data, mime in (
            ("CSV", lambda: comparison_export.comparison_csv(entries), "text/csv"),
            (
                "JSON",
                lambda: comparison_export.comparison_json(entries, k=top_n, order_name=run.order_name),
                "application/json",
            ),
        ):
            st.download_button(
                kind,
                data,
                file_name=f"{name}.{kind.lower()}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"get_compare_{kind}",
            )
    st.caption(
        "The CSV has every document with its rank in each model. The JSON has everything, scores and costs included. "
        "No file holds a key. This page's address reopens the comparison on this computer."
    )


def _hidden() -> None:
    st.caption(":material/visibility_off: Hidden while the names are: vote, or reveal them.")


def _detail(place: int, columns: Sequence[Shown], blind: bool) -> None:
    document = columns[0].run.documents[place]
    placed = [(column.name, row) for column in columns for row in column.run.response.results if row.index == place]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Document", anchor=False, width="content")
            st.button("Close", icon=":material/close:", type="tertiary", on_click=_unpick)
        title = document.metadata.get("title")
        if title:
            st.text(shown(str(title), 300, one_line=True))
        ranks = ", ".join(f"{row.rank} for {name}" for name, row in placed)
        st.text(f"Ranks: {ranks}, {place + 1} in the initial order.")
        scored = [(name, row.relevance_score) for name, row in placed if row.relevance_score is not None]
        if scored and not blind:
            scores = ", ".join(f"{score:.3f} ({name})" for name, score in scored)
            st.text(f"Scores, each on its model's own scale: {scores}")
        tables.full_text(document.text, f"compare_document_{place}")


def _unpick() -> None:
    state().picked = None


def _preview(document: Document) -> str:
    title = document.metadata.get("title")
    text = shown(document.text, PREVIEW, one_line=True)
    return f"{shown(str(title), 80, one_line=True)}: {text}" if title else text
