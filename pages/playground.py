"""/: one query, one model: the order before and after reranking, what it costs, and everything to take away."""

import streamlit as st

from pages.components.display import glossary
from pages.components.inputs import documents, examples, fold, presenting
from pages.components.inputs import model as model_input
from pages.components.playground import answer, link, run
from pages.components.session import connection as connections
from pages.components.session import keys

connection = connections.current()
link.restore_from_link(connection)
run.RERANK.job().take_finished()
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
    button = st.container()
    model_input.set_up_link(connection)
with inputs:
    with st.container():
        documents.import_report()
    with st.container():
        if editing:
            documents.table_input()
answer.answer(connection, model, top_n, answer.Places(presented, folded, button, notices))
