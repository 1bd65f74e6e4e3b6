"""/search: a knowledge base or a live index: retrieve, rerank, read, copy."""

import streamlit as st

from pages.components.display import errors, glossary
from pages.components.inputs import fold
from pages.components.inputs import model as model_input
from pages.components.inputs.collections import LIVE
from pages.components.inputs.controls import start_button
from pages.components.inputs.search_engine import live_settings
from pages.components.search import corpus, live_reading, reindex, run, tickets, unanswered
from pages.components.search.input import (
    first_stage,
    question_input,
    read,
    restore_from_link,
    source_control,
    ticket_picker,
)
from pages.components.search.result import heading, result
from pages.components.search.state import state
from pages.components.session import connection as connections
from pages.components.session import keys
from rerank_core import RerankError, pricing

ESTIMATE_HELP = (
    "What reranking the candidates is likely to cost; finding them is free. Passages of average length are assumed."
)

current, job = state(), run.SEARCH.job()
connection = connections.current()
restore_from_link(connection)
corpus.take_finished()
job.take_finished()
tickets.take_finished()
fold.hide(run.FOLD, run.has_result())

with st.container(gap="xsmall"):
    with st.container(horizontal=True):
        st.title("Find the answer in your own content", anchor=False)
    folded = st.container()
inputs = st.container(key=keys.INPUTS)
with inputs:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = source_control()
        managing = st.toggle(
            "Manage", key=keys.MANAGING, persist_state="session", help="Make, fill, rename or delete a knowledge base."
        )
    # What comes and goes has a container of its own, so that nothing below it changes its place: see playground.py.
    with st.container():
        if managing:
            corpus.manage(source)
            reindex.choice(source)
with st.container():
    corpus.progress()
notices = st.container()
with inputs:
    with st.container():
        reindex.offer_titles_of(source)
    with st.container():
        live = live_settings() if source == LIVE else None
    ask, choices = st.columns([3, 2], gap="large")
with ask:
    question = question_input()
    ticket_picker(source)
    tickets.list_input()
    reads = st.container()
with choices:
    model = model_input.model_control(connection)
    stage = first_stage(source)
    with notices:
        missing = model_input.unavailable(model, connection)
        model_input.language_warning(model, question)
    planned, missing_source = None, None
    if source != LIVE or live is not None:
        try:
            planned = run.plan(question, source, live, stage, connection, model)
        except RerankError as error:
            missing_source = error
    with reads:
        if planned is not None and planned.passages is not None:
            reindex.what_is_read(source, planned.passages)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        top_n = int(
            st.number_input(
                "Top N",
                min_value=1,
                max_value=200,
                key=keys.SEARCH_TOP,
                persist_state="session",
                width=120,
                help=glossary.TOP_N,
            )
            or 1
        )
        cost = pricing.money_text(run.estimate(planned).amount) if planned is not None else "–"
        st.metric("Estimated cost", cost, width="content", help=ESTIMATE_HELP)
        unable = bool(missing) or not connection.ready or job.running or planned is None
        pressed = start_button("Search", ":material/search:", on_click=read, disabled=unable, width="stretch")
    model_input.set_up_link(connection)

if pressed:
    current.again = False
if current.source_missing:
    current.source_missing = False
elif (pressed or current.wanted) and planned is not None:
    current.wanted = False
    job.submit(lambda: run.tasks(planned, pressed=pressed) if planned is not None else None, unasked=not pressed)
with st.container():
    job.confirmation(lambda: run.tasks(planned) if planned is not None else None)
with reads:
    if live is not None:  # only now is it known what the search has found
        live_reading.choice()
progress = st.container()
with st.container():
    tickets.bar()
with folded:
    run.fold_line(question, source, planned)
with st.container():
    failed = missing_source or job.error
    errors.message_and_error(job.message, failed, title=heading(failed, source) if failed else None)
if current.answer is not None:
    with st.container():
        run.saved_notice(current.answer, planned)
        run.stale_notice(current.answer, question, source, planned)
    result(current.answer, top_n)
elif failed is None and not job.running and not job.asking:
    st.info("Type a question or paste a whole ticket, and press Search.", icon=":material/arrow_upward:")
with st.container():
    unanswered.articles()
run.sync_query_params(source)
# Last, since it stays with the search: the page around it stands by then.
with progress:
    job.progress()
