"""What the models gave: how far they agree in words, the orders side by side, and everything behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from pages.components.compare import blind as compare_blind
from pages.components.compare import tabs as compare_tabs
from pages.components.compare.input import FIRST
from pages.components.compare.state import CompareState, Figures, Shown, state
from pages.components.display import errors, tables
from pages.components.display.board import shown
from pages.components.display.compare_board import Column, View, compare_board, heading
from pages.components.display.response import show_warnings
from pages.components.display.tabs import tabs
from pages.components.inputs import presenting, ratings
from pages.components.inputs.examples import TITLES, load_example
from pages.components.inputs.query_sets import add_ratings
from pages.components.session import keys, thresholds
from pages.components.session.texts import texts
from pages.components.sharing.share import Shared, beside_headline, share
from rerank_core import pricing, provider, ranking
from rerank_core.exports.shared_result import shared_result
from rerank_core.exports.tables import slug
from rerank_core.models import Document
from rerank_core.ranking import comparison, headline
from rerank_core.ranking.blind_test import letters
from rerank_core.ranking.contender import short_names
from rerank_core.ranking.strength import state as state_of
from rerank_core.ranking.strength import strength
from rerank_core.storage.run_record import Run

PREVIEW = 200
FULL_HEIGHT_ROWS = 12


@thresholds.read_once()
def result(top_n: int) -> None:
    """Draw what has ended so far. Nothing here sends anything."""
    current = state()
    _failures(current)
    blind = compare_blind.hidden(current)
    if not _to_be_seen(current, blind):
        return
    if not blind:
        compare_blind.shown_named()
    columns = _columns(current, blind)
    names = [column.name for column in columns]
    documents = columns[0].run.documents
    figures = _figures(current, columns, top_n)
    said = _said(columns, figures, blind)
    widest = headline.disagreement_text(figures.differences, names, _label(documents))
    _, *rest = headline.agreement_parts(figures.agreement, names, _label(documents))
    below = [*said[1:], *(f"{part[0].upper()}{part[1:]}." for part in [*rest, *([widest] if widest else [])])]
    if not presenting.on():  # else the sentence stands in the head of the presenter view
        with beside_headline():
            with st.container(key=keys.HEADLINE):
                st.text(said[0])
            if not blind:
                runs = [column.run for column in columns]
                share(lambda: _shared(columns, top_n, [said[0], *below]), runs, keys.RUNS)
    compare_blind.vote(current, [column.part for column in columns], [column.head for column in columns])
    if not blind:  # a warning, like a scale of its own, is a model's signature
        _notices(columns)
    if presenting.on():
        _board(current, columns, figures, top_n, blind)
        return
    draw: dict[str, Callable[[], None]] = {
        "Board": lambda: _board(current, columns, figures, top_n, blind),
        "Table": lambda: _table(current, columns, figures, documents),
        "Agreement": lambda: compare_tabs.agreement(figures, names),
        "Cost and time": lambda: _hidden() if blind else compare_tabs.cost(current, columns),
        "Export": lambda: _hidden() if blind else compare_tabs.files(current, columns, top_n),
    }
    tabs(draw, keys.COMPARE_TAB)
    with st.container():
        st.text(" ".join(below))
        if not widest and len(columns) > 1:
            _offer_a_better_example()
        compare_blind.earlier_votes(current, len(columns))
    with st.container():
        if current.picked is not None and current.picked < len(documents):
            _detail(current.picked, columns)
        else:
            add_ratings(ratings.of(columns[0].run))


def sentence(top_n: int) -> str:
    """What the answers come to, in a sentence; while they cannot be seen, what they are waiting for."""
    current = state()
    blind = compare_blind.hidden(current)
    if not _to_be_seen(current, blind):
        return "Comparing…" if current.under_way else "Not compared yet"
    columns = _columns(current, blind)
    return _said(columns, _figures(current, columns, top_n), blind)[0]


def _said(columns: Sequence[Shown], figures: Figures, blind: bool) -> list[str]:
    """The sentences over the board: what stands first, and how sure the models are, where that may be told. Where all
    say that nothing answers, that comes first."""
    names, documents = [column.name for column in columns], columns[0].run.documents
    agreed = headline.agreement_parts(figures.agreement, names, _label(documents))[0]
    states = [] if blind else [state_of(_scores(column), thresholds.levels(column.run)) for column in columns]
    sure = None if blind else headline.states_text(states, names)
    nothing = sure is not None and sure.startswith(headline.NOTHING)
    found = [sure, agreed] if nothing else [agreed, sure]
    return [f"{each}." for each in found if each]


def _to_be_seen(current: CompareState, blind: bool) -> bool:
    """Whether there are answers to be seen: in a blind test only once all are there."""
    return bool(current.answered) and not (blind and current.under_way)


def _label(documents: Sequence[Document]) -> Callable[[int], str]:
    return lambda place: ranking.label_of(documents[place])


def _shared(columns: Sequence[Shown], top_n: int, said: Sequence[str]) -> Shared:
    run = ratings.of(columns[0].run)
    handed_on = shared_result(
        "compare",
        [column.run.response for column in columns],
        run.created,
        order_name=run.order_name,
        top_n=top_n,
        ratings=run.ratings,
    )
    scales = [thresholds.scale(column.run) for column in columns]
    return Shared(handed_on, said, scales, f"compare-{slug(run.query, fallback='models')}")


def _columns(current: CompareState, blind: bool) -> list[Shown]:
    """The answers in the sequence in which they are shown: as chosen, or shuffled in a blind test."""
    named = short_names([part.contender for part in current.parts])
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
    named = short_names([part.contender for part in current.parts])
    for part, name in zip(current.parts, named, strict=True):
        if part.error is not None:
            errors.show(
                part.error, title=f"{name}: {errors.heading(part.error)[0].lower()}{errors.heading(part.error)[1:]}"
            )
        elif part.cancelled:
            st.caption(f":material/cancel: {name} was cancelled. Press Compare to ask the models that are missing.")


def _offer_a_better_example() -> None:
    if texts().example in TITLES and texts().example != FIRST:
        st.button("Show an example on which they differ", icon=":material/compare_arrows:", on_click=_better_example)


def _better_example() -> None:
    load_example(FIRST)


def _scores(column: Shown) -> list[float | None]:
    return [row.relevance_score for row in column.run.response.results]


def _notices(columns: Sequence[Shown]) -> None:
    for column in columns:
        show_warnings(tuple(f"{column.name}: {warning}" for warning in column.run.response.warnings))


def _board(current: CompareState, columns: Sequence[Shown], figures: Figures, top_n: int, blind: bool) -> None:
    documents = columns[0].run.documents
    board = st.container()  # filled below: what is to be shown is asked under it
    initial = bool(st.session_state.get(keys.COMPARE_INITIAL))
    if not presenting.on():
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption("By rank and in words: the numbers of different models do not compare.", width="content")
            initial = st.toggle("Show the initial order", key=keys.COMPARE_INITIAL, persist_state="session")
    drawn = [
        Column(column.head, column.order, "" if blind else _about(column.run), only, {} if blind else _words(column))
        for column, only in zip(columns, figures.only, strict=True)
    ]
    if initial:
        drawn.insert(0, Column("Initial order", tuple(range(len(documents))), columns[0].run.order_name))

    def picked(place: int) -> None:
        current.picked = place

    with board:
        compare_board(
            drawn,
            documents,
            top_n=top_n,
            key=keys.COMPARE_BOARD,
            picked=current.picked,
            on_pick=picked,
            how=View(presenter=presenting.on(), lines=presenting.of().lines or not presenting.on()),
        )


def _words(column: Shown) -> dict[int, str]:
    """What each result's score is by the own scale of its model."""
    at = thresholds.levels(column.run)
    found = {row.index: strength(row.relevance_score, at) for row in column.run.response.results}
    return {place: word for place, word in found.items() if word is not None}


