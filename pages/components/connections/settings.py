"""The settings of one service: its key, its address, its time-out and retries. Values live in `session.connection`."""

from __future__ import annotations

import streamlit as st

import rerank_core as rc
from pages.components.display import errors
from pages.components.server import addresses
from pages.components.session import connection, keys
from rerank_core.client.settings import check_option
from rerank_core.providers.spec import Option
from rerank_core.transport.credentials import ApiKey

_SHOWN = 2  # options that are always on the page; of a server that is described by many, the others are folded


def show(spec: rc.ProviderSpec) -> None:
    """Draw the settings of a service that is reached over the network."""
    _key(spec)
    _address(spec)
    for option in spec.options[:_SHOWN]:
        _option(spec, option)
    if spec.options[_SHOWN:]:
        with st.expander("What the server calls things", icon=":material/tune:"):
            for option in spec.options[_SHOWN:]:
                _option(spec, option)
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
        placeholder=spec.default_base_url or spec.example_base_url,
        help=_about_address(spec),
        on_change=_take_address,
        args=(spec.id, widget),
    )
    _say_refused(widget)


def _about_address(spec: rc.ProviderSpec) -> str:
    goes = f"Requests go to this address and {spec.path}, as far as it does not end in that already."
    if spec.default_base_url is None:
        return f"The address of your server, for example {spec.example_base_url}. {goes}"
    return f"{goes} Empty it to go back to the usual one."


def _option(spec: rc.ProviderSpec, option: Option) -> None:
    """One more thing that the connection knows: a choice where there are some to choose from, else a field."""
    widget = keys.of(keys.OPTION, option.name, spec.id)
    value = connection.option(spec, option.name)
    label = option.label if option.needed else f"{option.label} (optional)"
    if option.choices:
        _start(widget, value if value in option.choices else option.default or option.choices[0])
        st.selectbox(
            label,
            option.choices,
            key=widget,
            help=option.help,
            on_change=_take_option,
            args=(spec.id, option.name, widget),
        )
        return
    _start(widget, value)
    st.text_input(
        label,
        key=widget,
        placeholder=option.default or option.example,
        help=option.help,
        on_change=_take_option,
        args=(spec.id, option.name, widget),
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


def _take_option(provider_id: str, name: str, widget: str) -> None:
    typed = str(st.session_state[widget] or "").strip()
    option = next(each for each in rc.provider(provider_id).options if each.name == name)
    try:
        check_option(option, typed)
    except rc.RerankError as error:
        _refuse(widget, f"{error.message} {error.hint}")
        return
    _refuse(widget, None)
    connection.change(provider_id, options={**connection.settings(provider_id).options, name: typed})


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
