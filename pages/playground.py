"""/: one query, one model: the order before and after reranking, what it costs, and everything to take away."""

import streamlit as st

from pages.components.display import errors
from pages.components.inputs import documents, examples
from pages.components.inputs import model as inputs_model
from pages.components.inputs.documents import import_report, order_control, paste_input, table_input, upload_input
from pages.components.playground import run
from pages.components.playground.result import result
from pages.components.session import connection as connections
from pages.components.session.texts import QUERY, state

current = state()
connection = connections.current()
examples.arrive(connection)
run.collect()
documents.collect()
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
    model = inputs_model.model_control(connection)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        top_n = inputs_model.top_n_control()
        order_control()
    with st.container():
        missing = inputs_model.unavailable(model, connection)
        inputs_model.language_warning(model, st.session_state.get(QUERY) or "", current.working.documents)
    inputs_model.show_estimate(inputs_model.estimate(connection, model))
    pressed = st.button(
        "Rerank",
        type="primary",
        icon=":material/swap_vert:",
        shortcut="Ctrl+Enter",
        width="stretch",
        disabled=bool(missing) or not connection.ready or run.running() is not None,
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
    run.press(connection, model)
with st.container():
    run.confirmation(connection, model)
progress = st.container()
with st.container():
    if current.note:
        st.info(current.note, icon=":material/info:")
    if current.error is not None:
        errors.show(current.error)
if current.run is not None:
    with st.container():
        run.stale_notice(connection, model)
    result(current.run, top_n)
elif current.error is None and run.running() is None:
    st.info(
        "Paste or upload documents, type a query, and press Rerank. Or pick an example above to see one at work.",
        icon=":material/arrow_upward:",
    )
examples.write_address()
# Last, since it stays with the run: the page around it stands by then.
with progress:
    run.progress()
