"""/: one query, one model: the order before and after reranking, what it costs, and everything to take away."""

import streamlit as st

from pages.components import connection as connections
from pages.components import documents_input, errors, examples, running, settings
from pages.components.documents_input import import_report, order_control, paste_input, table_input, upload_input
from pages.components.result import result
from pages.components.state import QUERY, state

current = state()
connection = connections.current()
examples.arrive(connection)
running.collect()
documents_input.collect()
with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
    st.title("See what reranking does to your search results", anchor=False, width="content")
    examples.picker()
# What comes and goes has a container of its own, so that nothing below it changes its place: Streamlit would draw all
# of it anew, and a click or a keystroke in between would be lost.
with st.container():
    examples.story()

texts, imports, choices = st.columns([9, 5, 7], gap="medium")
with texts:
    st.text_area("Query", key=QUERY, height=98, persist_state="session", placeholder="What would somebody search for?")
    paste_input()
with imports:
    editing = upload_input()
with choices:
    model = settings.model_control(connection)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        top_n = settings.top_n_control()
        order_control()
    with st.container():
        missing = settings.unavailable(model, connection)
        settings.language_warning(model, st.session_state.get(QUERY) or "", current.working.documents)
    settings.show_estimate(settings.estimate(connection, model))
    pressed = st.button(
        "Rerank",
        type="primary",
        icon=":material/swap_vert:",
        shortcut="Ctrl+Enter",
        width="stretch",
        disabled=bool(missing) or not connection.ready or running.running() is not None,
    )
    if not connection.ready:
        st.caption(f"{connection.provider.label}: {connection.state}")
        st.page_link("connections.py", label="Set up the connection", icon=":material/key:")
with st.container():
    import_report()
with st.container():
    if editing:
        table_input()

if pressed:
    current.note = ""
if pressed or current.wanted:
    current.wanted = False
    running.press(connection, model)
with st.container():
    running.confirmation(connection, model)
progress = st.container()
with st.container():
    if current.note:
        st.info(current.note, icon=":material/info:")
    if current.error is not None:
        errors.show(current.error)
if current.run is not None:
    with st.container():
        running.stale_notice(connection, model)
    result(current.run, top_n)
elif current.error is None and running.running() is None:
    st.info(
        "Paste or upload documents, type a query, and press Rerank. Or pick an example above to see one at work.",
        icon=":material/arrow_upward:",
    )
examples.write_address()
# Last, since it stays with the run: the page around it stands by then.
with progress:
    running.progress()
