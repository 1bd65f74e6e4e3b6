"""Every connection there is, by group, with a search; those that are set up come first in their group."""

from __future__ import annotations

import streamlit as st

import rerank_core as rc
from pages.components.session import connection, keys
from pages.components.session.connection import Connection
from rerank_core.providers.spec import Group

GROUPS: dict[Group, str] = {
    "here": "This computer",
    "hosted": "Hosted",
    "own": "Your own server",
    "decisions": "Decision models",
}
_COLUMNS = 2


def show(chosen: Connection) -> None:
    """Draw the search and the groups. `chosen` is the connection in use."""
    asked = st.text_input(
        "Find a connection",
        key=keys.CONNECTION_SEARCH,
        placeholder="A service, a server or a model",
        icon=":material/search:",
        persist_state="session",
    )
    found = [one for one in (connection.of(spec.id) for spec in rc.providers()) if _matches(one.provider, asked)]
    if not found:
        st.info(
            "No connection is called so. Another word, or an empty field, shows others.", icon=":material/search_off:"
        )
    for group, title in GROUPS.items():
        members = sorted((one for one in found if one.provider.group == group), key=lambda one: not one.set_up)
        if members:
            _group(title, members, chosen, searching=bool(asked.strip()))


def _matches(spec: rc.ProviderSpec, asked: str) -> bool:
    words = [spec.id, spec.label, spec.description, GROUPS[spec.group], *(model.id for model in spec.models)]
    text = " ".join(words).lower()
    return all(word in text for word in asked.lower().split())


def _group(title: str, members: list[Connection], chosen: Connection, *, searching: bool) -> None:
    ready = sum(one.set_up for one in members)
    holds_chosen = any(one.provider.id == chosen.provider.id for one in members)
    words = f"{title}: {len(members)}" + (f", {ready} set up" if ready else "")
    # A browser keeps an expander as it was left, so what a search finds stands in one of its own, which begins open.
    key = keys.of(keys.GROUP, title, "found" if searching else "all")
    with st.expander(words, expanded=searching or holds_chosen or bool(ready), key=key):
        for start in range(0, len(members), _COLUMNS):
            places = st.columns(_COLUMNS, gap="small")
            for place, one in zip(places, members[start : start + _COLUMNS], strict=False):
                with place.container(horizontal=True, vertical_alignment="center", gap="small"):
                    _row(one, in_use=one.provider.id == chosen.provider.id)


def _row(one: Connection, *, in_use: bool) -> None:
    spec = one.provider
    st.markdown(f"**{spec.label}**", width="content")
    if one.set_up:
        st.badge("Ready", icon=":material/check:", color="green")
    elif one.ready:
        st.badge("Needs its models", icon=":material/folder_off:", color="orange")
    elif one.key_source in ("missing", "withheld"):
        st.badge("Needs a key", icon=":material/key_off:", color="orange")
    else:
        what = "settings" if one.base_url else "an address"
        st.badge(f"Needs {what}", icon=":material/settings:", color="orange")
    st.space("stretch")
    st.button(
        "In use" if in_use else "Use this computer" if spec.id == "local" else f"Use {spec.label}",
        key=keys.of(keys.USE, spec.id),
        icon=":material/radio_button_checked:" if in_use else None,
        disabled=in_use,
        on_click=connection.choose,
        args=(spec.id,),
    )
