"""Choosing among what is saved, and what can be done with it: another name, and an end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.components.evaluate.state import reported


def choose_saved(
    label: str, names: Mapping[str, str], chosen: str | None, open_one: Callable[[str], None], *, key: str, width: int
) -> None:
    """A list of names by id, no two of them alike, with the one that is open chosen; another one is opened."""
    st.session_state[key] = chosen
    st.selectbox(
        label,
        list(names),
        format_func=names.__getitem__,
        key=key,
        on_change=lambda: open_one(st.session_state[key]),
        width=width,
    )


def rename_popover(name: str, rename: Callable[[str], None], *, field: str, button: str) -> None:
    """A field with the present name; `rename` is called with the new one. `field` and `button` are their keys."""

    def save() -> None:
        with reported():
            rename(st.session_state[field])

    with st.popover("Rename", icon=":material/edit:"):
        st.text_input("New name", value=name, key=field, max_chars=200)
        st.button("Save the name", on_click=save, key=button)


def delete_popover(question: str, delete: Callable[[], None]) -> None:
    """A question, and a button that calls `delete`."""

    def confirmed() -> None:
        with reported():
            delete()

    with st.popover("Delete", icon=":material/delete:"):
        st.text(question)
        st.button("Yes, delete it", on_click=confirmed)
