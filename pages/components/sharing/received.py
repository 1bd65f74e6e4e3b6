"""A result that came with a link: shown as it was received, and opened once the person says so.

Nothing runs, nothing is sent and nothing is kept until then. A link cannot set a connection, an address, a key or a
limit: it holds texts, orders and scores, and they are drawn as every other text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from pages.components.display import errors
from pages.components.display.address_fragment import address_fragment
from pages.components.display.board import MAX_ROWS, BoardEvent, BoardView
from pages.components.display.compare_board import Column, compare_board
from pages.components.display.kept_fragment import keep_fragment
from pages.components.display.orders_view import orders_view
from pages.components.display.response import board_rows, reranked_name
from pages.components.inputs.rank_fields import names_of
from pages.components.session import keys, page_state, query_params, stores, thresholds
from pages.components.session.texts import DEFAULT_TOP_N, open_run
from rerank_core import provider
from rerank_core.exports.shared_link import MAX_CHARACTERS, PREFIX, SharedLinkError, from_fragment
from rerank_core.exports.shared_result import SharedResult
from rerank_core.ranking.contender import full_name
from rerank_core.ranking.heading import heading
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import StoreError

_LIMIT = len(PREFIX) + MAX_CHARACTERS + 1
_TARGETS = {"playground": "playground.py", "compare": "compare.py", "search": "playground.py"}


@dataclass
class Received:
    """What a link brought into this session, until it is opened or left; `page` is where it arrived. `comparison` are
    the runs of one that was opened, until Compare has taken them."""

    page: str = ""
    result: SharedResult | None = None
    error: SharedLinkError | None = None
    awaited: bool = False
    comparison: tuple[Run, ...] = ()

    def leave(self) -> None:
        """Turn away from it. Only now may the address change: any sooner, it loses what is behind its #."""
        query_params.sync({keys.RECEIVED: None})
        self.result, self.error, self.awaited = None, None, False


def expect(page: str) -> None:
    """Look whether the address says that a result comes with it. Call it before a page is drawn, which would begin with
    an example."""
    if query_params.get(keys.RECEIVED) is not None:
        current = page_state.of(Received)
        current.awaited, current.page = True, page


def listen(page: str) -> None:
    """Have the browser hand over what stands behind the # of the address. Call it on every page, after it is drawn."""
    current = page_state.of(Received)

    def took(fragment: str) -> None:
        if not fragment and not current.awaited:
            return  # it has come by now
        current.leave()
        current.page = page
        try:
            current.result = from_fragment(fragment)
        except SharedLinkError as error:
            current.error = error

    address_fragment(PREFIX, took, limit=_LIMIT, expected=current.awaited, key=keys.FRAGMENT)


def keep() -> None:
    """Have the browser keep what stands behind the # of the address, on the page that comes before a sign-in."""
    if query_params.get(keys.RECEIVED) is not None:
        keep_fragment(PREFIX, limit=_LIMIT, key=keys.FRAGMENT)


def is_shown(page: str) -> bool:
    """Whether this page shows what was received in place of its own content."""
    current = page_state.of(Received)
    waiting = current.result is not None or current.error is not None or current.awaited
    return waiting and current.page == page


def take_comparison() -> tuple[Run, ...]:
    """The runs of a comparison that was opened, once."""
    current = page_state.of(Received)
    taken, current.comparison = current.comparison, ()
    return taken


def show() -> None:
    """Draw what was received, and the choice between opening it and leaving it."""
    current = page_state.of(Received)
    st.title("A result that was sent to you", anchor=False)
    if current.error is not None:
        errors.show(current.error, title="This link cannot be opened")
        st.button("Go on without it", on_click=current.leave)
    elif current.result is None:
        st.info("Reading the link.", icon=":material/link:")
        st.button("Go on without it", on_click=current.leave)
    else:
        _show(current, current.result)


def _show(current: Received, result: SharedResult) -> None:
    runs = _runs(result)
    compared = result.kind == "compare"
    where = "Compare" if compared else "the Playground"
    st.info(
        "**As received.** The order and the scores came with the link; nothing was run on this computer, and nothing "
        f"was sent. Opening it puts its texts into the inputs of {where} and keeps the result on this computer. It "
        f"runs only when you press {'Compare' if compared else 'Rerank'} there.",
        icon=":material/mark_email_read:",
    )
    with st.container(horizontal=True):
        if st.button(f"Open it in {where}", type="primary", icon=":material/open_in_full:"):
            _open(current, result)
            st.switch_page(_TARGETS[result.kind])
        st.button("Leave it", type="tertiary", on_click=current.leave)
    with st.container(key=keys.HEADLINE):
        st.text(result.asked)
    st.text(_facts(result))
    top_n = result.top_n or DEFAULT_TOP_N
    if compared:
        columns = [
            Column(name, answer.order, provider(answer.provider).label)
            for name, answer in zip(result.names, result.answers, strict=True)
        ]
        columns.insert(0, Column("Initial order", tuple(range(len(result.documents))), result.order_name))
        compare_board(columns, result.documents, top_n=top_n, key=keys.RECEIVED_BOARD)
    else:
        rows = board_rows(runs[0])
        scale = thresholds.scale(runs[0])
        view = BoardView(top_n, result.order_name, reranked_name(runs[0]), None, scale=scale)
        orders_view(rows[:MAX_ROWS], view, key=keys.RECEIVED_BOARD, on_event=_unheard)
    with st.expander("The documents in full", icon=":material/article:"):
        for place, document in enumerate(result.documents, start=1):
            title, text = heading(document)
            st.text(f"{place}. {title}" if title else f"{place}.")
            st.text(text)


def _unheard(_event: BoardEvent) -> None:
    """Nothing is rated or cut in what is only looked at."""


def _facts(result: SharedResult) -> str:
    made_by = ", ".join(full_name(answer.contender) for answer in result.answers)
    said = [
        f"Reranked by {made_by} on {result.created.astimezone():%d %B %Y, %H:%M}",
        f"{len(result.documents):,} documents, read: {names_of(result.rank_fields)}",
    ]
    if result.source:
        said.append(f"searched in {result.source}")
    if result.question:
        said.append(f"searched for: {result.query}")
    return " · ".join(said)


def _runs(result: SharedResult) -> list[Run]:
    return [
        Run(response, result.order_name, result.top_n, ratings=result.ratings, created=result.created)
        for response in result.responses()
    ]


def _open(current: Received, result: SharedResult) -> None:
    """The person agreed: keep it on this computer, and have its page show it."""
    runs = [_kept(run) for run in _runs(result)]
    if result.kind == "compare":
        current.comparison = tuple(runs)
    else:
        open_run(runs[0])
    current.leave()


def _kept(run: Run) -> Run:
    try:
        stores.runs().save(run)
    except StoreError as error:
        return replace(run, response=replace(run.response, warnings=(*run.response.warnings, str(error))))
    return run
