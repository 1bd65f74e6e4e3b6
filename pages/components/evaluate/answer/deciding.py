"""The pairs whose rating would decide, one at a time, rated by a click where the answer is read."""

from __future__ import annotations

import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.evaluate import orders, rate
from pages.components.evaluate.state import state
from pages.components.session import keys
from rerank_core.evaluation.measures.without_ratings import DECIDING, DecidingPair

# From how many characters on a text scrolls in a window of its own, so that the buttons above stay in sight.
LONG_DOCUMENT, DOCUMENT_HEIGHT = 600, 170


def deciding(*, expanded: bool) -> None:
    """The short list, where there is anything on it, in an expander, open from the start where it is `expanded`; what
    is rated there counts as soon as the answer is drawn again."""
    state().uncounted = 0
    if not orders.deciding():
        return
    st.session_state.setdefault(keys.DECIDING, expanded)
    opened = st.expander("Rate what would decide", icon=":material/star:", key=keys.DECIDING, on_change="rerun")
    if opened.open:
        with opened:
            _screen()


@st.fragment
def _screen() -> None:
    current = state()
    query_set = current.query_set
    if query_set is None:
        return
    pairs = [pair for pair in orders.deciding() if (pair.query, pair.document) not in current.skipped]
    st.caption(
        f"Up to {DECIDING} results without a rating that the orders place furthest apart: each rating here says more "
        "about which order is better than one drawn anywhere."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate.rater_field()
        st.button("Undo", icon=":material/undo:", key=keys.RATE_UNDO, on_click=_undo, disabled=not current.undo)
        if current.uncounted:
            said = "1 rating" if current.uncounted == 1 else f"{current.uncounted:,} ratings"
            if st.button(f"Count {said} in the answer", icon=":material/refresh:", key=keys.DECIDING_COUNT):
                st.rerun()  # the whole page, since the answer stands above
    with st.container():
        if current.error is not None:
            errors.show(current.error)
            current.error = None
        if not rate.rater():
            rate.ask_name(query_set)
    if not pairs:
        st.text("Nothing is left that the orders place apart and nobody has rated.")
        return
    _card(pairs[0], len(pairs))


def _card(pair: DecidingPair, left: int) -> None:
    query_set = state().opened
    with st.container(key=keys.DECIDING_QUERY):
        st.text(shown(query_set.query(pair.query).text, 2_000))
    with st.container(horizontal=True, gap="small"):
        for value, words in rate.grades().items():
            st.button(
                words,
                key=keys.of(keys.GRADE, value),
                on_click=_grade,
                args=(pair, value),
                disabled=not rate.rater(),
            )
        st.button("Skip", icon=":material/skip_next:", key=keys.RATE_SKIP, on_click=_skip, args=(pair,))
    with st.container(border=True):
        ranks = [f"{label} {'below' if rank is None else rank}" for label, rank in pair.ranks.items()]
        st.text(f"{left:,} to go · rank: {', '.join(ranks)}")
        rate.draw_document(query_set.documents[pair.document], long=LONG_DOCUMENT, height=DOCUMENT_HEIGHT)


def _grade(pair: DecidingPair, value: int) -> None:
    if rate.keep(pair.query, pair.document, value):
        state().undo.append((rate.rater(), pair.query, pair.document, None))
        state().uncounted += 1


def _skip(pair: DecidingPair) -> None:
    state().skipped.add((pair.query, pair.document))


def _undo() -> None:
    current = state()
    if current.undo:
        who, query, document, before = current.undo.pop()
        rate.keep(query, document, before, who)
        current.uncounted = max(0, current.uncounted - 1)
