"""/: one query, one model: the order before and after reranking, what it costs, and everything to take away."""

import streamlit as st

from pages.components import connection as connections
from pages.components import errors, examples, running, settings
from pages.components.documents_input import documents_input, order_control, table_input
from pages.components.result import result
from pages.components.state import QUERY, state

st.title("See what reranking does to your search results", anchor=False)

current = state()
connection = connections.current()
examples.arrive(connection)
examples.picker()

texts, choices = st.columns([3, 2], gap="large")
with texts:
    st.text_area(
        "Query",
        key=QUERY,
        height=68,
        persist_state="session",
        placeholder="What would somebody search for?",
    )
    documents_input()
with choices:
    model = settings.model_control(connection)
    with st.container(horizontal=True, vertical_alignment="top"):
        top_n = settings.top_n_control()
        order_control()
    missing = settings.unavailable(model, connection)
    settings.language_warning(model)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pressed = st.button(
            "Rerank",
            type="primary",
            icon=":material/swap_vert:",
            shortcut="Ctrl+Enter",
            disabled=bool(missing) or not connection.ready or running.running() is not None,
        )
        settings.show_estimate(settings.estimate(connection, model))
    if not connection.ready:
        st.caption(f"{connection.provider.label}: {connection.state}")
        st.page_link("connections.py", label="Set up the connection", icon=":material/key:")
    settings.advanced()
with st.expander("Edit the documents as a table", icon=":material/table_edit:", on_change="rerun") as table:
    if table.open:
        table_input()

if pressed or current.wanted:
    current.wanted = False
    running.press(connection, model)
running.confirmation(connection, model)
running.progress()
running.collect()
if current.error is not None:
    errors.show(current.error)
if current.run is not None:
    running.stale_notice(connection, model)
    result(current.run, top_n)
elif current.error is None and running.running() is None:
    st.info(
        "Paste or upload documents, type a query, and press Rerank. Or pick an example above to see one at work.",
        icon=":material/arrow_upward:",
    )
