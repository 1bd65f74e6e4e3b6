"""The settings of one service: its key, its address, its time-out and retries. Values live in `session.connection`."""

from __future__ import annotations

import streamlit as st

import rerank_core as rc
from pages.components.display import errors
from pages.components.server import addresses
from pages.components.session import connection, keys
from rerank_core.transport.credentials import ApiKey


def show(spec: rc.ProviderSpec) -> None:
    """Draw the settings of a service that is reached over the network."""
    _key(spec)
    _address(spec)
    _attempts(spec)


def _key(spec: rc.ProviderSpec) -> None:
    mine = connection.of(spec.id)
    widget = f"api_key_{spec.id}"
    _start(widget, "")
    st.text_input(
        "API key",
        type="password",
        key=widget,
        placeholder="Paste a key and press Enter",
        autocomplete="off",
        on_change=_take_key,
        args=(spec.id, widget),
    )
    _say_refused(widget)
    with st.container(horizontal=True, vertical_alignment="center"):
        icon = ":material/key:" if mine.ready else ":material/key_off:"
        st.markdown(f"{icon} {mine.state}", width="stretch")
        if mine.key_source == "typed":
            st.button("Forget the key", icon=":material/delete:", on_click=_forget_key, args=(spec.id,))
    st.caption(
        "A key typed here stays in this browser tab's session on the server: it is never written to disk, to the "
        "address or to a log, and it is gone when the tab is closed or reloaded."
    )


def _address(spec: rc.ProviderSpec) -> None:
    mine = connection.of(spec.id)
    widget = f"base_url_{spec.id}"
    _start(widget, mine.base_url or "")
    st.text_input(
        "Base address",
        key=widget,
        placeholder=spec.default_base_url,
        help=f"Requests go to this address and {spec.path}. Empty it to go back to the usual one.",
        on_change=_take_address,
        args=(spec.id, widget),
    )
    _say_refused(widget)


def _attempts(spec: rc.ProviderSpec) -> None:
    mine = connection.settings(spec.id)
    left, right = st.columns(2)
    for place, name, label, value, (low, high), about in (
        (
            left,
            "timeout",
            "Time-out (seconds)",
            mine.timeout,
            connection.TIMEOUT_RANGE,
            "How long one attempt may take.",
        ),
        (
            right,
            "max_retries",
            "Retries",
            mine.max_retries,
            connection.RETRY_RANGE,
            "How often a request is sent again after a failure that may pass. Every attempt may be billed.",
        ),
    ):
        widget = f"{name}_{spec.id}"
        _start(widget, value)
        place.number_input(
            label,
            min_value=low,
            max_value=high,
            step=type(low)(1),
            format="%g" if isinstance(low, float) else "%d",
            key=widget,
            help=about,
            on_change=_take_number,
            args=(spec.id, name, widget),
        )


def _take_key(provider_id: str, widget: str) -> None:
    typed = st.session_state[widget].strip().strip("\"'")
    _refuse(widget, None)
    if typed.lower().startswith(("http://", "https://")):
        _refuse(widget, "This is a web address, not a key. It has a field of its own, Base address.")
    elif typed:
        try:
            connection.change(provider_id, key=ApiKey(typed))
        except rc.RerankError as error:
            _refuse(widget, f"{error.message} {error.hint}")
    # The field is emptied, so that the key is in one place only and the page that is sent out never holds it.
    st.session_state[widget] = ""


def _forget_key(provider_id: str) -> None:
    connection.change(provider_id, key=None)


def _take_address(provider_id: str, widget: str) -> None:
    typed = st.session_state[widget].strip().rstrip("/")
    usual = connection.usual_base_url(rc.provider(provider_id))
    refused = addresses.check(typed) if typed and typed != usual else None
    _refuse(widget, refused)
    if refused is None:
        connection.change(provider_id, base_url=None if typed in ("", usual) else typed)
        st.session_state[widget] = typed or usual


def _take_number(provider_id: str, name: str, widget: str) -> None:
    value = st.session_state[widget]  # Streamlit keeps it within the range, whatever a program sends
    if value is not None:
        connection.change(provider_id, **{name: value})


def _start(widget: str, value: object) -> None:
    """Give a field its value when the page is entered: what is set, and no word of a try that failed before."""
    if widget not in st.session_state:
        st.session_state[widget] = value
        _refuse(widget, None)


def _refuse(widget: str, reason: str | None) -> None:
    st.session_state.setdefault(keys.CONNECTION_SETTINGS_REFUSED, {})[widget] = reason


def _say_refused(widget: str) -> None:
    reason = st.session_state.get(keys.CONNECTION_SETTINGS_REFUSED, {}).get(widget)
    if reason:
        errors.show_text("This was not taken over", reason)
