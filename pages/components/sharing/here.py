"""A run on this server, for the others who sign in here: whose it is, shared with everyone, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.components.display import errors
from pages.components.display.copy_buttons import copy_link
from pages.components.display.ownership import share_switch, whose
from pages.components.session import keys, page_state, people, stores, unsaved
from pages.components.session.owner import keeper
from rerank_core.storage.ownership import Ownership
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import StoreError


@dataclass
class SharedHere:
    """Why the last change could not be made."""

    error: StoreError | None = None


def whose_run(run: Run) -> str:
    """Whose a run is, in words; empty where nobody signs in and for what is not saved."""
    owned = _ownership(run) if people.current() is not None and unsaved.is_saved(run.id) else None
    return whose(owned) if owned is not None else ""


def share_here(runs: Sequence[Run], name: str) -> None:
    """The act of sharing, with the address to send on, and the way back; `name` is what the address calls these runs.
    Nothing where nobody signs in: there an address is enough."""
    if people.current() is None or not runs:
        return
    current = page_state.of(SharedHere)
    if current.error is not None:
        errors.show(current.error, title="This could not be shared")
        current.error = None
    there = [_ownership(run) for run in runs]
    owned = [each for each in there if each is not None]
    if len(owned) < len(there):
        return
    together = Ownership(owned[0].owner, all(each.shared for each in owned))
    with st.container(border=True, gap="small"):
        st.text(f"On this server: {whose(together)}")
        share_switch(
            together,
            lambda shared: _share(runs, shared),
            key=keys.SHARE_RUN,
            meaning="Everyone who signs in here can open it by its address, with its texts and ratings. Only you "
            "change or delete it.",
        )
        if together.shared:
            st.caption(":material/link: Its address opens it for everyone who signs in here, and for nobody else.")
            copy_link(f"?{name}={','.join(run.id for run in runs)}", key=keys.SHARE_RUN_LINK)


def _ownership(run: Run) -> Ownership | None:
    """Whose a run is; one that is not saved yet is about to be this person's."""
    if not unsaved.is_saved(run.id):
        return Ownership(keeper())
    try:
        return stores.runs().ownership(run.id)
    except StoreError as error:
        page_state.of(SharedHere).error = error
        return None


def _share(runs: Sequence[Run], shared: bool) -> None:
    try:
        for run in runs:
            unsaved.save(run)
            stores.runs().share(run.id, shared)
    except StoreError as error:
        page_state.of(SharedHere).error = error