def _about(run: Run) -> str:
    if run.received:
        return f"{provider(run.connection).label} · as received"
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
    # Closing the document begins a table without a chosen row; else that row would open it again at once.
    key = keys.of(keys.COMPARE_TABLE, current.round, current.closed)

    def chosen() -> None:
        places = st.session_state[key]["selection"]["rows"]
        current.picked = rows[int(places[0])].index if places else None

    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        height="content" if len(rows) <= FULL_HEIGHT_ROWS else 520,
        on_select=chosen,
        selection_mode="single-row",
        placeholder="not placed",
        column_config={
            "Document": st.column_config.TextColumn(width="large"),
            "Apart": st.column_config.ProgressColumn(
                format="%d",
                min_value=0,
                max_value=max(1, *(each.spread for each in rows)),
                color="primary",
                help="Places between the highest and the lowest rank.",
            ),
            "Initial": number(width="small", help="The place in the initial order."),
        },
        alt="Every document with its rank in each model",
    )


def _hidden() -> None:
    st.caption(":material/visibility_off: Hidden while the names are: vote, or reveal them.")


def _detail(place: int, columns: Sequence[Shown]) -> None:
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
        runs = [column.run for column in columns]
        rated = ratings.of(runs[0])
        tables.rating_control(
            rated.ratings.get(place),
            keys.of(keys.COMPARE_RATING, state().round, place),
            lambda grade: ratings.rate(runs, place, grade),
        )
        with st.container():
            add_ratings(rated)
        tables.full_text(document.text, f"compare_document_{place}")


def _unpick() -> None:
    current = state()
    current.picked, current.closed = None, current.closed + 1


def _preview(document: Document) -> str:
    title, text = heading(document)
    line = shown(text, PREVIEW, one_line=True)
    return f"{shown(title, 80, one_line=True)}: {line}" if title else line
