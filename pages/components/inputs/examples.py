"""The stories to start from, shared by the Playground and Compare."""

from __future__ import annotations

import streamlit as st

from pages.components.inputs import documents
from pages.components.inputs.controls import select
from pages.components.inputs.rank_fields import chosen_of, from_link
from pages.components.session import keys, query_params
from pages.components.session.connection import Connection
from pages.components.session.texts import DEFAULT_TOP_N, FROM_EXAMPLE, MAX_TOP_N, OWN, SLOTS, as_pasted_text, texts
from rerank_core import RerankRequest, providers, samples
from rerank_core.documents.working_list import WorkingList

TITLES = {example.id: example.title for example in samples.EXAMPLES} | {OWN: "Your own documents"}


def begin() -> None:
    """Give the inputs their first values, before anything is put into them."""
    st.session_state.update({keys.MODEL: SLOTS[0], keys.TOP_N: DEFAULT_TOP_N, keys.QUERY: "", keys.DOCUMENTS: ""})


def choices_of_link() -> None:
    """A link may ask for another model or Top N than the example suggests."""
    asked = query_params.get(keys.MODEL)
    if asked in {model.slot for spec in providers() for model in spec.models}:
        st.session_state[keys.MODEL] = asked
    if query_params.get(keys.RANK_FIELDS):
        texts().rank_fields = from_link(query_params.get(keys.RANK_FIELDS))
    top = query_params.get(keys.TOP_N) or ""
    if top.isascii() and top.isdigit() and 0 < int(top) <= MAX_TOP_N:
        st.session_state[keys.TOP_N] = int(top)


def load_example(name: str) -> None:
    """Put an example's texts and suggestions in place. Call it before the widgets are drawn."""
    example = samples.example(name)
    st.session_state[keys.QUERY] = example.query
    st.session_state[keys.DOCUMENTS] = as_pasted_text(example.documents)
    st.session_state[keys.MODEL] = example.model
    st.session_state[keys.TOP_N] = example.top_n
    documents.inbox().files.clear()
    texts().replace(WorkingList.of(example.documents, FROM_EXAMPLE, example.order_name), example.id)


def show_saved(request: RerankRequest, order_name: str, source: str) -> None:
    """Bring the texts of a saved run back into the inputs, with what the model read of them.

    A story that somebody sent on is the same story to whoever opens it.
    """
    query, found = request.query, request.documents
    shared, plain = texts(), [document.text for document in found]
    same = (
        one for one in samples.EXAMPLES if one.query == query and [document.text for document in one.documents] == plain
    )
    story = next(same, None)
    shared.example = story.id if story else OWN
    st.session_state[keys.QUERY] = query
    st.session_state[keys.DOCUMENTS] = as_pasted_text(found)
    shared.working = WorkingList.of(found, FROM_EXAMPLE if story else source, order_name)
    shared.rank_fields = chosen_of(found, request.rank_fields, keys.DOCUMENTS)


def story_shown() -> samples.Example | None:
    """The story that was chosen; None for a person's own documents."""
    chosen = texts().example
    return samples.example(chosen) if chosen in TITLES and chosen != OWN else None


def untouched() -> bool:
    """Whether exactly a story stands in the inputs: what comes of it can be made again by anybody at any time."""
    story = story_shown()
    if story is None:
        return False
    return (st.session_state.get(keys.QUERY) or "", texts().working.documents) == (story.query, story.documents)


def may_be_left(*connections: Connection) -> bool:
    """Whether what was asked for by nobody need not be saved: it is of a story, and cost nothing."""
    return untouched() and all(each.provider.is_local for each in connections)


def heading(title: str) -> None:
    """The title of a page and, beside it, the choice of a story."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.title(title, anchor=False, width="content")
        _picker()


def _picker() -> None:
    """Choose a story; on this computer it is reranked at once, since that costs nothing."""
    st.session_state[keys.EXAMPLE] = texts().example
    with st.container(horizontal=True, vertical_alignment="bottom", width="content", gap="small"):
        select(
            "Example",
            TITLES,
            keys.EXAMPLE,
            persist_state="session",
            on_change=_picked,
            width=260,
            label_visibility="collapsed",
        )
        if story_shown() is not None:
            st.button("Try your own texts", icon=":material/edit_note:", on_click=_own)


def start_over() -> None:
    """Put the texts of the chosen example back."""
    st.button(
        "Start over",
        icon=":material/restart_alt:",
        type="tertiary",
        on_click=_picked,
        help="Put the example's own texts back.",
    )


def story() -> None:
    """What to look at in the chosen example."""
    shown = story_shown()
    if shown is not None:
        st.caption(shown.story)


def _own() -> None:
    st.session_state[keys.EXAMPLE] = OWN
    _picked()


def _picked() -> None:
    chosen = st.session_state.get(keys.EXAMPLE)
    if chosen in TITLES and chosen != OWN:
        load_example(chosen)
        return
    documents.inbox().files.clear()
    st.session_state[keys.QUERY] = st.session_state[keys.DOCUMENTS] = ""
    texts().replace(WorkingList(), OWN)
