"""What is looked for: words, and which page, model, tag and owner."""

from __future__ import annotations

import streamlit as st

from pages.components.history.state import from_the_top, state
from pages.components.session import keys, people, stores
from rerank_core.ranking.contender import full_name, read_keys
from rerank_core.storage.history.record import PAGES, HistoryPage, Wanted

PAGE_NAMES: dict[HistoryPage, str] = {
    "playground": "Playground",
    "compare": "Compare",
    "search": "Search",
    "duplicates": "Duplicates",
    "evaluate": "Evaluate",
}
PAGE_ICONS: dict[HistoryPage, str] = {
    "playground": ":material/swap_vert:",
    "compare": ":material/compare_arrows:",
    "search": ":material/search:",
    "duplicates": ":material/content_copy:",
    "evaluate": ":material/monitoring:",
}
FILTERS = (keys.HISTORY_MODELS, keys.HISTORY_TAGS, keys.HISTORY_OWNERS)


def wanted() -> Wanted:
    """Draw the search box and the filters; gives what they ask for."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input(
            "Search",
            key=keys.HISTORY_WORDS,
            placeholder="Words of the query, the documents, a name, a note or a tag",
            icon=":material/search:",
            persist_state="session",
            on_change=from_the_top,
        )
        pages = st.pills(
            "Made on",
            PAGES,
            selection_mode="multi",
            format_func=PAGE_NAMES.__getitem__,
            key=keys.HISTORY_PAGES,
            persist_state="session",
            on_change=from_the_top,
        )
        models, tags, owners = _more()
    current = state()
    return Wanted(
        words=words or "",
        pages=tuple(pages),
        models=models,
        tags=tags,
        owners=owners,
        before=current.before[-1] if current.before else None,
    )


def _more() -> tuple[tuple[str, ...], ...]:
    """The filters that are asked for less often; they are looked up once they are opened."""
    chosen = tuple(tuple(st.session_state.get(key) or ()) for key in FILTERS)
    many = sum(map(bool, chosen))
    box = st.popover(
        f"Filters ({many})" if many else "Filters",
        icon=":material/filter_alt:",
        key=keys.HISTORY_FILTERS,
        on_change="rerun",
    )
    if not box.open:
        for key in FILTERS:
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]  # a widget that is not drawn would lose what it holds
        return chosen
    with box:
        choices = stores.history().choices()
        _choice("Model", keys.HISTORY_MODELS, choices.models, {key: _model(key) for key in choices.models})
        _choice("Tag", keys.HISTORY_TAGS, choices.tags)
        if people.current() is not None:
            _choice("Whose", keys.HISTORY_OWNERS, choices.owners, {"": "Everybody's"})
    return tuple(tuple(st.session_state.get(key) or ()) for key in FILTERS)


def _choice(label: str, key: str, options: tuple[str, ...], names: dict[str, str] | None = None) -> None:
    st.session_state[key] = [one for one in st.session_state.get(key) or () if one in options]
    st.multiselect(
        label,
        options,
        format_func=lambda one: (names or {}).get(one, one),
        key=key,
        placeholder="All" if options else "None yet",
        disabled=not options,
        persist_state="session",
        on_change=from_the_top,
    )


def _model(key: str) -> str:
    known = read_keys(key)
    return full_name(known[0]) if known else key
