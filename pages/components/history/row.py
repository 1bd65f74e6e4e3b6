"""One thing of the list: what it is, and everything that can be done with it where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.components.display.board import shown
from pages.components.display.ownership import may_change, share_switch, whose
from pages.components.history.filters import PAGE_ICONS, PAGE_NAMES
from pages.components.history.opening import open_thing
from pages.components.history.state import choose, state
from pages.components.session import keys, stores
from rerank_core import RerankError
from rerank_core.pricing.estimates import money_text
from rerank_core.ranking.contender import short_names
from rerank_core.storage.history.record import MOST_NAME, MOST_NOTE, HistoryEntry

_TITLE, _NOTE = 160, 200
SHARED = "Everyone who signs in here can open it, with its texts and ratings. Only you change or delete it."


def row(entry: HistoryEntry, *, dated: bool = False) -> None:
    """Draw a thing; `dated` where no heading says the day."""
    current, mine = state(), may_change(entry.ownership)
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        gap="small",
        border=True,
        key=keys.of(keys.HISTORY_ROW, entry.number),
    ):
        when = entry.created.astimezone()
        st.checkbox(
            f"Choose what was made on {when:%d %B, %H:%M:%S}",
            key=keys.of(keys.HISTORY_CHOOSE, entry.id),
            label_visibility="collapsed",
            on_change=choose,
            args=(entry.id,),
            width="content",
        )
        with st.container(gap=None, width="stretch"):
            if current.naming == entry.id:
                _name_input(entry)
            else:
                with st.container(key=keys.of(keys.HISTORY_TITLE, entry.number)):
                    st.text(shown(entry.called, _TITLE, one_line=True) or "–")
            with st.container(key=keys.of(keys.HISTORY_ABOUT, entry.number)):
                st.text(about(entry, dated=dated))
            if entry.note:
                st.text(shown(entry.note, _NOTE, one_line=True))
        with st.container(horizontal=True, gap="xsmall", width="content"):
            _buttons(entry, mine)


def about(entry: HistoryEntry, *, dated: bool = False) -> str:
    """What a thing is, in a line."""
    when = entry.created.astimezone()
    what = "queries" if entry.page == "evaluate" else "documents"
    parts = [PAGE_NAMES[entry.page], ", ".join(short_names(entry.models)) if entry.models else ""]
    parts.append(f"{entry.size:,} {what if entry.size != 1 else what.removesuffix('s').replace('querie', 'query')}")
    if entry.amount:
        parts.append(money_text(entry.amount))
    if entry.rated:
        parts.append(f"{entry.rated:,} rated")
    parts.append(f"{when:%d %B %Y, %H:%M}" if dated else f"{when:%H:%M}")
    if entry.name:
        parts.append(f"“{shown(entry.title, 60, one_line=True)}”")
    parts += [f"#{tag}" for tag in entry.tags]
    parts.append(whose(entry.ownership))
    return " · ".join(part for part in parts if part)


def _name_input(entry: HistoryEntry) -> None:
    key = keys.of(keys.HISTORY_NAME, entry.id)

    def named() -> None:
        state().naming = None
        change(lambda: stores.history().rename(entry.id, st.session_state[key]))

    st.text_input(
        "Name",
        entry.name,
        key=key,
        max_chars=MOST_NAME,
        label_visibility="collapsed",
        placeholder="A name; leave it empty to take it back",
        on_change=named,
    )


def _buttons(entry: HistoryEntry, mine: bool) -> None:
    pinned = entry.ownership.pinned
    open_button(entry)
    if not mine:
        return
    st.button(
        "Unpin" if pinned else "Pin",
        icon=":material/keep_off:" if pinned else ":material/keep:",
        type="tertiary",
        key=keys.of(keys.HISTORY_PIN, entry.id),
        on_click=change,
        args=(lambda: stores.history().pin(entry.id, not pinned),),
        help="Stands first no longer." if pinned else "Stands first, and never makes room for newer ones.",
    )
    st.button(
        "Name",
        icon=":material/edit:",
        type="tertiary",
        key=keys.of(keys.HISTORY_NAMING, entry.id),
        on_click=_name,
        args=(entry.id,),
    )
    box = st.popover("More", type="tertiary", key=keys.of(keys.HISTORY_MORE, entry.id), on_change="rerun")
    if box.open:
        with box:
            _more(entry)


def open_button(entry: HistoryEntry) -> None:
    """The way to the thing itself."""
    st.button(
        "Open",
        icon=PAGE_ICONS[entry.page],
        key=keys.of(keys.HISTORY_OPEN, entry.id),
        on_click=open_thing,
        args=(entry,),
        help="Opens it again exactly as it was.",
    )


def _more(entry: HistoryEntry) -> None:
    tags, note = keys.of(keys.HISTORY_TAG, entry.id), keys.of(keys.HISTORY_NOTE, entry.id)
    st.session_state.setdefault(tags, list(entry.tags))
    st.multiselect(
        "Tags",
        sorted({*stores.history().choices().tags, *st.session_state[tags]}),
        key=tags,
        accept_new_options=True,
        placeholder="Type a tag",
        on_change=change,
        args=(lambda: stores.history().tag(entry.id, st.session_state[tags]),),
    )
    st.text_area(
        "Note",
        entry.note,
        key=note,
        max_chars=MOST_NOTE,
        placeholder="What this was about, and what came of it",
        on_change=change,
        args=(lambda: stores.history().note(entry.id, st.session_state[note]),),
    )
    share_switch(
        entry.ownership,
        lambda shared: change(lambda: stores.history().share(entry.id, shared)),
        key=keys.of(keys.HISTORY_SHARE, entry.id),
        meaning=SHARED,
    )
    st.button(
        "Delete",
        icon=":material/delete:",
        key=keys.of(keys.HISTORY_DELETE, entry.id),
        on_click=_delete,
        args=((entry.id,),),
    )


def delete_question() -> None:
    """Ask before anything is deleted."""
    asked = state().deleting
    if not asked:
        return
    entry = stores.history().get(asked[0])
    if entry is None:
        state().deleting = ()
        return
    st.warning(
        "Delete this for good, with its documents, answers and ratings? It is overwritten in the database, and this "
        "cannot be undone.",
        icon=":material/delete:",
    )
    st.text(shown(entry.called, _TITLE, one_line=True))
    st.text(about(entry, dated=True))
    with st.container(horizontal=True):
        st.button("Yes, delete", key=keys.HISTORY_DELETED, on_click=_deleted, args=(asked,))
        st.button("Keep it", on_click=_delete, args=((),))


def change(act: Callable[[], object]) -> None:
    """Do something with a thing; where that fails the page says why."""
    try:
        act()
    except RerankError as error:
        state().error = error


def _name(thing: str) -> None:
    current = state()
    current.naming = None if current.naming == thing else thing


def _delete(things: tuple[str, ...]) -> None:
    state().deleting = things


def _deleted(things: Sequence[str]) -> None:
    current = state()
    current.deleting = ()
    current.chosen = [thing for thing in current.chosen if thing not in things]
    change(lambda: [stores.history().delete(thing) for thing in things])
