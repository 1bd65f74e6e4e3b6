"""Connections: which service ranks, with which key and address, at which price, and whether it works."""

import streamlit as st

from pages.components.connections import (
    about,
    catalogue,
    connection_test,
    local_models,
    own_calls,
    paths,
    prices,
    settings,
)
from pages.components.session import connection

st.title("Connections")
st.caption("What ranks your documents: the models on this computer, or a service with a key of yours.")

chosen = connection.current()
catalogue.show(chosen)

spec = chosen.provider
left, right = st.columns([3, 2], gap="large")
with left:
    if spec.is_local:
        st.subheader("Models on this computer" if spec.id == "local" else f"Models of {spec.label}")
        local_models.show(spec)
    else:
        st.subheader(f"Settings of {spec.label}")
        about.show(spec)
        settings.show(spec)
if not spec.is_local:
    st.subheader("Models and prices")
    prices.show(spec)
with right:  # after the prices, since it says what a test costs
    st.subheader("Test")
    connection_test.show(spec.id)
    if spec.id == "custom":
        paths.show(spec.id, connection_test.REQUEST)
with st.container():  # below all of it, so that nothing moves
    own_calls.show()
