"""/: one query, one model: the order before and after reranking, what it costs, and everything to take away."""

import streamlit as st

from pages.components.display import errors, glossary
from pages.components.inputs import documents, examples, fold, presenting
from pages.components.inputs import model as model_input
from pages.components.inputs.controls import start_button
from pages.components.playground import link, present, run
from pages.components.playground.result import result
from pages.components.playground.state import state
from pages.components.session import connection as connections
from pages.components.session import keys
from pages.components.session.texts import texts

current, job = state(), run.RERANK.job()
connection = connections.current()
link.restore_from_link(connection)
job.take_finished()
documents.take_finished()
fold.hide(run.FOLD, run.has_result())
presenting.hide_the_rest()
presented = st.container()
# What comes and goes has a container of its own, so that nothing below it changes its place: Streamlit would draw all
# of it anew, and a click or a keystroke in between would be lost.
with st.container(key=keys.AROUND, gap="xsmall"):
    examples.heading("See what reranking does to your search results")
    with st.container(key=keys.STORY, gap="xsmall"):
        st.caption(glossary.RERANKING)
        examples.story()
    folded = st.container()
inputs, notices = st.container(key=keys.INPUTS), st.container()

with inputs:
    left, imports, choices = st.columns([9, 5, 7], gap="medium")
with left:
    documents.texts_input()
    documents.rank_fields_input()
with imports:
    editing = documents.upload_input()
    examples.start_over()
with choices:
    model = model_input.model_control(connection)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        top_n = model_input.top_n_control()
        documents.order_control()
    with notices:
        missing = model_input.unavailable(model, connection)
        model_input.language_warning(model, st.session_state.get(keys.QUERY) or "", texts().working.documents)
    model_input.show_estimate(model_input.estimate(connection, model))
    unable = bool(missing) or not connection.ready or job.running
    pressed = start_button("Rerank", ":material/swap_vert:", width="stretch", disabled=unable)
    model_input.set_up_link(connection)
with inputs:
    with st.container():
        documents.import_report()
    with st.container():
        if editing:
            documents.table_input()

if pressed:
    current.again = False
if pressed or current.wanted:
    current.wanted = False
    job.submit(lambda: run.plan(connection, model, pressed=pressed), unasked=not pressed)
with st.container():
    job.confirmation(lambda: run.plan(connection, model))
progress = st.container()
with folded:
    run.fold_line(connection, model)
with presented:
    present.head(connection, model, top_n)
with st.container():
    errors.message_and_error(job.message, job.error)
if current.run is not None:
    with st.container():
        run.saved_notice(connection)
        run.stale_notice(connection, model)
    result(current.run, top_n)
elif job.error is None and not job.running:
    st.info(
        "Paste or upload documents, type a query, and press Rerank. Or pick an example above to see one at work.",
        icon=":material/arrow_upward:",
    )
if not presenting.on():
    st.page_link("history.py", label="Earlier runs", icon=":material/history:")
link.sync_query_params()
# Last, since it stays with the run: the page around it stands by then.
with progress:
    job.progress()
