"""What a first visit or a link brings onto the Playground, and what the address says afterwards."""

from __future__ import annotations

import streamlit as st

from pages.components.inputs import documents, examples, fold, presenting
from pages.components.inputs.examples import TITLES, load_example
from pages.components.inputs.rank_fields import to_link
from pages.components.jobs.paid_call import RunAsked
from pages.components.playground.run import FOLD, RERANK
from pages.components.playground.state import state
from pages.components.session import keys, query_params, stores, unsaved
from pages.components.session.connection import Connection
from pages.components.session.texts import DEFAULT_TOP_N, OWN, SLOTS, texts
from rerank_core import provider, samples
from rerank_core.storage.ownership import NOT_SHARED
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import StoreError

FIRST = samples.EXAMPLES[0].id
SAVED = "the saved run"


def restore_from_link(connection: Connection) -> None:
    """Fill the page the first time it is seen in a session, from a run's link, an example's, or the first story; later,
    follow what other pages put into the texts."""
    current, shared = state(), texts()
    first = shared.example is None
    if first:
        examples.begin()
    if shared.opened is not None:
        _open(shared.opened)
        shared.opened = None
    elif first:
        _first_visit()
        examples.choices_of_link()
    if shared.replaced != current.replaced:
        current.replaced = shared.replaced
        if not first:  # the result of other texts would be taken for the result of these
            current.run = current.picked = None
            RERANK.job().forget()
        shown = examples.story_shown() is not None or presenting.on()
        current.wanted = connection.provider.is_local and shown


def _first_visit() -> None:
    run_id = query_params.get(keys.RUN)
    if run_id and _restore(run_id):
        return
    asked = query_params.get(keys.EXAMPLE) or (OWN if query_params.get(documents.FILES.name) else None)
    first = next((name for name, title in TITLES.items() if asked in (name, title)), FIRST)
    if first == OWN:
        texts().example = OWN
    else:
        load_example(first)


def _restore(run_id: str) -> bool:
    """Show the run that the address names, from the worker where it is remembered, else from the store; whether it is
    anywhere."""
    current, mine = state(), RERANK.job()
    if mine.watch([run_id]):
        asked = mine.asked(run_id)
        mine.take_finished()
        if current.run is not None:
            unsaved.recall(current.run)
            _show_inputs_of(current.run)
        elif isinstance(asked, RunAsked):
            _show_inputs(asked, asked.request.model)
        else:
            texts().example = OWN
        return True
    try:
        run = stores.runs().get(run_id)
    except StoreError as error:
        if error.code == NOT_SHARED:
            mine.message = f"{error} Here is an example to start with."
        else:
            mine.error = error
        return False
    if run is None:
        mine.message = (
            "The link names a run that is not on this computer: it was deleted, or made on another one. "
            "Here is an example to start with."
        )
        return False
    current.run = run
    _show_inputs_of(run)
    return True


def _open(run: Run) -> None:
    """Show a run of another page."""
    RERANK.job().forget()
    documents.inbox().files.clear()
    texts().pasted = None
    state().run, state().picked, state().reused = run, None, False
    fold.of(FOLD).opened = False
    st.session_state[keys.TOP_N] = run.top_n or st.session_state.get(keys.TOP_N) or DEFAULT_TOP_N
    _show_inputs_of(run)


def _show_inputs_of(run: Run) -> None:
    _show_inputs(RunAsked(run.connection, run.request, run.order_name), run.model)


def _show_inputs(asked: RunAsked, model: str | None) -> None:
    examples.show_saved(asked.request, asked.order_name, SAVED)
    chosen = provider(asked.provider).model(model)
    if chosen is not None:
        st.session_state[keys.MODEL] = chosen.slot


def sync_query_params() -> None:
    """Keep the small choices in the address, so that it can be sent: never a text, never a key."""
    current, shared = state(), texts()
    model, top = st.session_state.get(keys.MODEL), st.session_state.get(keys.TOP_N)
    left = documents.link(current.run.request if current.run else None)
    query_params.sync(
        {
            keys.EXAMPLE: shared.example if shared.example != FIRST else None,
            keys.MODEL: model if model != SLOTS[0] else None,
            keys.TOP_N: str(top) if top not in (None, DEFAULT_TOP_N) else None,
            keys.PRESENTING: presenting.in_link(),
            keys.RANK_FIELDS: to_link(shared.rank_fields),
            **left,
            keys.RUN: _in_link(changed=any(left.values())),
        }
    )


def _in_link(*, changed: bool) -> str | None:
    """The run that is under way or shown. An example that is not saved is made again where its address is opened; it is
    named where the texts were changed since, and found as long as its worker is remembered."""
    shown = state().run
    run_id = RERANK.job().id or (shown.id if shown else None)
    return run_id if run_id is not None and (changed or unsaved.is_saved(run_id)) else None
