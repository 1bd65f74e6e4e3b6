"""Connections: which service ranks, with which key and address, at which price, and whether it works."""

import streamlit as st

import rerank_core as rc
from pages.components.connections import connection_test, local_models, own_calls, prices, settings
from pages.components.session import connection, keys

st.title("Connections")
st.caption("What ranks your documents: the models on this computer, or a service with a key of yours.")

chosen = connection.current()
specs = rc.providers()
for place, spec in zip(st.columns(len(specs)), specs, strict=True):
    state = connection.of(spec.id)
    with place.container(border=True, height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{spec.label}**", width="content")
            if spec.is_local and not any(spec.unavailable_reason(model.id) is None for model in spec.models):
                st.badge("Needs its models", icon=":material/folder_off:", color="orange")
            elif state.ready:
                st.badge("Ready", icon=":material/check:", color="green")
            else:
                st.badge("Needs a key", icon=":material/key_off:", color="orange")
        st.caption(spec.description)
        in_use = spec.id == chosen.provider.id
        st.button(
            "In use" if in_use else "Use this computer" if spec.id == specs[0].id else f"Use {spec.label}",
            key=keys.of(keys.USE, spec.id),
            icon=":material/radio_button_checked:" if in_use else None,
            disabled=in_use,
            on_click=connection.choose,
            args=(spec.id,),
        )

spec = chosen.provider
left, right = st.columns([3, 2], gap="large")
with left:
    if spec.is_local:
        st.subheader("Models on this computer" if spec.id == specs[0].id else f"Models of {spec.label}")
        local_models.show(spec)
    else:
        st.subheader(f"Settings of {spec.label}")
        settings.show(spec)
if not spec.is_local:
    st.subheader("Models and prices")
    if spec.models:
        prices.show(spec)
    else:
        st.caption(
            f"{spec.label} has one model, without a name, and publishes no price: its costs are shown as unknown."
        )
with right:  # after the prices, since it says what a test costs
    st.subheader("Test")
    connection_test.show(spec.id)
with st.container():  # below all of it, so that nothing moves
    own_calls.show()
