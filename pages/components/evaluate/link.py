"""What a first visit or a link brings onto the Evaluate page, and what the address says afterwards."""

from __future__ import annotations

import streamlit as st

from pages.components.evaluate.run import create
from pages.components.evaluate.state import FREE, STEPS, open_experiment, open_set, ready_contenders, saved_sets, state
from pages.components.session import keys, query_params, reopened, stores
from rerank_core import RerankError

_NOWHERE = {"experiment_not_found": "a run", "query_set_not_found": "a query set"}


def restore_from_link() -> None:
    """Fill the page the first time it is seen in a session: the experiment or the query set of a link, else the sample,
    which is measured with the models of this computer where nobody has done so yet; that is free and takes seconds."""
    current = state()
    again = reopened.take("evaluate")
    if again:
        current.arrived = True
        open_experiment(again)
        if current.set_id is None:
            open_set(saved_sets()[-1].id)
        current.linked = None
        st.session_state[keys.STEP] = "Answer"
        return
    asked, step, set_id = (query_params.get(name) for name in (keys.EXPERIMENT, keys.STEP, keys.SET_ID))
    if current.arrived:
        if set_id is not None and set_id != current.linked:  # from another page, to a set that has grown there
            open_set(set_id)
            st.session_state[keys.STEP] = step if step in STEPS else STEPS[0]
        st.session_state.setdefault(keys.STEP, STEPS[0])
        return
    current.arrived = True
    if asked:
        open_experiment(asked)
    elif set_id:
        open_set(set_id)
    if current.set_id is None:
        open_set(saved_sets()[-1].id)  # the sample
    if current.error is not None and current.error.code in _NOWHERE:
        current.error = RerankError(
            f"The link names {_NOWHERE[current.error.code]} that is not on this computer: it was deleted, or made on "
            "another one.",
            hint="Here is the sample to start with.",
            code=current.error.code,
        )
    st.session_state[keys.STEP] = step if step in STEPS else "Answer"
    if (
        not (asked or set_id)
        and step is None
        and current.query_set is not None
        and not stores.experiments().list(current.set_id)
    ):
        free = {(one.provider, one.model): one for one in ready_contenders().values() if one.is_local}
        picked = tuple(free[one.provider, one.model] for one in FREE if (one.provider, one.model) in free)
        if picked:
            create(current.query_set, picked, pressed=False)


def sync_query_params() -> None:
    """Keep the experiment, or the query set where nothing has been run, and the step in the address, so that it can
    be sent, reloaded and reopened: never a text or a key."""
    current = state()
    wanted = {
        keys.EXPERIMENT: current.experiment_id,
        keys.SET_ID: current.set_id if current.experiment_id is None else None,
        keys.STEP: st.session_state.get(keys.STEP),
    }
    query_params.sync(wanted)
    current.linked = wanted[keys.SET_ID]
