"""The runs that were saved before: those of one's own, those that others share, opened again, kept and deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.display.ownership import SHARE, may_change, whose
from pages.components.server import deployment
from pages.components.session import keys, page_state, people, stores
from pages.components.session.texts import open_run
from rerank_core import provider
from rerank_core.storage.runs import RunSummary
from rerank_core.storage.sqlite_file import StoreError

_SHOWN, _PREVIEW = 200, 120


@dataclass
class EarlierRuns:
    """What went wrong last; how often the list was changed, since it begins anew then, with no row chosen; and whether
    somebody is asked about deleting."""

    error: StoreError | None = None
    round: int = 0
    deleting: tuple[str, ...] = ()


def earlier_runs() -> None:
    """The list, once it is opened. Where others come in without a sign-in there is none: an address that nobody can
    guess is all that keeps a run from them."""
    if deployment.shared() and not deployment.signs_in():
        return
    box = st.expander("Earlier runs", icon=":material/history:", key=keys.EARLIER, on_change="rerun")
    if box.open:
        with box:
            _list()


def _list() -> None:
    current = page_state.of(EarlierRuns)
    if current.error is not None:
        errors.show(current.error)
        current.error = None
    try:
        runs, many = stores.runs().list(_SHOWN), stores.runs().count()
    except StoreError as error:
        errors.show(error, title="The saved runs cannot be read")
        return
    if not runs:
        st.caption("Nothing is saved yet. A run is saved when you press Rerank or rate a result.")
        return
    chosen = _table(runs)
    mine = [run for run in chosen if may_change(run.ownership)]
    _buttons(chosen, mine)
    _ask(current)
    if many > len(runs):
        st.caption(f"The latest {len(runs):,} of {many:,} runs.")


def _table(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Draw the list; gives the rows that are chosen."""
    signed_in = people.current() is not None
    table: dict[str, list[object]] = {
        "Query": [shown(run.query, _PREVIEW, one_line=True) for run in runs],
        "Run": [run.created.astimezone().strftime("%Y-%m-%d %H:%M") for run in runs],
    }
    if signed_in:
        table["Whose"] = [whose(run.ownership) for run in runs]
    table |= {
        "Model": [_model(run) for run in runs],
        "Documents": [run.documents for run in runs],
        "Rated": [run.rated or None for run in runs],
        "Pinned": ["pinned" if run.ownership.pinned else "" for run in runs],
    }
    rows = st.dataframe(
        pd.DataFrame(table),
        key=keys.of(keys.EARLIER_TABLE, page_state.of(EarlierRuns).round),
        hide_index=True,
        height=min(320, 40 + 35 * len(runs)),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        column_config={
            "Query": st.column_config.TextColumn(width="medium"),
            **{name: st.column_config.Column(width="small") for name in ("Documents", "Rated", "Pinned")},
        },
        alt="The runs that are saved; select one to open it",
    )["selection"]["rows"]
    return [runs[int(row)] for row in rows if row < len(runs)]


def _model(run: RunSummary) -> str:
    spec = provider(run.connection)
    model = spec.model(run.model)
    return f"{model.label if model else run.model or '–'} ({spec.label})"


def _buttons(chosen: Sequence[RunSummary], mine: Sequence[RunSummary]) -> None:
    ids = tuple(run.id for run in mine)
    pinned = bool(mine) and all(run.ownership.pinned for run in mine)
    shared = bool(mine) and all(run.ownership.shared for run in mine)
    hint = None if chosen else "Select rows of the list first."
    own = None if mine else hint or "Select runs of your own."
    with st.container(horizontal=True):
        one = chosen[0].id if len(chosen) == 1 else ""
        st.button("Open", icon=":material/open_in_full:", disabled=not one, on_click=_open, args=(one,), help=hint)
        st.button(
            "Unpin" if pinned else "Pin",
            icon=":material/keep:",
            key=keys.EARLIER_PIN,
            disabled=not mine,
            on_click=_change,
            args=(ids, lambda run_id: stores.runs().pin(run_id, not pinned)),
            help=own or "A pinned run never makes room for newer ones; neither does a rated or shared one.",
        )
        if people.current() is not None:
            st.button(
                "Take back the sharing" if shared else SHARE,
                icon=":material/group:",
                key=keys.EARLIER_SHARE,
                disabled=not mine,
                on_click=_change,
                args=(ids, lambda run_id: stores.runs().share(run_id, not shared)),
                help=own,
            )
        st.button(
            "Delete",
            icon=":material/delete:",
            key=keys.EARLIER_DELETE,
            disabled=not mine,
            on_click=_deleting,
            args=(ids,),
            help=own,
        )


def _ask(current: EarlierRuns) -> None:
    many = len(current.deleting)
    if not many:
        return
    what = "this run with its ratings" if many == 1 else f"these {many:,} runs with their ratings"
    st.warning(f"Delete {what}? This cannot be undone.", icon=":material/delete:")
    with st.container(horizontal=True):
        st.button(
            "Yes, delete",
            key=keys.EARLIER_DELETED,
            on_click=_change,
            args=(current.deleting, lambda run_id: stores.runs().delete(run_id)),
        )
        st.button("Keep", key=keys.EARLIER_KEEP, on_click=_deleting, args=((),))


def _deleting(ids: tuple[str, ...]) -> None:
    page_state.of(EarlierRuns).deleting = ids


def _open(run_id: str) -> None:
    current = page_state.of(EarlierRuns)
    try:
        run = stores.runs().get(run_id)
    except StoreError as error:
        current.error = error
        return
    if run is None:
        current.error = StoreError("This run is gone.", hint="It was deleted, perhaps in another window.")
        return
    open_run(run)
    st.rerun()  # its texts come into the inputs


def _change(ids: Sequence[str], change: Callable[[str], object]) -> None:
    current = page_state.of(EarlierRuns)
    current.round, current.deleting = current.round + 1, ()
    try:
        for run_id in ids:
            change(run_id)
    except StoreError as error:
        current.error = error
